"""Browsers: phone, tablet or desktop, data saving, and what led here, by headers alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personalize.domain.situation import DEVICES, REFERRERS
from personalize.visitors.browser import MEDIA, read_browser, referrer

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile/15E148 Safari"
IPAD = (
    "Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.1 Mobile Safari"
)
PIXEL = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"
)
GALAXY_TAB = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
FIREFOX_TAB = "Mozilla/5.0 (Android 14; Tablet; rv:140.0) Gecko/140.0 Firefox/140.0"
WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)
LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
TELEVISION = "Mozilla/5.0 (Linux; Android 12; BRAVIA 4K) AppleWebKit/537.36 Chrome/120 Safari/537.36 SmartTV"


@pytest.mark.parametrize(
    ("headers", "device"),
    [
        ({"user-agent": IPHONE}, "phone"),
        ({"user-agent": PIXEL}, "phone"),
        ({"user-agent": IPAD}, "tablet"),
        ({"user-agent": GALAXY_TAB}, "tablet"),
        ({"user-agent": GALAXY_TAB, "sec-ch-ua-mobile": "?0"}, "tablet"),
        ({"user-agent": FIREFOX_TAB}, "tablet"),
        ({"user-agent": WINDOWS}, "desktop"),
        ({"user-agent": LINUX}, "desktop"),
        ({"user-agent": WINDOWS, "sec-ch-ua-mobile": "?1"}, "phone"),
        ({"user-agent": WINDOWS, "sec-ch-ua-form-factors": '"Tablet", "Desktop"'}, "tablet"),
        ({"sec-ch-ua-form-factors": '"Mobile"'}, "phone"),
        ({"sec-ch-ua-form-factors": '"Watch"'}, None),
        ({"user-agent": TELEVISION}, None),
        ({"user-agent": "okhttp/4.12.0"}, None),
        ({"user-agent": "curl/8.5.0"}, None),
        ({}, None),
    ],
)
def test_devices(headers, device):
    assert read_browser(headers).device == device


@pytest.mark.parametrize(("value", "saves"), [("on", True), (" On ", True), ("off", None), ("?1", None), (None, None)])
def test_saving_data_is_said_or_unknown(value, saves):
    assert read_browser({} if value is None else {"save-data": value}).save_data is saves


@pytest.mark.parametrize(
    ("referer", "word"),
    [
        ("https://shop.example/women?utm_source=x&utm_medium=email", "email"),
        ("https://shop.example/women?utm_medium=CPC", "ads"),
        ("https://shop.example/women?utm_medium=paid_social", "ads"),
        ("https://shop.example/?utm_medium=organic", "search"),
        ("https://shop.example/?utm_medium=referral", "site"),
        ("https://shop.example/?gclid=abc", "ads"),
        ("https://www.google.com/", "search"),
        ("https://google.co.uk/search", "search"),
        ("https://duckduckgo.com/", "search"),
        ("https://l.facebook.com/", "social"),
        ("https://t.co/abc", "social"),
        ("https://shop.example/women", None),  # its own page: nothing is known of what led there
        ("https://google.shop.example/", None),
        ("https://shop.example/?utm_medium=", None),
        ("android-app://com.google.android.gm/", None),
        ("https://[broken", None),
        ("https://shop.example/?" + "&".join(f"a{n}=1" for n in range(100)), None),
        ("https://shop.example/?utm_medium=email" + "x" * 3_000, None),
        ("google.com", None),
        ("https://localhost/", None),
    ],
)
def test_what_led_here(referer, word):
    assert referrer(referer) == word


def test_all_media_are_words():
    assert set(MEDIA.values()) <= set(REFERRERS)


@given(st.dictionaries(st.sampled_from(["user-agent", "sec-ch-ua-mobile", "sec-ch-ua-form-factors", "save-data",
                                        "referer"]), st.text()))  # fmt: skip
def test_no_header_raises(headers):
    browser = read_browser(headers)
    assert browser.device in (None, *DEVICES)
    assert browser.referrer in (None, *REFERRERS)
