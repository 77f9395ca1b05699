"""What is true of an item: tellers fill the fields of `ItemPersonalization`, each asked only for what is selected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from personalize.gateway.document.hidden import Item
from personalize.gateway.edge.arrival import Arrival
from personalize.telemetry import Telemetry


class ItemTeller(Protocol):
    """Tells something of items, wherever they stand.

    `fields` are those of `ItemPersonalization` that it fills; it is asked where a client selected one of them, once an
    item shown. `reads` says whether it needs more than the product's id: then the item is the row as the shop has it
    (variant, price, currency, attributes), outside listings, too; else only `item.id` may be relied on.
    """

    fields: frozenset[str]
    reads: bool

    def tell(self, item: Item, arrival: Arrival) -> Mapping[str, Any]:
        """Its fields as JSON values, by the names of the schema; objects carry their `__typename`.

        What is missing is null. Whatever it raises is counted, and its fields are null: nothing outside is awaited
        here, and nothing slow is done.
        """
        ...


class Bought:
    """The item's id, and whether this visitor bought it before."""

    fields, reads = frozenset({"itemId", "bought"}), False

    def tell(self, item: Item, arrival: Arrival) -> Mapping[str, Any]:
        """`bought` is null where no profile is allowed."""
        profile = arrival.visit.profile
        return {"itemId": item.id, "bought": item.id in profile.bought if profile is not None else None}


class Tellers:
    """The tellers of a gateway, by the fields they fill."""

    def __init__(self, tellers: Iterable[ItemTeller], telemetry: Telemetry) -> None:
        self.telemetry = telemetry
        self.by_field = {name: teller for teller in tellers for name in teller.fields}

    @property
    def reading(self) -> frozenset[str]:
        """The fields for which an item has to be read, where it does not stand in a listing."""
        return frozenset(name for name, teller in self.by_field.items() if teller.reads)

    def of(self, item: Item, arrival: Arrival) -> Values:
        """What is told of an item."""
        return Values(self, item, arrival)


class Values:
    """The values of an item's fields, each made when it is asked for."""

    __slots__ = ("_arrival", "_item", "_tellers", "_told")

    def __init__(self, tellers: Tellers, item: Item, arrival: Arrival) -> None:
        self._tellers, self._item, self._arrival = tellers, item, arrival
        self._told: dict[str, Any] = {}

    def get(self, name: str) -> Any:
        """The value of a field, None where there is none."""
        if name not in self._told and (teller := self._tellers.by_field.get(name)) is not None:
            self._told |= dict.fromkeys(teller.fields)
            try:
                self._told |= teller.tell(self._item, self._arrival)
            except Exception as error:  # law 4: one that fails tells nothing, and the rest of the answer stands
                self._tellers.telemetry.fault("item", type(teller).__name__, error)
        return self._told.get(name)
