"""Money neither appears nor vanishes, and nobody trades with money he does not have."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.exchange.support import CENT, MARKET, OPENS, TIMER, Floor, a_spec

from assent.exchange.accounts import History
from assent.exchange.core import Exchange
from assent.exchange.grid import DECI_CENT, LINEAR_CENT
from assent.exchange.types import MICRO, Accepted, NewOrder, Rejected

MARKETS = ("KXTEST-A", "KXTEST-B")
NAMES = ("ann", "bob", "cat", "dan")

# --- cash and netting ----------------------------------------------------------------------------------


def test_buying_yes_costs_its_price_and_buying_no_costs_the_rest() -> None:
    floor = Floor(fee_multiplier_ppm=0)
    floor.sell("bob", 30, 10)
    floor.buy("ann", 30, 10)
    assert floor.cash("ann") == 997 * MICRO
    assert floor.cash("bob") == 993 * MICRO


def test_a_position_nets_through_zero() -> None:
    floor = Floor(fee_multiplier_ppm=0)
    floor.sell("bob", 30, 10)
    floor.buy("ann", 30, 10)
    floor.buy("bob", 40, 25)
    floor.sell("ann", 40, 25)
    # Ann closes 10 at 40 (+4.00) and opens 15 NO at 60 (-9.00); Bob closes 10 NO at 60 (+6.00) and buys 15 at 40.
    assert floor.cash("ann") == (997 + 4 - 9) * MICRO
    assert floor.cash("bob") == (993 + 6 - 6) * MICRO
    assert (floor.position("ann"), floor.position("bob")) == (-15 * MICRO, 15 * MICRO)
    floor.exchange.check()


def test_a_resting_order_holds_its_worst_case() -> None:
    floor = Floor()
    floor.buy("ann", 40, 10)
    assert floor.exchange.balance("ann").reserved == 4 * MICRO
    floor.sell("ann", 70, 10)
    assert floor.exchange.balance("ann").reserved == 7 * MICRO
    assert floor.cash("ann") == 1_000 * MICRO


def test_a_resting_order_with_maker_fees_holds_them_too() -> None:
    floor = Floor(fee_type="quadratic_with_maker_fees")
    floor.buy("ann", 50, 10)
    assert floor.exchange.balance("ann").reserved == 5 * MICRO + 43_800


def test_an_order_that_only_closes_holds_nothing() -> None:
    floor = Floor(cash=100 * MICRO, fee_multiplier_ppm=0)
    floor.sell("bob", 50, 100)
    floor.buy("ann", 50, 100)
    floor.buy("ann", 49, 100)
    assert floor.exchange.balance("ann").available == MICRO
    assert floor.sell("ann", 60, 100).remaining == 100 * MICRO
    assert floor.exchange.balance("ann").available == MICRO
    assert floor.refused("ann", floor.order("sell", 61, 3)) == "insufficient_balance"


def test_what_closing_frees_covers_the_order_that_would_trade_first() -> None:
    floor = Floor(fee_multiplier_ppm=0)
    floor.sell("bob", 50, 10)
    floor.buy("ann", 50, 10)
    floor.sell("ann", 80, 10)
    assert floor.exchange.balance("ann").reserved == 0
    floor.sell("ann", 70, 10)
    assert floor.exchange.balance("ann").reserved == 2 * MICRO, "the order at 80 opens, the one at 70 closes"


def test_the_fee_must_be_affordable_too() -> None:
    floor = Floor(cash=52 * CENT)
    floor.sell("bob", 52, 1)
    assert floor.refused("ann", floor.order("buy", 52, 1)) == "insufficient_balance"
    enough = Floor(cash=537_500)
    enough.sell("bob", 52, 1)
    assert enough.buy("ann", 52, 1).filled == MICRO
    assert enough.cash("ann") == 0


def test_somebody_without_cash_can_still_close() -> None:
    floor = Floor(cash=537_500)
    floor.sell("bob", 52, 1)
    floor.buy("ann", 52, 1)
    floor.buy("cat", 51, 1)
    assert floor.cash("ann") == 0
    assert floor.sell("ann", 51, 1, tif="ioc").filled == MICRO


def test_rounding_on_many_small_fills_never_takes_more_than_there_is() -> None:
    """One contract at 33.3 cents costs 34.86 with its fee; in a hundred pieces the rounding alone would exceed that."""
    floor = Floor(cash=348_600, price_bands=DECI_CENT)
    floor.exchange.open_account("rich", 100 * MICRO)
    for _ in range(100):
        floor.sell("rich", 33.3, 0.01, post_only=True)
    assert floor.buy("ann", 33.3, 1).filled == MICRO
    assert floor.cash("ann") == 0
    assert sum(fill.fee for fill in floor.histories["ann"].fills) == 15_600
    floor.exchange.check()


# --- properties ----------------------------------------------------------------------------------------

orders = st.tuples(
    st.sampled_from(NAMES),
    st.sampled_from(MARKETS),
    st.sampled_from(["buy", "sell"]),
    st.integers(1, 99),
    st.integers(1, 3_000),
    st.sampled_from(["gtc", "gtc", "gtc", "ioc", "fok", "reduce", "post", "expire", "cancel"]),
)


def play(exchange: Exchange, histories: dict[str, History], now: int, move: tuple[Any, ...]) -> None:
    name, market, side, cents, hundredths, kind = move
    if kind == "cancel":
        resting = exchange.resting(name)
        if resting:
            exchange.cancel(now, name, resting[hundredths % len(resting)].order_id)
        return
    tif: Any = {"ioc": "ioc", "fok": "fok", "reduce": "ioc"}.get(kind, "gtc")
    order = NewOrder(
        client_order_id=None,
        market=market,
        side=side,
        price=cents * CENT,
        qty=hundredths * 10_000,
        tif=tif,
        reduce_only=kind == "reduce",
        post_only=kind == "post",
        expires_ts=now + 3 if kind == "expire" else None,
    )
    answer = exchange.submit(now, name, order)
    assert isinstance(answer, Accepted | Rejected)


def a_crowded_exchange(cash: int, fee_type: str, precision: int) -> tuple[Exchange, dict[str, History]]:
    exchange, histories = Exchange(), {name: History() for name in NAMES}
    for name, history in histories.items():
        exchange.open_account(name, cash, history, precision)
    bands = DECI_CENT if precision == 100 else LINEAR_CENT
    for ticker in MARKETS:
        exchange.list_market(0, a_spec(ticker, fee_type=fee_type, price_bands=bands))
    exchange.advance(OPENS)
    return exchange, histories


@settings(max_examples=60)
@given(
    st.lists(orders, max_size=60),
    st.sampled_from([3, 20, 500]),
    st.sampled_from(["quadratic", "quadratic_with_maker_fees", "quadratic_with_combo_maker_fees"]),
    st.sampled_from([100, 10_000]),
    st.sampled_from([("yes", MICRO), ("no", 0), ("scalar", 333_300)]),
)
def test_money_is_conserved_and_never_negative(
    moves: list[tuple[Any, ...]], dollars: int, fee_type: str, precision: int, outcome: tuple[Any, int]
) -> None:
    cash = dollars * MICRO
    exchange, histories = a_crowded_exchange(cash, fee_type, precision)
    now = OPENS
    for move in moves:
        now += 1
        play(exchange, histories, now, move)
        exchange.check()  # conservation, cash covers what is held, positions sum to zero, books add up
    for ticker in MARKETS:
        exchange.determine(now, ticker, *outcome)
    exchange.advance(now + TIMER)
    audit = exchange.audit()
    assert (audit.collateral, audit.cash + audit.fees) == (0, cash * len(NAMES))
    for name, history in histories.items():
        balance = exchange.balance(name)
        told = sum(fill.cash for fill in history.fills) + sum(s.payout for s in history.settlements)
        assert balance.cash == cash + told
        fees = sum(fill.fee for fill in history.fills) + sum(s.fee for s in history.settlements)
        assert balance.fees_paid == fees
        assert balance.reserved == 0


class NaiveBook:
    """Price-time priority the slow way: one list, searched from the start."""

    def __init__(self) -> None:
        self.resting: list[list[Any]] = []

    def take(self, number: int, side: str, price: int, qty: int, *, rest: bool) -> list[tuple[int, int]]:
        fills = []
        while qty:
            against = [o for o in self.resting if o[0] != side and (price >= o[1] if side == "buy" else price <= o[1])]
            if not against:
                break
            best = (min if side == "buy" else max)(o[1] for o in against)
            first = next(o for o in against if o[1] == best)
            traded = min(qty, first[2])
            fills.append((best, traded))
            first[2] -= traded
            qty -= traded
            self.resting = [o for o in self.resting if o[2]]
        if qty and rest:
            self.resting.append([side, price, qty, number])
        return fills

    def cancel(self, number: int) -> None:
        self.resting = [o for o in self.resting if o[3] != number]

    def depth(self, side: str) -> list[tuple[int, int]]:
        levels: dict[int, int] = {}
        for _, price, qty, _ in (o for o in self.resting if o[0] == side):
            levels[price] = levels.get(price, 0) + qty
        return sorted(levels.items(), reverse=side == "buy")


@pytest.mark.parametrize("seed", range(4))
def test_matching_agrees_with_a_naive_book(seed: int) -> None:
    random = Random(seed)
    floor, naive = Floor(cash=10**6 * MICRO), NaiveBook()
    for number in range(300):
        # A member for each order, so that nobody ever meets himself.
        name = f"m{number}"
        floor.exchange.open_account(name, 10**6 * MICRO, History())
        side, cents, contracts = random.choice(["buy", "sell"]), random.randint(40, 60), random.randint(1, 20)
        tif = random.choice(["gtc", "gtc", "gtc", "ioc"])
        expected = naive.take(number, side, cents * CENT, contracts * MICRO, rest=tif == "gtc")
        floor.submit(name, floor.order(side, cents, contracts, tif=tif))
        fills = floor.exchange._clearing.accounts[name].history
        assert fills is not None
        assert [(f.price, f.qty) for f in fills.fills] == expected
        gone = random.randint(0, number)
        for order in floor.exchange.resting(f"m{gone}"):
            floor.exchange.cancel(floor.now, f"m{gone}", order.order_id)
            naive.cancel(gone)
        assert floor.exchange.depth(MARKET) == (naive.depth("buy"), naive.depth("sell"))
        floor.exchange.check()
