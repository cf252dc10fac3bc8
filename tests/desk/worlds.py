"""One world for each limit that may be off: in it that limit's rule alone says no, and without the limit it trades."""

from collections.abc import Callable
from typing import Any, NamedTuple

from tests.desk.support import MARKET, Bench, buy, limits
from tests.model.support import a_market

from assent.model.constitution import BY_KEY, Constitution
from assent.model.units import MICRO

World = tuple[Bench, Any]
BESIDE = a_market("KXTEST-26JAN05-B49.5")
ELSEWHERE = a_market("KXTEST-26JAN06-B49.5", event="KXTEST-26JAN06")
ONE = MICRO


class LimitWorld(NamedTuple):
    """What is in force, what has happened on the bench, and the idea that is then refused by `rule`."""

    rule: str
    key: str
    values: dict[str, Any]
    prepare: Callable[[Bench], Any]

    def constitution(self, off: str = "") -> Constitution:
        return limits(**{key: BY_KEY[key].loosest if key == off else value for key, value in self.values.items()})

    def build(self, off: str = "") -> World:
        constitution = self.constitution(off)
        bench = Bench(constitution=constitution, markets=(MARKET, BESIDE, ELSEWHERE))
        return bench, self.prepare(bench)


def fresh(**terms: Any) -> Callable[[Bench], Any]:
    return lambda _: buy(**terms)


def holding(*, on: str = MARKET.id, qty: int = 4 * ONE, **terms: Any) -> Callable[[Bench], Any]:
    def prepare(bench: Bench) -> Any:
        bench.hold(instrument=on, qty_max=qty)
        return buy(**({"qty_max": ONE} | terms))

    return prepare


LIMIT_WORLDS: tuple[LimitWorld, ...] = (
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
    LimitWorld("buying_power", "buying_power_min", {"buying_power_min": 999_500_000}, fresh(qty_max=ONE)),
)  # fmt: skip


def world_of(key: str) -> LimitWorld:
    return next(world for world in LIMIT_WORLDS if world.key == key)
