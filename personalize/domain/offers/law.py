"""What the law wants told of a personal price (no legal advice): disclosure, and the lowest price of 30 days.

Sources: Directive 2011/83/EU, Art. 6(1)(ea), as amended by Directive (EU) 2019/2161, and Art. 246a § 1 (1) no. 6 EGBGB;
New York General Business Law § 349-a(2); Directive 98/6/EC, Art. 6a, and § 11 PAngV.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from types import MappingProxyType

from personalize.domain.offers.offer import AudienceKind
from personalize.domain.visit import Consent, Trust, Visit

DISCLOSURE: Mapping[str, str] = MappingProxyType(
    {
        "en": "This price was personalised for you on the basis of automated decision-making.",
        "de": "Dieser Preis wurde auf der Grundlage einer automatisierten Entscheidungsfindung für Sie personalisiert.",
    }
)
NEW_YORK = "THIS PRICE WAS SET BY AN ALGORITHM USING YOUR PERSONAL DATA"
"""The statute's own words; they are not translated."""

DAYS = 30
LOWEST_PRICE = frozenset({"DE", "EU"})
"""Where an announced price reduction has to name the lowest price of the 30 days before it."""

NO_CONSENT = "no_consent"
NOT_VOUCHED = "not_vouched"


def may_have_offers(visit: Visit) -> str | None:
    """Why a visit may have no personal price; None: it may.

    It takes the consent to a lasting profile, and an id that we signed or a session that the shop vouches for.
    """
    if visit.consent is not Consent.CONSENTED:
        return NO_CONSENT
    if visit.visitor is None or visit.visitor.trust is Trust.BARE:
        return NOT_VOUCHED
    return None


def disclosure(kind: AudienceKind, language: str, jurisdictions: frozenset[str]) -> str | None:
    """What has to stand at a price that was changed for a person or a group; None for a price that is everybody's."""
    if kind is AudienceKind.GENERAL:
        return None
    told = DISCLOSURE.get(language.partition("-")[0].lower(), DISCLOSURE["en"])
    return f"{NEW_YORK} {told}" if "US-NY" in jurisdictions else told


def needs_lowest(kind: AudienceKind, reach: float, threshold: float, jurisdictions: frozenset[str]) -> bool:
    """Whether a reduction has to name the lowest price of the 30 days before.

    Individual reductions need not (§ 11 (4) no. 1 PAngV); one that reaches everybody is none, whatever it is called.
    """
    if not jurisdictions & LOWEST_PRICE:
        return False
    return kind is AudienceKind.GENERAL or reach >= threshold


def days_before(first: str) -> tuple[str, str]:
    """The first and the last day of the 30 days before a reduction that was first applied on day `first`."""
    applied = date.fromisoformat(first)
    return (applied - timedelta(days=DAYS)).isoformat(), (applied - timedelta(days=1)).isoformat()
