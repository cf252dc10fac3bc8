"""One desk, one honest exchange, and a dishonest wire between them: lost, late, doubled, reordered, with crashes.

A trial takes steps, each a name and three numbers, so that hypothesis can draw and shrink them and a seeded walk can
go far. What must hold is checked after every step, and at the end everything is told and the two books must agree.
"""

from collections.abc import Callable
from typing import Any

from tests.desk.support import Bench, Scripted, buy
from tests.desk.tiny_exchange import Resting, TinyExchange
from tests.model.support import a_market

from assent.desk.exposure import total_exposure
from assent.desk.fold import fold
from assent.model.constitution import Constitution
from assent.model.facts import (
    CancelReleased,
    DiscrepancyFound,
    Fact,
    FillBooked,
    OrderQuarantined,
    OrderReleased,
    decode_fact,
    encode_fact,
    kind_of,
)
from assent.model.inputs import (
    CancelAnswered,
    EvidenceSeen,
    FillSeen,
    Input,
    NotSent,
    OrderClosedSeen,
    Refused,
    SendAnswered,
    SettlementSeen,
    Unknown,
)
from assent.model.levels import Level
from assent.model.orders import Order
from assent.model.units import MICRO, SECOND

CASH = 30 * MICRO
MARKETS = tuple(a_market(f"KXTEST-26JAN05-{letter}") for letter in "ABCDEFGH")
TIGHT = Constitution(
    series=("KXTEST",), edge_min=0, risk_per_trade_max=6 * MICRO, open_positions_max=4, total_exposure_max=15 * MICRO,
    quote_proof_age_max=10 * SECOND,
)  # fmt: skip
# A step: what happens, and three numbers that say to whom and how.
Step = tuple[str, int, int, int]
NUMBER_MAX = 10_000


class Trial:
    """See the module's first lines."""

    def __init__(self) -> None:
        self.second = Scripted("second")
        self.bench = Bench(constitution=TIGHT, cash=CASH, markets=MARKETS, strategies=(self.second,))
        self.exchange = TinyExchange(CASH)
        self.outbox: list[Order] = []
        self.delayed: list[Order] = []
        # Answers die with the process that waits for them; what the venue tells anybody can be asked for again.
        self.answers: list[SendAnswered | CancelAnswered] = []
        self.news: list[Input] = []
        self._cancels_answered = 0
        self._facts_checked = 0

    def run(self, steps: list[Step]) -> None:
        for name, *numbers in steps:
            STEPS[name][1](self, *numbers)
            self.check()
        self.finish()

    # --- inside wants something -------------------------------------------------------------------------

    def propose(self, which: int, cents: int, qty: int) -> None:
        market, side = MARKETS[which % 8], ("buy", "sell")[which // 8 % 2]
        action: Any = "close" if which // 16 % 4 == 0 else "open"
        price = (5 + cents % 90) * 10_000
        self.bench.later(SECOND // 10).quote(market.id, price, price + 10_000)
        idea = buy(
            instrument=market.id, side=side, price=price, fair=MICRO if side == "buy" else 0, action=action,
            qty_max=(1 + qty % 900) * 10_000,
        )  # fmt: skip
        (self.second if which // 64 % 2 else self.bench.scripted).says = [idea]
        self._released(self.bench.cycle())
        self._answer_cancels(0)

    def send(self, which: int, fate: int, wait: int) -> None:
        """Permit, then bytes leave: they arrive or not, now or later, and the answer comes or not."""
        if not self.outbox:
            return
        order = self.outbox.pop(which % len(self.outbox))
        self.bench.later(3 * SECOND if wait % 10 == 0 else 0)
        obstacle = self.bench.permit(order, self.bench.now)
        if obstacle:
            self._answer(order, NotSent(obstacle))
            return
        leaves = self.bench.order(order).intent.action == "close"
        assert self.bench.state.level <= (Level.REDUCING if leaves else Level.TRADING)
        how = fate % 8
        if how == 0:
            self._answer(order, Refused("insufficient_balance", ""))
        elif how == 1:
            self._answer(order, Unknown("lost before it arrived"))
        elif how == 2:
            self.exchange.submit(order)
            self._answer(order, Unknown("lost after it arrived"))
        elif how == 3:
            self.delayed.append(order)
            self._answer(order, Unknown("nobody knows yet"))
        else:
            self._answer(order, self.exchange.submit(order))

    def trade(self, which: int, cents: int, qty: int) -> None:
        """The ordinary case in one step: propose, send, mostly be accepted, hear of it."""
        self.propose(which, cents, qty)
        self.send(len(self.outbox) - 1, qty // 900, 1)
        self.hear_an_answer(-1, 0, 0)

    def a_person_cancels(self, which: int, answer: int, _: int) -> None:
        known = list(self.bench.state.orders)
        self.bench.ask_cancel(known[which % len(known)] if known and which % 4 else "")
        self._answer_cancels(answer)

    def a_person_halts(self, *_: int) -> None:
        self.bench.halt()
        self._answer_cancels(0)

    def a_person_resumes(self, *_: int) -> None:
        self.reconcile(0, 0, 0)
        self.bench.resume()

    # --- outside happens ---------------------------------------------------------------------------------

    def a_late_request_ends(self, which: int, arrives: int, _: int) -> None:
        if self.delayed:
            order = self.delayed.pop(which % len(self.delayed))
            if arrives % 2:
                self.exchange.submit(order)

    def the_exchange_fills(self, which: int, part: int, _: int) -> None:
        resting = self._one_live(which)
        if resting:
            qty = resting.left if part % 3 == 0 else max(10_000, resting.left * (part % 100) // 1_000_000 * 10_000)
            fill = self.exchange.execute(resting.order.order_id, qty, self.bench.now)
            self.news.append(FillSeen(fill, self.bench.now))
            if not resting.live and part % 2:
                self._closed(resting, "executed")

    def the_exchange_closes(self, which: int, *_: int) -> None:
        resting = self._one_live(which)
        if resting:
            self.exchange.close(resting.order.order_id)
            self._closed(resting, "expired")

    def a_market_settles(self, which: int, value: int, _: int) -> None:
        name = MARKETS[which % 8].id
        if name in self.exchange.settled:
            return
        for resting in self.exchange.orders.values():
            if resting.live and resting.order.instrument == name:
                self._closed(resting, "market closed")
        self.exchange.settle(name, (0, MICRO, 300_000)[value % 3])
        self.news.append(self._settlement(name))

    # --- the wire ------------------------------------------------------------------------------------------

    def hear_an_answer(self, which: int, again: int, _: int) -> None:
        if self.answers:
            place = which % len(self.answers)
            self._hear(self.answers[place] if again % 4 == 1 else self.answers.pop(place))

    def hear_news(self, which: int, again: int, _: int) -> None:
        if self.news:
            place = which % len(self.news)
            self._hear(self.news[place] if again % 4 == 1 else self.news.pop(place))

    def lose_news(self, which: int, *_: int) -> None:
        if self.news:
            self.news.pop(which % len(self.news))

    def ask_for_evidence(self, *_: int) -> None:
        """Of what is not known. While a request of ours may still be under way, absence is no evidence."""
        under_way = {order.order_id for order in self.delayed}
        for name, order in self.bench.state.orders.items():
            if order.status == "unknown" and name not in under_way:
                self.news.append(EvidenceSeen(name, self.exchange.find(name), "tiny", self.bench.now))

    def reconcile(self, *_: int) -> None:
        """Every fill and settlement, what became of each order, and the account after exactly these."""
        bench, under_way = self.bench, {order.order_id for order in self.delayed}
        for fill in self.exchange.fills:
            bench.take(FillSeen(fill, bench.now))
        for name in self.exchange.settled:
            bench.take(self._settlement(name))
        for name, order in list(bench.state.orders.items()):
            found = self.exchange.find(name)
            if order.status == "unknown" and name not in under_way:
                bench.take(EvidenceSeen(name, found, "tiny", bench.now))
            elif order.status in ("working", "closing") and not self.exchange.orders[name].live:
                bench.take(OrderClosedSeen(name, "found", self.exchange.orders[name].filled, bench.now))
        bench.later(1).take(self.exchange.account(bench.now))
        self._answer_cancels(0)

    def the_process_dies(self, *_: int) -> None:
        self.outbox.clear()
        self.answers.clear()
        self.bench.restart()
        self.bench.match()
        for market in MARKETS:
            self.bench.show(market, phase="settled" if market.id in self.exchange.settled else "open")
        self._answer_cancels(0)

    # --- what must hold --------------------------------------------------------------------------------------

    def check(self) -> None:
        state, facts = self.bench.state, self.bench.facts[self._facts_checked :]
        self._facts_checked += len(facts)
        assert not [f for f in facts if isinstance(f, OrderQuarantined | DiscrepancyFound)], "an honest venue, accused"
        assert state.halts.keys() <= {"operator", "unknown_overdue"}
        for name, resting in self.exchange.orders.items():
            known = self.bench.order(name)
            assert 0 <= known.filled <= resting.filled <= known.order.qty
            assert known.filled + known.open_qty >= resting.filled
            assert not resting.live or known.open_qty == known.order.qty - known.filled
        assert state.cash >= state.reserved()

    def finish(self) -> None:
        """Everything is told at last; then the two books must agree, and the ledger must fold to what is there."""
        bench = self.bench
        for order in self.outbox:
            bench.take(SendAnswered(order.order_id, NotSent("stopping"), bench.now))
        self.delayed.clear()
        for message in (*self.answers, *self.news):
            bench.take(message)
        # An answer may let a cancel go that was kept for it: that reaches the exchange before the last look as well.
        self._answer_cancels(0)
        self.reconcile()
        self.check()
        assert bench.state.cash == self.exchange.cash
        assert all(bench.state.held(market.id) == self.exchange.held(market.id) for market in MARKETS)
        assert len(bench.of(FillBooked)) == len(self.exchange.fills)
        live = {name for name, resting in self.exchange.orders.items() if resting.live}
        assert {name for name, order in bench.state.orders.items() if order.open_qty} == live
        stored = [(ts, decode_fact(kind_of(fact), 1, encode_fact(fact))) for ts, fact in bench.records]
        assert fold(stored).digest() == bench.state.digest()

    # --- small parts -------------------------------------------------------------------------------------

    def _hear(self, message: Input) -> None:
        self._released(self.bench.take(message))
        self._answer_cancels(0)

    def _released(self, told: list[Fact]) -> None:
        """Every entry leaves with all worst cases together, its own included, within the caps."""
        orders = [fact.order for fact in told if isinstance(fact, OrderReleased)]
        self.outbox.extend(orders)
        if any(self.bench.order(order).intent.action == "open" for order in orders):
            state = self.bench.state
            assert total_exposure(state) <= TIGHT.total_exposure_max
            assert len({*state.positions, *(o.order.instrument for o in state.orders.values())}) <= 5
            assert state.cash >= state.reserved()

    def _answer(self, order: Order, outcome: Any) -> None:
        self.answers.append(SendAnswered(order.order_id, outcome, self.bench.now))

    def _closed(self, resting: Resting, why: str) -> None:
        self.news.append(OrderClosedSeen(resting.order.order_id, why, resting.filled, self.bench.now))

    def _settlement(self, name: str) -> SettlementSeen:
        value = self.exchange.settled[name]
        result: Any = {MICRO: "yes", 0: "no"}.get(value, "scalar")
        return SettlementSeen(name, result, value, self.bench.now, self.bench.now)

    def _one_live(self, which: int) -> Resting | None:
        live = [resting for resting in self.exchange.orders.values() if resting.live]
        return live[which % len(live)] if live else None

    def _answer_cancels(self, how: int) -> None:
        """Every cancel that the desk has asked for since the last look reaches the exchange, or does not."""
        asked = [fact.order_id for fact in self.bench.of(CancelReleased)][self._cancels_answered :]
        self._cancels_answered += len(asked)
        for name in asked:
            resting = self.exchange.orders.get(name)
            outcome: Any = Refused("not_found", "")
            if how % 8 == 1:
                outcome = NotSent("not_connected")
            elif how % 8 == 2:
                outcome = Unknown("no answer in time")
            elif resting is not None and resting.live:
                self.exchange.close(name)
                outcome = self.exchange.find(name)
                self._closed(resting, "cancelled")
            self.answers.append(CancelAnswered(name, outcome, self.bench.now))


# How often each step is taken, and what it does.
STEPS: dict[str, tuple[int, Callable[..., None]]] = {
    "propose": (8, Trial.propose),
    "send": (10, Trial.send),
    "trade": (16, Trial.trade),
    "the_exchange_fills": (18, Trial.the_exchange_fills),
    "the_exchange_closes": (4, Trial.the_exchange_closes),
    "hear_an_answer": (16, Trial.hear_an_answer),
    "hear_news": (18, Trial.hear_news),
    "lose_news": (2, Trial.lose_news),
    "ask_for_evidence": (5, Trial.ask_for_evidence),
    "a_late_request_ends": (5, Trial.a_late_request_ends),
    "a_person_cancels": (2, Trial.a_person_cancels),
    "a_person_halts": (1, Trial.a_person_halts),
    "a_person_resumes": (5, Trial.a_person_resumes),
    "reconcile": (5, Trial.reconcile),
    "the_process_dies": (2, Trial.the_process_dies),
    "a_market_settles": (1, Trial.a_market_settles),
}
WEIGHTED = [name for name, (weight, _) in STEPS.items() for _ in range(weight)]
