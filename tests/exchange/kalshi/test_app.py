"""The server's manners: what is not found, too large, in the wrong words or at the wrong address."""

import asyncio
from typing import Any

import pytest
from tests.exchange.kalshi.support import Venue, ask

from assent.exchange.kalshi.app import BODY_MAX, QUERY_MAX, ROOT


def code(answer: Any) -> tuple[int, str]:
    return answer.status, answer.json["error"]["code"]


def test_an_unknown_path_is_not_found_and_a_wrong_method_not_allowed() -> None:
    venue = Venue()
    assert code(venue.get("/nothing")) == (404, "not_found")
    assert code(ask(venue.app, "GET", "/markets")) == (404, "not_found")
    assert code(venue.call("PUT", "/markets")) == (405, "method_not_allowed")
    assert code(venue.call("POST", "/markets/trades")) == (405, "method_not_allowed")


def test_a_trailing_slash_is_sent_elsewhere() -> None:
    answer = Venue().get("/markets/")
    assert (answer.status, answer.headers["location"]) == (301, f"{ROOT}/markets")


def test_too_large_a_body_is_refused_before_it_has_all_come() -> None:
    venue = Venue()
    told: list[Any] = []
    asked = 0

    async def receive() -> dict[str, Any]:
        nonlocal asked
        asked += 1
        return {"type": "http.request", "body": b"x" * BODY_MAX, "more_body": True}

    async def send(message: Any) -> None:
        told.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "raw_path": b"/", "query_string": b"", "headers": []}
    asyncio.run(venue.app(scope, receive, send))
    assert (told[0]["status"], asked) == (413, 2)


def test_a_client_that_leaves_before_it_has_asked_gets_no_answer() -> None:
    told: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        told.append(message)

    asyncio.run(Venue().app({"type": "http"}, receive, send))
    assert told == []


def test_a_query_out_of_its_bounds_is_refused_and_never_clamped() -> None:
    venue = Venue()
    for query in ({"limit": 1_001}, {"limit": 0}, {"limit": "ten"}, {"status": "active"}, {"min_created_ts": -1}):
        answer = venue.get("/markets", **query)
        assert answer.status == 400, query
        assert answer.json["msg"].startswith("Parameter validation failed"), query
    long = ask(venue.app, "GET", ROOT + "/markets", query="x=" + "y" * QUERY_MAX)
    many = ask(venue.app, "GET", ROOT + "/markets", query="&".join(["x=1"] * 500))
    assert (long.status, many.status) == (400, 400)


def test_an_unknown_query_parameter_is_ignored() -> None:
    assert len(Venue().get("/markets", category="Weather").json["markets"]) == 1


@pytest.mark.parametrize("member", ["ann", None])
def test_orders_in_the_words_of_the_first_version_are_gone(member: str | None) -> None:
    answer = Venue().call("POST", "/portfolio/orders", body={"action": "buy"}, member=member)
    gone, unsigned = (410, "deprecated_v1_order_endpoint"), (401, "signature_is_missing_from_headers")
    assert code(answer) == (gone if member else unsigned)


def test_a_body_that_is_not_json_by_its_header_is_refused() -> None:
    headers = {"content-type": "text/plain"}
    answer = Venue().call("POST", "/portfolio/orders", body=b"{}", member="ann", headers=headers)
    assert code(answer) == (400, "invalid_content_type")


def test_the_exchange_goes_on_when_the_clock_that_it_is_given_goes_back() -> None:
    venue = Venue()
    venue.floor.now += 10**9
    venue.get("/markets")
    venue.floor.now -= 10**9
    assert venue.get("/markets").status == 200


def test_the_server_may_start_and_stop_it() -> None:
    told: list[Any] = []
    asked = iter(("lifespan.startup", "lifespan.shutdown"))

    async def receive() -> dict[str, Any]:
        return {"type": next(asked)}

    async def send(message: Any) -> None:
        told.append(message["type"])

    asyncio.run(Venue().app({"type": "lifespan"}, receive, send))
    assert told == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
