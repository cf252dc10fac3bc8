"""A desk on the bench: sealed, funded, its books matched, one market open and quoted, and short words to work it.

Every fact that comes out is encoded to its canonical bytes, and the books are checked after every input.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import structs
from tests.model.support import T0, a_market

from assent.desk.desk import Desk
from assent.desk.state import OrderState
from assent.desk.strategy import View
from assent.model.belts import Belts
from assent.model.constitution import Constitution
from assent.model.facts import CancelReleased, Fact, OrderReleased, decode_fact, encode_fact, kind_of
from assent.model.fees import fee_estimate
from assent.model.inputs import (
    Absent,
    Accepted,
    AccountSeen,
    BarSeen,
    CancelAnswered,
    CancelAsked,
    CashSeen,
    CorrectionSeen,
    DeskStarting,
    EvidenceSeen,
    FillSeen,
    HaltAsked,
    Holding,
    Input,
    InstrumentSeen,
    KillSwitchSeen,
    LedgerOpening,
    Mode,
    NotSent,
    OrderClosedSeen,
    PhaseSeen,
    QuoteSeen,
    Refused,
    Result,
    ResumeAsked,
    SendAnswered,
    SettlementSeen,
    TimePassed,
    Unknown,
)
from assent.model.instruments import BinaryContract, Instrument
from assent.model.intents import Proposal
from assent.model.orders import Correction, Fill, Order, order_digest
from assent.model.overrides import OverrideAsked, OverrideEndAsked
from assent.model.units import HOUR, MICRO, MINUTE, SECOND

CONTRACT = MICRO
MARKET = a_market()
WIDE = Constitution(
    series=("KXTEST", "MES"),
    edge_min=20_000,
    risk_per_trade_max=10 * MICRO,
    open_positions_max=10,
    total_exposure_max=500 * MICRO,
    quote_proof_age_max=10 * SECOND,
    # The last look has tests of its own: elsewhere a proof that was young enough to decide on is so for the release.
    look_proof_age_max=HOUR,
)


def limits(**changes: Any) -> Constitution:
    return structs.replace(WIDE, **changes)


class Scripted:
    """A strategy that says at the next cycle what the test wants it to say, once."""

    def __init__(self, name: str = "scripted") -> None:
        self.name = name
        self.says: Any = None

    def on_cycle(self, view: View) -> Any:
        said, self.says = self.says, None
        return said


def opening(mode: Mode = "paper", constitution: Constitution = WIDE, ledger: str = "0" * 16) -> LedgerOpening:
    return LedgerOpening(ledger, mode, "sim", "sim", "acc", constitution, "build", T0)


class Bench:
    """See the module's first lines."""

    def __init__(
        self,
        *,
        mode: Mode = "paper",
        constitution: Constitution = WIDE,
        cash: int = 1_000 * MICRO,
        markets: Sequence[Instrument] = (MARKET,),
        strategies: Sequence[Any] = (),
        ledger: str = "0" * 16,
        matched: bool = True,
    ) -> None:
        self.scripted = Scripted()
        self.desk = Desk((self.scripted, *strategies))
        self.now = T0
        self.records: list[tuple[int, Fact]] = []
        self._fills = 0
        self.take(opening(mode, constitution, ledger))
        self.take(DeskStarting("build", tuple(s.name for s in self.desk.strategies), self.now))
        if cash:
            self.take(CashSeen(cash, "deposit", self.now))
        if matched:
            self.match()
        for market in markets:
            self.show(market)
        self.cycle()

    @property
    def state(self) -> Any:
        return self.desk.state

    @property
    def facts(self) -> list[Fact]:
        return [fact for _, fact in self.records]

    def of(self, kind: type) -> list[Any]:
        return [fact for fact in self.facts if type(fact) is kind]

    # --- inputs ---------------------------------------------------------------------------------------

    def take(self, inp: Input) -> list[Fact]:
        facts = list(self.desk.handle(self.now, inp))
        for fact in facts:
            encode_fact(fact)
        self.records.extend((self.now, fact) for fact in facts)
        assert sum(self.state.accounts.values()) == 0
        return facts

    def later(self, nanoseconds: int) -> "Bench":
        self.now += nanoseconds
        return self

    def show(self, market: Instrument, *, phase: Any = "open") -> None:
        self.take(InstrumentSeen(market, self.now))
        self.take(PhaseSeen(market.id, phase, self.now, self.now))
        if isinstance(market, BinaryContract):
            self.quote(market.id)

    def quote(self, name: str = MARKET.id, bid: int | None = 490_000, ask: int | None = 500_000) -> list[Fact]:
        qty = 1_000 * MICRO
        return self.take(
            QuoteSeen(
                name, bid, None if bid is None else qty, ask, None if ask is None else qty, self.now, self.now
            )
        )  # fmt: skip

    def bar(self, close: int, name: str = "MESTEST", spread: int = 1) -> list[Fact]:
        """One bar that closes at so many points."""
        at, wide = close * MICRO, spread * MICRO
        return self.take(BarSeen(name, at, at + wide, at - wide, at, 0, self.now, self.now))

    def cycle(self) -> list[Fact]:
        return self.take(TimePassed(self.now))

    def propose(self, *proposals: Proposal) -> list[Fact]:
        """Say it at a cycle of the clock, on the quote that stands."""
        return self.say(list(proposals))

    def say(self, anything: Any) -> list[Fact]:
        self.scripted.says = anything
        return self.cycle()

    def permit(self, order: Order, now: int) -> str | None:
        """Why these very bytes must not leave at this time."""
        return self.desk.permit(order.order_id, now, order_digest(order))

    def match(self, cash: int | None = None, orders: Iterable[str] | None = None) -> list[Fact]:
        """The venue's books as the desk's own are, or with another cash."""
        state = self.state
        resting = [name for name, order in state.orders.items() if order.status == "working"]
        holdings = tuple(Holding(name, position.qty) for name, position in state.positions.items())
        return self.take(
            AccountSeen(
                state.cash if cash is None else cash, holdings, tuple(resting if orders is None else orders), "sim",
                self.now, self.now,
            )
        )  # fmt: skip

    # --- the life of an order ---------------------------------------------------------------------------

    def release(self, **terms: Any) -> Order:
        """Propose with these terms; the order that was released for it."""
        found = [fact.order for fact in self.propose(buy(**terms)) if isinstance(fact, OrderReleased)]
        assert len(found) == 1, self.facts[-1]
        return found[0]

    def bracket(self, **terms: Any) -> list[Order]:
        """Propose an entry with exits; it and its legs, all accepted by the venue."""
        orders = [fact.order for fact in self.propose(buy(**terms)) if isinstance(fact, OrderReleased)]
        assert orders, self.facts[-1]
        for order in orders:
            self.accept(order)
        return orders

    def order(self, order: Order | str) -> OrderState:
        found = self.state.find_order(order if isinstance(order, str) else order.order_id)
        assert found is not None
        return found  # type: ignore[no-any-return]

    def accept(self, order: Order, *, filled: int = 0, remaining: int | None = None) -> list[Fact]:
        left = order.qty - filled if remaining is None else remaining
        return self.answer(order, Accepted("v-" + order.order_id[:8], filled, left))

    def answer(self, order: Order, outcome: Accepted | Refused | NotSent | Unknown) -> list[Fact]:
        return self.take(SendAnswered(order.order_id, outcome, self.now))

    def evidence(self, order: Order, finding: Accepted | Absent) -> list[Fact]:
        return self.take(EvidenceSeen(order.order_id, finding, "sim", self.now))

    def closed(self, order: Order, filled: int, why: str = "cancelled") -> list[Fact]:
        return self.take(OrderClosedSeen(order.order_id, why, filled, self.now))

    def cancel_answered(self, order: Order, outcome: Accepted | Refused | NotSent | Unknown) -> list[Fact]:
        return self.take(CancelAnswered(order.order_id, outcome, self.now))

    def ask_cancel(self, order_id: str = "", by: str = "ann") -> list[CancelReleased]:
        return [f for f in self.take(CancelAsked(order_id, by, self.now)) if isinstance(f, CancelReleased)]

    def fill(self, order: Order, qty: int | None = None, **changes: Any) -> list[Fact]:
        return self.take(FillSeen(self.a_fill(order, qty, **changes), self.now))

    def a_fill(self, order: Order, qty: int | None = None, **changes: Any) -> Fill:
        """A fill at the order's own price with the fee that we expect, unless the changes say otherwise."""
        self._fills += 1
        values: dict[str, Any] = {
            "fill_id": f"f-{self._fills}", "order_id": order.order_id, "instrument": order.instrument,
            "side": order.side, "price": order.price, "qty": order.qty if qty is None else qty,
            "taker": True, "venue_ts": self.now,
        } | changes  # fmt: skip
        if "fee" not in values:
            instrument = self.state.find_instrument(order.instrument)
            values["fee"] = fee_estimate(instrument, order.side, values["price"], values["qty"])
        return Fill(**values)

    def correct(self, fill: Fill, **changes: Any) -> list[Fact]:
        values = {"fill_id": fill.fill_id, "price": fill.price, "qty": fill.qty, "fee": fill.fee, "venue_ts": self.now}
        return self.take(CorrectionSeen(Correction(**(values | changes)), self.now))

    def hold(self, **terms: Any) -> Order:
        """Release, accept and fill an order whole."""
        order = self.release(**terms)
        self.accept(order, filled=order.qty)
        self.fill(order)
        return order

    def restart(self, *strategies: Any, belts: Belts | None = None) -> list[Fact]:
        """The process dies; another one restores from the records' own bytes and starts; other strategies if named."""
        kept = [(ts, decode_fact(kind_of(fact), 1, encode_fact(fact))) for ts, fact in self.records]
        digest = self.state.digest()
        self.desk = Desk(strategies or self.desk.strategies)
        self.desk.restore(kept)
        assert self.state.digest() == digest
        return self.take(DeskStarting("build", tuple(s.name for s in self.desk.strategies), self.now, belts=belts))

    # --- people and markets -----------------------------------------------------------------------------

    def halt(self, cause: str = "operator", by: str = "ann") -> list[Fact]:
        return self.take(HaltAsked(cause, by, "drill", self.now))

    def switch(self, *, is_set: bool = True, exits: bool = False, detail: str = "STOP is there") -> list[Fact]:
        return self.take(KillSwitchSeen(is_set, exits, detail if is_set else "", self.now))

    def resume(self, cause: str = "", by: str = "ann", reason: str = "looked at it") -> list[Fact]:
        return self.take(ResumeAsked(cause, by, reason, self.now))

    def override(self, cause: str = "operator", *, by: str = "ada", **asked: Any) -> list[Fact]:
        """For half an hour, with everything that it takes, unless asked otherwise."""
        values = {"life_ns": 30 * MINUTE, "reason": "it is known", "factor": True} | asked
        return self.take(OverrideAsked(cause=cause, by=by, received_ts=self.now, **values))

    def end_override(self, cause: str = "operator", by: str = "ada", reason: str = "enough") -> list[Fact]:
        return self.take(OverrideEndAsked(cause, by, reason, self.now))

    def settle(self, result: Result, value: int | None = None, name: str = MARKET.id) -> list[Fact]:
        worth = {"yes": MICRO, "no": 0}.get(result, 0) if value is None else value
        return self.take(SettlementSeen(name, result, worth, self.now, self.now))


def buy(**terms: Any) -> Proposal:
    """Buying YES at the ask with a good edge, unless the terms say otherwise."""
    values: dict[str, Any] = {"instrument": MARKET.id, "price": 500_000, "fair": 600_000, "time_in_force": "gtc"}
    return Proposal(**(values | terms))


def sell(**terms: Any) -> Proposal:
    """Buying NO at the bid with a good edge, unless the terms say otherwise."""
    return buy(**({"side": "sell", "price": 490_000, "fair": 390_000} | terms))


def close(**terms: Any) -> Proposal:
    """Giving a long position back at the bid."""
    return buy(**({"action": "close", "side": "sell", "price": 490_000, "fair": None} | terms))


def kinds(facts: Iterable[Fact]) -> list[str]:
    return [type(fact).__name__ for fact in facts]
