"""Our own client's state machine on the boxed websocket, through an hour of a simulated day.

Two readings of one set of facts: whenever the stream calls a market fresh and nothing is on its way, its book is the
box's book, also with random orders of our own, with markets that come and go, and with a reader that falls behind.
"""

import asyncio
import json
import sys
from random import Random
from typing import Any

import pytest
from tests.exchange.kalshi.line import Line, quiet
from tests.exchange.kalshi.support import ANN_KEY, ANN_PRIVATE
from tests.exchange.kalshi.test_websocket_specification import every_frame

from assent.exchange.accounts import History
from assent.exchange.kalshi.app import App
from assent.exchange.kalshi.auth import Keys, Member
from assent.exchange.kalshi.box import Box
from assent.exchange.kalshi.channels import Habits
from assent.exchange.kalshi.ids import wire_id
from assent.exchange.types import MICRO, SECOND, NewOrder
from assent.exchange.world import World
from assent.runtime import virtual
from assent.venue.kalshi.events import Broken, HangUp, KeptOut, Send, Told
from assent.venue.kalshi.frames import decode
from assent.venue.kalshi.messages import Fill, Rejection, Unread
from assent.venue.kalshi.stream import Stream

DAY_NUMBER = 20_000
SPEED = 10
STEP_SECONDS = 0.1


class Watched:
    """A box on a world's day, Ann on the stream, and what came of it."""

    def __init__(self, seed: int, habits: Habits) -> None:
        self.rng = Random(seed)
        history = History()
        world = World(seed, DAY_NUMBER, owner="ann", cash=2_000 * MICRO, history=history)
        self.history = history
        self.exchange = world.exchange
        self.box = Box(world.exchange, {"ann": history}, world.step_until)
        self.tickers = [view.spec.ticker for view in world.exchange.markets()]
        self.begins = world.start_ts + 3_600 * SECOND
        keys = Keys((Member(ANN_KEY, ANN_PRIVATE.public_key(), "ann"),))
        self.app = App(self.box, keys, self.now, habits=habits)
        self.stream = Stream(["fill", "user_orders", "market_lifecycle_v2"])
        self.compared = self.fresh = self.hung_up = self.stalls = self.orders = 0
        self.fills: list[Fill] = []
        self.kept_out: list[KeptOut | Broken] = []

    def now(self) -> int:
        """The box's clock runs ten times as fast as the loop."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, virtual.VirtualLoop)
        return self.begins + SPEED * loop.now_ns

    async def live(self, steps: int) -> None:
        self.box.live_until(self.now())
        left = steps
        self.stream.watch(self.tickers[::2], self.now())
        while left > 0:
            async with Line(self.app, self.now) as line:
                await self._obey(line, self.stream.opened(self.now()))
                await self._pump(line)
                while left > 0 and not await self._step(line, left):
                    left -= 1

    async def _step(self, line: Line, left: int) -> bool:
        """True if the stream wants another connection."""
        await asyncio.sleep(STEP_SECONDS)
        self._trade()
        if self.rng.random() < 0.02:
            ticker = self.rng.choice(self.tickers)
            change = self.stream.watch if self.rng.random() < 0.6 else self.stream.unwatch
            await self._obey(line, change([ticker], self.now()))
        if left % 400 == 200:
            self.stalls += 1
            line.stall()
        elif left % 400 == 100:
            line.read_on()
        if await self._pump(line):
            return True
        if left % 400 < 100 or left % 400 > 200:
            self.stream.pinged(self.now())
            self._compare()
        return False

    async def _pump(self, line: Line) -> bool:
        """Until nothing is on its way in either direction."""
        ticked = False
        while True:
            await quiet()
            texts, line.raw = line.raw, []
            line.heard()
            if not texts and ticked:
                return False
            outputs = [output for text in texts for output in self.stream.received(text, self.now())]
            if not texts:
                ticked = True
                outputs = self.stream.tick(self.now())
            if await self._obey(line, outputs):
                self.hung_up += 1
                return True

    async def _obey(self, line: Line, outputs: list[Any]) -> bool:
        gone = False
        for output in outputs:
            if isinstance(output, Send):
                await line.say(output.command.decode())
            elif isinstance(output, HangUp):
                gone = True
            elif isinstance(output, KeptOut | Broken):
                self.kept_out.append(output)
            elif isinstance(output, Told) and isinstance(output.message, Fill):
                self.fills.append(output.message)
        return gone

    def _trade(self) -> None:
        """Now and then an order of our own, as the REST side would take it."""
        now = self.box.live_until(self.now())
        if self.rng.random() < 0.3:
            resting = self.exchange.resting("ann")
            if resting and self.rng.random() < 0.4:
                self.exchange.cancel(now, "ann", self.rng.choice(resting).order_id)
            else:
                self.orders += 1
                side = self.rng.choice(["buy", "sell"])
                ticker = self.rng.choice(self.tickers)
                top = self.exchange.top(ticker)
                reach = self.rng.choice([-10_000, 0, 10_000])
                price = (top.ask or 500_000) - reach if side == "buy" else (top.bid or 500_000) + reach
                qty = self.rng.randint(1, 8) * MICRO
                order = NewOrder(f"c{self.orders}", ticker, side, price, qty, tif=self.rng.choice(["gtc", "ioc"]))
                self.exchange.submit(now, "ann", order)
            self.box.remember()

    def _compare(self) -> None:
        now = self.now()
        for ticker in self.tickers:
            book = self.stream.book(ticker)
            if book is None:
                continue
            self.compared += 1
            if not self.stream.fresh(ticker, now):
                continue
            self.fresh += 1
            assert book.levels() == tuple(tuple(side) for side in self.exchange.depth(ticker)), (ticker, now)


def test_a_book_that_the_stream_calls_fresh_is_the_book_of_the_box() -> None:
    for seed, counts in ((1, True), (2, False)):
        watched = Watched(seed, Habits(answers_count=counts))
        virtual.run(watched.live(3_600))
        traded = len(watched.history.fills)
        sys.stdout.write(f"\nseed {seed}: {watched.fresh} of {watched.compared} books fresh, {traded} fills")
        # An hour of the day; nine times the reader stalled for longer than the stream bears silence.
        assert (watched.stalls, watched.hung_up) == (9, 9)
        assert watched.fresh > 20_000
        assert watched.fresh / watched.compared > 0.9
        assert watched.kept_out == []
        assert traded > 100


def test_a_reader_that_falls_far_behind_finds_the_book_again() -> None:
    watched = Watched(3, Habits(waiting=5))
    virtual.run(watched.live(1_200))
    assert watched.fresh > 4_000
    assert any("overflow" in kept.detail for kept in watched.kept_out)


def test_the_stream_is_told_each_fill_as_the_exchange_booked_it() -> None:
    watched = Watched(1, Habits())
    virtual.run(watched.live(190))
    booked = watched.history.fills
    assert len(booked) > 5
    assert [(told.trade_id, told.order_id, told.qty, told.price, told.fee) for told in watched.fills] == [
        (wire_id(fill.fill_id), wire_id(fill.order_id), fill.qty, fill.price, fill.fee) for fill in booked
    ]
    assert watched.fills[-1].ticker in watched.tickers


def test_the_adapter_believes_whatever_the_exchange_says() -> None:
    for frame in every_frame():
        read = decode(json.dumps(frame))
        assert not isinstance(read.body, Rejection | Unread), (frame, read.body)
        assert (read.sid, read.seq) == (frame.get("sid"), frame.get("seq"))


def test_a_wrong_book_would_be_found() -> None:
    watched = Watched(1, Habits())
    told = watched.app._websockets._feed._level
    skipped: list[Any] = []

    def forgetful(change: Any) -> None:
        """Every fiftieth change is told to nobody, and takes no number."""
        skipped.append(change)
        if len(skipped) % 50:
            told(change)

    watched.app._websockets._feed._level = forgetful  # type: ignore[method-assign]
    with pytest.raises(AssertionError):
        virtual.run(watched.live(300))
