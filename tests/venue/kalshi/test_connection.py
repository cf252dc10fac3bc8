"""One websocket is kept alive: signed, heard in order, left when it must be, and begun again at a bounded pace."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from tests.venue.fakes import ScriptedSocket, ScriptedTransport
from tests.venue.kalshi.desks import KEY_ID, START, a_signer

from assent.model.errors import InvariantBroken
from assent.model.units import MINUTE, SECOND
from assent.runtime import virtual
from assent.runtime.clock import VirtualClock
from assent.venue.kalshi.connection import COMMANDS_MAX, CONNECT_TIMEOUT, FRAMES_IN_A_ROW, Connection
from assent.venue.kalshi.events import Event, HangUp, KeptOut, Missed, Output, QuoteKnown, QuoteLost, Send, Told
from assent.venue.kalshi.pace import SPEED_MAX, TICK_REAL_MIN, Patience
from assent.venue.kalshi.signing import KEY_HEADER, TIMESTAMP_HEADER, WEBSOCKET_PATH
from assent.venue.kalshi.stream import Stream
from assent.venue.transport import Answer, Failed, Ping

A = "KXFED-26SEP-T4.25"
GONE = Failed("not_sent", "no connection: refused")


class Desk(NamedTuple):
    """A connection with all that it stands on; `told` are its events with their times."""

    connection: Connection
    stream: Any
    transport: ScriptedTransport
    clock: VirtualClock
    told: list[Event]


def lived(
    sockets: list[Any],
    script: Callable[[Desk], Coroutine[Any, Any, Any]],
    *,
    stream: Any = None,
    signed: bool = True,
    tell: Callable[[Event], None] | None = None,
    at_last: Callable[[], Any] | None = None,
) -> Any:
    """Runs a connection over these sockets while a script looks on, then cancels it."""

    async def main() -> Any:
        clock = VirtualClock(START)
        transport = ScriptedTransport([], clock.now, sockets=sockets)
        told: list[Event] = []
        machine = stream or Stream()
        signer = a_signer() if signed else None
        connection = Connection(transport, machine, clock, tell or told.append, signer=signer)
        desk = Desk(connection, machine, transport, clock, told)
        running = asyncio.create_task(connection.run())
        looking = asyncio.create_task(script(desk))
        await asyncio.wait([running, looking], return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            looking.cancel()
            return await running
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        seen = await looking
        return at_last() if at_last else seen

    return virtual.run(main(), until_ns=100 * 60 * MINUTE)


def frame(kind: str, msg: object, **head: object) -> bytes:
    return json.dumps({"type": kind, "msg": msg, **head}).encode()


def books(socket: ScriptedSocket, *, sid: int = 5) -> None:
    """The venue answers the subscription to the books, and sends one."""
    asked = [json.loads(each) for each in socket.sent]
    command = next(each for each in asked if each["params"].get("channels") == ["orderbook_delta"])
    socket.put(
        frame("subscribed", {"channel": "orderbook_delta", "sid": sid}, id=command["id"]),
        frame(
            "orderbook_snapshot",
            {"market_ticker": A, "yes_dollars_fp": [["0.4000", "10.00"]], "no_dollars_fp": [["0.4400", "5.00"]]},
            sid=sid,
            seq=1,
        ),
    )


# ---------------------------------------------------------------------------------------------------------- one socket


def test_it_signs_the_upgrade_subscribes_and_tells_what_it_hears_in_order() -> None:
    line = ScriptedSocket()

    async def script(desk: Desk) -> Desk:
        desk.connection.watch([A])
        await desk.clock.sleep(SECOND // 10)
        assert desk.connection.trouble == ""
        books(line)
        line.put(
            frame(
                "orderbook_delta",
                {"market_ticker": A, "price_dollars": "0.4100", "delta_fp": "1.00", "side": "yes"},
                sid=5,
                seq=2,
            )
        )
        await desk.clock.sleep(SECOND // 10)
        assert desk.stream.fresh(A, desk.clock.now())
        return desk

    desk = lived([line], script)
    ((ts, target, headers),) = desk.transport.upgrades
    assert (ts, target) == (START, WEBSOCKET_PATH)
    assert headers[KEY_HEADER] == KEY_ID
    assert [json.loads(each)["cmd"] for each in line.sent] == ["subscribe"]
    assert [(each.bid, each.bid_qty) for each in desk.told if isinstance(each, QuoteKnown)] == [
        (400_000, 10_000_000),
        (410_000, 1_000_000),
    ]


def test_without_a_key_the_upgrade_bears_no_signature() -> None:
    async def script(desk: Desk) -> Any:
        await desk.clock.sleep(SECOND)
        return desk.transport.upgrades[0][2]

    assert lived([ScriptedSocket()], script, signed=False) == {}


def test_markets_may_come_and_go_while_it_lives() -> None:
    line = ScriptedSocket()

    async def script(desk: Desk) -> list[Any]:
        desk.connection.watch([A])
        await desk.clock.sleep(SECOND // 10)
        books(line)
        await desk.clock.sleep(SECOND // 10)
        desk.connection.watch(["KXB"])
        desk.connection.unwatch([A])
        await desk.clock.sleep(SECOND // 10)
        assert any(isinstance(each, QuoteLost) and each.ticker == A for each in desk.told)
        return [json.loads(each)["params"] for each in line.sent[1:]]

    assert lived([line], script) == [
        {"sid": 5, "action": "add_markets", "market_tickers": ["KXB"]},
        {"sid": 5, "action": "delete_markets", "market_tickers": [A]},
    ]


def test_a_ping_counts_as_heard() -> None:
    line = ScriptedSocket()

    async def script(desk: Desk) -> int:
        for _ in range(10):
            await desk.clock.sleep(10 * SECOND)
            line.put(Ping())
        return len(desk.transport.upgrades)

    assert lived([line, ScriptedSocket()], script) == 1


def test_while_frames_pour_in_everybody_else_gets_a_turn() -> None:
    line = ScriptedSocket()
    flood = 200 * FRAMES_IN_A_ROW

    async def script(desk: Desk) -> tuple[int, int]:
        await desk.clock.sleep(SECOND)
        line.put(*[Ping()] * flood)
        turns = 0
        while not line.frames.empty():
            await asyncio.sleep(0)
            turns += 1
        return turns, desk.clock.now()

    turns, now = lived([line], script)
    assert turns >= flood // FRAMES_IN_A_ROW
    assert now == START + SECOND


def test_what_a_frame_leads_to_leaves_before_the_rest_of_a_burst_is_read() -> None:
    """The desk is woken by what is told, and what it releases is sent by a task of its own: two turns."""
    line = ScriptedSocket()
    burst = 20 * FRAMES_IN_A_ROW
    woken = asyncio.Event()

    async def script(desk: Desk) -> list[int]:
        left: list[int] = []

        async def send() -> None:
            left.append(line.frames.qsize())

        await desk.clock.sleep(SECOND)
        line.put(*[b"{}"] * burst)
        await woken.wait()
        await asyncio.create_task(send())
        return left

    left = lived([line], script, tell=lambda event: woken.set() if type(event) is KeptOut else None)
    assert left == [burst - FRAMES_IN_A_ROW]


class Beat:
    """A stream that notes its calls and asks for what a test wants."""

    patience = Patience()

    def __init__(self, on_tick: Callable[[int], list[Output]] = lambda _: []) -> None:
        self.ticks: list[int] = []
        self.opened_ts: list[int] = []
        self.ends: list[str] = []
        self._on_tick = on_tick

    def opened(self, now: int) -> list[Output]:
        self.opened_ts.append(now)
        return []

    def tick(self, now: int) -> list[Output]:
        self.ticks.append(now)
        return self._on_tick(now)

    def closed(self, now: int, why: str) -> list[Output]:
        self.ends.append(why)
        return [HangUp(why, now + SECOND)]


def test_time_is_told_several_times_in_each_second() -> None:
    async def script(desk: Desk) -> int:
        await desk.clock.sleep(10 * SECOND)
        return len(desk.stream.ticks)

    assert 40 <= lived([ScriptedSocket()], script, stream=Beat()) <= 60


def test_commands_go_out_in_their_order() -> None:
    line = ScriptedSocket()
    beat = Beat(lambda now: [Send(b"%d:%d" % (now - START, number)) for number in range(3)])

    async def script(desk: Desk) -> list[bytes]:
        await desk.clock.sleep(SECOND)
        return list(line.sent)

    sent = lived([line], script, stream=beat)
    assert sent == [b"%d:%d" % (ts - START, number) for ts in beat.ticks for number in range(3)][: len(sent)]
    assert len(sent) >= 12


def test_a_socket_that_takes_no_commands_is_left() -> None:
    class Stuck(ScriptedSocket):
        async def send(self, frame: bytes) -> None:
            await asyncio.Event().wait()

    line = Stuck()
    beat = Beat(lambda _: [Send(b"{}")] * 1_000)

    async def script(desk: Desk) -> tuple[int, bool]:
        await desk.clock.sleep(5 * SECOND)
        return desk.transport.upgrades[1][0] - START, line.closed

    again, closed = lived([line, ScriptedSocket()], script, stream=beat)
    assert beat.ends[0] == "the socket does not take our commands"
    assert again >= COMMANDS_MAX // 1_000 * SECOND // 5
    assert closed


# ------------------------------------------------------------------------------------------------------ leaving, again


def test_a_silent_socket_is_left_and_another_one_is_opened_and_signed_anew() -> None:
    first, second = ScriptedSocket(), ScriptedSocket()

    async def script(desk: Desk) -> Desk:
        desk.connection.watch([A])
        await desk.clock.sleep(SECOND // 10)
        books(first)
        await desk.clock.sleep(40 * SECOND)
        return desk

    desk = lived([first, second], script)
    assert first.closed
    (begun, _, old), (again, _, new) = desk.transport.upgrades[:2]
    # Its books are doubted first, when they were quiet for long and three questions about them stayed unanswered.
    assert 15 * SECOND <= again - begun <= 28 * SECOND
    assert new[TIMESTAMP_HEADER] == str(again // 1_000_000) != old[TIMESTAMP_HEADER]
    lost = [each for each in desk.told if isinstance(each, QuoteLost)]
    assert [each.ticker for each in lost] == [A]
    assert second.sent, "the new socket is subscribed on"


def test_a_socket_that_keeps_breaking_is_opened_ever_more_rarely_and_never_later_than_the_bound() -> None:
    lines = [ScriptedSocket() for _ in range(20)]
    for each in lines:
        each.hang_up()

    async def script(desk: Desk) -> list[int]:
        await desk.clock.sleep(60 * MINUTE)
        return [ts for ts, _, _ in desk.transport.upgrades]

    times = lived(lines, script)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert gaps[:8] == [SECOND // 2 << number for number in range(7)] + [MINUTE]
    assert set(gaps[7:19]) == {MINUTE}


def test_a_venue_that_cannot_be_reached_is_tried_ever_more_rarely_and_from_the_beginning_once_it_was_there() -> None:
    line = ScriptedSocket()

    async def script(desk: Desk) -> list[int]:
        await desk.clock.sleep(3 * SECOND)
        assert desk.connection.trouble == "no connection: refused"
        await desk.clock.sleep(30 * SECOND)
        line.hang_up()
        await desk.clock.sleep(10 * SECOND)
        return [ts - START for ts, _, _ in desk.transport.upgrades]

    times = lived([GONE] * 4 + [line] + [GONE] * 20, script)
    assert [each * 2 // SECOND for each in times[:5]] == [0, 1, 3, 7, 15]
    # The line was there: the count of failures began anew.
    after = [later - earlier for earlier, later in pairwise(times[5:])]
    assert after[0] == SECOND // 2


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_signature_is_not_tried_again_at_once(status: int) -> None:
    refusal = Answer(status, {}, b'{"error":{"code":"header_timestamp_expired","message":"x"}}')

    async def script(desk: Desk) -> tuple[list[int], str]:
        await desk.clock.sleep(150 * SECOND)
        return [ts - START for ts, _, _ in desk.transport.upgrades], desk.connection.trouble

    times, trouble = lived([refusal] * 5, script)
    assert times == [0, MINUTE, 2 * MINUTE]
    assert trouble == f"the venue refused the connection: {status} header_timestamp_expired"


def test_an_upgrade_that_is_answered_otherwise_is_tried_again_as_any_failure() -> None:
    async def script(desk: Desk) -> list[int]:
        await desk.clock.sleep(2 * SECOND)
        return [ts - START for ts, _, _ in desk.transport.upgrades]

    assert lived([Answer(502, {}, b"<html>")] * 5, script) == [0, SECOND // 2, SECOND * 3 // 2]


def test_being_cancelled_closes_the_socket_and_leaves_nothing_behind() -> None:
    line = ScriptedSocket()

    async def script(desk: Desk) -> None:
        await desk.clock.sleep(SECOND)
        assert {"kalshi receive", "kalshi tick", "kalshi send"} <= living()

    assert lived([line], script, at_last=lambda: living() & {"kalshi receive", "kalshi tick", "kalshi send"}) == set()
    assert line.closed


def living() -> set[str]:
    return {task.get_name() for task in asyncio.all_tasks()}


def test_a_bug_in_who_listens_is_not_swallowed() -> None:
    line = ScriptedSocket()

    def tell(event: Event) -> None:
        raise InvariantBroken("a_bug", event=type(event).__name__)

    async def script(desk: Desk) -> None:
        desk.connection.watch([A])
        await desk.clock.sleep(SECOND // 10)
        books(line)
        await desk.clock.sleep(10 * SECOND)

    with pytest.raises(ExceptionGroup) as caught:
        lived([line], script, tell=tell)
    assert caught.group_contains(InvariantBroken)
    assert line.closed


def test_messages_of_the_account_and_what_was_kept_out_are_passed_on() -> None:
    line = ScriptedSocket()

    async def script(desk: Desk) -> list[Event]:
        await desk.clock.sleep(SECOND // 10)
        line.put(frame("subscribed", {"channel": "fill", "sid": 6}, id=1))
        line.put(b"not json", frame("error", {"code": 6, "msg": "Already subscribed"}))
        await desk.clock.sleep(SECOND // 10)
        return desk.told

    told = lived([line], script, stream=Stream(["fill"]))
    assert [type(each) for each in told] == [Missed, KeptOut, KeptOut]
    assert not [each for each in told if isinstance(each, Told)]


# ----------------------------------------------------------------------------------------------------------- patience


def test_on_a_fast_clock_what_stands_for_a_real_wire_grows_with_it_and_the_desks_own_times_do_not() -> None:
    usual, fast = Patience(), Patience().at_speed(60)
    real = ("silence_ns", "reply_ns", "lag_ns", "repair_every_ns", "retry_ns", "retry_max_ns", "steady_ns")
    for name in real:
        assert getattr(fast, name) == 60 * getattr(usual, name)
    for name in ("quiet_ns", "proof_ns", "repairs_at_once"):
        assert getattr(fast, name) == getattr(usual, name)
    assert fast.tick_ns == 60 * TICK_REAL_MIN
    assert Patience().at_speed(1) == Patience().at_speed(0.25) == usual
    assert Patience().at_speed(1.5).reply_ns == 2 * usual.reply_ns


@pytest.mark.parametrize("speed", [0, -1, SPEED_MAX + 1])
def test_a_speed_that_cannot_be_is_refused(speed: int) -> None:
    with pytest.raises(InvariantBroken, match="speed"):
        Patience().at_speed(speed)


def test_connecting_is_bounded_in_the_worlds_time() -> None:
    assert CONNECT_TIMEOUT == 10 * SECOND
