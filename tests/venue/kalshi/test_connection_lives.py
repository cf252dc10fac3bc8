"""Whole lives of a connection over a line with faults, in front of an exchange that knows the truth.

The exchange is an ASGI application in memory; the transport, the connection and the stream are the ones that trade.
"""

import asyncio
from collections.abc import Sequence
from random import Random
from typing import Any, NamedTuple

import pytest
from tests.venue.kalshi.desks import a_signer
from tests.venue.kalshi.exchange_model import LATENCY_NS, START, Levels, ModelExchange

from assent.model.units import SECOND
from assent.runtime import virtual
from assent.runtime.clock import VirtualClock
from assent.runtime.virtual import VirtualLoop
from assent.venue.kalshi.connection import Connection
from assent.venue.kalshi.events import Event, QuoteKnown
from assent.venue.kalshi.pace import Patience
from assent.venue.kalshi.stream import Stream
from assent.venue.memory import Arrival, Line, MemoryTransport, Way
from assent.venue.transport import Failed, Frame, Ping

TICKERS = ["KXA", "KXB", "KXC"]


class App:
    """The exchange's websocket: obeys commands, and trades ten times a second."""

    def __init__(self, model: ModelExchange, now: Any) -> None:
        self._model = model
        self._now = now

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["type"] == "websocket.connect"
        await send({"type": "websocket.accept"})
        self._model.connect()
        trading = asyncio.create_task(self._trade(send))
        try:
            while (message := await receive())["type"] == "websocket.receive":
                self._model.now = self._now()
                self._model.obey(message["text"].encode())
                await self._flush(send)
        finally:
            trading.cancel()
            await asyncio.gather(trading, return_exceptions=True)

    async def _trade(self, send: Any) -> None:
        while True:
            await asyncio.sleep(self._model.rng.randrange(SECOND // 5) / SECOND)
            self._model.now = self._now()
            self._model.trade()
            await self._flush(send)

    async def _flush(self, send: Any) -> None:
        sent, self._model.outbox = self._model.outbox, []
        for each in sent:
            await send({"type": "websocket.send", "text": each.raw.decode()})


class Life(NamedTuple):
    """What was seen: looks at books, those of them that were fresh, quotes told, sockets used, faults met."""

    looks: int
    fresh: int
    quotes: int
    upgrades: int
    faults: dict[str, int]
    steps: int


class FastClock:
    """A box's clock: it runs `speed` times as fast as the loop."""

    def __init__(self, speed: int) -> None:
        self._speed = speed

    def now(self) -> int:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        return START + loop.now_ns * self._speed

    async def sleep(self, duration_ns: int) -> None:
        await asyncio.sleep(max(0, duration_ns) / self._speed / SECOND)

    async def sleep_until(self, ts: int) -> None:
        await self.sleep(ts - self.now())


class BadLine:
    """Loses, doubles, delays and damages frames, and refuses every third upgrade; a good one only takes its time."""

    def __init__(self, rng: Random, *, faulty: bool) -> None:
        self._rng = rng
        self._faulty = faulty
        self.met: dict[str, int] = {}

    def line(self) -> Line:
        return Line(upgrade=self._upgrade, frame=self._frame)

    def meets(self, kind: str, ppm: int) -> bool:
        """Whether this fault strikes now."""
        strikes = self._faulty and self._rng.randrange(1_000_000) < ppm
        if strikes:
            self.met[kind] = self.met.get(kind, 0) + 1
        return strikes

    def _frame(self, _number: int, way: Way, frame: Frame) -> Sequence[Arrival]:
        own = Arrival(LATENCY_NS, frame)
        if isinstance(frame, Ping):
            return (own,)
        if self.meets("lost", 4_000):
            return ()
        if self.meets("doubled", 4_000):
            return (own, own)
        if self.meets("late", 4_000):
            return (Arrival(LATENCY_NS + self._rng.randrange(SECOND), frame),)
        if way == "to_us" and isinstance(frame, bytes) and self.meets("garbled", 2_000):
            return (Arrival(LATENCY_NS, frame[: len(frame) // 2]),)
        return (own,)

    def _upgrade(self, number: int) -> Failed | None:
        refused = number % 3 == 2 and self.meets("refused", 1_000_000)
        return Failed("not_sent", "no connection: refused") if refused else None


def live(seed: int, *, seconds: int, faulty: bool, clock: Any = None, patience: Patience | None = None) -> Life:
    """Lives through that many seconds of the loop; whenever a book is called fresh it must be the exchange's own."""
    rng = Random(seed)
    bad = BadLine(rng, faulty=faulty)

    async def main() -> Life:
        time = clock or VirtualClock(START)
        model = ModelExchange(rng, TICKERS, counted=True)
        transport = MemoryTransport(App(model, time.now), bad.line())
        stream = Stream(patience=patience)
        told: list[Event] = []
        connection = Connection(transport, stream, time, told.append, signer=a_signer())
        connection.watch(TICKERS)
        running = asyncio.create_task(connection.run())
        looks = fresh = 0
        for _ in range(seconds * 20):
            await asyncio.sleep(0.05)
            if bad.meets("broken", 1_000):
                transport.break_sockets("the cable was cut")
            for ticker in TICKERS:
                looks += 1
                if stream.fresh(ticker, time.now()):
                    fresh += 1
                    assert as_levels(stream, ticker) == was_true(model, stream, ticker)
        assert not running.done()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await transport.close()
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        quotes = sum(isinstance(each, QuoteKnown) for each in told)
        return Life(looks, fresh, quotes, transport._upgrades, bad.met, loop.steps)

    return virtual.run(main())


def was_true(model: ModelExchange, stream: Stream, ticker: str) -> Levels:
    place = stream.place()
    assert place is not None
    return model.history[(*place, 0)][ticker]


def as_levels(stream: Stream, ticker: str) -> Any:
    book = stream.book(ticker)
    assert book is not None
    return book.levels()


def test_over_a_good_line_one_socket_serves_and_every_book_is_fresh_and_true() -> None:
    life = live(1, seconds=120, faulty=False)
    assert life.upgrades == 1
    assert life.fresh / life.looks > 0.99
    assert life.quotes > 100


@pytest.mark.parametrize("seed", range(8))
def test_over_a_bad_line_no_book_is_called_fresh_that_is_not_true(seed: int) -> None:
    life = live(seed, seconds=120, faulty=True)
    assert set(life.faults) >= {"lost", "doubled", "late"}
    assert life.fresh / life.looks > 0.5, "it comes back each time"


def test_the_same_seed_lives_the_same_life() -> None:
    assert live(3, seconds=60, faulty=True) == live(3, seconds=60, faulty=True)


def test_at_a_boxs_speed_the_same_wire_needs_the_patience_of_that_speed() -> None:
    """Forty milliseconds there and back are four seconds of a clock that runs a hundred times as fast."""
    speed = 100

    def at(patience: Patience) -> Life:
        return live(5, seconds=30, faulty=False, clock=FastClock(speed), patience=patience)

    usual, fitting = at(Patience()), at(Patience().at_speed(speed))
    assert fitting.fresh / fitting.looks > 0.95
    assert fitting.upgrades == 1
    assert usual.fresh / usual.looks < 0.5, "so that the other half of this test says something"
