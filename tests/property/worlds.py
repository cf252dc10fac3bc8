"""Small random worlds: markets, noise, an exchange that answers badly, people, crashes of strategies, all from a seed.

A world drives one desk and writes down every input with its time, so that the same inputs can be played to another
desk. Nothing here reads a clock or a hash order: the same seed lives the same life in every process.
"""

import random
from typing import Any, ClassVar, Self

from msgspec import structs
from tests.desk.tiny_exchange import TinyExchange
from tests.model.support import DECI_CENT, T0, TAPERED, a_market

from assent.desk import adopting
from assent.desk.desk import Desk
from assent.desk.strategy import View
from assent.model.assents import AssentSeen
from assent.model.constitution import Constitution
from assent.model.decisions import Decision
from assent.model.facts import CancelReleased, Fact, LookRequested, OrderReleased
from assent.model.inputs import (
    AccountUnavailable,
    AmendmentAsked,
    BarSeen,
    CancelAnswered,
    CancelAsked,
    CashSeen,
    ConstitutionOffered,
    CorrectionSeen,
    DeskStarting,
    DeskStopping,
    EvidenceSeen,
    FillSeen,
    ForecastSeen,
    HaltAsked,
    Input,
    InstrumentSeen,
    KillSwitchSeen,
    LedgerOpening,
    LookAnswered,
    Mode,
    NotSent,
    OrderClosedSeen,
    PhaseSeen,
    QuoteSeen,
    Refused,
    RejectionSeen,
    ResumeAsked,
    SendAnswered,
    SettlementSeen,
    StreamProven,
    TimePassed,
    Unknown,
)
from assent.model.intents import Proposal, Score
from assent.model.levels import CAUSES
from assent.model.orders import Order, order_digest
from assent.model.overrides import OverrideAsked, OverrideEndAsked
from assent.model.policy import Band, Person
from assent.model.settling import AdoptionAsked, ResolutionAsked
from assent.model.units import HOUR, MICRO, SECOND
from assent.strategy.threshold import build

CASH = 200 * MICRO
LIMITS = Constitution(
    series=("KXTEST",), markets=("KXLOOSE-1",), edge_min=5_000, risk_per_trade_max=4 * MICRO, open_positions_max=8,
    total_exposure_max=60 * MICRO, quote_proof_age_max=8 * SECOND, supersede_step_min=20_000,
    approvals=(Band("open", 3_500_000, 1), Band("open", 3_900_000, 2), Band("cancel", 0, 1), Band("claim", 0, 2)),
    approvers=(Person("ada", ("os:ada", "token:ada")), Person("ben", ("token:ben",))),
    approval_life=20 * SECOND, denied_pause_min=30 * SECOND, second_factor_from=3_990_000,
)  # fmt: skip
# What its owner's file may say one day: tighter, looser, and tighter here but looser there.
FILES = (
    structs.replace(LIMITS, edge_min=8_000, risk_per_trade_max=3 * MICRO),
    structs.replace(LIMITS, markets=()),
    structs.replace(LIMITS, risk_per_trade_max=5 * MICRO),
    structs.replace(LIMITS, edge_min=8_000, open_positions_max=9),
)
MARKETS = (
    a_market("KXTEST-26JAN05-A"),
    a_market("KXTEST-26JAN05-B", prices=TAPERED),
    a_market("KXTEST-26JAN05-C", prices=DECI_CENT),
    a_market("KXTEST-26JAN05-D", exclusive_group="KXTEST-26JAN05"),
    a_market("KXLOOSE-1", series="KXLOOSE", close_ts=T0 + HOUR),
    a_market("KXOUT-1", series="KXOUT", event="KXOUT"),
)
Moment = tuple[int, Input]
# What may happen, and how often.
HAPPENINGS = {
    "quote": 60, "forecast": 15, "bar": 3, "cycle": 12, "proof": 8, "news": 40, "execution": 16, "closing": 5,
    "contradiction": 0.3,
    "evidence": 4, "books": 8, "miscount": 0.3, "silence": 0.5, "settlement": 0.1, "resettlement": 0.2,
    "phase": 1.5, "transfer": 0.5, "rejection": 3, "halt": 0.5,
    "resume": 2, "cancel": 1, "restart": 0.4, "file": 0.3, "amendment": 0.6,
    "meddling": 0.15, "acceptance": 1.5, "resolution": 0.8, "answer": 10,
}  # fmt: skip


class Gambler:
    """Proposes anything that is a proposal: both sides, closes, cancels, off the grid, without an edge."""

    def __init__(self, seed: int) -> None:
        self.name = "gambler"
        self._rng = random.Random(seed)

    def on_quote(self, view: View, quote: QuoteSeen) -> list[Proposal] | None:
        rng = self._rng
        if rng.random() < 0.4:
            return None
        action: Any = rng.choice(("open", "open", "open", "close", "cancel", "claim"))
        side: Any = rng.choice(("buy", "sell"))
        price = (quote.ask if side == "buy" else quote.bid) or rng.randrange(MICRO)
        orders = view.open_orders(quote.instrument)
        return [
            Proposal(
                instrument=quote.instrument, action=action, side=side, price=price if rng.random() < 0.9 else price + 1,
                fair=rng.choice((None, price, price + 60_000, price - 60_000, MICRO if side == "buy" else 0)),
                qty_max=rng.choice((None, 10_000, MICRO, rng.randrange(1, 5 * MICRO))),
                time_in_force=rng.choice(("gtc", "ioc", "fok", "day")), life_ns=rng.choice((None, None, 30 * SECOND)),
                order_id=orders[0].order_id if orders else None, post_only=rng.random() < 0.1,
                scores=(Score("confidence", rng.randrange(MICRO)),), reason=rng.choice(("", "a whim", "müde")),
            )
        ]  # fmt: skip


class Vandal:
    """Breaks its contract now and then, each time in another way."""

    def __init__(self, seed: int) -> None:
        self.name = "vandal"
        self._rng = random.Random(seed)

    def on_cycle(self, view: View) -> Any:
        if self._rng.random() < 0.995:
            return None
        thing: Any = self._rng.choice((1, float("nan"), "buy", [None], [0.5], object(), [Proposal("x", price=True)]))
        if thing == 1:
            raise ValueError("\x1b[31mnow and then")
        return thing


class Keeper:
    """Wants each of its cycles on the record; now and then it has an idea as well."""

    name = "keeper"
    records_decisions = True

    def on_cycle(self, view: View) -> Decision:
        quote = view.quote(MARKETS[0].id)
        scores = (Score("dvs", 800_000),)
        if quote is None or quote.ask is None or quote.ask > 200_000:
            return Decision("too dear", scores)
        idea = Proposal(quote.instrument, price=quote.ask, fair=quote.ask + 60_000, qty_max=MICRO, reason="cheap")
        return Decision(scores=scores, proposals=(idea,))


class World:
    """One seed's life. `live(steps)` runs it; `moments` is what came in and `records` what came of it."""

    limits = LIMITS
    files = FILES
    markets = MARKETS
    mode: Mode = "paper"
    cash = CASH
    happenings: ClassVar[dict[str, float]] = HAPPENINGS

    def __init__(self, seed: int, *, ledger: str = "") -> None:
        self.rng = random.Random(seed)
        self._switch = random.Random(seed)
        self._others = random.Random(seed)
        self._people = random.Random(seed)
        self._asides = random.Random(f"asides {seed}")
        self._answered: list[AssentSeen] = []
        self.seed = seed
        self.prepare()
        self.names = tuple(strategy.name for strategy in self.desk.strategies)
        self.now = T0
        self.moments: list[Moment] = []
        self.records: list[tuple[int, Fact]] = []
        # The state's digest after each input that left facts, with the number of records by then.
        self.digests: list[tuple[int, str]] = []
        self.exchange = TinyExchange(self.cash)
        self._later: list[Input] = []
        identity = ledger or f"{seed:016d}"
        self.take(LedgerOpening(identity, self.mode, "sim", "sim", "acc", self.limits, "build", self.now))
        self.take(DeskStarting("build", self.names, self.now))
        self.take(self.exchange.account(self.now))
        self.list_markets()

    def prepare(self) -> None:
        """What this world is made of: its desk, and whatever else it does not share with every other."""
        self.desk = Desk(strategies(self.seed))

    def list_markets(self) -> None:
        for market in self.markets:
            self.take(InstrumentSeen(market, self.now))
            self.take(PhaseSeen(market.id, "open", self.now, self.now))

    def live(self, steps: int) -> Self:
        names, weights = list(self.happenings), list(self.happenings.values())
        for _ in range(steps):
            self.now += self.pause()
            getattr(self, self.rng.choices(names, weights)[0])()
        self.take(DeskStopping("the world ends", self.now))
        return self

    def pause(self) -> int:
        """How long nothing happens."""
        return self.rng.randrange(2 * SECOND)

    def take(self, inp: Input) -> None:
        self.moments.append((self.now, inp))
        facts = list(self.desk.handle(self.now, inp))
        self.records.extend((self.now, fact) for fact in facts)
        if facts:
            self.digests.append((len(self.records), self.desk.state.digest()))
        for fact in facts:
            if type(fact) is OrderReleased:
                self._submit(fact)
            elif type(fact) is CancelReleased:
                self._cancel(fact.order_id)
            elif type(fact) is LookRequested:
                self._look(fact)

    # --- what happens -----------------------------------------------------------------------------------------

    def quote(self) -> None:
        market = self.rng.choice(self.markets)
        middle = self.rng.randrange(3, 97) * 10_000
        bid, ask = (price if self.rng.random() < 0.95 else None for price in (middle - 10_000, middle + 10_000))
        qty = self.rng.randrange(1, 1_000) * 10_000
        self.take(
            QuoteSeen(
                market.id, bid, None if bid is None else qty, ask, None if ask is None else qty, self.now, self.now
            )
        )  # fmt: skip

    def forecast(self) -> None:
        market = self.rng.choice(self.markets)
        self.take(ForecastSeen(market.id, self.rng.randrange(MICRO + 1), "model", self.now, self.now))

    def bar(self) -> None:
        price = self.rng.randrange(1, 99) * 10_000
        self.take(BarSeen(self.rng.choice(self.markets).id, price, price + 10_000, price, price, 5, self.now, self.now))

    def cycle(self) -> None:
        if self._switch.random() < 0.1:
            self._flip()
        self.take(TimePassed(self.now))
        self._set_aside()

    def proof(self) -> None:
        self.take(StreamProven("sim", self.now))

    def news(self) -> None:
        """Something that the exchange has said arrives: any of it, sometimes twice."""
        if self._later:
            place = self.rng.randrange(len(self._later))
            message = self._later[place] if self.rng.random() < 0.2 else self._later.pop(place)
            self.take(message)

    def execution(self) -> None:
        live = [name for name, resting in self.exchange.orders.items() if resting.live]
        if live:
            name = self.rng.choice(live)
            left = self.exchange.orders[name].left
            qty = left if self.rng.random() < 0.5 else max(1, left // 2 // 10_000) * 10_000
            surcharge = 20_000 if self.rng.random() < 0.02 else 0
            fill = self.exchange.execute(name, min(qty, left), self.now, surcharge=surcharge)
            self._later.append(FillSeen(fill, self.now))
            if self.rng.random() < 0.05:
                changed = self.exchange.correct(fill, fill.qty // 20_000 * 10_000, fill.fee // 2, self.now + 1)
                self._later.append(CorrectionSeen(changed, self.now))

    def contradiction(self) -> None:
        """The exchange fills what it had said was off its book."""
        ended = [resting for resting in self.exchange.orders.values() if not resting.live and resting.left]
        if ended:
            resting = self.rng.choice(ended)
            if resting.order.instrument not in self.exchange.settled:
                resting.live = True
                self._later.append(FillSeen(self.exchange.execute(resting.order.order_id, 10_000, self.now), self.now))
                resting.live = False

    def closing(self) -> None:
        live = [name for name, resting in self.exchange.orders.items() if resting.live]
        if live:
            name = self.rng.choice(live)
            self._later.append(OrderClosedSeen(name, "expired", self.exchange.close(name), self.now))

    def evidence(self) -> None:
        unknown = [name for name, order in self.desk.state.orders.items() if order.status == "unknown"]
        for name in unknown:
            self.take(EvidenceSeen(name, self.exchange.find(name), "tiny", self.now))

    def books(self) -> None:
        """All that is still to be told, and the account as it is after exactly that."""
        told, self._later = self._later, []
        for message in told:
            self.take(message)
        self.evidence()
        if not self._later:
            self.take(self.exchange.account(self.now))

    def miscount(self) -> None:
        """The exchange says something else of our cash, once."""
        self.exchange.cash += 1
        self.take(self.exchange.account(self.now))
        self.exchange.cash -= 1

    def silence(self) -> None:
        """The exchange does not say how our account stands."""
        self.take(AccountUnavailable("tiny", "no answer in time", self.now))

    def settlement(self) -> None:
        name = self.rng.choice(self.markets).id
        value = self.rng.choice((0, MICRO, 250_000))
        if name not in self.exchange.settled:
            result: Any = self.exchange.settle(name, value)
            self.take(SettlementSeen(name, result, value, self.now, self.now))

    def resettlement(self) -> None:
        """The exchange pays one of its outcomes anew."""
        if self.exchange.settled:
            name = self.rng.choice(list(self.exchange.settled))
            value = self.rng.choice((0, MICRO, 250_000))
            if value != self.exchange.settled[name]:
                self.now += 1
                self.take(SettlementSeen(name, self.exchange.amend(name, value), value, self.now, self.now))

    def phase(self) -> None:
        phase: Any = self.rng.choice(("open", "open", "paused", "closed"))
        self.take(PhaseSeen(self.rng.choice(self.markets).id, phase, self.now, self.now))

    def transfer(self) -> None:
        amount = self.rng.choice((-1, 1)) * self.rng.randrange(5 * MICRO)
        self.exchange.cash += amount
        self.take(CashSeen(amount, "the owner", self.now))

    def rejection(self) -> None:
        self.take(RejectionSeen("market_data_crossed", "sim", "x\ny", self.now))

    def halt(self) -> None:
        cause = self.rng.choice([name for name in CAUSES if name not in ("strategy_repeats", "kill_switch_guard")])
        self.take(HaltAsked(cause, "watchdog", "now and then", self.now))

    def meddling(self) -> None:
        """Somebody else trades on this account: an order on the book, of which a part may be filled at once."""
        market, dice = self._others.choice(self.markets), self._others
        if market.id in self.exchange.settled:
            return
        side: Any = dice.choice(("buy", "sell"))
        name, price, qty = f"other-{len(self.exchange.orders)}", dice.randrange(5, 95) * 10_000, dice.randrange(1, 5)
        self.exchange.submit(Order(name, "", 1, market.id, side, "limit", price, qty * MICRO, "gtc"))
        if dice.random() < 0.7:
            self._later.append(FillSeen(self.exchange.execute(name, MICRO, self.now), self.now))

    def acceptance(self) -> None:
        """A person takes the exchange's books over, as they are after all that is still to be told; or tries to."""
        self.books()
        plan = adopting.plan_of(self.desk)
        digest = "" if isinstance(plan, str) else plan.digest
        self.take(AdoptionAsked(digest, "ann", "looked at each of them", self.now))

    def resolution(self) -> None:
        """A person asks the exchange by telephone what became of an order, and has what rests of it taken off."""
        for name in [name for name, order in self.desk.state.orders.items() if order.status == "unknown"]:
            resting = self.exchange.orders.get(name)
            if resting is not None and resting.live:
                self._later.append(FillSeen(self.exchange.execute(name, resting.left, self.now), self.now))
            filled = self.exchange.close(name) if resting is not None else 0
            fee = sum(fill.fee for fill in self.exchange.fills if fill.order_id == name)
            said = "their support has it in writing"
            self.take(ResolutionAsked(name, filled, None, fee if filled else None, said, "ann", "asked", self.now))

    def answer(self) -> None:
        """Somebody answers a question: mostly the right person to the right terms, now and then all wrong."""
        dice, asked = self._people, list(self.desk.state.asked.values())
        if not asked or (self._answered and dice.random() < 0.05):
            self.take(self._answered[-1] if self._answered else self._an_answer("234567", "no terms"))
            return
        one = dice.choice(asked)
        named = one.code if dice.random() < 0.7 else one.intent.intent_id[: dice.randrange(4, 19)]
        terms = one.terms if dice.random() < 0.9 else dice.choice(asked).terms
        self._answered.append(self._an_answer(named, terms))
        self.take(self._answered[-1])

    def _an_answer(self, named: str, terms: str) -> AssentSeen:
        dice = self._people
        return AssentSeen(
            dice.choices(("approve", "reject", "expire"), (12, 2, 1))[0], named, terms,
            dice.choice(("os:ada", "token:ada", "token:ben", "token:ben", "os:nobody")),
            dice.choice(("web", "terminal")), f"m-{len(self._answered)}", self.now, factor=dice.random() < 0.5,
            reason="a whim",
        )  # fmt: skip

    def _flip(self) -> None:
        """The owner's kill switch: on now and then, and off again. It has dice of its own."""
        is_set = self._switch.random() < 0.2
        exits = self._switch.random() < 0.5
        self.take(KillSwitchSeen(is_set, exits, "STOP is there" if is_set else "", self.now))

    def _set_aside(self) -> None:
        """A person sets a halt aside for a while, or takes it back. It has dice of its own."""
        dice, standing = self._asides, list(self.desk.state.halts)
        if standing and dice.random() < 0.3:
            cause, life = dice.choice(standing), dice.choice((SECOND, 20 * SECOND, HOUR))
            factor = dice.random() < 0.9
            self.take(OverrideAsked(cause, life, "ann", "it is known", self.now, factor=factor))
        if standing and dice.random() < 0.1:
            self.take(OverrideEndAsked(dice.choice(standing), "ann", "", self.now))

    def resume(self) -> None:
        self.take(ResumeAsked("", "ann", "looked at it", self.now))

    def cancel(self) -> None:
        self.take(CancelAsked("", "ann", self.now))

    def file(self) -> None:
        """A start with another file."""
        self.take(ConstitutionOffered(self.rng.choice(self.files), self.now))

    def amendment(self) -> None:
        """A person goes back to the first limits, if the books allow it."""
        seal = self.desk.state.seal
        digest = seal.constitution_digest if seal else ""
        self.take(AmendmentAsked(digest, self.limits, "ann", "back to the old", self.now))

    def restart(self) -> None:
        """In the records a restart is only another start; the soft state stays, as in a process that lives on."""
        self.take(DeskStarting("build-2", self.names, self.now))

    # --- the exchange's side ------------------------------------------------------------------------------------

    def _submit(self, fact: OrderReleased) -> None:
        order, chance = fact.order, self.rng.random()
        obstacle = self.desk.permit(order.order_id, self.now, order_digest(order))
        outcome: Any = NotSent(obstacle or "not_connected")
        if obstacle is None and chance > 0.03:
            outcome = Refused("insufficient_balance", "no\x07") if chance < 0.1 else self.exchange.submit(order)
            if chance > 0.9:
                outcome = Unknown("no answer in time")
        self._later.append(SendAnswered(order.order_id, outcome, self.now))

    def _look(self, asked: LookRequested) -> None:
        """The exchange's book: mostly as it was, sometimes moved or with a side gone, sometimes no answer at all."""
        rng, market = self.rng, self.desk.markets.get(asked.instrument)
        seen, chance = market.quote if market else None, self.rng.random()
        if chance < 0.05:
            return
        quote = None
        if seen is not None and chance > 0.12:
            moved = rng.choice((0, 0, 0, 0, -10_000, 10_000, -20_000, 20_000, 70_000, -70_000))
            sides = (None if price is None else price + moved for price in (seen.bid, seen.ask))
            bid, ask = (price if price and 0 < price < MICRO and rng.random() < 0.95 else None for price in sides)
            qty = rng.randrange(1, 1_000) * 10_000
            quote = QuoteSeen(asked.instrument, bid, bid and qty, ask, ask and qty, self.now, self.now)
        self._later.append(LookAnswered(asked.intent_id, quote, "" if quote else "down\x07", self.now))

    def _cancel(self, order_id: str) -> None:
        resting = self.exchange.orders.get(order_id)
        outcome: Any = Refused("not_found", "")
        if resting is not None and resting.live and self.rng.random() < 0.8:
            self.exchange.close(order_id)
            outcome = self.exchange.find(order_id)
        self._later.append(CancelAnswered(order_id, outcome, self.now))


def strategies(seed: int) -> tuple[Any, ...]:
    """Fresh ones, with the same memory of nothing."""
    return build("threshold", {"edge_min": 10_000}), Gambler(seed), Vandal(seed), Keeper()


def play(moments: list[Moment], seed: int) -> Desk:
    """The same inputs at the same times to another desk. Its facts are the caller's to collect."""
    desk = Desk(strategies(seed))
    for ts, inp in moments:
        desk.handle(ts, inp)
    return desk
