"""Paging of a listing: what is asked for, what may be moved, and which sorts leave the order to us."""

from __future__ import annotations

import pytest

from personalize.gateway.listing.paging import neutral, read_paging, search_term, with_paging, without_paging
from personalize.shops import reader

LISTING = reader.load("vendure").listings["Query", "search"]


def paging(take=None, skip=None, size=200, **more):
    given = {"take": take, "skip": skip, **more}
    return read_paging(LISTING, {"input": {key: value for key, value in given.items() if value is not None}}, size)


def test_a_span_is_a_whole_number_of_pages():
    assert (paging(24).skip, paging(24).take, paging(24).span) == (0, 24, 192)
    assert paging().take == 25
    assert paging(200).span == 200
    assert not paging(24, 168).beyond
    assert paging(24, 192).beyond


def test_a_page_larger_than_the_window_has_its_head_moved():
    assert paging(500).span == 200
    assert paging(500, 500).beyond


@pytest.mark.parametrize("odd", [{"take": -1}, {"take": 0}, {"skip": -3}, {"take": "9"}, {"take": True}, {"take": 1e3}])
def test_what_is_odd_goes_to_the_shop(odd):
    assert paging(**odd) is None
    assert paging(10**9) is None


def test_null_is_the_shops_default():
    assert read_paging(LISTING, {"input": {"take": None, "skip": None}}, 200).take == 25
    assert read_paging(LISTING, {"input": None}, 200).take == 25
    assert read_paging(LISTING, {}, 200).take == 25


@pytest.mark.parametrize(
    ("sort", "expected"),
    [(None, True), ({}, True), ({"name": None}, True), ({"name": "ASC"}, False), ({"price": "DESC"}, False)],
)
def test_an_explicit_sort_is_not_ours(sort, expected):
    assert neutral(LISTING, {"input": {"sort": sort}}) is expected
    assert neutral(LISTING, {"input": {}}) is True


def test_paging_is_taken_out_and_put_in():
    given = {"input": {"term": "lamp", "take": 5}}
    assert without_paging(LISTING, given) == {"input": {"term": "lamp"}}
    assert with_paging(LISTING, given, 10, 20) == {"input": {"term": "lamp", "take": 20, "skip": 10}}
    assert with_paging(LISTING, {}, 0, 9) == {"input": {"take": 9, "skip": 0}}
    assert given == {"input": {"term": "lamp", "take": 5}}


def test_a_search_term():
    assert search_term(LISTING, {"input": {"term": "lamp"}}) == "lamp"
    assert search_term(LISTING, {"input": {"term": ""}}) is None
    assert search_term(LISTING, {"input": {"term": 5}}) is None
