"""The caps that follow the account: a part of its equity, its tier, and a part of the Kelly stake on the right odds."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.desk.support import MARKET, Bench, buy, limits, sell
from tests.model.support import FREE, a_future, a_market

from assent.desk.candidate import Candidate
from assent.desk.sizing import kelly_fraction
from assent.model.constitution import Tier
from assent.model.facts import OrderReleased
from assent.model.units import MICRO

CHEAP = a_market(fees=FREE)
WIDE_OPEN = {"risk_per_trade_max": 500 * MICRO, "total_exposure_max": 1_000 * MICRO}


def size(idea: Any, *, cash: int = 1_000 * MICRO, **values: Any) -> int:
    """The quantity that is released; zero when nothing is."""
    bench = Bench(constitution=limits(**(WIDE_OPEN | values)), markets=(CHEAP,), cash=cash)
    return sum(fact.order.qty for fact in bench.propose(idea) if isinstance(fact, OrderReleased))


@pytest.mark.parametrize(
    ("side", "price", "fair", "fraction"),
    [
        ("buy", 500_000, 600_000, 200_000),  # (.6 - .5) / (1 - .5)
        ("buy", 200_000, 600_000, 500_000),  # (.6 - .2) / .8
        ("sell", 500_000, 400_000, 200_000),  # (c - p) / c with c = .5
        ("sell", 800_000, 600_000, 250_000),  # (.8 - .6) / .8
        ("buy", 500_000, 500_000, 0),
        ("buy", 500_000, 400_000, 0),
        ("sell", 500_000, 600_000, 0),
        ("buy", 500_000, None, 0),
        ("buy", 500_000, 2 * MICRO, MICRO),
    ],
)
def test_the_stake_is_that_of_the_odds_of_a_binary_contract(
    side: Any, price: int, fair: int | None, fraction: int
) -> None:
    assert kelly_fraction(CHEAP, side=side, price=price, fair=fair) == fraction


def test_the_fee_is_part_of_what_a_contract_costs() -> None:
    """Fifty and a fee of 1.75: (.6 - .5175) / .4825, rounded down."""
    assert kelly_fraction(MARKET, side="buy", price=500_000, fair=600_000) == 170_984


def test_a_future_has_no_such_odds() -> None:
    assert kelly_fraction(a_future(), side="buy", price=5_000 * MICRO, fair=5_100 * MICRO) == 0


def test_a_quarter_of_the_stake_is_cut_down_to_the_grid() -> None:
    """A quarter of a fifth of a thousand dollars is fifty: a hundred contracts at fifty cents."""
    assert size(buy(), kelly_fraction_max=250_000) == 100 * MICRO
    assert size(buy(), kelly_fraction_max=249_999) == 99_990_000
    assert size(sell(price=500_000, fair=400_000), kelly_fraction_max=250_000) == 100 * MICRO


def test_the_least_of_all_caps_counts() -> None:
    both = {"kelly_fraction_max": 250_000, "risk_fraction_max": 10_000}
    assert size(buy(), **both) == 20 * MICRO
    assert size(buy(), **both, risk_tiers=(Tier(1_001 * MICRO, 5 * MICRO),)) == 10 * MICRO
    assert size(buy(), **(both | {"risk_per_trade_max": MICRO})) == 2 * MICRO


@pytest.mark.parametrize(
    ("cash", "qty"), [(1_499_999_999, 10), (1_500 * MICRO, 24), (2_499_999_999, 24), (2_500 * MICRO, 40)]
)
def test_a_tier_is_left_at_its_upper_end(cash: int, qty: int) -> None:
    tiers = (Tier(2_500 * MICRO, 12 * MICRO), Tier(1_500 * MICRO, 5 * MICRO))
    assert size(buy(), cash=cash, risk_per_trade_max=20 * MICRO, risk_tiers=tiers) == qty * MICRO


def test_an_account_that_was_never_marked_gets_no_size_from_its_equity() -> None:
    bench = Bench(constitution=limits(risk_fraction_max=10_000))
    bench.state.equity = None
    market = bench.desk.markets[MARKET.id]
    idea = Candidate(state=bench.state, now=bench.now, strategy="s", proposal=buy(), market=market, quote=None)
    assert (idea.qty, idea.risk_cap) == (0, 0)


@given(
    st.integers(1, 99), st.integers(0, 100), st.sampled_from(("buy", "sell")), st.integers(0, 2 * MICRO),
    st.integers(0, MICRO),
)  # fmt: skip
def test_no_stake_is_more_than_its_part_of_kelly_or_of_the_equity(
    cents: int, fair: int, side: Any, kelly: int, part: int
) -> None:
    price, cash = cents * 10_000, 1_000 * MICRO
    terms = {"side": side, "price": price, "fair": fair * 10_000}
    qty = size(buy(**terms), kelly_fraction_max=kelly, risk_fraction_max=part, edge_min=0)
    paid = price if side == "buy" else MICRO - price
    p = fair * 10_000 if side == "buy" else MICRO - fair * 10_000
    exact = max(0, p - paid) / (MICRO - paid)
    assert qty * paid / MICRO <= min(cash * exact * kelly / MICRO, cash * part / MICRO) + 1e-6
