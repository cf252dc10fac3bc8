"""The primary reason of a refusal is the first in the stated order: the kill switch, the cool-down, the day's loss,
then the caps of a cycle; and a halt is named by the rule that speaks for it, also when its limit is off."""

from typing import Any

import pytest
from tests.desk.support import Bench, buy, close, kinds, limits
from tests.model.support import FREE, T0, a_market

from assent.model.facts import IntentRefused
from assent.model.inputs import Refused
from assent.model.levels import CAUSES
from assent.model.units import DAY, HOUR, MICRO

MARKET = a_market(fees=FREE, close_ts=T0 + 90 * DAY)
BESIDE = a_market("KXTEST-26JAN05-B49.5", fees=FREE, close_ts=T0 + 90 * DAY)


def refused(bench: Bench, **terms: Any) -> IntentRefused:
    bench.quote()
    bench.propose(buy(**({"qty_max": MICRO} | terms)))
    last = bench.facts[-1]
    assert isinstance(last, IntentRefused)
    return last


def failing(fact: IntentRefused) -> list[str]:
    return [check.rule for check in fact.checks if not check.ok]


def test_as_one_obstacle_after_the_other_goes_the_next_in_the_order_is_the_primary_reason() -> None:
    bench = Bench(
        constitution=limits(
            cool_down_min=HOUR, daily_loss_max=2 * MICRO, orders_per_cycle_max=1, notional_per_cycle_max=700_000,
            cycle_length=HOUR, losing_streak_max=5,
        ),
        markets=(MARKET, BESIDE),
    )  # fmt: skip
    bench.hold(instrument=BESIDE.id, qty_max=MICRO)
    bench.settle("no", name=BESIDE.id)
    bench.quote()
    bench.halt("daily_loss")
    bench.switch()
    order = ["kill_switch_guard", "cooldown_active", "daily_loss_guard"]
    caps = ["max_orders_per_cycle_guard", "max_notional_per_cycle_guard"]
    told = refused(bench)
    assert (told.reason, failing(told)) == (order[0], [*order, *caps])
    bench.switch(is_set=False)
    told = refused(bench)
    assert (told.reason, failing(told)) == (order[1], [*order[1:], *caps])
    bench.later(HOUR)
    told = refused(bench)
    assert (told.reason, failing(told)) == (order[2], order[2:])
    bench.later(DAY).cycle()
    bench.quote()
    assert "OrderReleased" in kinds(bench.propose(buy(qty_max=MICRO)))
    bench.answer(bench.order(next(iter(bench.state.orders))).order, Refused("no", ""))
    told = refused(bench)
    assert (told.reason, failing(told)) == (caps[0], caps)


@pytest.mark.parametrize("cause", ["daily_loss", "weekly_loss", "monthly_loss", "loss_streak"])
def test_a_halt_for_a_loss_is_named_by_its_own_rule_although_its_limit_is_off(cause: str) -> None:
    bench = Bench(markets=(MARKET,))
    bench.halt(cause)
    told = refused(bench)
    assert told.reason == CAUSES[cause].rule
    assert failing(told) == [CAUSES[cause].rule]
    bench.halt("operator")
    assert refused(bench).reason == "level", "a halt that speaks for itself comes first"


def test_the_rule_of_a_loss_lets_exits_go_while_its_halt_stands() -> None:
    bench = Bench(markets=(MARKET,))
    bench.hold(qty_max=MICRO)
    bench.halt("daily_loss")
    assert "OrderReleased" in kinds(bench.propose(close()))
