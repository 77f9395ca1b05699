"""What we add to a shop's schema, written in strawberry, and the merged schema that clients see."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import Enum
from functools import cache
from typing import Annotated, Any, Protocol

import strawberry
from graphql import GraphQLError, GraphQLObjectType, GraphQLSchema, extend_schema, parse, print_type
from strawberry.schema.config import StrawberryConfig
from strawberry.types import Info

from personalize.errors import MapError
from personalize.gateway.ours.channels import ChannelView
from personalize.gateway.ours.corrected import Correction, Export, Mood, ShoppingMode
from personalize.gateway.ours.facts import Fact
from personalize.gateway.ours.inputs import EventInput, RefusalCode, Tracked
from personalize.gateway.ours.offered import OfferView, PromiseView
from personalize.gateway.ours.reasoned import ReasonView
from personalize.shops.map import ShopMap

ITEM = "ItemPersonalization"


@strawberry.enum(name="PersonalizationConsent", description="What the visitor agreed to.")
class ConsentMode(Enum):
    NONE = "none"
    SESSION = "session"
    CONSENTED = "consented"


@strawberry.type(name="PersonalizationAssignment", description="The variant of an experiment this visit is in.")
class AssignmentView:
    experiment: str = strawberry.field(description="The experiment's name.")
    variant: str = strawberry.field(description="The variant's name.")


@strawberry.type(name="PersonalizationVisit", description="What is assumed of this visit.")
class VisitView:
    consent: ConsentMode = strawberry.field(description="What the visitor agreed to.")
    identified: bool = strawberry.field(description="Whether a visitor id is known.")
    strategies: list[str] = strawberry.field(description="The strategies that run for this visit.")
    assignments: list[AssignmentView] = strawberry.field(description="The experiments this visit is in.")
    context: list[Fact] = strawberry.field(description="What is assumed of the situation.")


@strawberry.type(name="PersonalizationPlacement", description="Where one item stands, and where the shop had it.")
class Placement:
    item_id: strawberry.ID = strawberry.field(description="The product's id.")
    position: int = strawberry.field(description="0-based position in the list as shown.")
    shop_position: int = strawberry.field(description="0-based position in the shop's own order.")
    reason: ReasonView | None = strawberry.field(
        description="Why it stands here; `shop_order` where the shop has it here, too. Null where nothing was decided."
    )


@strawberry.type(name="PersonalizationListing", description="A report on one listing of the same operation.")
class ListingView:
    path: str = strawberry.field(description="Response keys from the root, joined by dots.")
    personalized: bool = strawberry.field(description="Whether the order differs from the shop's.")
    strategy: str | None = strawberry.field(description="The strategy whose order this is.")
    items: list[Placement] = strawberry.field(description="The items of the page, up to 400 in one operation.")


@strawberry.type(
    name="PersonalizationRankingParameter", description="What orders of listings are made from, and with what weight."
)
class RankingParameter:
    code: str = strawberry.field(description="A stable name of the parameter.")
    text: str = strawberry.field(description="In the page's language (German or English).")
    weight: float = strawberry.field(description="Its share of the whole, 0 to 1.")
    strategy: str = strawberry.field(description="The strategy whose parameter it is.")


@strawberry.type(name=ITEM, description="What is true of the item for this visitor, wherever it stands.")
class ItemView:
    item_id: strawberry.ID = strawberry.field(description="The product's id.")
    bought: bool | None = strawberry.field(description="Whether the visitor bought it before; null if not known.")
    offer: OfferView | None = strawberry.field(description="The personal price of the row; null: the shop's price.")
    channels: list[ChannelView] | None = strawberry.field(
        description="The ways it may take to this visitor, the first one first; null where the shop has no stores."
    )


class Desk(Protocol):
    """What the resolvers need of a request; the gateway brings it as the context.

    `complaints` are errors about fields that have an answer all the same.
    """

    complaints: list[GraphQLError]

    def visit(self) -> VisitView:
        """What is assumed of this visit."""
        ...

    def listings(self) -> list[ListingView]:
        """Reports on the listings served in this operation."""
        ...

    def ranking_parameters(self) -> list[RankingParameter]:
        """The main parameters of this visit's orders, the weightiest first."""
        ...

    def promises(self) -> Awaitable[list[PromiseView]]:
        """What the visitor is promised; what is of no item is promised with this."""
        ...

    def turn_down(self, item_id: str, *, undone: bool = False) -> Awaitable[Correction]:
        """Note that the visitor does not want this item, or does again."""
        ...

    def say(self, name: str, value: str | None) -> Awaitable[Correction]:
        """Keep what the shopper says of one key of the context; None takes it back."""
        ...

    def reset(self) -> Awaitable[Correction]:
        """Start afresh."""
        ...

    def export(self, since: str | None) -> Awaitable[Export]:
        """Everything kept of the visitor."""
        ...

    def forget(self) -> Awaitable[bool]:
        """Erase everything known of the visitor."""
        ...

    def track(self, events: list[EventInput]) -> Awaitable[Tracked]:
        """Take what the client tells."""
        ...


def _visit(info: Info[Desk, Any]) -> VisitView:
    return info.context.visit()


def _listings(info: Info[Desk, Any], path: str | None = None) -> list[ListingView]:
    return [one for one in info.context.listings() if path is None or one.path == path]


def _ranking_parameters(info: Info[Desk, Any]) -> list[RankingParameter]:
    return info.context.ranking_parameters()


async def _offers(info: Info[Desk, Any]) -> list[PromiseView]:
    return await info.context.promises()


@strawberry.type(name="Personalization", description="What the gateway knows and did in this operation.")
class Personalization:
    visit: VisitView = strawberry.field(resolver=_visit, description="What is assumed of this visit.")
    listings: list[ListingView] = strawberry.field(
        resolver=_listings, description="Reports on this operation's listings; `path` picks one."
    )
    ranking_parameters: list[RankingParameter] = strawberry.field(
        resolver=_ranking_parameters,
        description="The main parameters that listings are ordered by for this visit, the weightiest first.",
    )
    offers: list[PromiseView] = strawberry.field(
        resolver=_offers, description="What the visitor is promised: free shipping, and what items they saw bore."
    )


async def _not_interested(info: Info[Desk, Any], item_id: strawberry.ID) -> bool:
    return (await info.context.turn_down(str(item_id))).done


async def _interested_again(info: Info[Desk, Any], item_id: strawberry.ID) -> Correction:
    return await info.context.turn_down(str(item_id), undone=True)


async def _set_mood(info: Info[Desk, Any], mood: Mood | None = None) -> Correction:
    return await info.context.say("mood", mood.value if mood is not None else None)


async def _set_mode(info: Info[Desk, Any], mode: ShoppingMode | None = None) -> Correction:
    return await info.context.say("mode", mode.value if mode is not None else None)


async def _set_store(info: Info[Desk, Any], store: str | None = None) -> Correction:
    return await info.context.say("store", store)


async def _reset(info: Info[Desk, Any]) -> Correction:
    return await info.context.reset()


async def _export_data(info: Info[Desk, Any], since: str | None = None) -> Export:
    return await info.context.export(since)


async def _forget(info: Info[Desk, Any]) -> bool:
    return await info.context.forget()


COMPLAINTS = frozenset({RefusalCode.INVALID, RefusalCode.TOO_MANY})
"""Refusals that are the client's mistake, and so errors of the operation, too."""


async def _track(info: Info[Desk, Any], events: list[EventInput]) -> Tracked:
    told = await info.context.track(events)
    for refusal in told.refusals:
        if refusal.code in COMPLAINTS:
            info.context.complaints.append(
                GraphQLError(
                    f"events[{refusal.index}]: {refusal.message}", info._raw_info.field_nodes,
                    path=info.path.as_list(), extensions={"code": refusal.code.name, "index": refusal.index},
                )
            )  # fmt: skip
    return told


@strawberry.type(name="PersonalizationMutation", description="The shopper's last word, and what only the client saw.")
class PersonalizationMutation:
    not_interested: bool = strawberry.field(
        resolver=_not_interested,
        description="Do not suggest this item again; false where nothing may be remembered.",
    )
    interested_again: Correction = strawberry.field(
        resolver=_interested_again, description="Take `notInterested` back: as if it had not been said."
    )
    set_mood: Correction = strawberry.field(
        resolver=_set_mood, description="How the shopper feels, for this session; null takes it back."
    )
    set_mode: Correction = strawberry.field(
        resolver=_set_mode, description="How the shopper shops, for this session; null takes it back."
    )
    set_store: Correction = strawberry.field(
        resolver=_set_store, description="The store the shopper goes to, until they say otherwise; null takes it back."
    )
    reset: Correction = strawberry.field(
        resolver=_reset,
        description="Start afresh: forget session, tastes, refusals and corrections. Purchases and the id stay. "
        "Needs a signed id or a session.",
    )
    export_data: Export = strawberry.field(
        resolver=_export_data,
        description="Everything kept of this visitor; `since` is the `next` of the answer before. Needs a signed id "
        "or a session.",
    )
    forget: bool = strawberry.field(
        resolver=_forget, description="Erase profile, events and links of this visitor; needs a signed id or a session."
    )
    track: Tracked = strawberry.field(
        resolver=_track,
        description="Tell of up to 50 events that the gateway could not see; what it knows already counts once.",
    )


@cache
def own_schema(
    namespace: str = "personalization", query_name: str = "Query", mutation_name: str = "Mutation"
) -> strawberry.Schema:
    """Our own schema; its root fields are called `namespace`, its root types as the shop's are."""
    query = _root(query_name, namespace, _answer)
    mutation = _root(mutation_name, namespace, _last_word)
    return strawberry.Schema(query, mutation, types=[ItemView], config=StrawberryConfig(auto_camel_case=True))


KEY = "Read by caches only: they keep answers of different keys apart. Give each listing of a page its own."


# Nullable, so that what fails here never takes the shop's answer with it.
def _answer(key: Annotated[str | None, strawberry.argument(description=KEY)] = None) -> Personalization | None:
    return Personalization()


def _last_word() -> PersonalizationMutation | None:
    return PersonalizationMutation()


def _root(name: str, namespace: str, resolve: Callable[..., Any]) -> type[Any]:
    make: Callable[..., Any] = strawberry.field
    field = make(resolver=resolve, name=namespace, description="Personalisation, by the gateway in front of the shop.")
    return strawberry.type(type(name, (), {"root": field, "__annotations__": {}}), name=name)


def merge(schema: GraphQLSchema, shop: ShopMap, namespace: str) -> GraphQLSchema:
    """The shop's schema with ours: one root field each, and one field on every mapped item type.

    Raises MapError where the shop's schema already uses one of our names.
    """
    own = own_schema(namespace, *root_names(schema))
    taken = [name for name in _own_names(own) if name in schema.type_map]
    roots = [root for root in (schema.query_type, schema.mutation_type) if root]
    items = [schema.type_map[name] for name in shop.items if name in schema.type_map]
    for kind in (*roots, *items):
        taken += [f"{kind.name}.{namespace}"] * (isinstance(kind, GraphQLObjectType) and namespace in kind.fields)
    if taken:
        raise MapError(
            f"the shop's schema already has {', '.join(sorted(taken))}",
            code="NAMESPACE_TAKEN",
            hint="set `namespace` to another name" if any("." in name for name in taken) else "rename the shop's types",
        )
    definitions = [
        f"extend type {kind.name} {{ {namespace}: {ITEM} }}" for kind in items if isinstance(kind, GraphQLObjectType)
    ]
    definitions += [f"extend {print_type(own._schema.type_map[root.name])}" for root in roots]
    if schema.mutation_type is None and own._schema.mutation_type is not None:  # a shop that only answers queries
        name = own._schema.mutation_type.name
        definitions += [print_type(own._schema.mutation_type), f"extend schema {{ mutation: {name} }}"]
    sdl = "\n".join(print_type(own._schema.type_map[name]) for name in _own_names(own)) + "\n" + "\n".join(definitions)
    return extend_schema(schema, parse(sdl), assume_valid_sdl=True)


def root_names(schema: GraphQLSchema) -> tuple[str, str]:
    """What a schema calls its query and its mutation type, or what a mutation type of ours may be called in it."""
    query, mutation = schema.query_type, schema.mutation_type
    free = "Mutation"
    while mutation is None and free in schema.type_map:  # some other type of the shop's is called so
        free += "_"
    return query.name if query else "Query", mutation.name if mutation else free


_BUILT_IN = frozenset({"String", "Int", "Float", "Boolean", "ID"})


def _own_names(own: strawberry.Schema) -> list[str]:
    roots = set(root_names(own._schema))
    names = own._schema.type_map
    return [name for name in names if not name.startswith("__") and name not in _BUILT_IN | roots]
