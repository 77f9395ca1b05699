"""Law 2, pure: arranging a window is a permutation that keeps what was shown and holds variants together."""

from itertools import groupby

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from personalize.domain.listing import Listing
from personalize.gateway.listing.run import Run, arrange
from personalize.gateway.listing.window import Window


def window_of(products: list[int], *, whole: bool = False, names: list[str] | None = None) -> Window:
    """A window whose row i is a variant of `products[i]`."""
    rows = tuple(names or [f"r{row}" for row in range(len(products))])
    groups: dict[int, list[int]] = {}
    for row, product in enumerate(products):
        groups.setdefault(product, []).append(row)
    number = {product: at for at, product in enumerate(groups)}
    listing = Listing("list", tuple(str(product) for product in groups), np.zeros(len(groups)))
    return Window(
        rows=rows, nodes={}, rest={}, listing=listing, candidates=tuple(tuple(group) for group in groups.values()),
        owner=tuple(number[product] for product in products), whole=whole,
        places={row: place for place, row in enumerate(rows)},
    )  # fmt: skip


sizes = st.integers(min_value=1, max_value=4)
lists = st.lists(sizes, max_size=12).map(lambda counts: [p for p, count in enumerate(counts) for _ in range(count)])


@st.composite
def cases(draw: st.DrawFn) -> tuple[Window, tuple[int, ...], int]:
    """A list in which variants of a product stand side by side, a ranking of its candidates, and a span."""
    window = window_of(draw(lists), whole=draw(st.booleans()))
    ranked = tuple(draw(st.permutations(range(len(window.candidates)))))
    return window, ranked, draw(st.integers(min_value=0, max_value=len(window) + 4))


@given(cases(), st.dictionaries(st.integers(0, 50).map("r{}".format), st.integers(-3, 50)))
def test_an_arrangement_is_a_permutation_that_moves_only_the_span(case, pinned):
    window, ranked, span = case
    order = arrange(window, ranked, pinned, span)
    assert sorted(order) == list(range(len(window)))
    assert order[span:] == tuple(range(span, len(window)))


@given(cases(), st.data())
def test_what_was_shown_stays_where_it_was(case, data):
    window, ranked, span = case
    first = arrange(window, ranked, {}, span)
    run = Run()
    for page in data.draw(st.lists(st.integers(0, 6), max_size=4)):  # pages of four rows, jumps included
        run.pin(page * 4, (window.rows[row] for row in first[page * 4 : page * 4 + 4]))
    again = tuple(data.draw(st.permutations(range(len(window.candidates)))))
    second = arrange(window, again, run.pinned, span)
    for row, at in run.pinned.items():
        assert second[at] == window.places[row]


@given(cases())
def test_variants_of_a_product_stand_together(case):
    window, ranked, span = case
    order = arrange(window, ranked, {}, span)
    runs = [owner for owner, _ in groupby(window.owner[row] for row in order)]
    assert len(runs) == len(set(runs))


@given(cases(), st.data())
def test_variants_stay_together_page_after_page(case, data):
    """Whatever new behaviour ranks between pages, a product that a page cut in two goes on at the next one's head."""
    window, ranked, _ = case
    take = data.draw(st.integers(1, 7))
    span = len(window)
    run, shown = Run(), []
    for start in range(0, span, take):
        order = arrange(window, ranked, run.pinned, span)
        page = order[start : start + take]
        run.pin(start, (window.rows[row] for row in page))
        shown += page
        ranked = tuple(data.draw(st.permutations(range(len(window.candidates)))))
    assert sorted(shown) == list(range(span))
    runs = [owner for owner, _ in groupby(window.owner[row] for row in shown)]
    assert len(runs) == len(set(runs))


@given(cases(), st.data())
def test_nothing_shown_comes_again_when_the_shops_list_changes(case, data):
    """Rows vanish, come and move between pages: what is served on later pages was not served on earlier ones."""
    window, ranked, span = case
    take = data.draw(st.integers(1, 7))
    run, served = Run(), []
    for start in range(0, min(span, len(window)), take):
        order = arrange(window, ranked, run.pinned, span)
        page = [window.rows[row] for row in order[start : min(start + take, span)]]
        run.pin(start, page)
        served += page
        kept = [row for row in window.rows if data.draw(st.integers(0, 9)) > 0]
        kept[data.draw(st.integers(0, len(kept))) : 0] = [f"new{start}"] * data.draw(st.integers(0, 1))
        window = window_of(list(range(len(kept))), names=kept)
        ranked = tuple(data.draw(st.permutations(range(len(kept)))))
    first = {row: at for at, row in reversed(list(enumerate(served)))}
    later = [row for at, row in enumerate(served) if first[row] != at]
    # A row may only come again where the list has shrunk so far that nothing else was left to show.
    assert not later or len(window) < len(served)
