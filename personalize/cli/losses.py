"""What of a log was lost, told on the command line: lines that were dropped, and what was noted in lines kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

WORDS: Mapping[str, str] = {
    "NOT_JSON": "not JSON",
    "NOT_AN_OBJECT": "not a JSON object",
    "NO_EVENT": "without `event`",
    "NO_EVENT_ID": "without `event_id`",
    "NO_TIME": "without a time with an offset in `at`, from 1970 on",
    "LINE_TOO_LONG": "over 4 MiB",
    "REPEATED": "with the event id of an earlier line",
    "FUTURE": "more than a day ahead of the clock",
    "UNREADABLE": "with a value that cannot be kept, such as a number beyond 64 bits",
    "NO_ITEM_ID": "items without a usable `item_id`, left out",
    "ITEMS_CUT": "items beyond the 1,000th of their line, left out",
    "BAD_PRICE": "prices that are no number from 0 on, taken as unknown",
    "BAD_NUMBER": "positions or quantities that are no number from 0 on, taken as unknown",
    "BAD_TEXT": "ids, names or terms that are neither text nor a whole number, taken as missing",
    "BAD_CONTEXT": "events whose `context` is no object, taken as empty",
    "BAD_ITEMS": "events whose `items` are no list, taken as empty",
    "UNSORTED": "lines older than one before them, put in order",
    "NO_ITEMS": "clicks, views, carts and orders without items",
    "NO_VISITOR": "events with neither visitor nor session: nobody's taste is learned from them",
    "CLICK_NAMES_NO_LIST": "clicks without `list_event_id`: they answer no list",
    "CURRENCIES": "lists in another currency than most of the log",
    "OTHER_CURRENCY": "prices in another currency than their list's, taken as unknown",
    "ORPHAN_CLICK": "clicks on lists that are not in the log",
    "LATE_CLICK": "clicks more than a day off their list",
    "UNKNOWN_ITEM": "clicks on items that their list does not hold",
    "ROBOT": "clicks of visitors who clicked 60 times in a minute, left out",
    "ONE_CLASS": "lists whose rows are all answered alike: they teach nothing",
    "OLDEST_LISTS": "lists that the matrix has no room for, the oldest",
    "VISITORS_FORGOTTEN": "profiles that memory has no room for",
}


def show_losses(told: Mapping[str, Any], err: bool = False) -> None:
    """Print `dropped` (lines) and `noted` (all else) of `told` with a word on each, nothing where nothing was lost.

    `err`: on standard error.
    """
    for name, of in (("dropped", "lines "), ("noted", "")):
        for reason, count in sorted(told.get(name, {}).items()):
            word = WORDS.get(reason)
            click.echo(f"  {name}: {count:,} {reason}" + (f" ({of}{word})" if word else ""), err=err)
