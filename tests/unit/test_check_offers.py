"""`personalize check` says whether the shop's Admin API lets us make codes."""

from __future__ import annotations

import asyncio

import pytest
from click.testing import CliRunner

from personalize.cli import main
from personalize.demo.shop.state import DEMO_PASSWORD
from personalize.errors import CouponError
from tests.coupon_shops import demo
from tests.gateway_world import listening


async def checked(user: str, password: str):
    async with listening(demo()) as base:
        env = {
            "PERSONALIZE_ADMIN_URL": f"{base}/admin-api",
            "PERSONALIZE_ADMIN_USER": user,
            "PERSONALIZE_ADMIN_PASSWORD": password,
        }
        return await asyncio.to_thread(CliRunner().invoke, main, ["check", f"{base}/shop-api"], env=env)


async def test_what_can_be_granted_is_said() -> None:
    done = await checked("superadmin", DEMO_PASSWORD)
    assert done.exit_code == 0, done.output
    assert "may write promotions; prices in EUR" in done.output
    assert "percent: every price" in done.output
    assert "free shipping: yes" in done.output
    assert "codes cannot reach a cart" not in done.output


@pytest.mark.parametrize(
    ("user", "password", "said"),
    [
        ("reader", DEMO_PASSWORD, "create promotions, delete promotions"),
        ("superadmin", "wrong-one", "does not let us in"),
    ],
)
async def test_what_is_missing_is_said(user: str, password: str, said: str) -> None:
    done = await checked(user, password)
    assert done.exit_code != 0
    shown = f"{done.output}{done.exception}"
    assert said in shown
    assert "wrong-one" not in shown
    assert isinstance(done.exception, CouponError | SystemExit)
