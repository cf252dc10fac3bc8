"""Brackets between an honest futures market and a dishonest wire: lost, late, doubled, reordered, with crashes.

Whatever the wire does, a filled entry is protected, being left or a person's business; no child outlives an entry
that brought nothing; and when everything has been told, desk and market hold the same.
"""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.desk.support import CONTRACT, Bench, buy, limits
from tests.model.support import a_future

from assent.desk import brackets
from assent.desk.exits import PROTECT_MAX
from assent.model.exits import Exits
from assent.model.facts import CancelReleased, Fact, HaltRaised, OrderReleased
from assent.model.inputs import (
    Absent,
    Accepted,
    BarSeen,
    EvidenceSeen,
    FillSeen,
    Input,
    NotSent,
    Refused,
    SendAnswered,
    Unknown,
)
from assent.model.orders import Order
from assent.model.units import MICRO, SECOND
from assent.venue.sim.bars import BarVenue

NAME = "MESTEST"
TICK = 250_000
CASH = 1_000_000 * MICRO
WIDE = limits(risk_per_trade_max=1_000 * MICRO, total_exposure_max=CASH, quote_proof_age_max=3_600 * SECOND)
Step = tuple[str, int, int]


class Wire:
    """See the module's first lines. Answers die with the process; what the venue tells anybody can be told again."""

    def __init__(self, most_per_bar: int | None) -> None:
        self.bench = Bench(constitution=WIDE, cash=CASH, markets=(a_future(),))
        self.venue = BarVenue(a_future(), most_per_bar=most_per_bar)
        self.price = 20_000
        self.outbox: list[Order] = []
        self.answers: list[Input] = []
        self.news: list[Input] = []
        self.arrived: dict[str, int] = {}
        self.cancels: list[str] = []
        self.bare_since: int | None = None
        self.bar(0, 0)

    def run(self, steps: list[Step]) -> None:
        for name, one, other in steps:
            STEPS[name](self, one, other)
            self.check()
        self.finish()

    # --- what happens ------------------------------------------------------------------------------------

    def bar(self, move: int, wide: int) -> None:
        """The market moves; what that did to orders is told some time, the bar at once."""
        self.bench.later(SECOND)
        before, self.price = self.price, self.price + move % 41 - 20
        high, low = max(before, self.price) + wide % 8, min(before, self.price) - wide % 5
        now = self.bench.now
        bar = BarSeen(NAME, before * TICK, high * TICK, low * TICK, self.price * TICK, 1, now, now)
        self.hear_from_venue(self.venue.pass_bar(bar))
        self.carry(self.bench.take(bar))

    def propose(self, which: int, far: int) -> None:
        side: Any = ("buy", "sell")[which % 2]
        sign = 1 if side == "buy" else -1
        kind: Any = ("market", "limit")[which // 2 % 2]
        price = self.price - (sign * (which // 8 % 5) if kind == "limit" else 0)
        target = price + sign * (1 + far % 30) if far % 4 else None
        exits = Exits(
            stop_price=(price - sign * (1 + far % 15)) * TICK, target_price=None if target is None else target * TICK,
            life_ns=20 * SECOND if far % 7 == 0 else None,
        )  # fmt: skip
        self.bench.scripted.says = [
            buy(
                instrument=NAME, side=side, price=price * TICK, fair=(price + sign * 100) * TICK, type=kind,
                qty_max=(1 + which // 4 % 3) * CONTRACT, exits=exits,
                time_in_force="ioc" if kind == "market" else "gtc",
            )
        ]  # fmt: skip
        self.carry(self.bench.cycle())

    def close(self, *_: int) -> None:
        """The strategy itself wants out, at market."""
        held = self.bench.state.held(NAME)
        if held:
            side: Any = "sell" if held > 0 else "buy"
            terms: Any = {"action": "close", "type": "market", "time_in_force": "ioc", "fair": None}
            self.bench.scripted.says = [buy(instrument=NAME, side=side, price=self.price * TICK, **terms)]
            self.carry(self.bench.cycle())

    def send(self, which: int, fate: int) -> None:
        if not self.outbox:
            return
        order = self.outbox.pop(which % len(self.outbox) if which % 3 == 0 else 0)
        obstacle = self.bench.permit(order, self.bench.now)
        how = fate % 9
        if obstacle:
            self.answer(order, NotSent(obstacle))
        elif how == 0:
            self.answer(order, Refused("no", ""))
        elif how == 1:
            self.answer(order, Unknown("lost before it arrived"))
        else:
            told = self.venue.submit(order, self.bench.now)
            if isinstance(told.outcome, Accepted):
                self.arrived[order.order_id] = 0
            self.answer(order, Unknown("lost after it arrived") if how == 2 else told.outcome)

    def send_all(self, *_: int) -> None:
        while self.outbox:
            self.send(1, 8)

    def cancel(self, which: int, lost: int) -> None:
        if self.cancels:
            order_id = self.cancels.pop(which % len(self.cancels))
            if order_id not in self.arrived or lost % 4 == 0:
                self.carry(self.bench.cancel_answered(self.bench.order(order_id).order, NotSent("not_connected")))
            else:
                self.hear_from_venue(self.venue.cancel(order_id, self.bench.now))

    def venue_cancels(self, which: int, _: int) -> None:
        """By itself, as venues do."""
        live = self.venue.market.live()
        if live:
            self.hear_from_venue(self.venue.cancel(live[which % len(live)], self.bench.now))

    def hear(self, which: int, doubled: int) -> None:
        heap = self.answers if which % 2 else self.news
        if heap:
            self.carry(self.bench.take(heap.pop(which // 2 % len(heap)) if doubled % 5 else heap[0]))

    def wait(self, seconds: int, _: int) -> None:
        self.bench.later(seconds % 8 * SECOND)
        self.carry(self.bench.cycle())

    def crash(self, *_: int) -> None:
        self.outbox, self.answers, self.cancels = [], [], []
        self.bench.restart()
        self.bench.show(a_future())
        self.bare_since = None

    def look(self, *_: int) -> None:
        """Evidence for every order of unknown fate."""
        for order_id, order in list(self.bench.state.orders.items()):
            if order.status == "unknown":
                finding: Any = Absent("not in the list")
                if order_id in self.arrived:
                    filled = self.arrived[order_id]
                    live = order_id in self.venue.market.live()
                    finding = Accepted("v", filled, order.order.qty - filled if live else 0)
                self.carry(self.bench.take(EvidenceSeen(order_id, finding, "sim", self.bench.now)))

    def resume(self, *_: int) -> None:
        """A person has looked at it."""
        self.bench.match()
        self.bench.resume()

    # --- the wire ----------------------------------------------------------------------------------------

    def answer(self, order: Order, outcome: Any) -> None:
        self.answers.append(SendAnswered(order.order_id, outcome, self.bench.now))

    def hear_from_venue(self, told: Any) -> None:
        for news in told or ():
            if isinstance(news, FillSeen):
                self.arrived[news.fill.order_id] += news.fill.qty
            self.news.append(news)

    def carry(self, facts: list[Fact]) -> None:
        for fact in facts:
            if isinstance(fact, OrderReleased):
                self.outbox.append(fact.order)
            elif isinstance(fact, CancelReleased):
                self.cancels.append(fact.order_id)

    # --- what must hold ----------------------------------------------------------------------------------

    def check(self) -> None:
        state, now = self.bench.state, self.bench.now
        entered, left, sides = self.moved()
        held = state.held(NAME)
        # A position that entries brought; what a leg's fill brought that overtook its entry's is a person's business.
        owed = held != 0 and ("buy" if held > 0 else "sell") in sides
        if not owed or self.safe() or state.halts:
            self.bare_since = None
        elif self.bare_since is None:
            self.bare_since = now
        # Cycles come at most eight seconds apart, and one may pass between the loss of a stop and its being seen.
        assert self.bare_since is None or now - self.bare_since <= 3 * PROTECT_MAX
        if not any(isinstance(news, FillSeen) for news in self.news):
            told = {halt.cause for halt in self.bench.of(HaltRaised)}
            assert all(qty <= entered.get(name, 0) for name, qty in left.items()) or "late_fill" in told

    def moved(self) -> tuple[dict[str, int], dict[str, int], set[str]]:
        """By intent: what its entry brought, what its legs took, and the sides of those that still owe something."""
        sides: dict[str, str] = {}
        entered: dict[str, int] = {}
        left: dict[str, int] = {}
        for fill in self.bench.state.archive.fills.values():
            order = self.bench.order(fill.order_id)
            name = order.order.intent_id
            if order.order.parent is not None:
                left[name] = left.get(name, 0) + fill.qty
            elif order.intent.action == "open":
                entered[name] = entered.get(name, 0) + fill.qty
                sides[name] = fill.side
        return entered, left, {sides[name] for name, qty in entered.items() if qty > left.get(name, 0)}

    def safe(self) -> bool:
        """Under a stop that rests, or on its way out."""
        state, held = self.bench.state, self.bench.state.held(NAME)
        leaving = any(o.intent.action == "close" and o.order.parent is None for o in state.orders.values())
        return leaving or brackets.protected_qty(brackets.legs(state, NAME), held) >= abs(held)

    def finish(self) -> None:
        """The wire is mended: everything is sent, told and looked for; then the clock runs."""
        for _ in range(4 * PROTECT_MAX // SECOND):
            self.send_all()
            while self.cancels:
                self.cancel(0, 1)
            for heap in (self.answers, self.news):
                while heap:
                    self.carry(self.bench.take(heap.pop(0)))
            self.look()
            self.bar(20, 0)
            self.wait(1, 0)
        state = self.bench.state
        for heap in (self.news, self.answers):
            while heap:
                self.carry(self.bench.take(heap.pop(0)))
        assert state.held(NAME) == self.venue.market.position
        working = {name for name, order in state.orders.items() if order.status == "working"}
        assert working <= set(self.venue.market.live())
        for order in state.orders.values():
            if order.order.parent is not None and order.status == "working":
                parent = state.find_order(order.order.parent)
                assert parent.filled or parent.status not in brackets.GONE, "a child outlives its entry"
        assert self.safe() or state.halts or not self.moved()[2]
        self.bench.restart()


STEPS: dict[str, Any] = {
    "bar": Wire.bar, "propose": Wire.propose, "close": Wire.close, "send": Wire.send, "send_all": Wire.send_all,
    "cancel": Wire.cancel, "venue_cancels": Wire.venue_cancels, "hear": Wire.hear, "wait": Wire.wait,
    "crash": Wire.crash, "look": Wire.look, "resume": Wire.resume,
}  # fmt: skip
COMMON = ("bar", "propose", "send", "hear", "hear", "hear", "wait", "bar", "cancel", "send_all")
numbers = st.integers(0, 10_000)
steps = st.tuples(st.sampled_from((*STEPS, *COMMON)), numbers, numbers)


@settings(max_examples=60)
@given(st.lists(steps, max_size=60), st.sampled_from((None, CONTRACT)))
def test_whatever_the_wire_does_an_entry_is_protected_left_or_a_persons_business(
    taken: list[Step], most_per_bar: int | None
) -> None:
    Wire(most_per_bar).run(taken)


def test_the_wire_does_trade_and_leave() -> None:
    """So that the trial proves something: with an honest wire brackets open and end in both ways."""
    wire = Wire(None)
    for number in range(300):
        wire.propose(4 * number + number % 2, 5 + number % 3)
        wire.send_all()
        for heap in (wire.answers, wire.news):
            while heap:
                wire.carry(wire.bench.take(heap.pop(0)))
        wire.bar(number * 17, number)
        wire.check()
    kinds = {wire.bench.order(fill.order_id).order.type for fill in wire.bench.state.archive.fills.values()}
    assert kinds == {"market", "stop", "limit"}
    assert wire.bench.state.halts == {}
    wire.finish()
