"""The shop map as values: what listings, items, carts and sessions are called in one shop."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from personalize.domain.affinity import Affinity

ArgumentPath = tuple[str, ...]
"""Where a value sits in a field's arguments, e.g. ("input", "take")."""

ABOVE = ".."
"""The first step of an argument path that starts at the field above the listing."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value we ask for in hidden fields: its name, and the selection that leads to it (GraphQL text)."""

    name: str
    selection: str


@dataclass(frozen=True, slots=True)
class ItemMap:
    """How an object type is read as an item. `attributes` are named leaves; prices may be minor units.

    `picture` leads to an address, which the operator's preview alone asks for.
    """

    type: str
    id: str
    variant: str | None = None
    title: str | None = None
    price: str | None = None
    currency: str | None = None
    minor_units: bool = False
    attributes: tuple[Leaf, ...] = ()
    picture: str | None = None


@dataclass(frozen=True, slots=True)
class Offsets:
    """Paging by position: which argument holds the offset, which the size."""

    skip: ArgumentPath
    take: ArgumentPath

    @property
    def arguments(self) -> tuple[ArgumentPath, ...]:
        """Where paging sits in the arguments."""
        return (self.skip, self.take)


@dataclass(frozen=True, slots=True)
class Numbers:
    """Paging by page number, counted from `first`; without `take` every page has the listing's default size."""

    number: ArgumentPath
    take: ArgumentPath | None = None
    first: int = 1

    @property
    def arguments(self) -> tuple[ArgumentPath, ...]:
        """Where paging sits in the arguments."""
        return (self.number,) if self.take is None else (self.number, self.take)


@dataclass(frozen=True, slots=True)
class Cursors:
    """Paging by cursor, forward (`first` rows `after` one) and, where the shop has it, backward (`last`, `before`).

    `page_info` is the container's field that tells where the page begins and ends.
    """

    first: ArgumentPath
    after: ArgumentPath
    last: ArgumentPath | None = None
    before: ArgumentPath | None = None
    page_info: str | None = None

    @property
    def arguments(self) -> tuple[ArgumentPath, ...]:
        """Where paging sits in the arguments."""
        return tuple(path for path in (self.first, self.after, self.last, self.before) if path is not None)


@dataclass(frozen=True, slots=True)
class EdgeMap:
    """Items one step down: the container's list of edges, and an edge's item and cursor."""

    field: str
    node: str = "node"
    cursor: str = "cursor"


MEANINGS = frozenset(
    ("skip", "take", "count", "number", "pages", "next", "previous", "hasNext", "hasPrevious", "position", "end")
)
"""What an answer may tell of its page: see `@listing(tells:)`."""


@dataclass(frozen=True, slots=True)
class Told:
    """A field in the container (its path of field names) that tells something of the page: one of MEANINGS."""

    meaning: str
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ListingMap:
    """A field that answers a list, and how it is paged (sizes in rows).

    Its container holds the items as a list (`items`, a path of field names), below `edges`, or both; a list paged by
    `Cursors` has edges. With neither, the field answers the bare list. `on` is the container's type, where the field
    may answer others too. Where one of the arguments `unless` is given,
    the list is paged in another way, and left to the shop. `worded` are the arguments of paging that the schema has as
    strings (`page: "2"`): no map says so, `fit` does.
    """

    parent: str
    field: str
    items: tuple[str, ...] | None
    paged: Offsets | Numbers | Cursors
    edges: EdgeMap | None = None
    on: str | None = None
    total: tuple[str, ...] | None = None
    tells: tuple[Told, ...] = ()
    unless: tuple[ArgumentPath, ...] = ()
    sort: tuple[ArgumentPath, ...] = ()
    neutral: tuple[object, ...] = ()
    term: ArgumentPath | None = None
    shareable: bool = False
    default: int | None = None
    limit: int = 100
    window: int = 200
    private: int = 100
    worded: frozenset[ArgumentPath] = frozenset()

    @property
    def coordinates(self) -> str:
        """`Type.field`, the name this slot has in warnings and in `check`."""
        return f"{self.parent}.{self.field}"

    @property
    def bare(self) -> bool:
        """Whether the field answers the list itself, with no object around it."""
        return self.items is None and self.edges is None

    @property
    def looks_above(self) -> bool:
        """Whether its sort or term are arguments of the field above."""
        return any(path[0] == ABOVE for path in (*self.sort, self.term or ("",)))

    @property
    def strict(self) -> bool:
        """Whether a page behind the end is for the shop to answer: it may refuse it, or tell of it in its own way."""
        return bool(self.tells) or isinstance(self.paged, Numbers)

    def told(self, *meanings: str) -> tuple[str, ...] | None:
        """The path of a field that tells one of these, None where there is none."""
        return next((one.path for one in self.tells if one.meaning in meanings), None)


@dataclass(frozen=True, slots=True)
class CartMap:
    """How a cart or order type is read."""

    type: str
    id: str
    lines: str
    line: str
    item: str
    quantity: str
    variant: str | None = None
    state: str | None = None
    currency: str | None = None
    price: str | None = None
    minor_units: bool = False
    checkout: frozenset[str] = frozenset()
    placed: frozenset[str] = frozenset()

    def lines_of(self, inner: str) -> str:
        """The selection of `inner` on every line; `lines` may itself lead there, as in `lines { nodes }`."""
        return below(self.lines, inner)


def below(way: str, inner: str) -> str:
    """The selection of `inner` at the end of a way, as in `lines { nodes }`."""
    path = way.rstrip("} \n")
    return f"{path} {{ {inner} }}" + " }" * way[len(path) :].count("}")


@dataclass(frozen=True, slots=True)
class EventMap:
    """A field whose success is an event (`view_item`, `cart`, `signed_in`, `signed_out`)."""

    parent: str
    field: str
    name: str
    added: ArgumentPath | None = None
    variant: ArgumentPath | None = None
    on: str | None = None
    cart: str | None = None

    @property
    def coordinates(self) -> str:
        """`Type.field`."""
        return f"{self.parent}.{self.field}"


@dataclass(frozen=True, slots=True)
class ShopMap:
    """Everything one map file says; lookups by (type, field) or type name."""

    name: str
    vary_headers: tuple[str, ...] = ()
    session_header: str | None = None
    session_response_header: str | None = None
    session_cookies: tuple[str, ...] = ()
    labels: tuple[Leaf, ...] = ()
    affinities: tuple[Affinity, ...] = ()
    listings: dict[tuple[str, str], ListingMap] = field(default_factory=dict)
    items: dict[str, ItemMap] = field(default_factory=dict)
    carts: dict[str, CartMap] = field(default_factory=dict)
    events: dict[tuple[str, str], EventMap] = field(default_factory=dict)

    def widened(self, rows: int) -> ShopMap:
        """The map with shared windows of `rows` rows in place of its own; 0 leaves them."""
        if not rows:
            return self
        return replace(self, listings={key: replace(one, window=rows) for key, one in self.listings.items()})
