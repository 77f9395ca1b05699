"""A reason as clients read it, written in strawberry."""

from __future__ import annotations

import strawberry


@strawberry.type(name="PersonalizationReason", description="Why, for people.")
class ReasonView:
    code: str = strawberry.field(description="A stable name of the reason.")
    text: str = strawberry.field(description="In the page's language (German or English).")
