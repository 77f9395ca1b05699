"""What a shopper may correct, and what they are answered, written in strawberry."""

from __future__ import annotations

from enum import Enum

import strawberry

from personalize.gateway.ours.inputs import RefusalCode


@strawberry.enum(name="PersonalizationMood", description="What a shopper may say of their mood.")
class Mood(Enum):
    EXCITED = "excited"
    HAPPY = "happy"
    CALM = "calm"
    STRESSED = "stressed"
    SAD = "sad"
    TIRED = "tired"


@strawberry.enum(
    name="PersonalizationMode",
    description="How somebody shops today: with a clear aim, looking around, open to ideas, for somebody else, for a "
    "good price.",
)
class ShoppingMode(Enum):
    MISSION = "mission"
    BROWSE = "browse"
    INSPIRE = "inspire"
    GIFT = "gift"
    BARGAIN = "bargain"


@strawberry.type(name="PersonalizationCorrection", description="What became of a correction.")
class Correction:
    done: bool = strawberry.field(description="Whether it holds from the next request on.")
    code: RefusalCode | None = strawberry.field(default=None, description="Why not; null where it is done.")
    message: str | None = strawberry.field(default=None, description="The same for people, in the page's language.")


@strawberry.type(name="PersonalizationExport", description="What is kept of this visitor.")
class Export:
    data: str | None = strawberry.field(
        default=None,
        description="A JSON text: profile, events, links. Null where it cannot be told; `code` says why.",
    )
    next: str | None = strawberry.field(
        default=None, description="There is more: ask again with this as `since`. Null: this was all."
    )
    code: RefusalCode | None = strawberry.field(default=None, description="Why there is nothing.")
    message: str | None = strawberry.field(default=None, description="The same for people, in the page's language.")
