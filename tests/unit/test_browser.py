"""The browser of the tests: it opens pages, and axe-core finds what is wrong with one."""

from __future__ import annotations

from tests.browser import opened, violations

GOOD = "<!doctype html><html lang='en'><title>t</title><main><h1>Hello</h1></main></html>"
BAD = "<!doctype html><html lang='en'><title>t</title><main><h1>Hello</h1><img src='data:,'></main></html>"


async def test_axe_finds_an_image_without_words() -> None:
    async with opened() as browser:
        page = await browser.new_page()
        await page.set_content(GOOD)
        assert await violations(page) == []
        await page.set_content(BAD)
        assert [one for one in await violations(page) if one.startswith("image-alt (critical)")]
