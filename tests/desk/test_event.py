"""Exposure of several markets together: the plain sum, and the outcomes of a group that the owner trusts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.desk.support import Bench, buy, kinds, limits, sell
from tests.model.support import FREE, a_market

from assent.desk import event, exposure
from assent.model.facts import IntentRefused
from assent.model.units import MICRO

EVENT = "KXTEST-26JAN05"
GROUP = [a_market(f"{EVENT}-B{n}", exclusive_group=EVENT, fees=FREE) for n in (47, 48, 49)]
ALONE = a_market(f"{EVENT}-X", fees=FREE)
ONE = MICRO


def told(trusted: bool, cap: int, *ideas: Any) -> list[bool]:
    """Which of these ideas are released, one after the other, each filled at once."""
    bench = Bench(
        constitution=limits(event_exposure_max=cap, trust_exclusive=("KXTEST",) if trusted else ()),
        markets=(*GROUP, ALONE),
    )
    for market in (*GROUP, ALONE):
        bench.quote(market.id, 400_000, 500_000)
    released = []
    for idea in ideas:
        facts = bench.propose(idea)
        released.append("OrderReleased" in kinds(facts))
        for fact in facts:
            if hasattr(fact, "order"):
                bench.accept(fact.order, filled=fact.order.qty)
                bench.fill(fact.order)
    return released


def no_on(market: Any) -> Any:
    """Selling YES at 40 cents: 60 are at stake, and are kept where another market wins."""
    return sell(instrument=market.id, price=400_000, fair=100_000, qty_max=ONE)


@pytest.mark.parametrize(("trusted", "released"), [(False, [True, False]), (True, [True, True])])
def test_only_trust_lets_one_market_of_a_group_pay_for_another(trusted: bool, released: list[bool]) -> None:
    """NO on two markets: at most one can end in yes, so 60 - 40 cents are the worst where that is believed."""
    assert told(trusted, 600_000, no_on(GROUP[0]), no_on(GROUP[1])) == released


def test_no_winner_at_all_is_an_outcome_as_well() -> None:
    yes = [buy(instrument=market.id, price=500_000, fair=700_000, qty_max=ONE) for market in GROUP]
    assert told(True, 1_500_000, *yes) == [True, True, True]
    assert told(True, 1_499_999, *yes) == [True, True, False]


def test_a_market_of_the_event_outside_the_group_is_added_on_top() -> None:
    assert told(True, 1_199_999, no_on(GROUP[0]), no_on(ALONE)) == [True, False]
    assert told(True, 1_200_000, no_on(GROUP[0]), no_on(ALONE)) == [True, True]


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from(("buy", "sell")), st.integers(1, 9), st.integers(1, 99)),
        max_size=5,
    ),
    st.tuples(st.integers(0, 2), st.sampled_from(("buy", "sell")), st.integers(1, 9), st.integers(1, 99)),
)
def test_trusted_exposure_is_the_worst_over_all_outcomes_by_brute_force(entries: Any, idea: Any) -> None:
    """Netting within a market is left out, as the books close before they open: one side a market."""
    bench = Bench(cash=1_000 * MICRO, markets=GROUP)
    sides: dict[int, str] = {}
    kept = [entry for entry in entries if sides.setdefault(entry[0], entry[1]) == entry[1]]
    for index, side, _, cents in kept:
        price, fair = cents * 10_000, MICRO if side == "buy" else 0
        if not abs(fair - price) > 20_000:
            continue
        for order in [
            f.order
            for f in bench.propose(buy(instrument=GROUP[index].id, side=side, price=price, fair=fair, qty_max=ONE))
            if hasattr(f, "order")
        ]:
            bench.accept(order, filled=order.qty)
            bench.fill(order)
    index, side, qty, cents = idea
    price, amount = cents * 10_000, qty * ONE
    loss = exposure.entry_loss(GROUP[index], side=side, price=price, qty=amount)
    assert loss is not None
    measured = event.exclusive_exposure(bench.state, event.Idea(GROUP[index], side, price, amount, 0, loss))
    worst = 0
    for winner in (None, 0, 1, 2):
        result = 0
        for number, market in enumerate(GROUP):
            position, pays = bench.state.positions.get(market.id), MICRO if winner == number else 0
            if position:
                result += (pays if position.qty > 0 else MICRO - pays) * abs(position.qty) // MICRO - position.cost
        pays = MICRO if winner == index else 0
        gain = (pays - price if side == "buy" else price - pays) * amount // MICRO
        worst = max(worst, -(result + min(0, gain)), -result)
    assert measured == worst


@pytest.mark.parametrize("trusted", [False, True])
def test_an_idea_that_no_size_fits_is_measured_on_the_smallest_one(trusted: bool) -> None:
    """As every other rule does: a refusal shows what the least that could be bought would have put at stake."""
    bench = Bench(
        constitution=limits(
            risk_per_trade_max=1, event_exposure_max=MICRO, trust_exclusive=("KXTEST",) if trusted else ()
        ),
        markets=GROUP,
    )
    told = next(
        fact
        for fact in bench.propose(buy(instrument=GROUP[0].id, price=500_000, fair=700_000))
        if isinstance(fact, IntentRefused)
    )
    # A hundredth of a contract at fifty cents, free of fees.
    assert told.intent.worst_loss == 5_000
    assert next(check.measured for check in told.checks if check.rule == "event_exposure") == 5_000
