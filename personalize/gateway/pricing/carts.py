"""Carts: a promised code goes into the visitor's own cart behind their own mutation, and out again where it must."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson
from cachetools import TTLCache

from personalize.domain.offers.law import may_have_offers
from personalize.domain.offers.ledger import Promise
from personalize.errors import UpstreamError
from personalize.events.infer import Cart
from personalize.gateway.document.hidden import cart_text, leaves
from personalize.gateway.document.reading import at, read_cart
from personalize.gateway.document.slots import ActionSlot
from personalize.gateway.edge.arrival import Arrival
from personalize.gateway.edge.call import Call
from personalize.gateway.edge.upstream import Answer, Upstream
from personalize.gateway.offers.book import OfferBook
from personalize.gateway.pricing.charging import as_promised, pieces, relisted, saved, saving
from personalize.shops.codes import PLAIN, CouponMap, CouponMove, Refusal
from personalize.shops.map import CartMap, ShopMap
from personalize.telemetry import Telemetry

MAX_PENDING = 1_000
"""Carts that are worked on at once; for what is over it the visitor pays the list price until the next change."""
WAIT_SECONDS = 2.0
"""So long the visitor's next mutation waits for what the one before set off: an order must not overtake its code."""
ASK_SECONDS = 5.0
TRIES = 3
MAX_DECLINED, DECLINED_SECONDS = 20_000, 86_400.0
"""Codes that shoppers took out of their carts themselves: they have the last word, and it is not put in again."""
PRICE, CROWDED = "price", "not_combinable"


def settles(shop: ShopMap) -> bool:
    """Whether a map says all that putting codes into carts takes."""
    moves = all(shop.coupon(move) is not None for move in CouponMove)
    return moves and any(cart.codes is not None and cart.charged is not None for cart in shop.carts.values())


class Carts:
    """Compares each cart that a mutation answered with what its visitor was promised, behind the answer.

    Nothing here fails or delays the mutation itself. `shop` is the map as it fits the live schema.
    """

    def __init__(self, book: OfferBook, upstream: Upstream, telemetry: Telemetry) -> None:
        self.book, self.upstream, self.telemetry = book, upstream, telemetry
        self._pending: dict[str, asyncio.Task[None]] = {}
        self._keeping: set[asyncio.Task[None]] = set()
        self._declined: TTLCache[tuple[str, str], bool] = TTLCache(MAX_DECLINED, DECLINED_SECONDS)

    async def settled(self, arrival: Arrival) -> None:
        """Wait until what this visitor's last mutation set off is done, `WAIT_SECONDS` at most."""
        task = self._pending.get(_name(arrival))
        if task is not None:
            await asyncio.wait({task}, timeout=WAIT_SECONDS)

    def changed(
        self, shop: ShopMap, call: Call, arrival: Arrival, answer: Answer, actions: Iterable[ActionSlot],
        data: Mapping[str, Any],
    ) -> None:  # fmt: skip
        """Take in the carts that a mutation answered (`data`), and set off what they need."""
        for action in actions:
            answered = at(data, action.cart_path) if action.cart is not None else None
            cart = read_cart(action.cart, answered) if action.cart is not None and isinstance(answered, dict) else None
            if cart is None or action.cart is None:
                continue
            if cart.state in action.cart.placed:
                self._placed(cart)
            elif cart.state not in action.cart.checkout:
                moved = shop.coupons.get((action.map.parent, action.map.field))
                removing = moved is not None and moved.move is CouponMove.REMOVE
                self._later(arrival, shop, _session(shop, call, answer), action.cart, cart, removing=removing)

    async def close(self) -> None:
        """Finish what is under way, within `ASK_SECONDS`."""
        if under_way := {*self._pending.values(), *self._keeping}:
            _, late = await asyncio.wait(under_way, timeout=ASK_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _later(
        self, arrival: Arrival, shop: ShopMap, call: Call, kind: CartMap, cart: Cart, *, removing: bool
    ) -> None:  # fmt: skip
        apply, remove = shop.coupon(CouponMove.APPLY), shop.coupon(CouponMove.REMOVE)
        if apply is None or remove is None or kind.codes is None or kind.charged is None:
            return
        # Whoever may have no personal price (any more) keeps no code of ours, however it came into the cart.
        key = arrival.key if may_have_offers(arrival.visit) is None else None
        if key is None and not cart.codes:
            return
        if len(self._pending) >= MAX_PENDING:
            self.telemetry.count("offers", "carts_crowded")
            return
        name = _name(arrival) or cart.code
        before = self._pending.get(name)
        work = _Work(self.book, self.upstream, self.telemetry, call, kind, apply, remove, key, self._declined)
        task = asyncio.get_running_loop().create_task(work.settle(cart, before, removing=removing))
        self._pending[name] = task
        task.add_done_callback(lambda done: self._pending.pop(name) if self._pending.get(name) is done else None)

    def _placed(self, cart: Cart) -> None:
        if cart.codes and len(self._keeping) < MAX_PENDING:
            task = asyncio.get_running_loop().create_task(self._keep(cart))
            self._keeping.add(task)
            task.add_done_callback(self._keeping.discard)

    async def _keep(self, cart: Cart) -> None:
        """An order was placed: what it cost is booked for each code of ours."""
        for code in cart.codes:
            for turn in range(TRIES):
                promise = await self.book.find(code)
                if promise is None:
                    break  # not ours
                if await self.book.kept(code, saved(promise, cart), cart.code):
                    break
                await asyncio.sleep(0.2 * 2**turn)


class _Work:
    """One cart of one visitor; `key` is None where the visitor may have no personal price."""

    def __init__(
        self, book: OfferBook, upstream: Upstream, telemetry: Telemetry, call: Call, kind: CartMap, apply: CouponMap,
        remove: CouponMap, key: str | None, declined: TTLCache[tuple[str, str], bool],
    ) -> None:  # fmt: skip
        self.book, self.upstream, self.telemetry = book, upstream, telemetry
        self.call, self.kind, self.apply, self.remove, self.key = call, kind, apply, remove, key
        self.declined = declined
        self.promises: dict[str, Promise] = {}

    async def settle(self, cart: Cart, before: asyncio.Task[None] | None, *, removing: bool) -> None:
        """Put in what qualifies, take out what does not; `removing`: the shopper took a code out. Raises nothing."""
        try:
            if before is not None:
                await asyncio.wait({before}, timeout=WAIT_SECONDS)
            async with asyncio.timeout(ASK_SECONDS):  # a store that is late takes no code out: that raises
                held = () if self.key is None else await self.book.held(self.key)
                self.promises = {one.code: one for one in held}
                others = await self._others(cart)
            self._decline(cart, removing=removing)
            for code in cart.codes:  # of ours that no promise stands behind any more, or that do not qualify
                promise = self.promises.get(code)
                if code not in others and (promise is None or not await self._stays(promise, cart, others)):
                    cart = await self._move(self.remove, code) or cart
            for code, promise in self.promises.items():
                wanted = code not in cart.codes and (self.key or "", code) not in self.declined
                wanted = wanted and self.book.halted(promise.offer) is None  # the list price is shown by now
                if wanted and await self._qualifies(promise, cart, others):
                    cart = await self._put_in(promise, cart)
        except Exception as error:  # the cart stays as it is; what was not put in is charged at list price
            self.telemetry.fault("offers", "cart", error)

    def _decline(self, cart: Cart, *, removing: bool) -> None:
        for code in self.promises:
            if removing and code not in cart.codes:
                self.declined[self.key or "", code] = True
            elif code in cart.codes:
                self.declined.pop((self.key or "", code), None)

    async def _others(self, cart: Cart) -> list[str]:
        """The codes in a cart that are none of ours."""
        return [code for code in cart.codes if code not in self.promises and not await self.book.find(code)]

    async def _qualifies(self, promise: Promise, cart: Cart, others: Sequence[str]) -> bool:
        """Whether the cart may have the code: as many pieces as promised, at the prices promised, in the budget."""
        offer = self.book.offers.get(promise.offer)
        if offer is None or (others and not offer.stackable):
            return False
        if cart.currency not in (None, promise.reserved.currency):
            return False  # the shopper went to another channel
        if promise.prices and not 0 < pieces(promise, cart) <= offer.pieces:
            return False
        if (variant := relisted(promise, cart)) is not None:
            self.book.relisted(promise, variant)
            return False
        wanted = saving(promise, cart)
        return wanted <= promise.reserved or await self.book.raised(promise.code, wanted)

    async def _stays(self, promise: Promise, cart: Cart, others: Sequence[str]) -> bool:
        return await self._qualifies(promise, cart, others) and (not others or self._bears(promise, cart))

    def _bears(self, promise: Promise, cart: Cart) -> bool:
        """Whether the prices keep all bounds together with a coupon of the shop's own."""
        return as_promised(promise, cart, lambda variant, price: self.book.bears(promise, variant, price))

    async def _put_in(self, promise: Promise, cart: Cart) -> Cart:
        found = await self._move(self.apply, promise.code)
        if found is None:
            return cart
        others = await self._others(found)
        # The shop knows a later cart than the answer that set this off did.
        if not await self._qualifies(promise, found, others):
            return await self._move(self.remove, promise.code) or found
        if promise.code in found.codes and (self._bears(promise, found) if others else as_promised(promise, found)):
            self.book.applied(promise.offer)
            return found
        found = await self._move(self.remove, promise.code) or cart
        if others:  # what the shopper's own coupon does to the prices says nothing of the offer
            self.telemetry.count("offers", "not_beside_coupon")
        else:
            await self.book.refused(promise.code, PRICE)
        return found

    async def _move(self, move: CouponMap, code: str) -> Cart | None:
        """The cart after a code was put in or taken out; None where the shop refused it, which is noted, or is down."""
        if not PLAIN.fullmatch(code):
            return None
        text = f"mutation {{ {move.selection(code, cart_text(self.kind, abstract=True))} }}"
        try:
            answer = await self.upstream.ask(self.call, {"query": text}, within=ASK_SECONDS)
            told = orjson.loads(answer.body or b"")["data"][move.field]
            cart = read_cart(self.kind, told[move.cart] if move.cart else told)
        except (UpstreamError, ValueError, KeyError, TypeError) as error:
            self.telemetry.fault("offers", f"{move.move}_failed", error)
            return None
        if cart is None and move is self.apply:
            said = next((leaf for name, leaf in told.items() if not name.startswith("_pz_")), None)
            why = move.refused(str(next(leaves(said), "")))
            await self.book.refused(code, CROWDED if why is Refusal.OTHER else str(why))
        return cart


def _name(arrival: Arrival) -> str:
    """What a visitor's carts are told apart by: their key, for somebody without one the shop's session."""
    return arrival.key or arrival.session or ""


def _session(shop: ShopMap, call: Call, answer: Answer) -> Call:
    """The call's session as it is after the answer, which may have handed out another token or cookies."""
    headers = [pair for pair in call.headers if pair[0] != "content-length"]
    token = answer.header(shop.session_response_header) if shop.session_response_header else None
    if token and token.strip() and shop.session_header:
        headers = [pair for pair in headers if pair[0] != shop.session_header]
        headers.append((shop.session_header, f"Bearer {token.strip()}"))
    given = [value.partition(";")[0].strip() for name, value in answer.headers if name == "set-cookie"]
    if given:
        names = {one.partition("=")[0] for one in given}
        kept = [f"{name}={value}" for name, value in call.cookies.items() if name not in names]
        headers = [pair for pair in headers if pair[0] != "cookie"]
        headers.append(("cookie", "; ".join([*kept, *given])))
    return replace(call, method="POST", headers=headers, body=None, stream=None)
