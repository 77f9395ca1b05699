"""The guardrail of channels: a Rechannel names each channel once, or it is cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from personalize.domain.patch import Rechannel
from personalize.guardrails.ranking import is_permutation

T = TypeVar("T")


def rechannelled(change: Rechannel | None, target: str, channels: Sequence[T]) -> tuple[list[T], bool]:
    """The channels of `target` in the order to show, and whether the Change stands: else they stay as they are."""
    if change is None or change.target != target or not is_permutation(change.order, len(channels)):
        return list(channels), False
    return [channels[at] for at in change.order], True
