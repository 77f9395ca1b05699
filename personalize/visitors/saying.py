"""What the shopper said of their situation, as far as it still holds, and where the facts of a visit come from."""

from __future__ import annotations

from collections.abc import Mapping

from personalize.domain.correction import SHOPPER
from personalize.domain.profile import Profile
from personalize.domain.situation import Origin

HEADER = Origin("header")


def told(
    sent: Mapping[str, object], profile: Profile | None, session: str | None, at: float
) -> tuple[dict[str, object], dict[str, Origin]]:
    """The facts of a request, and their origins: what it says itself (`sent`) goes before what the shopper said.

    `session` is the visitor's present one, `at` epoch seconds.
    """
    facts, origins = dict(sent), dict.fromkeys(sent, HEADER)
    if profile is not None and profile.said:
        for name, said in profile.said.items():
            if name not in facts and said.holds(name, session, at):
                facts[name], origins[name] = said.value, Origin(SHOPPER, said.at)
    return facts, origins
