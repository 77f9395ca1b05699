"""Makes the docs' picture of the demo's storefront: `python -m tests.house.pictures` (a demo of its own, 2 minutes)."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from playwright.async_api import ViewportSize

from personalize.demo.generate import generate
from personalize.demo.run import SEED, prepare, started_demo
from tests.browser import PERSON, opened

TO = Path(__file__).resolve().parents[2] / "docs" / "storefront.png"
SIZE: ViewportSize = {"width": 1280, "height": 905}
SETTLED = 2_500  # ms: the window behind the first look is filled, and every card has arrived
READY = "#orders[aria-busy=false] #ours-grid > .card"


async def take(to: Path = TO) -> None:
    """A rainy afternoon at 6 degrees, seen as one of the simulated shoppers; the shop's order beside ours."""
    catalogue = generate(SEED)
    with tempfile.TemporaryDirectory() as folder:
        model = await asyncio.to_thread(prepare, catalogue, Path(folder))
        async with started_demo(catalogue, Path(folder), model, (0, 0, 0, 0, 0)) as where, opened() as browser:
            page = await browser.new_page(
                viewport=SIZE, locale="en-GB", user_agent=PERSON, color_scheme="light", reduced_motion="reduce"
            )
            await page.goto(where.storefront)
            await page.wait_for_selector(READY)
            await page.check("[name=sky][value=rain]", force=True)
            await page.locator("#temperature").fill("6")
            await page.check("[name=person][value='0']")
            await page.select_option("#store", "hamburg")
            await page.get_by_text("Store: hamburg").wait_for()
            await page.wait_for_timeout(SETTLED)
            picture = await page.screenshot(path=to)
    print(f"{to.name}: {len(picture) / 1024:.0f} KiB")


if __name__ == "__main__":
    asyncio.run(take())
