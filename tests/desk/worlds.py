"""One world for each limit that may be off: in it that limit's rule alone says no, and without the limit it trades."""

from collections.abc import Callable
from typing import Any, NamedTuple

from tests.desk.support import MARKET, Bench, buy, limits, sell
from tests.model.support import a_future, a_market

from assent.desk.norms import SAMPLES_LEAST
from assent.desk.strategy import View
from assent.model.constitution import BY_KEY, Constitution, Theme, Tier
from assent.model.facts import Fact, OrderReleased
from assent.model.inputs import QuoteSeen
from assent.model.intents import Proposal, Score
from assent.model.units import MICRO, MINUTE, SECOND

World = tuple[Bench, Any]
BESIDE = a_market("KXTEST-26JAN05-B49.5")
ELSEWHERE = a_market("KXTEST-26JAN06-B49.5", event="KXTEST-26JAN06")
FUTURE = a_future()
OF_ANOTHER_SERIES = a_market("KXRAIN-26JAN05-T1", event="KXRAIN-26JAN05", series="KXRAIN")
ONE = MICRO


class OnQuotes:
    """A strategy that says its piece at the next quote."""

    name = "quoted"
    says: Any = None

    def on_quote(self, _view: View, _quote: QuoteSeen) -> Any:
        said, self.says = self.says, None
        return said


class QuoteBench(Bench):
    """Ideas come with a quote, so that no cycle lies between what happened and the gate."""

    def __init__(self, **values: Any) -> None:
        self.quoted = OnQuotes()
        super().__init__(strategies=(self.quoted,), **values)

    def propose(self, *proposals: Proposal) -> list[Fact]:
        self.quoted.says = list(proposals)
        return self.quote()


class FutureBench(Bench):
    """With a future beside the markets, and the cash for it."""

    def __init__(self, **values: Any) -> None:
        super().__init__(**(values | {"cash": 100_000 * MICRO, "markets": (*values["markets"], FUTURE)}))
        self.bar(5_000)


def holding_a_future(bench: Bench) -> Any:
    """One contract without a stop, and one more asked for."""
    terms: Any = {"instrument": FUTURE.id, "price": 5_000 * MICRO, "fair": 5_010 * MICRO, "type": "market"}
    bench.hold(qty_max=ONE, **terms)
    return buy(qty_max=ONE, **terms)


def after_a_loss(bench: Bench) -> Any:
    """One contract beside was held and ended in nothing."""

    order = next(
        f.order for f in Bench.propose(bench, buy(instrument=BESIDE.id, qty_max=ONE)) if isinstance(f, OrderReleased)
    )
    bench.accept(order, filled=order.qty)
    bench.fill(order)
    bench.settle("no", name=BESIDE.id)
    return buy()


class LimitWorld(NamedTuple):
    """What is in force, what has happened on the bench, and the idea that is then refused by `rule`."""

    rule: str
    key: str
    values: dict[str, Any]
    prepare: Callable[[Bench], Any]
    bench: type[Bench] = Bench

    def constitution(self, off: str = "") -> Constitution:
        return limits(**{key: BY_KEY[key].loosest if key == off else value for key, value in self.values.items()})

    def build(self, off: str = "") -> World:
        constitution = self.constitution(off)
        bench = self.bench(constitution=constitution, markets=(MARKET, BESIDE, ELSEWHERE, OF_ANOTHER_SERIES))
        return bench, self.prepare(bench)


def fresh(**terms: Any) -> Callable[[Bench], Any]:
    return lambda _: buy(**terms)


def holding(*, on: str = MARKET.id, qty: int = 4 * ONE, **terms: Any) -> Callable[[Bench], Any]:
    def prepare(bench: Bench) -> Any:
        bench.hold(instrument=on, qty_max=qty)
        return buy(**({"qty_max": ONE} | terms))

    return prepare


def sure(ppm: int) -> tuple[Score, ...]:
    return (Score("confidence", ppm),)


def suddenly_wide(bench: Bench) -> Any:
    """One cent wide for twelve cycles, then four."""
    for _ in range(SAMPLES_LEAST):
        bench.later(SECOND)
        bench.quote()
        bench.cycle()
    bench.quote(bid=460_000, ask=500_000)
    return buy()


AGAINST = {"favourite_from": 800_000, "favourite_edge_min": 150_000, "favourite_confidence_min": 850_000}


def against_the_favourite(bench: Bench) -> Any:
    """YES stands at eighty; NO for twenty, ten cents better than fair, rather sure of it."""
    bench.quote(bid=800_000, ask=810_000)
    return sell(price=800_000, fair=700_000, scores=sure(800_000))


LIMIT_WORLDS: tuple[LimitWorld, ...] = (
    LimitWorld("capital", "capital_min", {"capital_min": 1_000 * MICRO + 1}, fresh()),
    # A thousand dollars, and half a dollar is the most to lose: fifty cents and the fee are more.
    LimitWorld("daily_loss_guard", "daily_loss_max", {"daily_loss_max": 500_000}, fresh(qty_max=ONE)),
    LimitWorld("daily_loss_guard", "daily_loss_fraction_max", {"daily_loss_fraction_max": 500}, fresh(qty_max=ONE)),
    LimitWorld("weekly_loss_exceeded", "weekly_loss_max", {"weekly_loss_max": 500_000}, fresh(qty_max=ONE)),
    LimitWorld(
        "weekly_loss_exceeded", "weekly_loss_fraction_max", {"weekly_loss_fraction_max": 500}, fresh(qty_max=ONE)
    ),
    LimitWorld("monthly_loss_exceeded", "monthly_loss_max", {"monthly_loss_max": 500_000}, fresh(qty_max=ONE)),
    LimitWorld(
        "monthly_loss_exceeded", "monthly_loss_fraction_max", {"monthly_loss_fraction_max": 500}, fresh(qty_max=ONE)
    ),
    LimitWorld("consecutive_loss_pause", "losing_streak_max", {"losing_streak_max": 1}, after_a_loss, QuoteBench),
    LimitWorld("cooldown_active", "cool_down_min", {"cool_down_min": MINUTE}, after_a_loss),
    LimitWorld("price_band", "price_min", {"price_min": 500_001}, fresh()),
    LimitWorld("price_band", "price_max", {"price_max": 499_999}, fresh()),
    LimitWorld("spread", "spread_max", {"spread_max": 9_999}, fresh()),
    LimitWorld("spread_norm", "spread_ratio_max", {"spread_ratio_max": 3 * MICRO}, suddenly_wide),
    LimitWorld("confidence", "confidence_min", {"confidence_min": 750_000}, fresh(scores=sure(749_999))),
    LimitWorld(
        "scores", "scores_min", {"scores_min": (Score("dvs", 800_000),)}, fresh(scores=(Score("dvs", 799_999),))
    ),
    LimitWorld("favourite", "favourite_from", AGAINST, against_the_favourite),
    LimitWorld("favourite", "favourite_edge_min", {**AGAINST, "favourite_confidence_min": 0}, against_the_favourite),
    LimitWorld("favourite", "favourite_confidence_min", {**AGAINST, "favourite_edge_min": 0}, against_the_favourite),
    # Ten cents of gain less 1.75 of fee on fifty: 16.5 %.
    LimitWorld("ev", "ev_min", {"ev_min": 165_001}, fresh(qty_max=ONE)),
    # Nothing as small as this can be bought: a hundredth of a contract at fifty loses 5,200 micros, fee included.
    LimitWorld("risk_per_trade", "risk_fraction_max", {"risk_fraction_max": 5}, fresh()),
    LimitWorld("risk_per_trade", "risk_tiers", {"risk_tiers": (Tier(1_001 * MICRO, 5_199),)}, fresh()),
    LimitWorld("risk_per_trade", "kelly_fraction_max", {"kelly_fraction_max": 1}, fresh(fair=540_000)),
    LimitWorld(
        "stop_missing", "unprotected_contracts_max",
        {"unprotected_contracts_max": 1, "total_exposure_max": 100_000 * ONE}, holding_a_future, FutureBench,
    ),
    # A hundredth of a contract is the smallest order.
    LimitWorld("order_qty", "order_qty_max", {"order_qty_max": 9_999}, fresh()),
    LimitWorld("order_notional", "order_notional_max", {"order_notional_max": 4_999}, fresh()),
    LimitWorld("duplicate", "one_entry_per_market", {"one_entry_per_market": True}, holding()),
    LimitWorld("overlap", "one_side_per_event", {"one_side_per_event": True}, holding(on=BESIDE.id)),
    LimitWorld("max_position_exceeded", "position_qty_max", {"position_qty_max": 5 * ONE - 1}, holding()),
    LimitWorld("position_notional", "position_notional_max", {"position_notional_max": 2_499_999}, holding()),
    LimitWorld("market_exposure", "market_exposure_max", {"market_exposure_max": 2_500_000}, holding()),
    LimitWorld("event_exposure", "event_exposure_max", {"event_exposure_max": 2_500_000}, holding(on=BESIDE.id)),
    LimitWorld("series_exposure", "series_exposure_max", {"series_exposure_max": 2_500_000}, holding(on=ELSEWHERE.id)),
    LimitWorld("theme_exposure", "theme_exposure_max", {"theme_exposure_max": 2_500_000}, holding(on=ELSEWHERE.id)),
    LimitWorld(
        "theme_exposure",
        "themes",
        {
            "series": ("KXTEST", "KXRAIN"),
            "themes": (Theme("weather", ("KXRAIN", "KXTEST")),),
            "theme_exposure_max": 2_500_000,
        },
        holding(on=OF_ANOTHER_SERIES.id),
    ),
    LimitWorld("max_orders_per_cycle_guard", "orders_per_cycle_max", {"orders_per_cycle_max": 1}, holding()),
    LimitWorld(
        "max_notional_per_cycle_guard", "notional_per_cycle_max", {"notional_per_cycle_max": 2_499_999}, holding()
    ),
    LimitWorld("orders_per_day", "orders_per_day_max", {"orders_per_day_max": 1}, holding()),
    LimitWorld("notional_per_day", "notional_per_day_max", {"notional_per_day_max": 2_499_999}, holding()),
    LimitWorld("max_trades_reached", "trades_per_market_day_max", {"trades_per_market_day_max": 1}, holding()),
    LimitWorld("entries_per_hour", "entries_per_hour_max", {"entries_per_hour_max": 1}, holding()),
    LimitWorld("entry_gap", "entry_gap_min", {"entry_gap_min": MINUTE}, holding()),
    LimitWorld("buying_power", "buying_power_min", {"buying_power_min": 999_500_000}, fresh(qty_max=ONE)),
)  # fmt: skip


def world_of(key: str) -> LimitWorld:
    return next(world for world in LIMIT_WORLDS if world.key == key)
