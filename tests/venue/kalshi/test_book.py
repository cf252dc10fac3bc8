"""One market's book: what its snapshot and its deltas make of it, and when it cannot be true."""

from hypothesis import given
from hypothesis import strategies as st

from assent.venue.kalshi.book import Book, Top


def book_of(bids: dict[int, int], asks: dict[int, int]) -> Book:
    book = Book()
    assert book.replace(bids.items(), asks.items()) is None
    return book


def test_the_top_is_the_best_of_both_sides_in_yes_terms() -> None:
    assert book_of({40: 1, 42: 2}, {50: 3, 47: 4}).top() == Top(42, 2, 47, 4)


def test_an_empty_side_has_no_price() -> None:
    assert book_of({}, {50: 3}).top() == Top(None, None, 50, 3)
    assert book_of({}, {}).top() == Top(None, None, None, None)


def test_a_level_that_empties_gives_way_to_the_next() -> None:
    book = book_of({40: 1, 42: 2}, {50: 3})
    assert book.change("yes", 42, -2) is None
    assert book.change("no", 49, 5) is None
    assert book.top() == Top(40, 1, 49, 5)
    assert book.levels() == (((40, 1),), ((49, 5), (50, 3)))


def test_a_level_below_zero_breaks_the_book() -> None:
    assert "fell to -1" in str(book_of({40: 1}, {50: 3}).change("yes", 40, -2))
    assert "fell to -2" in str(book_of({40: 1}, {50: 3}).change("no", 60, -2))


def test_a_bid_that_reaches_the_ask_breaks_the_book() -> None:
    assert "reaches the ask" in str(book_of({40: 1}, {50: 3}).change("yes", 50, 1))
    assert "reaches the ask" in str(book_of({40: 1}, {50: 3}).change("no", 39, 1))
    assert "reaches the ask" in str(Book().replace([(90, 1)], [(8, 1)]))


def test_a_snapshot_that_contradicts_itself_is_broken() -> None:
    assert "twice" in str(Book().replace([(40, 1), (40, 2)], []))
    assert "below zero" in str(Book().replace([(40, -1)], []))


def test_a_level_without_size_is_no_level() -> None:
    book = Book()
    assert book.replace([(40, 0)], [(50, 1)]) is None
    assert book.top() == Top(None, None, 50, 1)


@given(st.lists(st.tuples(st.sampled_from(["yes", "no"]), st.integers(1, 9), st.integers(-3, 5)), max_size=60))
def test_the_book_is_the_sum_of_its_changes(changes: list[tuple[str, int, int]]) -> None:
    book = Book()
    sums: dict[tuple[str, int], int] = {}
    for side, price, by in changes:
        at = price if side == "yes" else price + 9
        if sums.get((side, at), 0) + by < 0:
            continue
        sums[side, at] = sums.get((side, at), 0) + by
        assert book.change(side, at, by) is None  # type: ignore[arg-type]
    bids = sorted(((at, qty) for (side, at), qty in sums.items() if side == "yes" and qty), reverse=True)
    asks = sorted((at, qty) for (side, at), qty in sums.items() if side == "no" and qty)
    assert book.levels() == (tuple(bids), tuple(asks))
