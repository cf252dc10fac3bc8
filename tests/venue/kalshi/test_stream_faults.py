"""The one promise of the stream, under thousands of faults: a book that is called fresh is the venue's book.

A little exchange sends through a channel that loses, reorders, doubles, garbles and freezes, that breaks, and whose
numbers begin anew. After every frame each market that the stream calls fresh, and each quote that it told and did not
take back, is compared with the truth at the number at which the stream stands. `ASSENT_STREAM_SEEDS` says how many
worlds of a hundred faults each: 30 here, 100 in the long campaign.
"""

import json
import os
from collections import Counter
from random import Random

import pytest
from tests.venue.kalshi.exchange_model import LATENCY_NS, MS, START, FaultyChannel, ModelExchange, Sent

from assent.model.units import SECOND
from assent.venue.kalshi.events import HangUp, Output, QuoteKnown, QuoteLost, Send
from assent.venue.kalshi.messages import Body
from assent.venue.kalshi.pace import Patience
from assent.venue.kalshi.sequence import Sequence, Step
from assent.venue.kalshi.stream import Stream

TICKERS = ["KXHIGHNY-26AUG01-T80", "KXHIGHNY-26AUG01-B78.5", "KXFED-26SEP-T4.25", "KXBTCD-26AUG0117-T99999.99"]
FAULTS = ["gap", "reorder", "duplicate", "garble", "freeze", "reset", "break"]
WEIGHTS = [30, 25, 25, 6, 6, 4, 4]
STEP_NS = 20 * MS
SEEDS = int(os.environ.get("ASSENT_STREAM_SEEDS", "30"))
FAULTS_EACH = 100
FAULT_EVERY_NS = 2 * SECOND
CHANGE_EVERY_NS = 15 * SECOND


class World:
    """One seed's exchange, channel and stream."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        self.exchange = ModelExchange(Random(seed + 1_000_000), TICKERS, counted=seed % 2 == 0)
        self.channel = FaultyChannel(Random(seed + 2_000_000))
        self.stream = Stream(patience=Patience(silence_ns=8 * SECOND, quiet_ns=4 * SECOND))
        self.now = START
        self.connected = False
        self.connect_ts = START
        self.commands: list[tuple[int, bytes]] = []
        self.arrived: dict[tuple[int, int], int] = {}
        self.told: dict[str, QuoteKnown] = {}
        self.compared = 0
        self.healthy = 0
        self.fresh = 0
        self.watched = TICKERS[:2]
        self.take(self.stream.watch(self.watched, self.now))

    def run(self, faults: int) -> None:
        """Go on until so many faults have struck, and ten quiet seconds longer."""
        end = None
        while end is None or self.now < end:
            self.now += STEP_NS
            self.exchange.now = self.now
            if end is None and self.rng.randrange(FAULT_EVERY_NS // STEP_NS) == 0:
                self.strike()
            if end is None and sum(self.channel.faults.values()) >= faults:
                end = self.now + 10 * SECOND
            if end is None and self.rng.randrange(CHANGE_EVERY_NS // STEP_NS) == 0:
                self.change_watch()
            self.step()

    def change_watch(self) -> None:
        """Markets come into scope and leave it."""
        ticker = self.rng.choice(TICKERS)
        if ticker not in self.watched:
            self.watched.append(ticker)
            self.take(self.stream.watch([ticker], self.now))
        elif len(self.watched) > 1:
            self.watched.remove(ticker)
            self.take(self.stream.unwatch([ticker], self.now))

    def strike(self) -> None:
        kind = self.rng.choices(FAULTS, WEIGHTS)[0]
        self.channel.strike(kind, self.now)
        if kind == "reset":
            self.exchange.restart_numbers(with_books=self.rng.random() < 0.5)
        elif kind == "break" and self.connected:
            self.take(self.stream.closed(self.now, "the socket broke"))

    def step(self) -> None:
        if not self.connected and self.now >= self.connect_ts:
            self.connected = True
            self.exchange.connect()
            self.arrived.clear()
            self.take(self.stream.opened(self.now))
        for _ in range(self.rng.choice([0, 0, 0, 1, 2])):
            self.exchange.trade()
        for command in [raw for ts, raw in self.commands if ts <= self.now]:
            self.exchange.obey(command)
        self.commands = [(ts, raw) for ts, raw in self.commands if ts > self.now]
        if self.connected:
            self.channel.carry(self.exchange.outbox, self.now)
        self.exchange.outbox.clear()
        for frame in self.channel.due(self.now):
            self.arrive(frame)
        self.take(self.stream.tick(self.now))
        self.check()
        if self.connected and not self.channel.frozen_until:
            self.healthy += len(self.watched)
            self.fresh += sum(self.stream.fresh(ticker, self.now) for ticker in self.watched)

    def arrive(self, frame: Sent) -> None:
        # A repeat says nothing new about which count a number belongs to.
        self.arrived.setdefault((frame.sid, frame.seq), frame.epoch)
        self.take(self.stream.received(frame.raw, self.now))
        self.check()

    def take(self, outputs: list[Output]) -> None:
        for output in outputs:
            if isinstance(output, Send):
                self.commands.append((self.now + LATENCY_NS, output.command))
            elif isinstance(output, HangUp):
                self.connected = False
                self.connect_ts = output.not_before_ts
                self.channel.clear()
                self.commands.clear()
            elif isinstance(output, QuoteKnown):
                self.told[output.ticker] = output
            elif isinstance(output, QuoteLost):
                del self.told[output.ticker]

    def check(self) -> None:
        """What is believed is what was true at the number at which the stream stands."""
        believed = [ticker for ticker in TICKERS if self.stream.fresh(ticker, self.now) or ticker in self.told]
        if not believed:
            return
        place = self.stream.place()
        assert place is not None, f"{believed} believed without a place in a sequence"
        truth = self.exchange.history[(*place, self.arrived[place])]
        for ticker in believed:
            book = self.stream.book(ticker)
            assert book is not None
            assert book.levels() == truth[ticker], f"{ticker} at {place}, {self.now - START} ns"
            if ticker in self.told:
                told = self.told[ticker]
                bids, asks = truth[ticker]
                bid, ask = (bids or [(None, None)])[0], (asks or [(None, None)])[0]
                assert (told.bid, told.bid_qty, told.ask, told.ask_qty) == (*bid, *ask)
            self.compared += 1


def test_under_thousands_of_faults_a_fresh_book_is_never_wrong_and_a_healthy_stream_is_fresh() -> None:
    struck: Counter[str] = Counter()
    compared = healthy = fresh = 0
    for seed in range(SEEDS):
        world = World(seed)
        world.run(FAULTS_EACH)
        struck.update(world.channel.faults)
        compared += world.compared
        healthy += world.healthy
        fresh += world.fresh
        assert all(world.stream.fresh(ticker, world.now) for ticker in world.watched), f"seed {seed} did not get well"
    print(json.dumps({**struck, "compared": compared, "fresh": f"{fresh / healthy:.2%}"}))  # noqa: T201
    assert struck.total() >= FAULTS_EACH * SEEDS
    assert set(struck) == set(FAULTS)
    assert compared >= 10_000 * SEEDS
    # Healthy is all the time in which the socket stands and is not frozen: being repaired counts as healthy too.
    assert fresh / healthy >= 0.95, f"fresh {fresh / healthy:.2%} of the healthy time"


def run_worlds(count: int) -> None:
    for seed in range(count):
        World(seed).run(FAULTS_EACH)


@pytest.mark.parametrize("blind_to", [Step.GAP, Step.LATE, Step.REPEAT])
def test_a_stream_that_overlooked_one_of_them_would_be_found(blind_to: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Sequence.take

    def take(sequence: Sequence, seq: int, body: Body) -> Step:
        step = honest(sequence, seq, body)
        return Step.NEXT if step is blind_to else step

    monkeypatch.setattr(Sequence, "take", take)
    with pytest.raises(AssertionError):
        run_worlds(10)
