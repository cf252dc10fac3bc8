"""A list is called whole only when it was walked to an end that can be believed."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from tests.venue.fakes import ok
from tests.venue.kalshi.desks import TIMED_OUT, Desk, lived

from assent.venue.kalshi.paging import Incomplete, Rows
from assent.venue.kalshi.rest import (
    KalshiHTTPError,
)
from assent.venue.kalshi.wire import Page, Rejection
from assent.venue.kalshi.wire_orders import order_page


def pages_of(*pages: tuple[list[str], str]) -> Any:
    """Walks a list whose pages hold these names and cursors; answers the result and the cursors that were sent."""

    def read_page(body: bytes) -> Page[str] | Rejection:
        names, cursor = pages[int(body)]
        return Page(tuple(names), (), cursor)

    async def script(desk: Desk) -> Any:
        got = await desk.rest.pages("/portfolio/orders", [("limit", 2)], read_page)
        return got, [dict(parse_qsl(urlsplit(each.request.target).query)) for each in desk.transport.sent]

    return lived(script, [ok(str(number).encode()) for number in range(len(pages))])


def test_a_list_is_walked_to_its_last_page() -> None:
    got, queries = pages_of((["a", "b"], "x=="), (["c", "d"], "y"), ([], ""))
    assert got == Rows(("a", "b", "c", "d"), ())
    assert queries == [{"limit": "2"}, {"limit": "2", "cursor": "x=="}, {"limit": "2", "cursor": "y"}]


def test_a_row_that_shifted_between_pages_comes_twice_and_the_list_is_whole() -> None:
    got, _ = pages_of((["a", "b"], "x"), (["b", "c"], ""))
    assert got == Rows(("a", "b", "b", "c"), ())


def test_an_empty_page_in_between_does_not_end_the_list() -> None:
    got, _ = pages_of((["a"], "x"), ([], "y"), (["b"], ""))
    assert got == Rows(("a", "b"), ())


@pytest.mark.parametrize(
    ("pages", "code"),
    [
        # The venue did not know our cursor and began again, with the same cursor or another one.
        (((["a", "b"], "x"), (["a", "b"], "x")), "page_repeated"),
        (((["a", "b"], "x"), (["a", "b"], "other")), "page_repeated"),
        # A new row came at the front meanwhile.
        (((["a", "b"], "x"), (["new", "a"], "other")), "page_repeated"),
        (((["a", "b"], "x"), (["c", "d"], "y"), (["a", "b"], "")), "page_repeated"),
        (((["a"], "x"), (["b"], "x")), "cursor_repeated"),
        ((([], "x"), ([], "x")), "cursor_repeated"),
    ],
)
def test_a_list_that_begins_again_is_not_called_whole(pages: Any, code: str) -> None:
    got, _ = pages_of(*pages)
    assert isinstance(got, Incomplete)
    assert got.code == code


def test_a_list_without_end_is_given_up() -> None:
    got, queries = pages_of(*(([str(number)], f"c{number}") for number in range(300)))
    assert isinstance(got, Incomplete)
    assert got.code == "too_many_pages"
    assert len(queries) == 200


def test_a_page_that_cannot_be_read_makes_the_list_incomplete() -> None:
    async def script(desk: Desk) -> Any:
        return await desk.rest.pages("/portfolio/orders", [], order_page)

    got = lived(script, [ok(b'{"orders":[],"cursor":"abc"}'), ok(b"<html>")])
    assert isinstance(got, Incomplete)
    assert got.code == "answer_not_json"


def test_a_page_that_does_not_come_raises_what_a_read_raises() -> None:
    async def script(desk: Desk) -> Any:
        with pytest.raises(KalshiHTTPError) as error:
            await desk.rest.pages("/portfolio/orders", [], order_page)
        return error.value

    got = lived(script, [ok(b'{"orders":[],"cursor":"abc"}'), *[TIMED_OUT] * 3])
    assert (got.status, got.code) == (0, "no_answer")
