"""A bench for testing a strategy: the real desk with one strategy on it, open markets and money.

    bench = Bench(build("mine", {}))
    bench.forecast("0.60")
    told = bench.quote(bid="0.48", ask="0.50")
    assert [order.side for order in told.orders] == ["buy"]

What is fed goes through the desk's one door, so sizes, fees, rules and refusals are those of a run. Prices, money and
contracts are text; there is no clock but the bench's own, no file and no network.
"""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, NamedTuple

from msgspec import structs

from assent.desk.desk import Desk
from assent.desk.proposing import PROPOSALS_MAX
from assent.desk.strategy import HOOKS, Proposals, Strategy
from assent.model import inputs
from assent.model.constitution import Constitution
from assent.model.errors import require
from assent.model.facts import Fact, IntentProposed, IntentRefused, LookRequested, OrderReleased, StrategyStopped
from assent.model.fees import fee_estimate
from assent.model.grids import CENT_GRID, WHOLE_CONTRACTS
from assent.model.inputs import Input
from assent.model.instruments import BinaryContract, QuadraticFee
from assent.model.intents import Intent, Proposal
from assent.model.orders import Fill, Order
from assent.model.reasons import REASONS
from assent.model.units import DAY, MICRO, SECOND, format_micros, format_money, format_qty, parse_micros

MARKET = "RAIN-MONDAY"
SERIES = "RAIN"
MORNING = 1_767_571_200 * SECOND
# Small and plain: what a test changes, it says (`Bench(strategy, limits=structs.replace(LIMITS, ...))`).
LIMITS = Constitution(series=(SERIES,))


class Told(NamedTuple):
    """What one thing that was fed led to: the strategy's ideas, and what the desk made of them."""

    proposals: tuple[Proposal, ...]
    intents: tuple[Intent, ...]
    orders: tuple[Order, ...]
    refusals: tuple[IntentRefused, ...]
    stopped: str
    facts: tuple[Fact, ...]

    @property
    def reasons(self) -> list[str]:
        """Why ideas were refused, by code."""
        return [refusal.reason for refusal in self.refusals]

    def __str__(self) -> str:
        lines = [_proposed(proposal) for proposal in self.proposals]
        lines += [_released(order) for order in self.orders]
        lines += [f"refused: {one.reason} ({REASONS[one.reason].sentence})" for one in self.refusals]
        lines += [f"stopped: {self.stopped}"] if self.stopped else []
        return "\n".join(lines) or "nothing was proposed"


class Bench:
    """One desk, one strategy, and short words to feed it. Each thing fed takes a second."""

    def __init__(
        self,
        strategy: Strategy,
        *,
        limits: Constitution = LIMITS,
        cash: str = "1000.00",
        markets: Sequence[str] = (MARKET,),
    ) -> None:
        self._ear = _Ear(strategy)
        self.desk = Desk([self._ear])
        self.now = MORNING
        self._fills = 0
        opening = inputs.LedgerOpening("0" * 16, "paper", "kalshi", "sim", "bench", limits, "bench", self.now)
        self.feed(opening)
        self.feed(inputs.DeskStarting("bench", (strategy.name,), self.now))
        self.feed(inputs.AccountSeen(parse_micros(cash), (), (), "kalshi", self.now, self.now))
        for name in markets:
            self.feed(inputs.InstrumentSeen(a_market(name), self.now))
            self.feed(inputs.PhaseSeen(name, "open", self.now, self.now))

    def quote(self, bid: str | None = None, ask: str | None = None, *, qty: str = "100", market: str = MARKET) -> Told:
        """A quote with so many contracts on each side; None for an empty side."""
        shown = parse_micros(qty)
        sides = [(None, None) if price is None else (parse_micros(price), shown) for price in (bid, ask)]
        (bid_at, bid_qty), (ask_at, ask_qty) = sides
        now = self._next()
        return self.feed(inputs.QuoteSeen(market, bid_at, bid_qty, ask_at, ask_qty, now, now))

    def forecast(self, probability: str, *, market: str = MARKET) -> Told:
        """An outside estimate of the probability of YES: "0.60"."""
        now = self._next()
        return self.feed(inputs.ForecastSeen(market, parse_micros(probability), "bench", now, now))

    def cycle(self) -> Told:
        """One cycle of the desk."""
        return self.feed(inputs.TimePassed(self._next()))

    def wait(self, seconds: int) -> None:
        """Let time pass in which nothing happens."""
        self.now += seconds * SECOND

    def fill(self, order: Order, *, qty: str | None = None) -> Told:
        """The exchange fills the order, whole or so many contracts, and nothing of it rests any more."""
        size = order.qty if qty is None else parse_micros(qty)
        market = self.desk.markets[order.instrument].instrument
        fee = fee_estimate(market, order.side, order.price, size)
        self._fills += 1
        now = self._next()
        fill = Fill(
            f"fill-{self._fills}", order.order_id, order.instrument, order.side, order.price, size, fee, True, now
        )  # fmt: skip
        self.feed(inputs.FillSeen(fill, now))
        return self.feed(inputs.SendAnswered(order.order_id, inputs.Accepted(f"venue-{self._fills}", size, 0), now))

    def settle(self, result: inputs.Result, *, market: str = MARKET) -> Told:
        """The market ends: "yes" or "no"."""
        now = self._next()
        value = MICRO if result == "yes" else 0
        return self.feed(inputs.SettlementSeen(market, result, value, now, now))

    def held(self, market: str = MARKET) -> int:
        """What is held, in millionths of a contract: positive is YES, negative is NO."""
        return self.desk.state.held(market)

    @property
    def cash(self) -> int:
        """Our cash, in millionths of a dollar."""
        return self.desk.state.cash

    def feed(self, seen: Input) -> Told:
        """Anything that the desk can be told; the other words are short for this one."""
        self._ear.heard.clear()
        facts = list(self.desk.handle(self.now, seen))
        # Asked for a fresh quote, this exchange says what it said last: what moved, a test says by `quote`.
        for fact in facts:
            if isinstance(fact, LookRequested):
                facts += self.desk.handle(self.now, self._answer(fact))
        stopped = next((fact.detail for fact in facts if isinstance(fact, StrategyStopped)), "")
        return Told(
            tuple(self._ear.heard),
            tuple(fact.intent for fact in facts if isinstance(fact, IntentProposed)),
            tuple(fact.order for fact in facts if isinstance(fact, OrderReleased)),
            tuple(fact for fact in facts if isinstance(fact, IntentRefused)),
            stopped,
            tuple(facts),
        )

    def _answer(self, asked: LookRequested) -> inputs.LookAnswered:
        stands, now = self.desk.markets[asked.instrument].quote, self.now
        fresh = structs.replace(stands, source_ts=now, received_ts=now) if stands else None
        return inputs.LookAnswered(asked.intent_id, fresh, "" if fresh else "no quote was fed", now)

    def _next(self) -> int:
        self.now += SECOND
        return self.now


class _Ear:
    """Stands where the strategy stands and keeps what it proposed, before anybody judges it."""

    def __init__(self, strategy: Strategy) -> None:
        self.name = strategy.name
        self.heard: list[Any] = []
        for hook in HOOKS:
            method = getattr(strategy, hook, None)
            if method is not None:
                setattr(self, hook, self._listening(method))

    def _listening(self, method: Callable[..., Proposals]) -> Callable[..., Proposals]:
        def listen(*seen: object) -> Proposals:
            proposals = method(*seen)
            if proposals is None:
                return None
            # As many as the desk takes and one more, so that too many are too many here as well.
            taken = list(islice(proposals, PROPOSALS_MAX + 1))
            self.heard += taken
            return taken

        return listen


def a_market(name: str = MARKET) -> BinaryContract:
    """A one-dollar market in steps of a cent and whole contracts, with Kalshi's fee for takers."""
    require(name.isprintable() and name, "bench_market_name", name=name)
    return BinaryContract(
        id=name, venue="kalshi", event=name, series=SERIES, title=name, prices=CENT_GRID, quantities=WHOLE_CONTRACTS,
        fees=QuadraticFee(70_000, 0), close_ts=MORNING + DAY,
    )  # fmt: skip


def limits(**changes: Any) -> Constitution:
    """The bench's limits with some of them changed, in the units of the core."""
    return structs.replace(LIMITS, **changes)


def _proposed(proposal: object) -> str:
    if type(proposal) is not Proposal:
        return f"proposed: {type(proposal).__name__}, which is no Proposal"
    fair = "" if proposal.fair is None else f", worth {format_micros(proposal.fair)}"
    return f"proposed: {proposal.action} {proposal.side} at {format_micros(proposal.price)}{fair}"


def _released(order: Order) -> str:
    cost = format_money(order.price * order.qty // MICRO)
    return f"released: {order.side} {format_qty(order.qty)} at {format_micros(order.price)}, {cost} before fees"
