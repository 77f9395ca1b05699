"""The words that shops use for things, as general lists: what a drafted map takes for a price, a page, a cart."""

from __future__ import annotations

import re
from collections.abc import Iterable

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")


def _all(table: str) -> frozenset[str]:
    return frozenset(table.split())


def _ranked(table: str) -> tuple[str, ...]:
    return tuple(table.split())


def words(name: str) -> tuple[str, ...]:
    """The words of a name, in lower case: `priceWithTax`, `price_with_tax` and `PRICE_WITH_TAX` say the same."""
    return tuple(word.lower() for word in _WORD.findall(name))


def joined(name: str) -> str:
    """A name without case and underscores: `pageSize`, `page_size`, `pagesize`."""
    return name.replace("_", "").lower()


def has(name: str, table: Iterable[str]) -> bool:
    """Whether any word of a name stands in a table."""
    return not set(words(name)).isdisjoint(table)


def singular(word: str) -> str:
    """An English word in the singular, roughly; good enough to give two fields one name."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
        return word[:-1]
    return word


# -- items ---------------------------------------------------------------------------------------------------------

PRODUCT = _all("product products article item variant sku good goods merchandise hit commodity")
NOT_ITEM = _all(
    "order cart basket bag checkout line shipping delivery payment tax customer user address refund return "
    "invoice quote wishlist translation error payload edge connection list page input giftcard surcharge "
    "subscription bid"
)
"""A type with one of these words is no item, whatever else it is called."""
NOT_ITEM_LAST = _all(
    "collection category facet filter review rating asset image media option options value attribute property "
    "price money discount promotion coupon voucher allocation seller channel warehouse stock location blog post "
    "menu tag brand plan type group range field fields seo metafield set bundle shop store market aggregation "
    "bucket info meta tree"
)
GROUPS = _all("category categories collection taxon taxonomy department brand manufacturer menu navigation")
"""A type with one of these words groups items, unless a word says that it is one."""
"""A type whose last word is one of these describes an item, or groups them."""
IDS = _ranked("productid id uid entityid objectid uuid sku code slug handle")
WEAK_IDS = _all("sku code slug handle")
"""They name an item too, where it has no id, but shops change them."""
PRODUCT_IDS = _ranked(
    "productid productentityid productdatabaseid parentproductid masterproductid parentid masterid referencedid "
    "productsku"
)
VARIANT_IDS = _ranked("productvariantid variantid variantentityid variationid skuid variantsku")
PRODUCT_REFERENCES = _ranked("product parent parentproduct master masterproduct baseproduct")
VARIANT = _all("variant variants sku skus variation variations")
LEADING = _all("master default main first cheapest")
"""Words of the one variant that stands for all."""
WITHIN = _ranked("attributes masterdata current content data details general translation product info")
"""Objects that hold what there is to say of an item, where it has but an id itself."""
VARIANTS = _ranked("variants productvariants skus variations items variantlist")
TITLES = _ranked("name title productname producttitle displayname displaytitle label headline")
SLUGS = _all("slug handle urlkey permalink path urlslug urlpath customurl")
PICTURES = _all("image images picture pictures media thumbnail asset assets photo photos")

# -- prices --------------------------------------------------------------------------------------------------------

PRICE = _all("price prices pricing")
OFFERS = _all("offer offers")
"""Objects that hold a price, as schema.org has it."""
AMOUNT = _all("amount value cent cents gross net number money")
LOW = _all("min minimum low lowest start from starting")
TAXED = _all("with incl including inclusive after gross")
UNTAXED = _all("excl excluding without ex before net")
NOT_PRICE = _all(
    "compare was old original previous max maximum high highest stop end currency formatted format display text "
    "percent percentage type history count id ids saving savings saved off discount tier tiers break breaks label "
    "valid change rrp msrp shipping deposit loyalty measure measurement symbol name points precision fraction "
    "digits rate date localized"
)
LESS_PRICE = _all("regular undiscounted full base retail list local before prorated")
BETTER_PRICE = _all("final current sale special effective actual now")
SALE_PRICE = _all("sale special promo promotional reduced action")
"""Prices that are there only while there is a sale, where they may be null."""
RAW_FORMATS = _ranked("raw plain decimal number numeric float amount")
"""Members of a `format` argument that make a number of a text like `12,90 €`."""
SUMS = _all("line row total subtotal sub sum")
MINOR = _all("cent cents minor pence pennies subunit subunits")
MINOR_SAID = re.compile(r"\b(cents|minor units?|smallest (?:currency )?unit|subunits?|pence)\b", re.I)
MAJOR_SCALARS = _all("decimal float double number numeric")
MONEY_SCALARS = _all("money price amount currency decimal float double number numeric int integer long big")

# -- attributes ----------------------------------------------------------------------------------------------------

ATTRIBUTES: dict[str, frozenset[str]] = {
    "where it stands in the shop": _all(
        "category categories collection collections taxon taxons taxonomy taxonomies department departments"
    ),
    "who makes it": _all("brand vendor manufacturer designer maker"),
    "a property that shoppers filter by": _all(
        "facet facets color colors colour colours size sizes material materials fabric pattern gender season audience "
        "occasion flavour flavor style"
    ),
    "a word for it": _all("tag tags keyword keywords type kind genre"),
    "whether it can be had": _all(
        "instock availableforsale isavailable available instockonline stockstatus availability isinstock "
        "availabilitystatus"
    ),
    "what others think of it": _all("rating averagerating ratingvalue ratingaverage reviewcount"),
}
NOT_ATTRIBUTE = _all(
    "description url link image picture media html seo price cost date count translation translations asset "
    "filter sort tax mime content encoded time language locale"
)
NOT_MAYBE = (
    NOT_ATTRIBUTE
    | VARIANT
    | NOT_ITEM
    | _all(
        "assets images files documents review reviews stock option options optiongroup group groups seller channel "
        "channels meta created updated state status warehouse inventory bundle currency unit"
    )
)
PROPERTIES = _all("attribute attributes property properties specification specifications specs feature features")
"""Lists of named values; what was said of a product in a form."""
SAID_SHORT = _ranked("slug handle code key urlkey name value title label id uid")
"""How an attribute's object is told apart, best first: stable before readable."""

# -- listings ------------------------------------------------------------------------------------------------------

LISTS = _ranked("items results nodes products data hits entries records rows list variants")
TOTALS = _ranked(
    "totalitems totalcount total totalresults count nbhits totalhits numfound totalproducts totalnumber "
    "totalrecords totaldocs totalelements totalsize found size"
)
SKIP = _ranked("skip offset start startindex from begin")
TAKE = _ranked("take limit size pagesize perpage hitsperpage itemsperpage resultsperpage first top rows max count")
PAGE = _ranked("page currentpage pagenumber pageindex pageno p")
FROM_ZERO = re.compile(
    r"(?:zero|0)[- ]?(?:based|indexed)|(?:starts?|starting|counted|begins?) (?:at|from|with) (?:0|zero)", re.I
)
PAGE_OBJECTS = _all("page pagination paging paginator pager pageinfo paginationinfo paginatorinfo meta")
"""Words of objects that tell of the page: `page_info`, `paginationInfo`, `meta { pagination }`."""
TELLS: dict[str, frozenset[str]] = {
    "skip": _all("skip offset startindex"),
    "take": _all("limit take pagesize perpage size itemsperpage hitsperpage resultsperpage rowsperpage pagelimit"),
    "number": _all("page currentpage pagenumber pageindex pageno current"),
    "pages": _all("pages totalpages pagecount lastpage nbpages numpages numberofpages totalpagecount pagestotal"),
    "count": _all("count currentcount numberofelements itemcount pageitems"),
    "next": _all("nextpage"),
    "previous": _all("prevpage previouspage"),
    "hasNext": _all("hasnextpage hasnext hasmore hasmorepages hasnextpages"),
    "hasPrevious": _all("haspreviouspage hasprevpage hasprevious hasprev"),
    "position": _all("pagingcounter firstitem"),
    "end": _all("lastitem"),
}
"""What an answer tells of its page, by the names of its fields."""
AFTER, BEFORE, FIRST, LAST = ("after", "cursor"), ("before",), ("first", "limit", "take"), ("last",)
SORT = _ranked("sort sortby sortkey orderby order sorts sorting ordering sortorder sorter")
REVERSE = _ranked("reverse descending desc sortdirection orderdirection direction")
NEUTRAL = _all(
    "relevance relevancy featured manual default bestmatch recommended none rank score collectiondefault position "
    "relevant mostrelevant unsorted curated"
)
TERM = _ranked("term search searchterm q query searchquery keyword keywords text phrase searchtext fulltext")
NOT_PARENT = _all(
    "customer user account me cart basket checkout order wishlist favourites favorites shopper buyer payload"
)
AGGREGATE = _all("aggregate aggregates aggregation group grouped stats statistics")
NOT_LISTING = _all("wishlist favourites favorites cart history viewed purchased ordered compared")

# -- carts and sessions --------------------------------------------------------------------------------------------

ANY_OBJECT = _all("node entity resource object")
"""Fields that answer any object of the shop by its id."""
CART = _all("cart basket order checkout bag trolley")
LINES = _ranked(
    "lines items lineitems orderlines cartlines cartitems orderitems itemsv2 products entries contents rows positions"
)
QUANTITY = _ranked("quantity qty quantityordered qtyordered amount count pieces units number")
CODES = _ranked("code ordernumber number id uid entityid key token")
STATES = _ranked(
    "state status cartstate orderstate orderstatus fulfillmentstatus paymentstatus stage statemachinestate"
)
STATE_NAMES = _ranked("technicalname code key name value")
CHECKOUT_STATES = _all("checkout payment paying address shipping confirming review")
PLACED_STATES = _all(
    "placed ordered paid completed complete settled authorized authorised confirmed submitted processing received "
    "finished purchased bought"
)
NOT_ORDERED = _all("draft cancelled canceled failed declined refunded void voided expired refused rejected checkout")
"""Words of the states in which an order came to nothing, or has not come about."""
NOT_PLACED = _all("unpaid awaiting not arranging failed declined cancelled canceled refunded un")
ACTS = _all(
    "add put take create update change adjust set remove delete clear empty merge complete place submit transition "
    "pay buy start decrease increase checkout"
)
ACTED_ON = _all("line lines item items product products variant variants cart basket order checkout bag quantity")
NOT_ACT = _all(
    "address addresses coupon coupons promo promotion discount discounts gift note notes shipping delivery buyer "
    "identity attribute attributes metafield metafields custom currency email customer billing language voucher "
    "wishlist clone data warehouse method gifts tip store channel contact cancel reorder tracking"
)
FINISHES = _all("complete place submit transition pay buy finish")
ADDS_TO = QUANTITY
VARIANT_ARGUMENTS = _ranked("productvariantid variantid merchandiseid productid sku itemid skuid")

SIGN_IN = _ranked(
    "login signin signmein signmeup logon authenticate tokencreate accesstokencreate createtoken tokenauth "
    "generatecustomertoken obtaintoken impersonate refreshtoken tokenrefresh accesstokenrenew exchangetoken"
)
SIGN_OUT = _ranked(
    "logout signout logoff tokendelete tokensdeactivate revoketoken tokenrevoke revokecustomertoken "
    "invalidatetoken deletetoken endsession deactivateall"
)
TOKENS = _all("token accesstoken jwt authtoken refreshtoken customeraccesstoken sessiontoken idtoken")
NOT_SIGNED_IN = _all("payment card client paypal braintree stripe cart checkout guest request gift upload")
ERRORS = _all("error errors problem exception failure invalid")
