"""Known crawlers are told from people, apps and storefront servers."""

import pytest

from personalize.visitors.crawlers import is_crawler

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
        CHROME.replace("Chrome/", "HeadlessChrome/"),
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    ],
)
def test_crawlers(agent):
    assert is_crawler(agent)


@pytest.mark.parametrize(
    "agent",
    [
        None,
        "",
        CHROME,
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 "
        "Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "python-httpx/0.28.1",
        "Python/3.11 aiohttp/3.14.5",
        "python-requests/2.32",
        "axios/1.7",
        "node-fetch/1.0",
        "okhttp/4.12",
        "curl/8.5.0",
        "x" * 100_000,
    ],
)
def test_people_and_storefronts(agent):
    assert not is_crawler(agent)
