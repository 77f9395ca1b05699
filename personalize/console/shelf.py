"""The shop's shelf as the desk sees it: which items and attributes that rules name are there, and which are not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from personalize.console.checks import error, warning
from personalize.domain.desk.finding import Finding
from personalize.domain.desk.reading import nearest
from personalize.domain.desk.rules import AnyRule, attributes_of, items_of
from personalize.domain.desk.strategy import ANY_SEARCH, Scope, StrategyDraft
from personalize.errors import DeskError
from personalize.gateway.document.values import with_path
from personalize.gateway.guest import Found, Guest
from personalize.gateway.ways import collection_ways, term_way

WHERE = "parameters.rules"
NAMED = 10
"""Items that one finding names."""
MAX_WAYS = 3
"""Ways of asking for a collection that are tried."""


class ShopShelf:
    """Looks in a window of the shop, as a guest; what is not in it is asked for one by one."""

    def __init__(self, guest: Guest) -> None:
        self.guest = guest

    def listings(self) -> Sequence[str]:
        """The listings that may be ordered."""
        return self.guest.listings()

    async def look(self, draft: StrategyDraft, rules: Sequence[AnyRule]) -> list[Finding]:
        """Items that the shop does not have are errors; what could not be looked for is told as a warning."""
        items = items_of(rules)
        found, scoped, silent = await self._window(draft)
        if found is None:
            return [warning("SHOP_UNREACHED", f"the shop was not looked at: {silent}", where=WHERE)]
        within = " and ".join(word for word in (draft.scope.collection, draft.scope.search) if word)
        ids = set(found.window.listing.ids)
        missing = [item for item in items if item not in ids]
        told = await self.guest.there(missing) if missing else {}
        gone = [item for item in missing if told[item] is False or (told[item] is None and found.window.whole)]
        unsure = [item for item in missing if told[item] is None and not found.window.whole]
        findings = [
            error("ITEM_UNKNOWN", f"the shop has no item {item!r}", nearest(item, ids) if len(item) > 3 else "", WHERE)
            for item in gone[:NAMED]
        ]
        if unsure:
            findings.append(warning(
                "ITEM_UNCHECKED",
                f"not among the first {len(ids)} items, and the shop was not asked for them: {_some(unsure)}",
                where=WHERE,
            ))  # fmt: skip
        coming = [item for item in missing if told[item]]
        if scoped and not ids:
            message = f"{found.slot.map.coordinates} shows nothing for {within!r}"
            findings.append(warning("SCOPE_EMPTY", message, "is it spelt as the storefront asks for it?", "scope"))
        elif coming and (scoped or not within):
            findings.append(warning(
                "ITEM_DEEP", f"not among the first {len(ids)} items of {found.slot.map.coordinates}"
                f"{f' for {within!r}' if within else ''}, where rules move items: {_some(coming)}", where=WHERE,
            ))  # fmt: skip
        return findings + _attributes(rules, found)

    async def _window(self, draft: StrategyDraft) -> tuple[Found | None, bool, str]:
        """The window of the scope's listing, else of the first that needs no more than a guest has.

        Also whether the scope's collection and search term were asked for, and why there is no window.
        """
        named = draft.scope.listing
        known = self.guest.listings()
        said = "its schema is not known yet"
        for listing in (named,) if named in known else known:
            try:
                ways = _asking(self.guest, listing or "", draft.scope)
                found = await self.guest.field(listing or "", ways[0] if ways else {}, {})
                for arguments in ways[1:MAX_WAYS]:
                    if len(found.window.listing):
                        break
                    found = await self.guest.field(listing or "", arguments, {})  # by its id, say, and not its slug
                return found, bool(ways), ""
            except DeskError as bad:
                said = bad.message
        return None, False, said


def _asking(guest: Guest, listing: str, scope: Scope) -> list[dict[str, Any]]:
    """Arguments that ask a listing for what a scope names, the likeliest first; none where it names nothing."""
    made: list[dict[str, Any]] = [{}]
    if scope.search is not None and scope.search != ANY_SEARCH:
        way = term_way(guest.knowledge, listing)
        made = [with_path(one, way, scope.search) for one in made] if way is not None else []
    if scope.collection is not None:
        key, equals, value = scope.collection.partition("=")
        ways = collection_ways(guest.knowledge, listing)
        if equals:
            ways = [way for way in ways if way[-1] == key]
        made = [with_path(one, way, value if equals else scope.collection) for one in made for way in ways]
    return [one for one in made if one]


def _attributes(rules: Sequence[AnyRule], found: Found) -> list[Finding]:
    """Attributes that no item of the window has: misspelt, most likely."""
    listing = found.window.listing
    names = {name for told in listing.attributes for name in told}
    return [
        warning("ATTRIBUTE_UNSEEN", f"no item among the first {len(listing)} has an attribute {name!r}",
                nearest(name, sorted(names)), WHERE)
        for name in dict.fromkeys(name for name, _ in attributes_of(rules))
        if listing.attributes and name not in names
    ]  # fmt: skip


def _some(items: Sequence[str]) -> str:
    more = f" and {len(items) - NAMED} more" if len(items) > NAMED else ""
    return ", ".join(items[:NAMED]) + more
