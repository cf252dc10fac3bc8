"""The venue in memory goes on living after its client gave up; what happens on the way is decided in one place."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import pytest
from tests.venue.fakes import let_go

from assent.model.units import SECOND
from assent.runtime import virtual
from assent.venue.memory import PING_EVERY, Arrival, Line, MemoryTransport, Passage, Way
from assent.venue.memory_socket import FRAMES_MAX
from assent.venue.transport import Answer, Closed, Failed, Frame, Ping, Request, Socket

TARGET = "/trade-api/v2/portfolio/events/orders?market_ticker=KX%2FA"
LATE = Failed("unknown", "no whole answer came in time")


class Venue:
    """An application that notes what it carried out, after a second of thought."""

    def __init__(self, *, thinks_ns: int = SECOND) -> None:
        self.done: list[tuple[str, bytes]] = []
        self.scopes: list[dict[str, Any]] = []
        self._thinks_ns = thinks_ns

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        body = (await receive())["body"]
        await asyncio.sleep(self._thinks_ns / SECOND)
        self.done.append((scope["method"], body))
        await send({"type": "http.response.start", "status": 201, "headers": [(b"X-Count", b"%d" % len(self.done))]})
        await send({"type": "http.response.body", "body": b"done ", "more_body": True})
        await send({"type": "http.response.body", "body": body})
        assert (await receive())["type"] == "http.disconnect"


def an_order(body: bytes = b"one") -> Request:
    return Request("POST", TARGET, {"Content-Type": "application/json"}, body, let_go)


def asked(line: Line, *, timeout_ns: int = 5 * SECOND) -> tuple[Answer | Failed, Venue]:
    """What one request over such a line comes to, and the venue after it came to rest."""
    venue = Venue()

    async def main() -> Answer | Failed:
        transport = MemoryTransport(venue, line)
        got = await transport.request(an_order(), timeout_ns=timeout_ns)
        await transport.settle()
        await transport.close()
        return got

    return virtual.run(main()), venue


def passing(passage: Passage | Failed) -> Line:
    return Line(request=lambda _number, _request: passage)


# ------------------------------------------------------------------------------------------------------------ requests


def test_a_request_reaches_the_application_as_a_server_would_bring_it() -> None:
    got, venue = asked(Line())
    assert got == Answer(201, {"x-count": "1"}, b"done one")
    (scope,) = venue.scopes
    assert (scope["method"], scope["path"]) == ("POST", "/trade-api/v2/portfolio/events/orders")
    assert scope["query_string"] == b"market_ticker=KX%2FA"
    assert (b"content-type", b"application/json") in scope["headers"]
    assert (b"content-length", b"3") in scope["headers"]


def test_who_gives_up_does_not_stop_the_venue() -> None:
    got, venue = asked(Line(), timeout_ns=SECOND // 2)
    assert got == LATE
    assert venue.done == [("POST", b"one")]


def test_who_is_cancelled_does_not_stop_the_venue_either() -> None:
    venue = Venue()

    async def main() -> None:
        transport = MemoryTransport(venue)
        asking = asyncio.create_task(transport.request(an_order(), timeout_ns=5 * SECOND))
        await asyncio.sleep(0.5)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert not venue.done
        await transport.settle()

    virtual.run(main())
    assert venue.done == [("POST", b"one")]


@pytest.mark.parametrize(
    ("passage", "got", "times"),
    [
        (Passage(lost="before"), LATE, 0),
        (Passage(lost="after"), LATE, 1),
        (
            Passage(lost="before", breaks=True),
            Failed("unknown", "the connection broke before the whole answer came"),
            0,
        ),
        (Passage(lost="after", breaks=True), Failed("unknown", "the connection broke before the whole answer came"), 1),
        (Passage(delay_ns=60 * SECOND), LATE, 1),
        (Passage(answer_delay_ns=60 * SECOND), LATE, 1),
        (Passage(delay_ns=SECOND, answer_delay_ns=SECOND), Answer(201, {"x-count": "1"}, b"done one"), 1),
        (Passage(copies=2), Answer(201, {"x-count": "1"}, b"done one"), 2),
        (Passage(answer=Answer(200, {}, b"<html>")), Answer(200, {}, b"<html>"), 1),
        (Failed("not_sent", "no connection: refused"), Failed("not_sent", "no connection: refused"), 0),
    ],
)
def test_what_happens_on_the_way_is_decided_request_by_request(
    passage: Passage | Failed, got: Answer | Failed, times: int
) -> None:
    answer, venue = asked(passing(passage))
    assert answer == got
    assert len(venue.done) == times


def test_a_request_that_was_held_lands_behind_a_later_one() -> None:
    venue = Venue()

    async def main() -> None:
        held = Line(request=lambda number, _: Passage(delay_ns=90 * SECOND if number == 1 else 0))
        transport = MemoryTransport(venue, held)
        assert await transport.request(an_order(b"first"), timeout_ns=SECOND) == LATE
        assert isinstance(await transport.request(an_order(b"second"), timeout_ns=5 * SECOND), Answer)
        await transport.settle()

    virtual.run(main())
    assert [body for _, body in venue.done] == [b"second", b"first"]


def test_an_application_that_breaks_is_silent_to_its_client_and_loud_to_its_owner() -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise KeyError("a bug")

    async def main() -> tuple[Answer | Failed, list[Any]]:
        told: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, about: told.append(about["exception"]))
        return await MemoryTransport(broken).request(an_order(), timeout_ns=SECOND), told

    got, told = virtual.run(main())
    assert got == LATE
    assert [type(each) for each in told] == [KeyError]


# ---------------------------------------------------------------------------------------------------------- websockets


class Stage:
    """An application with one websocket, played by a test's own coroutine."""

    def __init__(self, play: Callable[[Any, Any], Coroutine[Any, Any, None]]) -> None:
        self._play = play
        self.scope: dict[str, Any] = {}
        self.end: dict[str, Any] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope = scope
        assert (await receive())["type"] == "websocket.connect"

        async def heard() -> Any:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                self.end = message
            return message

        await self._play(heard, send)


async def echo(receive: Any, send: Any) -> None:
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": "heard " + message["text"]})


def live(
    stage: Stage, desk: Callable[[Any, MemoryTransport], Coroutine[Any, Any, Any]], line: Line | None = None
) -> Any:
    async def main() -> Any:
        transport = MemoryTransport(stage, line)
        got = await transport.connect("/trade-api/ws/v2", {"KALSHI-ACCESS-KEY": "a"}, timeout_ns=SECOND)
        try:
            return await desk(got, transport)
        finally:
            await transport.close()
            await asyncio.sleep(0)

    return virtual.run(main(), until_ns=600 * SECOND)


async def frames(line: Socket, count: int) -> list[Frame]:
    return [await line.receive() for _ in range(count)]


def test_frames_go_both_ways_in_order() -> None:
    async def desk(line: Socket, _: MemoryTransport) -> list[Frame]:
        for number in range(5):
            await line.send(b"%d" % number)
        return await frames(line, 5)

    stage = Stage(echo)
    assert live(stage, desk) == [b"heard %d" % number for number in range(5)]
    assert stage.scope["path"] == "/trade-api/ws/v2"
    assert (b"kalshi-access-key", b"a") in stage.scope["headers"]


def test_a_quiet_line_is_pinged_as_servers_do() -> None:
    async def desk(line: Socket, _: MemoryTransport) -> tuple[list[Frame], float]:
        return await frames(line, 3), asyncio.get_running_loop().time()

    assert live(Stage(echo), desk) == ([Ping()] * 3, 3 * PING_EVERY / SECOND)


async def close_at_once(receive: Any, send: Any) -> None:
    await send({"type": "websocket.close"})


async def refuse_in_words(receive: Any, send: Any) -> None:
    await send({"type": "websocket.http.response.start", "status": 401, "headers": [(b"X-Place", b"gate")]})
    await send({"type": "websocket.http.response.body", "body": b'{"error":', "more_body": True})
    await send({"type": "websocket.http.response.body", "body": b"{}}"})


async def say_nothing(receive: Any, send: Any) -> None:
    await receive()


async def end_without_a_word(receive: Any, send: Any) -> None:
    return


@pytest.mark.parametrize(
    ("play", "got"),
    [
        (close_at_once, Answer(403, {}, b"")),
        (refuse_in_words, Answer(401, {"x-place": "gate"}, b'{"error":{}}')),
        (say_nothing, Failed("unknown", "the websocket was not opened in time")),
        (end_without_a_word, Answer(500, {}, b"")),
    ],
)
def test_a_websocket_that_is_not_opened_is_told_as_over_a_network(play: Any, got: Answer | Failed) -> None:
    async def desk(line: Any, _: MemoryTransport) -> Any:
        return line

    assert live(Stage(play), desk) == got


def test_the_line_may_refuse_a_websocket_by_itself() -> None:
    async def desk(line: Any, transport: MemoryTransport) -> Any:
        return line, await transport.connect("/trade-api/ws/v2", {}, timeout_ns=SECOND)

    refusal = Failed("not_sent", "no connection: refused")
    first, second = live(Stage(echo), desk, Line(upgrade=lambda number: refusal if number == 1 else None))
    assert first == refusal
    assert not isinstance(second, Failed | Answer)


async def bye(receive: Any, send: Any) -> None:
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "bytes": b"last words"})
    await send({"type": "websocket.close", "code": 1001, "reason": "maintenance"})


def test_what_was_sent_before_the_end_still_arrives() -> None:
    async def desk(line: Socket, _: MemoryTransport) -> list[Frame]:
        return await frames(line, 2)

    assert live(Stage(bye), desk) == [b"last words", Closed("the venue closed the websocket: 1001 maintenance")]


def test_a_line_that_breaks_is_noticed_at_both_ends() -> None:
    async def desk(line: Socket, transport: MemoryTransport) -> Frame:
        transport.break_sockets("the cable was cut")
        await line.send(b"into the void")
        return await line.receive()

    stage = Stage(echo)
    assert live(stage, desk) == Closed("the cable was cut")
    assert stage.end["code"] == 1006


def test_an_application_that_speaks_to_nobody_is_told_so() -> None:
    told: list[str] = []

    async def talkative(receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        await receive()
        try:
            await send({"type": "websocket.send", "text": "too late"})
        except ConnectionError as error:
            told.append(str(error))
            raise

    async def desk(line: Socket, _: MemoryTransport) -> None:
        await line.close()
        await asyncio.sleep(1)

    live(Stage(talkative), desk)
    assert told == ["the client of this websocket is gone"]


def test_frames_are_lost_doubled_delayed_and_replaced_as_the_line_says() -> None:
    def fate(_number: int, way: Way, frame: Frame) -> Sequence[Arrival]:
        now = Arrival(0, frame)
        fates: dict[Frame, Sequence[Arrival]] = {
            b"heard lost": (),
            b"heard twice": (now, now),
            b"heard late": (Arrival(SECOND, frame),),
            b"heard wrong": (Arrival(0, b"{}"),),
            Ping(): (),
            b"never sent": (),
        }
        return fates.get(frame, (now,))

    async def desk(line: Socket, _: MemoryTransport) -> list[Frame]:
        for text in (b"lost", b"late", b"twice", b"wrong", b"never sent", b"plain"):
            await line.send(text)
        return await frames(line, 5)

    got = live(Stage(echo), desk, Line(frame=fate))
    assert got == [b"heard twice", b"heard twice", b"{}", b"heard plain", b"heard late"]


def test_a_slow_reader_makes_the_application_wait() -> None:
    sent = 0

    async def pour(receive: Any, send: Any) -> None:
        nonlocal sent
        await send({"type": "websocket.accept"})
        while True:
            await send({"type": "websocket.send", "text": "x"})
            sent += 1

    async def desk(line: Socket, transport: MemoryTransport) -> tuple[int, int]:
        await asyncio.sleep(1)
        before = sent
        await frames(line, 10)
        await asyncio.sleep(1)
        return before, sent

    before, after = live(Stage(pour), desk)
    assert FRAMES_MAX - 1 <= before <= FRAMES_MAX
    assert after == before + 10


def test_two_runs_live_the_same_life() -> None:
    def life() -> tuple[list[Any], int]:
        venue = Venue(thinks_ns=SECOND // 7)

        async def main() -> tuple[list[Any], int]:
            line = Line(
                request=lambda number, _: Passage(delay_ns=number * 37 % 11 * SECOND // 10, copies=1 + number % 2)
            )
            transport = MemoryTransport(venue, line)
            orders = [transport.request(an_order(b"%d" % number), timeout_ns=SECOND) for number in range(50)]
            got = await asyncio.gather(*orders)
            await transport.settle()
            loop = asyncio.get_running_loop()
            assert isinstance(loop, virtual.VirtualLoop)
            return [got, venue.done], loop.steps

        return virtual.run(main())

    assert life() == life()
