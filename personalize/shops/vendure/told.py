"""Says of a failure at the Admin API that it is one of coupons."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from personalize.errors import AdminError, CouponError

P = ParamSpec("P")
T = TypeVar("T")


def as_coupon_error(method: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """The method, raising CouponError where it would raise AdminError (or a group of them: then the first)."""

    @wraps(method)
    async def told(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await method(*args, **kwargs)
        except* AdminError as group:
            error = _first(group)
            if isinstance(error, CouponError):
                raise error from error.__cause__
            raise CouponError(error.message, code=error.code, hint=error.hint, retry_after=error.retry_after) from error

    return told


def _first(group: BaseExceptionGroup[AdminError]) -> AdminError:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, AdminError)
    return error
