"""A thousand small worlds for the watched desk: each draws its own constitution, markets, dealers and misfortunes.

Built on the worlds of the property tests. Here the limits are what is tried, so most of them lie where a day's dealing
reaches them, and the dealers mostly want to trade.
"""

import random
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Self

from msgspec import structs
from tests.model.support import CENTI_EDGES, DECI_CENT, KALSHI_FEES, LINEAR_CENT, T0, TAPERED, a_market
from tests.naive.audit import Audit, Overheard, Watched
from tests.naive.overrides import MAY_BE, MEASURED
from tests.property.worlds import World, strategies

from assent.desk.state import DESK, Asked
from assent.desk.strategy import View
from assent.model.assents import AssentSeen
from assent.model.constitution import Constitution, Drift, Theme, Tier
from assent.model.exits import Exits
from assent.model.facts import CancelReleased, LookRequested, OrderReleased
from assent.model.grids import HUNDREDTHS, WHOLE_CONTRACTS, QtyGrid
from assent.model.inputs import (
    CashSeen,
    ConstitutionOffered,
    CorrectionSeen,
    DeskStarting,
    FillSeen,
    HaltAsked,
    Input,
    KillSwitchSeen,
    LookAnswered,
    OrderClosedSeen,
    QuoteSeen,
    ResumeAsked,
    SettlementSeen,
    TimePassed,
)
from assent.model.instruments import BinaryContract, QuadraticFee
from assent.model.intents import Proposal, Score
from assent.model.overrides import OverrideAsked, OverrideEndAsked
from assent.model.policy import AUTO_NEVER, Band, Person
from assent.model.units import DAY, HOUR, MICRO, MINUTE, SECOND

Draw = Callable[[random.Random], Any]
SWITCH = "kill_switch_guard"
SCORES = ("confidence", "dvs", "eqs")
NAMES = ("KXA-1-A", "KXA-1-B", "KXA-1-C", "KXA-2-A", "KXB-1-A", "KXC-1-A")


def between(low: int, high: int, step: int = 1) -> Draw:
    return lambda rng: rng.randrange(low, high + 1, step)


def dollars(low: float, high: float) -> Draw:
    return between(int(low * MICRO), int(high * MICRO))


# Each limit that may be off, where it is likely to be reached within a world.
DRAWS: dict[str, Draw] = {
    "order_qty_max": lambda rng: rng.choice((5_000, 500_000, MICRO, MICRO, 3 * MICRO, 3 * MICRO)),
    "order_notional_max": lambda rng: rng.choice((4_000, 600_000, MICRO, 2 * MICRO, 2 * MICRO)),
    "position_qty_max": between(MICRO, 12 * MICRO, 10_000),
    "position_notional_max": dollars(0.5, 6),
    "market_exposure_max": dollars(0.5, 6),
    "event_exposure_max": dollars(0.5, 8),
    "trust_exclusive": lambda rng: rng.choice((("KXA",), ("KXA", "KXB"))),
    "series_exposure_max": dollars(1, 10),
    "themes": lambda rng: (Theme("w", ("KXA", "KXB")), Theme("v", ("KXB", "KXC")))[rng.randrange(2) :],
    "theme_exposure_max": dollars(1, 10),
    "one_entry_per_market": lambda _: True,
    "one_side_per_event": lambda _: True,
    "buying_power_min": dollars(150, 199),
    "price_min": between(0, 400_000),
    "price_max": between(600_000, MICRO),
    "favourite_from": between(550_000, 900_000),
    "favourite_edge_min": between(20_000, 150_000),
    "favourite_confidence_min": between(500_000, 900_000),
    "slippage_max": between(0, 30_000),
    "look_edge_min": between(10_000, 120_000),
    "spread_max": between(15_000, 60_000),
    "spread_ratio_max": between(700_000, 2 * MICRO),
    "ev_min": between(0, 300_000),
    "confidence_min": between(0, 800_000),
    "scores_min": lambda rng: tuple(Score(score, rng.randrange(500_000)) for score in SCORES[rng.randrange(1, 3) :]),
    "orders_per_cycle_max": lambda rng: rng.choice((0, 1, 1, 2, 2, 3)),
    "notional_per_cycle_max": dollars(0.5, 8),
    "orders_per_day_max": between(1, 12),
    "notional_per_day_max": dollars(1, 20),
    "trades_per_market_day_max": between(1, 3),
    "entries_per_hour_max": between(1, 8),
    "entry_gap_min": between(SECOND, 2 * MINUTE),
    "daily_loss_max": dollars(0.2, 6),
    "daily_loss_fraction_max": between(1_000, 30_000),
    "weekly_loss_max": dollars(0.2, 6),
    "weekly_loss_fraction_max": between(1_000, 30_000),
    "monthly_loss_max": dollars(0.2, 6),
    "monthly_loss_fraction_max": between(1_000, 30_000),
    "drawdown_fraction_max": between(1_000, 30_000),
    "losing_streak_max": between(1, 3),
    "cool_down_min": between(SECOND, 10 * MINUTE),
    "capital_min": dollars(150, 199),
    "risk_fraction_max": between(2_000, 30_000),
    "risk_tiers": lambda rng: (Tier(rng.randrange(190, 210) * MICRO, rng.randrange(4_000, 4 * MICRO)), Tier(MICRO, 1)),
    "kelly_fraction_max": between(10_000, MICRO),
}  # fmt: skip


def a_constitution(rng: random.Random) -> Constitution:
    """The limits that are always there, and about one in eight of the others."""
    risk = rng.choice((MICRO, 2 * MICRO, 5 * MICRO, 9 * MICRO)) if rng.random() < 0.97 else 4_000
    limits = Constitution(
        series=("KXA", "KXB"), markets=("KXC-1-A",) if rng.random() < 0.7 else (),
        edge_min=rng.randrange(0, 40_000), risk_per_trade_max=risk,
        open_positions_max=rng.randrange(1, 7), total_exposure_max=rng.randrange(2, 40) * MICRO,
        quote_proof_age_max=rng.randrange(1, 20) * SECOND, cycle_length=rng.randrange(1, 60) * SECOND,
        look_proof_age_max=rng.choice((0, SECOND, *(20 * SECOND,) * 2)),
        drift_max=rng.choice((*(Drift(most, "price") for most in (10_000, 50_000, MICRO)), Drift(300, "bps"))),
        supersede_step_min=rng.choice((MICRO, MICRO, 1, 30_000)),
    )  # fmt: skip
    share = rng.choice((0.0, 0.07, 0.14))
    drawn = {key: draw(rng) for key, draw in DRAWS.items() if rng.random() < share}
    if "favourite_from" in drawn:
        drawn |= {key: DRAWS[key](rng) for key in ("favourite_edge_min", "favourite_confidence_min")}
    if rng.random() < 0.3:
        drawn |= {key: DRAWS[key](rng) for key in ("slippage_max", "look_edge_min")}
    return structs.replace(limits, **drawn)


# Whose assent what needs; drawn with dice of its own, mostly as a whole, so that the people can really be asked.
PEOPLE = (Person("ada", ("os:ada", "token:ada")), Person("ben", ("token:ben",)), Person("cal", ("os:cal", "text:+1")))
POLICY_DRAWS: dict[str, Draw] = {
    "approvals": lambda rng: some_bands(rng, most=2),
    "approvers": lambda rng: PEOPLE[: rng.randrange(1, 4)],
    "approval_mandatory": lambda rng: rng.random() < 0.5,
    "approval_life": lambda rng: rng.choice((10 * SECOND, 30 * SECOND, MINUTE, 3 * MINUTE)),
    "denied_pause_min": lambda rng: rng.choice((0, 10 * SECOND, MINUTE, 10 * MINUTE)),
    "exits_auto_after": lambda rng: rng.choice((SECOND, 20 * SECOND, 2 * MINUTE)),
    "second_factor_from": lambda rng: rng.choice((0, MICRO // 2, 2 * MICRO)),
    "second_factor_to_resume": lambda _: True,
}


def some_bands(rng: random.Random, *, most: int) -> tuple[Band, ...]:
    bands = [Band("open", rng.choice((0, 0, MICRO // 2, 2 * MICRO)), rng.randrange(1, most + 1))]
    if rng.random() < 0.4:
        bands.append(Band("open", rng.randrange(3 * MICRO, 6 * MICRO), most))
    others: Any = (("close", 0.4), ("cancel", 0.3), ("claim", 0.3))
    return (
        *bands,
        *(Band(action, 0, rng.randrange(1, most + 1)) for action, chance in others if rng.random() < chance),
    )


def a_policy(rng: random.Random, limits: Constitution) -> Constitution:
    """Nobody is asked in most worlds; in the others as many as there are, and sometimes whatever is done. There
    the price may mostly move, since it does so while people think."""
    drawn = {key: draw(rng) for key, draw in POLICY_DRAWS.items() if key not in ("approvals", "approval_mandatory")}
    for key in ("denied_pause_min", "exits_auto_after", "second_factor_from", "second_factor_to_resume"):
        if rng.random() < 0.6:
            del drawn[key]
    if rng.random() < 0.6:
        return structs.replace(limits, **({} if rng.random() < 0.8 else drawn))
    drawn["approvals"] = some_bands(rng, most=min(2, len(drawn["approvers"])))
    if rng.random() < 0.2:
        drawn["approvals"] = tuple(Band(action, 0, 1) for action in ("open", "close", "claim"))
        drawn |= {"approval_mandatory": True, "exits_auto_after": AUTO_NEVER}
    elif "exits_auto_after" in drawn:
        drawn["approvals"] = (*(band for band in drawn["approvals"] if band.action != "close"), Band("close", 0, 1))
    if rng.random() < 0.7:
        drawn["drift_max"] = Drift(MICRO, "price")
    return structs.replace(limits, **drawn)


def some_markets(rng: random.Random) -> tuple[BinaryContract, ...]:
    """Two or more, some of them outcomes of one question; each with a grid and fees of its own."""
    markets = []
    for name in rng.sample(NAMES, rng.randrange(2, len(NAMES) + 1)):
        series, number, _ = name.split("-")
        fees = KALSHI_FEES if rng.random() < 0.7 else QuadraticFee(70_000, 0, rng.choice((1, 100, 10_000)), 100)
        markets.append(
            a_market(
                name, series=series, event=f"{series}-{number}", fees=fees,
                close_ts=T0 + rng.choice((HOUR, 50 * DAY, 50 * DAY, 50 * DAY)),
                exclusive_group=f"{series}-{number}" if rng.random() < 0.6 else "",
                prices=rng.choice((LINEAR_CENT, LINEAR_CENT, TAPERED, DECI_CENT, CENTI_EDGES)),
                quantities=rng.choice((HUNDREDTHS, HUNDREDTHS, WHOLE_CONTRACTS, QtyGrid(10_000, 50_000, 4 * MICRO))),
            )
        )  # fmt: skip
    return tuple(markets)


class Dealer:
    """Mostly sees a bargain; sometimes leaves, cancels, holds back, or asks for what cannot be."""

    def __init__(self, name: str, rng: random.Random, markets: tuple[str, ...]) -> None:
        self.name = name
        self._rng = rng
        self._markets = markets
        self._ways = random.Random(name)
        self.leaves = 0.0

    def deal(self, view: View, name: str) -> Proposal:
        rng, quote, held = self._rng, view.quote(name), view.held(name)
        orders = view.open_orders(name)
        side: Any = rng.choice(("buy", "sell"))
        chances = (70, 20 if held else 2, 10 if orders else 1, 0.5)
        action: Any = rng.choices(("open", "close", "cancel", "claim"), chances)[0]
        if action == "close" and rng.random() < 0.9:
            side = "sell" if held > 0 else "buy"
        near = quote and (quote.ask if side == "buy" else quote.bid)
        price = near or 500_000
        worth = rng.randrange(10_000, 250_000) * (1 if side == "buy" else -1)
        odd = rng.random() < 0.06
        return Proposal(
            instrument=name if rng.random() < 0.99 else "KXNEVER", action=action, side=side,
            price=rng.choice((price + 1, 0, 333_333)) if odd and rng.random() < 0.3 else price,
            fair=None if rng.random() < 0.03 else price + worth,
            qty_max=rng.choice((None, None, MICRO, 2 * MICRO, rng.randrange(1, 6 * MICRO), 0 if odd else None)),
            time_in_force=rng.choice(("gtc", "gtc", "ioc")), post_only=odd and rng.random() < 0.3,
            life_ns=rng.choice((0, 5 * SECOND)) if odd else None, protective=odd and rng.random() < 0.2,
            type="market" if odd and rng.random() < 0.1 else "limit", hold=rng.random() < 0.02,
            order_id=rng.choice(orders).order_id if orders else None,
            scores=tuple(Score(score, rng.randrange(300_000, MICRO)) for score in SCORES if rng.random() < 0.95),
            exits=self._exits() if action == "open" and self._ways.random() < self.leaves else None,
        )  # fmt: skip

    def _exits(self) -> Exits:
        """The desk is to leave by itself: soon, or at a small loss."""
        return Exits(life_ns=self._ways.choice((5 * SECOND, 30 * SECOND)), loss_ppm=self._ways.choice((None, 20_000)))


class QuoteDealer(Dealer):
    def on_quote(self, view: View, quote: QuoteSeen) -> list[Proposal] | None:
        if self._rng.random() < 0.3:
            return None
        return [self.deal(view, quote.instrument) for _ in range(self._rng.choice((1, 1, 1, 2)))]


class CycleDealer(Dealer):
    def on_cycle(self, view: View) -> list[Proposal] | None:
        if self._rng.random() < 0.5:
            return None
        return [self.deal(view, name) for name in self._rng.sample(self._markets, 2)]


class WatchedWorld(World):
    """A world of the property tests, on a watched desk."""

    def prepare(self) -> None:
        self.audit = Audit()
        self.watch(strategies(self.seed))

    def watch(self, dealers: Iterable[Any]) -> None:
        self.dealers = [Overheard(dealer, self.audit) for dealer in dealers]
        self.desk = Watched(self.dealers, self.audit)

    def take(self, inp: Input) -> None:
        for fact in self.audit.step(self.desk, self.now, inp):
            if type(fact) is OrderReleased:
                self._submit(fact)
            elif type(fact) is CancelReleased:
                self._cancel(fact.order_id)
            elif type(fact) is LookRequested:
                self._look(fact)


class SmallWorld(WatchedWorld):
    """One seed's life on a watched desk. See the module's first lines."""

    happenings: ClassVar = {
        "quote": 52, "cycle": 14, "proof": 5, "news": 40, "execution": 25, "closing": 5, "contradiction": 1,
        "evidence": 5, "books": 8, "settlement": 0.8, "phase": 0.7, "transfer": 1, "halt": 0.2, "resume": 3,
        "cancel": 1, "rebirth": 1.5, "new_terms": 0.5, "silence": 0.15,
        "file": 0.3, "amendment": 0.3, "fault": 0.25, "resettlement": 1, "answer": 1,
    }  # fmt: skip

    def prepare(self) -> None:
        rng = self.rng
        self.limits, self.markets = a_constitution(rng), some_markets(rng)
        self.policy = random.Random(f"policy {self.seed}")
        if self._asides.random() < 0.08:  # a loss is soon more than it may be
            self.limits = structs.replace(self.limits, drawdown_fraction_max=self._asides.randrange(500, 4_000))
        self.limits = a_policy(self.policy, self.limits)
        self.mode = "observe" if rng.random() < 0.01 else "paper"
        self.cash = 200 * MICRO if rng.random() < 0.96 else 2 * MICRO
        # What the exchange has said of how markets ended.
        self.words: list[SettlementSeen] = []
        self.transfers = 0
        self.audit = Audit()
        names = tuple(market.id for market in self.markets)
        dealers = QuoteDealer("quotes", rng, names), CycleDealer("cycles", rng, names)
        auto = bool(self.limits.approvals) and self.limits.exits_auto_after != AUTO_NEVER
        # Nobody answers about the desk's own exits.
        self.absent = self.policy.random() < 0.6
        for dealer in dealers:
            dealer.leaves = 0.8 if auto else 0.5 if self.policy.random() < 0.25 else 0.0
        self.watch(dealers)
        self.middles = {market.id: rng.randrange(5, 95) * 10_000 for market in self.markets}
        # Some live through weeks, most through a minute or two.
        self.strides = rng.choice(
            ((2 * SECOND,), (2 * SECOND,), (2 * SECOND, 30 * MINUTE), (2 * SECOND, 6 * HOUR, 9 * DAY))
        )

    def live(self, steps: int) -> Self:
        """Where people are asked, everything takes longer."""
        return super().live(steps * 3 // 2 if self.limits.approvals else steps)

    def pause(self) -> int:
        stride = self.strides[0] if self.rng.random() < 0.93 else self.rng.choice(self.strides)
        return self.rng.randrange(stride)

    def cycle(self) -> None:
        """Now and then the owner sets the kill switch, or says something else by it; soon it is clear again."""
        rng, is_set = self.rng, SWITCH in self.desk.state.halts
        if rng.random() < (0.4 if is_set else 0.02):
            keeps = not is_set or rng.random() < 0.3
            self.take(KillSwitchSeen(keeps, rng.random() < 0.5, rng.choice(("STOP", "the environment")), self.now))
        self.take(TimePassed(self.now))
        self._set_aside()
        self._attend(0.5)

    def _set_aside(self) -> None:
        """Somebody sets a halt aside, mostly as it may be; soon takes it back, or the trouble comes again."""
        dice, standing = self._asides, self.desk.state.halts
        aside = [cause for cause, halt in standing.items() if halt.overridden(self.now) is not None]
        likely = [cause for cause in standing if cause in MAY_BE and cause not in aside]
        cause = dice.choice((*standing, *standing, *likely * 6, "operator", "no such cause"))
        if aside and dice.random() < 0.15:
            self.take(OverrideEndAsked(dice.choice((*aside, cause)), dice.choice(("ann", "ann", " ")), "", self.now))
        elif aside and dice.random() < 0.1:
            self.take(HaltAsked(dice.choice(aside), "watchdog", "once more", self.now))
        elif dice.random() < (0.5 if standing else 0.01):
            life = dice.choice((1, 5 * SECOND, 20 * SECOND, 10 * MINUTE, HOUR, HOUR, HOUR, HOUR, HOUR + 1, 0))
            by, reason = dice.choice(("ann",) * 9 + ("",)), dice.choice(("it is known",) * 9 + (" ",))
            self.take(OverrideAsked(cause, life, by, reason, self.now, factor=dice.random() < 0.9))
            if cause in MEASURED and cause in self.desk.state.halts:
                self._swing()

    def _swing(self) -> None:
        """Prices go to and fro beside a loss that is set aside: what had come back may be crossed again."""
        dice = self._asides
        for _ in range(12):
            for market in self.markets:
                middle = self.middles[market.id] = dice.randrange(5, 95) * 10_000
                some = 5 * MICRO
                self.take(QuoteSeen(market.id, middle - 10_000, some, middle + 10_000, some, self.now, self.now))
            self.now += dice.randrange(2 * SECOND)
            self.take(TimePassed(self.now))

    def _attend(self, chance: float) -> None:
        """People look at what they are asked beside everything else."""
        if self.desk.state.asked and self._people.random() < chance:
            self.answer()

    def fault(self) -> None:
        """Something that passes by itself, and comes back: the feed is silent, the clock jumps, the account is dark."""
        rng = self.rng
        cause = rng.choice(("stale_data", "stale_data", "clock_jump", "account_unavailable"))
        for _ in range(rng.randrange(1, 8)):
            self.take(HaltAsked(cause, "watchdog", "again", self.now))
            for _ in range(rng.randrange(1, 4)):
                self.now += rng.randrange(40 * SECOND, 6 * MINUTE)
                self.take(TimePassed(self.now))

    def quote(self) -> None:
        """Prices wander; sometimes a side is missing or the gap wide."""
        rng, name = self.rng, self.rng.choice(self.markets).id
        middle = self.middles[name] = min(960_000, max(40_000, self.middles[name] + rng.randrange(-5, 6) * 10_000))
        below, above = (10_000 * rng.choice((1, 1, 1, 2, 3)) for _ in range(2))
        bid, ask = (price if rng.random() < 0.98 else None for price in (middle - below, middle + above))
        some = rng.randrange(1, 1_000) * 10_000
        self.take(QuoteSeen(name, bid, bid and some, ask, ask and some, self.now, self.now))
        self._attend(0.3)

    def execution(self) -> None:
        """All or half of what rests, now and then at a better price, seldom corrected."""
        rng, exchange = self.rng, self.exchange
        live = [resting for resting in exchange.orders.values() if resting.live]
        if live:
            resting = rng.choice(live)
            qty = resting.left if rng.random() < 0.6 else max(1, resting.left // 2 // 10_000) * 10_000
            order = resting.order
            better = order.price + (-10_000 if order.side == "buy" else 10_000)
            price = better if rng.random() < 0.1 and 0 < better < MICRO else order.price
            fill = exchange.execute(
                order.order_id, min(qty, resting.left), self.now, price=price, surcharge=20_000 * (rng.random() < 0.02)
            )
            self._later.append(FillSeen(fill, self.now))
            if rng.random() < 0.1:
                qty = rng.choice((0, fill.qty // 20_000 * 10_000))
                self._later.append(CorrectionSeen(exchange.correct(fill, qty, fill.fee // 2, self.now + 1), self.now))

    def settlement(self) -> None:
        """Any market may end in anything, alone or with all of its group, whatever the group promised."""
        chosen = self.rng.choice(self.markets)
        group = chosen.exclusive_group if self.rng.random() < 0.5 else ""
        for market in self.markets:
            if market is chosen or (group and market.exclusive_group == group):
                self.settle(market.id, self.rng.choice((0, MICRO, MICRO, MICRO, 250_000, 333_333)))

    def settle(self, name: str, value: int) -> None:
        if name in self.exchange.settled:
            return
        for order_id, resting in self.exchange.orders.items():
            if resting.live and resting.order.instrument == name:
                self._later.append(OrderClosedSeen(order_id, "settled", resting.filled, self.now))
        result: Any = self.exchange.settle(name, value, step=self._step(name))
        self._say(SettlementSeen(name, result, value, self.now, self.now))

    def resettlement(self) -> None:
        """The exchange says that a market ended in something else, or says again what it had said."""
        rng, words = self.rng, self.words
        if words and rng.random() < 0.4:
            self.take(structs.replace(rng.choice(words), received_ts=self.now))
        elif words:
            name, value = rng.choice(words).instrument, rng.choice((0, MICRO, 250_000, 333_333))
            if value != self.exchange.settled[name]:
                self.now += 1
                result: Any = self.exchange.amend(name, value, step=self._step(name))
                self._say(SettlementSeen(name, result, value, self.now, self.now))

    def _say(self, word: SettlementSeen) -> None:
        self.words.append(word)
        self.take(word)

    def _step(self, name: str) -> int:
        """In what steps the exchange pays: as the market was last described."""
        fees = next(market.fees for market in self.markets if market.id == name)
        return fees.balance_step if isinstance(fees, QuadraticFee) else 1

    def transfer(self) -> None:
        """The owner's money comes or goes; half of it has a name at the exchange, and is told of again."""
        rng, amount = self.rng, self.rng.randrange(-5 * MICRO, 5 * MICRO)
        self.exchange.cash += amount
        self.transfers += 1
        told = CashSeen(amount, "the owner", self.now, f"t-{self.transfers}" if rng.random() < 0.5 else "")
        self.take(told)
        if told.transfer_id:
            self._later.append(told)

    def file(self) -> None:
        """The owner's file has changed: often only tighter, sometimes not."""
        seal = self.desk.state.seal
        keys = self.rng.sample(sorted(DRAWS), 2)
        if seal is not None:
            changes = {key: DRAWS[key](self.rng) for key in keys}
            if self.policy.random() < 0.5:
                key = self.policy.choice(sorted(POLICY_DRAWS))
                changes[key] = POLICY_DRAWS[key](self.policy)
            self.take(ConstitutionOffered(structs.replace(seal.constitution, **changes), self.now))

    def resume(self) -> None:
        """Mostly with a second factor."""
        self.take(ResumeAsked("", "ann", "looked at it", self.now, factor=self._people.random() < 0.7))

    def answer(self) -> None:
        """People look at what they are asked. Most answers are as they should be; the others are wrong in one way."""
        dice = self._people
        asked = [one for one in self.desk.state.asked.values() if not (self.absent and one.intent.strategy == DESK)]
        if not asked:
            if self._answered and dice.random() < 0.1:
                again = dice.choice(self._answered)
                self._say_so(structs.replace(again, message_id=dice.choice((again.message_id, self._message()))))
            return
        for one in asked:
            said = self._right(one)
            if dice.random() < 0.2:
                said = self._wrong(one, said, dice.choice(asked))
            self._say_so(said)
            if dice.random() < 0.6 and one.intent.intent_id in self.desk.state.asked:
                self._say_so(self._right(one))

    def _right(self, one: Asked) -> AssentSeen:
        """An answer of somebody who has not answered yet, mostly a yes."""
        dice, known = self._people, {grant.person for grant in one.grants}
        limits: Any = self.desk.state.seal
        able = [person for person in limits.constitution.approvers if person.name not in known] or [PEOPLE[0]]
        named = one.code if dice.random() < 0.7 else one.intent.intent_id[: dice.randrange(7, 19)]
        verdict: Any = dice.choices(("approve", "reject", "expire"), (92, 5, 3))[0]
        return AssentSeen(
            verdict, named, one.terms, dice.choice(dice.choice(able).identities), "web", self._message(), self.now,
            factor=dice.random() < 0.9, reason="as it is",
        )  # fmt: skip

    def _wrong(self, one: Asked, said: AssentSeen, other: Asked) -> AssentSeen:
        """Wrong in one way, or on the edge of time."""
        dice, way = self._people, self._people.randrange(10)
        if way == 0 and one.expires_ts - self.now < 4 * MINUTE:
            self.now = max(self.now, one.expires_ts - dice.randrange(3))
            return structs.replace(said, received_ts=self.now)
        known = one.grants[0].identity if one.grants else "os:nobody"
        changes: dict[str, Any] = {
            1: {"identity": dice.choice(("os:nobody", "", "os:ADA"))}, 2: {"terms": other.terms},
            3: {"terms": said.terms.upper()},
            4: {"intent": dice.choice((said.intent.swapcase(), said.intent[:5], "i-"))},
            5: {"received_ts": one.asked_ts - 1}, 6: {"identity": known}, 7: {"factor": False},
            8: {"message_id": self._answered[-1].message_id if self._answered else "m"},
            9: {"intent": other.code},
        }.get(way, {})  # fmt: skip
        return structs.replace(said, **changes)

    def _say_so(self, said: AssentSeen) -> None:
        """Who has said yes mostly sees what comes of it: the exchange answers the last look soon."""
        self._answered.append(said)
        self.take(said)
        if self.desk.state.looks and self._people.random() < 0.05:
            self.file()
        for message in [one for one in self._later if type(one) is LookAnswered and self._people.random() < 0.7]:
            self._later.remove(message)
            self.take(message)

    def _message(self) -> str:
        return f"m-{len(self._answered)}"

    def new_terms(self) -> None:
        """A market changes its grid and its fees while it lives."""
        place = self.rng.randrange(len(self.markets))
        if self.markets[place].id in self.exchange.settled:
            return
        changed = structs.replace(self.markets[place], prices=TAPERED, fees=QuadraticFee(140_000, 0))
        self.markets = (*self.markets[:place], changed, *self.markets[place + 1 :])
        self.list_markets()

    def rebirth(self) -> None:
        """The process dies; another restores from the ledger's bytes. Its feed tells it what is listed, mostly."""
        self.desk = self.audit.restart(self.dealers, self.desk)
        self.take(DeskStarting("build-2", self.names, self.now))
        if self.rng.random() < 0.8:
            self.list_markets()
            self.books()
