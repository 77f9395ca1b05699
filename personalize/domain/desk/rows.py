"""Versions as rows of a store and back: the draft is JSON, everything else stands in columns."""

from __future__ import annotations

import msgspec

from personalize.domain.desk.store import STRATEGY, DeskRow
from personalize.domain.desk.strategy import State, StrategyDraft, StrategyVersion
from personalize.errors import StoreError

_DRAFT = msgspec.json.Decoder(StrategyDraft)


def body_of(draft: StrategyDraft) -> bytes:
    """The draft as JSON with sorted keys: equal drafts have equal bodies."""
    return msgspec.json.encode(draft, order="sorted")


def row_of(version: StrategyVersion) -> DeskRow:
    """The version as a store keeps it."""
    return DeskRow(
        STRATEGY, version.name, version.number, version.state.value, body_of(version.draft), version.at, version.author
    )


def version_of(row: DeskRow) -> StrategyVersion:
    """The version in a row. Raises StoreError for a body that this release cannot read."""
    try:
        return StrategyVersion(_DRAFT.decode(row.body), row.number, State(row.state), row.at, row.author)
    except (msgspec.DecodeError, ValueError) as error:
        raise StoreError(
            f"strategy {row.name!r} version {row.number} cannot be read: {error}", code="DESK_UNREADABLE",
            hint="run the release that wrote it, or publish it anew",
        ) from error  # fmt: skip
