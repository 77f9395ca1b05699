"""Ways: through which arguments of a listing a search term and a collection are asked for."""

from __future__ import annotations

import re
from typing import Any

from graphql import GraphQLInputObjectType, get_named_type

from personalize.gateway.ours.knowledge import Knowledge
from personalize.shops.map import ArgumentPath

_COLLECTION = re.compile(r"collection|categor|taxon|slug", re.I)


def term_way(knowledge: Knowledge, listing: str) -> ArgumentPath | None:
    """The argument of a listing (`Query.search`) that takes a search term, as the shop map says."""
    found = next((one for one in knowledge.fitted.listings.values() if one.coordinates == listing), None)
    return found.term if found is not None else None


def collection_ways(knowledge: Knowledge, listing: str) -> list[ArgumentPath]:
    """The arguments of a listing that look like naming a collection, by the shop's schema; slugs first."""
    if knowledge.planner is None:
        return []
    parent, _, name = listing.partition(".")
    kind: Any = knowledge.planner.schema.type_map.get(parent)
    field = getattr(kind, "fields", {}).get(name)
    found: list[ArgumentPath] = []
    for key, argument in (field.args if field is not None else {}).items():
        inner = get_named_type(argument.type)
        if isinstance(inner, GraphQLInputObjectType):
            found += [(key, one) for one, leaf in inner.fields.items() if _named(one, leaf.type)]
        elif _named(key, argument.type):
            found.append((key,))
    return sorted(found, key=lambda way: (not way[-1].lower().endswith("slug"), way))


def _named(name: str, kind: Any) -> bool:
    return bool(_COLLECTION.search(name)) and getattr(get_named_type(kind), "name", "") in ("String", "ID")
