"""The shop's shelf as the desk sees it: which items and attributes that rules name are there, and which are not."""

from __future__ import annotations

from collections.abc import Sequence

from personalize.console.checks import error, warning
from personalize.domain.desk.finding import Finding
from personalize.domain.desk.reading import nearest
from personalize.domain.desk.rules import AnyRule, attributes_of, items_of
from personalize.domain.desk.strategy import StrategyDraft
from personalize.errors import DeskError
from personalize.gateway.guest import Found, Guest

WHERE = "parameters.rules"
NAMED = 10
"""Items that one finding names."""


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
        found, silent = await self._window(draft)
        if found is None:
            return [warning("SHOP_UNREACHED", f"the shop was not looked at: {silent}", where=WHERE)]
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
        if coming and draft.scope.collection is None and draft.scope.search is None:
            findings.append(warning(
                "ITEM_DEEP", f"not among the first {len(ids)} items of {found.slot.map.coordinates}, where rules move"
                f" items: {_some(coming)}", where=WHERE,
            ))  # fmt: skip
        return findings + _attributes(rules, found)

    async def _window(self, draft: StrategyDraft) -> tuple[Found | None, str]:
        """The window of the scope's listing, else of the first that needs no more than a guest has."""
        named = draft.scope.listing
        known = self.guest.listings()
        said = "its schema is not known yet"
        for listing in (named,) if named in known else known:
            try:
                return await self.guest.field(listing or "", {}, {}), ""
            except DeskError as bad:
                said = bad.message
        return None, said


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
