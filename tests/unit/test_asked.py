"""What words say of a listing: read once for equal words, in a memo that nobody can fill beyond its bound."""

from __future__ import annotations

import gc
from typing import Any

from personalize.gateway.edge.call import Call
from personalize.gateway.listing import asked
from personalize.gateway.listing.asked import MAX_ASKED, MAX_WORDS, Asked, Wordings, words_of
from tests.unit.test_plan import plan

QUERY = "query S($term: String, $skip: Int = 0) { search(input: {term: $term, skip: $skip}) { items { sku } } }"


def read(book: Wordings, variables: dict[str, Any], query_string: str = "", made: Any = None, *headers: Any) -> Asked:
    """What a request says of its first listing."""
    made = made or plan(QUERY)
    call = Call("POST", query_string, list(headers), "", "http", b"")
    return book.read(made, made.found.listings[0], call, variables, words_of(made, variables), by_path=False)


def test_equal_words_are_read_once_and_other_words_are_not_taken_for_them() -> None:
    book, made = Wordings(("accept-language",)), plan(QUERY)
    lamp = read(book, {"term": "lamp", "skip": 0, "nonce": 1}, "", made)
    assert read(book, {"skip": 0, "term": "lamp", "nonce": 2}, "", made) is lamp
    assert lamp.arguments == {"input": {"term": "lamp", "skip": 0}}
    others = [
        read(book, {"term": "Lamp", "skip": 0}, "", made),
        read(book, {"term": "lamp", "skip": 0}, "lang=de", made),
        read(book, {"term": "lamp", "skip": 0}, "", made, ("accept-language", "de")),
    ]
    assert len({one.list_id for one in (lamp, *others)}) == 4
    page = read(book, {"term": "lamp", "skip": 24}, "", made)
    assert page is not lamp
    assert page.list_id == lamp.list_id


def test_another_document_at_the_place_of_one_that_is_gone_is_read_anew() -> None:
    book = Wordings(())
    for number in range(50):  # the slot of each may well be given the number of the one before
        field = "productId" if number % 2 else "sku"
        made = plan(f'{{ search(input: {{term: "lamp {number}", take: {number + 1}}}) {{ items {{ {field} }} }} }}')
        assert read(book, {}, "", made).arguments["input"]["take"] == number + 1
        del made
        gc.collect()


def test_nobody_fills_the_memo_beyond_its_bound() -> None:
    book, made = Wordings(()), plan(QUERY)
    for number in range(MAX_ASKED + 10):
        read(book, {"term": f"lamp {number}"}, "", made)
    assert len(book._known) == MAX_ASKED
    before = set(book._known)
    read(book, {"term": "l" * MAX_WORDS}, "", made)
    read(book, {"term": "lamp"}, "x=" + "y" * MAX_WORDS, made)
    long = plan('{ search(input: {term: "' + "l" * MAX_WORDS + '"}) { items { sku } } }')
    read(book, {}, "", long)
    assert set(book._known) == before


def test_words_that_cannot_be_written_in_order_are_read_all_the_same() -> None:
    book, made = Wordings(()), plan(QUERY)
    deep: Any = "lamp"
    for _ in range(400):
        deep = [deep]
    assert words_of(made, {"term": deep}) is None
    assert words_of(made, {"nonce": deep, "term": "lamp"}) == asked.canonical({"term": "lamp"})
    assert read(book, {"nonce": deep, "term": "lamp"}, "", made).arguments["input"]["term"] == "lamp"
