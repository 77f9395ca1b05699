"""Carts: a promised code goes into the visitor's own cart behind their own mutation, and out again where it must."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson
from cachetools import TTLCache

from personalize.domain.offers.ledger import Promise
from personalize.domain.offers.money import Money, MoneyError
from personalize.errors import UpstreamError
from personalize.events.infer import Cart, Line
from personalize.gateway.document.hidden import cart_text, leaves
from personalize.gateway.document.reading import at, read_cart
from personalize.gateway.document.slots import ActionSlot
from personalize.gateway.edge.arrival import Arrival
from personalize.gateway.edge.call import Call
from personalize.gateway.edge.upstream import Answer, Upstream
from personalize.gateway.offers.book import OfferBook
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
        task = self._pending.get(arrival.key or "")
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
            elif cart.state not in action.cart.checkout and arrival.key is not None:
                moved = shop.coupons.get((action.map.parent, action.map.field))
                removing = moved is not None and moved.move is CouponMove.REMOVE
                self._later(arrival.key, shop, _session(shop, call, answer), action.cart, cart, removing=removing)

    async def close(self) -> None:
        """Finish what is under way, within `ASK_SECONDS`."""
        if under_way := {*self._pending.values(), *self._keeping}:
            _, late = await asyncio.wait(under_way, timeout=ASK_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _later(self, key: str, shop: ShopMap, call: Call, kind: CartMap, cart: Cart, *, removing: bool) -> None:
        apply, remove = shop.coupon(CouponMove.APPLY), shop.coupon(CouponMove.REMOVE)
        if apply is None or remove is None or kind.codes is None or kind.charged is None:
            return
        if not (self.book.holds(key) or cart.codes):
            return
        if len(self._pending) >= MAX_PENDING:
            self.telemetry.count("offers", "carts_crowded")
            return
        before = self._pending.get(key)
        work = _Work(self.book, self.upstream, self.telemetry, call, kind, apply, remove, key, self._declined)
        task = asyncio.get_running_loop().create_task(work.settle(cart, before, removing=removing))
        self._pending[key] = task
        task.add_done_callback(lambda done: self._pending.pop(key) if self._pending.get(key) is done else None)

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
    """One cart of one visitor."""

    def __init__(
        self, book: OfferBook, upstream: Upstream, telemetry: Telemetry, call: Call, kind: CartMap, apply: CouponMap,
        remove: CouponMap, key: str, declined: TTLCache[tuple[str, str], bool],
    ) -> None:  # fmt: skip
        self.book, self.upstream, self.telemetry = book, upstream, telemetry
        self.call, self.kind, self.apply, self.remove, self.key = call, kind, apply, remove, key
        self.declined = declined

    async def settle(self, cart: Cart, before: asyncio.Task[None] | None, *, removing: bool) -> None:
        """Put in what qualifies, take out what does not; `removing`: the shopper took a code out. Raises nothing."""
        try:
            if before is not None:
                await asyncio.wait({before}, timeout=WAIT_SECONDS)
            promises = {one.code: one for one in await self.book.promises(self.key, ())}
            for code in promises:
                if removing and code not in cart.codes:
                    self.declined[self.key, code] = True
                elif code in cart.codes:
                    self.declined.pop((self.key, code), None)
            others = [code for code in cart.codes if code not in promises and not await self.book.find(code)]
            for code in cart.codes:  # of ours that no promise stands behind any more, or that do not qualify
                promise = promises.get(code)
                if code not in others and (promise is None or not await self._qualifies(promise, cart, others)):
                    cart = await self._move(self.remove, code) or cart
            for code, promise in promises.items():
                wanted = code not in cart.codes and (self.key, code) not in self.declined
                wanted = wanted and self.book.halted(promise.offer) is None  # the list price is shown by now
                if wanted and await self._qualifies(promise, cart, others):
                    cart = await self._put_in(promise, cart)
        except Exception as error:  # the cart stays as it is; what was not put in is charged at list price
            self.telemetry.fault("offers", "cart", error)

    async def _qualifies(self, promise: Promise, cart: Cart, others: Sequence[str]) -> bool:
        """Whether the cart may have the code: as many pieces as promised, at the prices promised, in the budget."""
        offer = self.book.offers.get(promise.offer)
        if offer is None or (others and not offer.stackable):
            return False
        lines = [line for line in cart.lines if line.variant in promise.prices]
        if promise.prices and (not lines or sum(line.quantity for line in lines) > offer.pieces):
            return False
        wanted = sum(
            ((promise.prices[line.variant][0] - promise.prices[line.variant][1]) * line.quantity for line in lines),
            start=Money(0, promise.reserved.currency),
        )
        return wanted <= promise.reserved or await self.book.raised(promise.code, wanted)

    async def _put_in(self, promise: Promise, cart: Cart) -> Cart:
        found = await self._move(self.apply, promise.code)
        if found is None:
            return cart
        if promise.code in found.codes and all(map(_as_promised(promise), found.lines)):
            self.book.applied(promise.offer)
            return found
        found = await self._move(self.remove, promise.code) or cart
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


def saved(promise: Promise, cart: Cart) -> Money:
    """What an order cost less by a promise: list prices of its lines less what they were charged."""
    if not promise.prices:  # free shipping: what it was reckoned to cost
        return promise.reserved
    least = Money(0, promise.reserved.currency)
    total = least
    for line in cart.lines:
        if line.variant in promise.prices and line.charged is not None:
            whole = promise.prices[line.variant][0] * line.quantity
            total += max(least, whole - Money.of(line.charged, least.currency))
    return total


def _as_promised(promise: Promise) -> Any:
    def holds(line: Line) -> bool:
        if line.variant not in promise.prices:
            return True
        price = promise.prices[line.variant][1]
        try:
            return line.charged is not None and Money.of(line.charged, price.currency) == price * line.quantity
        except MoneyError:
            return False

    return holds


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
