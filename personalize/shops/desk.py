"""Who makes offers' codes: the desk of the shop in the settings, where there is one."""

from __future__ import annotations

from personalize.domain.offers.shop import CouponDesk
from personalize.errors import SettingsError
from personalize.registry import load, names
from personalize.settings import Settings


def open_desk(settings: Settings, shop: str) -> CouponDesk | None:
    """The desk for the shop of that name (a map's `@shop(name:)`); None where no `admin_url` is set.

    Raises SettingsError where there is an address and no plug for the shop.
    """
    if not settings.admin_url:
        return None
    if shop not in (known := names("coupons")):
        raise SettingsError(
            f"setting admin_url is given, and nothing here can ask the Admin API of {shop!r}",
            hint=f"codes are made for: {', '.join(known)}",
        )
    desk: CouponDesk = load("coupons", shop).of(settings)
    return desk
