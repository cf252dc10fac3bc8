"""A gauge shows what the rule of its limit measures, less the idea that the rule is asked about."""

from collections import Counter
from typing import Any

import msgspec
import pytest
from tests.desk.support import MARKET, Bench
from tests.property.worlds import LIMITS, World

from assent.desk.budgets import day_budget, loss_budgets
from assent.desk.fold import evolve
from assent.desk.gauges import MEASURES, gauges, share_of
from assent.desk.stakes import stakes
from assent.desk.state import Position, State
from assent.model.constitution import BY_KEY, LISTS, MONEY_MOST, Theme, together
from assent.model.facts import IntentProposed, IntentRefused
from assent.model.units import HOUR, MICRO, SECOND

# Every measured limit in use, and none of them in the way.
WIDE = msgspec.structs.replace(
    LIMITS, approvals=(), market_exposure_max=99 * MICRO, event_exposure_max=99 * MICRO, buying_power_min=MICRO,
    series_exposure_max=99 * MICRO, theme_exposure_max=99 * MICRO, themes=(Theme("both", ("KXTEST", "KXLOOSE")),),
    position_qty_max=900 * MICRO, position_notional_max=900 * MICRO, orders_per_cycle_max=900,
    notional_per_cycle_max=900 * MICRO, orders_per_day_max=900, notional_per_day_max=900 * MICRO,
    trades_per_market_day_max=900, entries_per_hour_max=900, losing_streak_max=900, capital_min=MICRO,
    daily_loss_max=190 * MICRO, daily_loss_fraction_max=990_000, weekly_loss_max=190 * MICRO,
    weekly_loss_fraction_max=990_000, monthly_loss_max=190 * MICRO, monthly_loss_fraction_max=990_000,
    drawdown_fraction_max=990_000,
)  # fmt: skip


class Wide(World):
    limits = WIDE
    files = (WIDE,)


def idea_s_own(fact: Any) -> dict[str, tuple[str, int]]:
    """By rule: the gauge, and what the idea itself adds to it; for a floor what it takes."""
    loss = fact.intent.worst_loss
    return {
        "total_exposure": ("total_exposure_max", loss),
        "orders_per_day": ("orders_per_day_max", 1),
        "max_orders_per_cycle_guard": ("orders_per_cycle_max", 1),
        "entries_per_hour": ("entries_per_hour_max", 1),
        "consecutive_loss_pause": ("losing_streak_max", 0),
        "capital": ("capital_min", 0),
        "buying_power": ("buying_power_min", -loss),
    }


def at_the_market(state: State, fact: Any) -> dict[str, int]:
    """By rule: what is at stake already where this idea would add to it."""
    found, instrument = stakes(state), state.find_instrument(fact.intent.instrument)
    assert instrument is not None
    return {
        "market_exposure": found.markets.get(instrument.id, 0),
        "event_exposure": found.events.get(instrument.event, 0),
        "series_exposure": found.series.get(instrument.series, 0),
        "theme_exposure": max(found.themes.get(theme, 0) for theme, _ in together(WIDE, instrument.series)),
    }


@pytest.mark.parametrize("seed", range(4))
def test_what_is_shown_is_what_the_rules_measure(seed: int) -> None:
    state, compared = State(), Counter[str]()
    for ts, fact in Wide(seed).live(700).records:
        if isinstance(fact, IntentProposed | IntentRefused) and fact.intent.action == "open" and fact.intent.qty:
            measured = {gauge.key: gauge.measured for gauge in gauges(state, ts)}
            checks = {check.rule: check.measured for check in fact.checks}
            for rule, (key, own) in idea_s_own(fact).items():
                if checks.get(rule) is not None:
                    assert checks[rule] == measured[key] + own, rule
                    compared[rule] += 1
            for rule, at_stake in at_the_market(state, fact).items():
                if checks.get(rule) is not None:
                    assert checks[rule] == at_stake + fact.intent.worst_loss, rule
                    compared[rule] += 1
            day = day_budget(state, ts)
            if day is not None and checks.get("daily_loss_guard") is not None:
                assert checks["daily_loss_guard"] == day.lost + fact.intent.worst_loss
                compared["daily_loss_guard"] += 1
        evolve(state, ts, fact)
    assert len(compared) == 12
    assert min(compared.values()) > 20


def test_every_measured_limit_is_one_number_of_the_constitution() -> None:
    assert all(BY_KEY[key].kind not in LISTS for key in MEASURES)
    assert {gauge.key for gauge in gauges(Wide(1).live(300).desk.state, 0)} == set(MEASURES)


def test_what_is_off_has_no_gauge() -> None:
    bench = Bench()
    keys = {gauge.key for gauge in gauges(bench.desk.state, bench.now)}
    assert keys == {key for key in MEASURES if not BY_KEY[key].optional}
    assert gauges(State(), 0) == []


def test_a_share_is_rounded_up_and_full_where_nothing_is_allowed() -> None:
    assert [share_of(1, 3), share_of(0, 5), share_of(5, 5), share_of(7, 5)] == [333_334, 0, MICRO, 1_400_000]
    assert [share_of(0, 0), share_of(3, 0), share_of(3, -1), share_of(-2, 5)] == [MICRO, MICRO, MICRO, 0]


def test_a_window_of_pace_empties_with_time_alone() -> None:
    state = Wide(2).live(500).desk.state
    now = {gauge.key: gauge.measured for gauge in gauges(state, state.pace.recent[-1].ts)}
    later = {gauge.key: gauge.measured for gauge in gauges(state, state.pace.recent[-1].ts + HOUR + SECOND)}
    assert now["entries_per_hour_max"] > 0
    assert later["entries_per_hour_max"] == later["orders_per_cycle_max"] == 0
    assert later["orders_per_day_max"] == now["orders_per_day_max"] > 0


def test_a_budget_is_the_stricter_of_an_amount_and_a_part_and_what_is_left_of_it() -> None:
    state = Wide(0).live(600).desk.state
    for budget in loss_budgets(state, state.ts):
        assert budget.most == min(190 * MICRO, budget.baseline * 990_000 // MICRO)
        assert budget.left == budget.most - budget.lost
    assert state.seal is not None
    state.seal = msgspec.structs.replace(
        state.seal, constitution=msgspec.structs.replace(WIDE, daily_loss_max=MONEY_MOST, daily_loss_fraction_max=MICRO)
    )
    day, week, _ = loss_budgets(state, state.ts)
    assert (day.period, day.most, day.left) == ("day", None, None)
    assert week.most is not None
    assert day_budget(state, state.ts) is None
    assert loss_budgets(State(), 0) == ()


def test_an_exclusive_group_that_the_owner_trusts_is_measured_over_its_outcomes() -> None:
    """Two NO in one group cannot both lose; the plain sum says that they can."""
    state, first = Bench().desk.state, MARKET
    for name in ("A", "B"):
        one = msgspec.structs.replace(first, id=name, exclusive_group="group")
        state.instruments[name] = one
        state.positions[name] = Position(qty=-MICRO, cost=600_000)
    assert stakes(state).events[first.event] == 1_200_000
    assert state.seal is not None
    trusting = msgspec.structs.replace(state.seal.constitution, trust_exclusive=(first.series,))
    state.seal = msgspec.structs.replace(state.seal, constitution=trusting)
    found = stakes(state)
    assert found.events[first.event] == 200_000
    assert (found.total, found.series[first.series]) == (1_200_000, 1_200_000)
