"""Each fault as a client meets it over a real socket, and what the venue has done; frames without a socket."""

import asyncio
import http.client
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from tests.exchange.kalshi.served import Served, begun
from tests.exchange.kalshi.support import signed_headers
from websockets.exceptions import ConnectionClosedError, InvalidMessage, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from assent.exchange.kalshi.app import ROOT
from assent.exchange.kalshi.asgi import RESET
from assent.exchange.kalshi.disturbed import Disturbed
from assent.exchange.kalshi.faults import Faults, plan_of
from assent.exchange.kalshi.websocket import PATH

SPEED = 10
CREATE = {"method": "POST", "path": "/portfolio/events/orders"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("disturbed") / "box"
    begun(folder)
    served = Served(folder, "--speed", SPEED, "--tier", "none")
    yield served
    assert served.stop() == (0, "")


@pytest.fixture
def box(running: Served) -> Iterator[Served]:
    yield running
    assert running.ask("DELETE", "/box/faults").json["rules"] == []


def known(box: Served, client_order_id: str) -> list[str]:
    return [row["order_id"] for row in box.orders() if row["client_order_id"] == client_order_id]


@pytest.mark.parametrize(("phase", "arrived"), [("before", 0), ("after", 1)])
def test_a_lost_request_never_arrived_and_one_whose_answer_is_lost_did(box: Served, phase: str, arrived: int) -> None:
    box.faults(CREATE | {"effect": "lose", "phase": phase})
    with pytest.raises(ConnectionResetError):
        box.create(f"lost-{phase}")
    assert len(known(box, f"lost-{phase}")) == arrived
    assert box.hits() == [1]


@pytest.mark.parametrize(("phase", "arrived"), [("before", 0), ("after", 1)])
def test_silence_lasts_until_the_client_gives_up(box: Served, phase: str, arrived: int) -> None:
    box.faults(CREATE | {"effect": "silence", "phase": phase})
    with pytest.raises(TimeoutError):
        box.create(f"silent-{phase}", wait_s=0.3)
    assert len(known(box, f"silent-{phase}")) == arrived


def test_a_held_request_lands_late_although_its_client_has_left_and_its_signature_is_of_when_it_came(
    box: Served,
) -> None:
    # Twenty seconds of the box: older than any signature may be.
    box.faults(CREATE | {"effect": "hold", "ms": 20_000})
    with pytest.raises(TimeoutError):
        box.create("late", wait_s=0.3)
    assert known(box, "late") == []
    until = time.monotonic() + 20
    while not known(box, "late"):
        assert time.monotonic() < until, "it never landed"
        time.sleep(0.05)
    asked = next(line for line in box.record() if line["kind"] == "asked_order" and line["client_order_id"] == "late")
    (fault,) = box.ask("GET", "/box/faults").json["last"]
    assert 20 * 10**9 <= asked["ts"] - fault["ts"] < 40 * 10**9


def test_a_request_that_was_long_on_its_way_is_refused_for_its_signature_and_one_that_was_not_lands(
    box: Served,
) -> None:
    for name, ms, landed in (("old", 20_000, 0), ("young", 2_000, 1)):
        box.faults(CREATE | {"effect": "delay", "phase": "before", "ms": ms})
        with pytest.raises(TimeoutError):
            box.create(name, wait_s=0.05)
        (fault,) = box.ask("GET", "/box/faults").json["last"]
        until = time.monotonic() + 20
        while box.now() < fault["ts"] + (ms + 5_000) * 10**6:
            assert time.monotonic() < until, "its time never came"
            time.sleep(0.05)
        assert len(known(box, name)) == landed


def test_an_answer_that_is_held_back_belongs_to_an_order_that_is_there_already(box: Served) -> None:
    box.faults(CREATE | {"effect": "delay", "ms": 5_000})
    begun = time.monotonic()
    assert box.create("slow").status == 201
    assert time.monotonic() - begun >= 5 / SPEED


def test_a_doubled_request_arrives_twice_and_its_client_hears_the_first_answer(box: Served) -> None:
    box.faults(CREATE | {"effect": "duplicate", "ms": 100})
    assert box.create("twice").status == 201
    arrived = [line for line in box.record() if line["kind"] == "asked_order" and line["client_order_id"] == "twice"]
    assert len(arrived) == 2
    assert len(known(box, "twice")) == 1


@pytest.mark.parametrize(("status", "error"), [(429, "too many requests"), (500, None), (503, None)])
def test_another_status_is_answered_instead_of_carrying_it_out_or_although_it_was(
    box: Served, status: int, error: str | None
) -> None:
    for phase, arrived in (("before", 0), ("after", 1)):
        box.faults(CREATE | {"effect": "answer", "status": status, "phase": phase})
        told = box.create(f"{status}-{phase}")
        assert told.status == status
        assert told.json["error"] == (error or told.json["error"])
        assert len(known(box, f"{status}-{phase}")) == arrived


def test_bodies_that_are_no_answer_come_with_the_true_status(box: Served) -> None:
    def told(body: str) -> Any:
        box.faults(CREATE | {"effect": "answer", "body": body})
        return box.create(f"body-{body}")

    page, nothing, noise, half = (told(body) for body in ("html", "empty", "garbage", "truncated"))
    assert {page.status, nothing.status, noise.status, half.status} == {201}
    assert (page.headers["content-type"], page.body[:6]) == ("text/html", b"<html>")
    assert nothing.body == b""
    assert len(noise.body) == 64
    for answer in (page, nothing, noise, half):
        with pytest.raises(ValueError, match=r"."):
            json.loads(answer.body)
    assert half.body.startswith(b'{"order_id"')
    assert len(known(box, "body-html")) == 1


def test_another_orders_answer_is_given_once_there_was_another_order(box: Served) -> None:
    box.faults(CREATE | {"effect": "answer", "body": "other_order"})
    first = box.create("first").json
    second = box.create("second").json
    assert first == second
    assert known(box, "second") != known(box, "first") == [first["order_id"]]
    assert box.hits() == [1]


def test_wrong_content_has_the_right_shape(box: Served) -> None:
    box.faults(CREATE | {"effect": "answer", "body": "wrong_content"})
    told = box.create("wrong", count="2.00").json
    assert (told["client_order_id"], told["remaining_count"]) == ("wrong", "3.00")
    assert box.orders()[0]["remaining_count_fp"] == "2.00"


def test_a_body_can_come_a_byte_at_a_time(box: Served) -> None:
    box.faults({"path": "/exchange/status", "effect": "trickle", "ms": 100})
    connection = http.client.HTTPConnection("127.0.0.1", box.port, timeout=20)
    connection.request("GET", f"{ROOT}/exchange/status")
    answer = connection.getresponse()
    begun = time.monotonic()
    whole = answer.read()
    connection.close()
    assert time.monotonic() - begun >= (len(whole) - 1) * 0.1 / SPEED
    assert json.loads(whole)["exchange_active"]


def test_an_answer_to_everything_leaves_the_control_door_alone(box: Served) -> None:
    box.faults({"path": "*", "effect": "answer", "status": 503, "phase": "before"})
    assert box.ask("GET", f"{ROOT}/markets").status == 503
    assert box.ask("GET", "/box/clock").status == 200


def test_a_client_that_leaves_amidst_its_request_disturbs_nobody(box: Served) -> None:
    with socket.create_connection(("127.0.0.1", box.port)) as raw:
        raw.sendall(
            f"POST {ROOT}/portfolio/events/orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{{".encode()
        )
    assert box.ask("GET", f"{ROOT}/exchange/status").status == 200


# --- frames --------------------------------------------------------------------------------------------


class StillTime:
    """Stands still, and notes how long somebody wanted to sleep."""

    def __init__(self) -> None:
        self.slept: list[int] = []

    def now(self) -> int:
        return 0

    async def sleep(self, duration_ns: int) -> None:
        self.slept.append(duration_ns)


def sent_through(rules: list[dict[str, Any]], *frames: str, tear: Any = None) -> tuple[list[str], StillTime]:
    """What a websocket's client gets of frames with these types."""
    got: list[str] = []
    pause = StillTime()

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        for number, kind in enumerate(frames):
            await send({"type": "websocket.send", "text": json.dumps({"type": kind, "seq": number})})

    async def send(message: Any) -> None:
        if message["type"] == "websocket.send":
            told = json.loads(message["text"])
            got.append(f"{told['type']}{told['seq']}")

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    scope = {"type": "websocket", "path": "/", "extensions": {} if tear is None else {RESET: tear}}
    line = Disturbed(application, Faults(plan_of({"rule": rules}, "test")), pause)
    asyncio.run(line(scope, receive, send))
    return got, pause


@pytest.mark.parametrize(
    ("effect", "got"),
    [
        ("drop", ["a0", "a2"]),
        ("duplicate", ["a0", "b1", "b1", "a2"]),
        ("reorder", ["a0", "a2", "b1"]),
        ("freeze", ["a0"]),
    ],
)
def test_a_frame_is_dropped_doubled_told_late_or_the_last(effect: str, got: list[str]) -> None:
    assert sent_through([{"frame": "b", "effect": effect}], "a", "b", "a")[0] == got


def test_a_delayed_frame_keeps_its_place() -> None:
    got, pause = sent_through([{"frame": "b", "effect": "delay", "ms": 250}], "a", "b", "a")
    assert (got, pause.slept) == (["a0", "b1", "a2"], [250_000_000])


@pytest.mark.parametrize(
    ("rule", "answered"),
    [
        ({"effect": "answer", "status": 503}, ["websocket.http.response.start", "websocket.http.response.body"]),
        ({"effect": "lose"}, ["websocket.close"]),
        ({"effect": "silence"}, ["websocket.close"]),
        ({"effect": "delay", "ms": 10}, ["connected"]),
        ({"effect": "duplicate"}, ["connected"]),
        ({"effect": "lose", "nth": 2}, ["connected"]),
    ],
    ids=str,
)
def test_the_handshake_of_a_websocket_can_fail(rule: dict[str, Any], answered: list[str]) -> None:
    told: list[Any] = []
    coming = iter(("websocket.connect", "websocket.disconnect"))
    torn: list[bool] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "connected"})

    async def receive() -> Any:
        return {"type": next(coming)}

    async def send(message: Any) -> None:
        told.append(message)

    scope = {"type": "websocket", "path": "/trade-api/ws/v2", "extensions": {RESET: lambda: torn.append(True)}}
    line = Disturbed(application, Faults(plan_of({"rule": [{"path": "/ws/v2"} | rule]}, "test")), StillTime())
    asyncio.run(line(scope, receive, send))
    assert [message["type"] for message in told] == answered
    assert torn == ([True] if rule == {"effect": "lose"} else [])
    assert told[0].get("status") == rule.get("status")


def test_a_cut_connection_is_torn_down_and_tells_nothing_more() -> None:
    torn: list[bool] = []
    got, _ = sent_through([{"frame": "b", "effect": "cut"}], "a", "b", "a", tear=lambda: torn.append(True))
    assert (got, torn) == (["a0"], [True])
    with pytest.raises(ConnectionResetError):
        sent_through([{"frame": "b", "effect": "cut"}], "a", "b", "a")


# --- a websocket over a real socket -----------------------------------------------------------------------


def line_to(box: Served) -> ClientConnection:
    """A signed websocket, by a library of others."""
    headers = signed_headers("GET", PATH, box.now(), key_id=box.key_id, private=box.private)
    address = box.ready["websocket_url"]
    return connect(address, additional_headers=headers, proxy=None, compression=None, open_timeout=10)


def changes_of_books(box: Served, count: int, *, wait_s: float = 20) -> list[int]:
    """The numbers of the first changes of books, counted from the first one that can come."""
    found: list[int] = []
    rows = box.ask("GET", f"{ROOT}/markets?status=open&limit=1000").json["markets"]
    tickers = [row["ticker"] for row in rows]
    wanted = {"channels": ["orderbook_delta"], "use_yes_price": True, "market_tickers": tickers}
    with line_to(box) as line:
        line.send(json.dumps({"id": 1, "cmd": "subscribe", "params": wanted}))
        while len(found) < count:
            told = json.loads(line.recv(timeout=wait_s))
            if told["type"] == "orderbook_delta":
                found.append(told["seq"] - len(tickers))
    return found


@pytest.mark.parametrize(
    ("effect", "numbers"),
    [("drop", [1, 2, 4, 5]), ("duplicate", [1, 2, 3, 3]), ("reorder", [1, 2, 4, 3]), ("delay", [1, 2, 3, 4])],
)
def test_a_client_sees_the_gap_the_double_and_the_wrong_sequence(box: Served, effect: str, numbers: list[int]) -> None:
    ms = {"ms": 500} if effect == "delay" else {}
    box.faults({"frame": "orderbook_delta", "effect": effect, "nth": 3, "times": 1} | ms)
    assert changes_of_books(box, 4) == numbers
    assert box.hits() == [1]


def test_a_client_hears_nothing_of_a_frozen_line_and_of_the_end_of_one_that_is_cut(box: Served) -> None:
    box.faults({"frame": "orderbook_delta", "effect": "freeze", "nth": 3, "times": 1})
    with pytest.raises(TimeoutError):
        changes_of_books(box, 4, wait_s=1)
    box.faults({"frame": "orderbook_delta", "effect": "cut", "nth": 3, "times": 1})
    with pytest.raises(ConnectionClosedError):
        changes_of_books(box, 4)
    assert box.hits() == [1]
    assert changes_of_books(box, 4) == [1, 2, 3, 4]


def test_a_client_meets_a_handshake_that_fails_and_then_one_that_does_not(box: Served) -> None:
    box.faults({"path": "/ws/v2", "effect": "answer", "status": 503, "times": 1})
    with pytest.raises(InvalidStatus) as refused:
        line_to(box)
    assert refused.value.response.status_code == 503
    box.faults({"path": "/ws/v2", "effect": "lose", "times": 1})
    with pytest.raises((InvalidMessage, ConnectionError)):
        line_to(box)
    with line_to(box):
        pass
