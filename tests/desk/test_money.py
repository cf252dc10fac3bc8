"""The books against a naive reader with fractions: whatever happens, in whatever order, the cash is explained."""

from fractions import Fraction
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.model.support import a_future, a_market

from assent.desk import money
from assent.desk.state import CASH, DEPOSITS, FEES, POSITIONS, REALISED, Position, State
from assent.model.errors import InvariantBroken
from assent.model.units import MICRO

MARKET = a_market()
ZERO = dict.fromkeys((CASH, POSITIONS, REALISED, FEES, DEPOSITS), 0)


class Trade(NamedTuple):
    side: Any
    price: int
    qty: int
    fee: int


cent_trades = st.builds(
    Trade,
    st.sampled_from(("buy", "sell")),
    st.integers(min_value=1, max_value=999).map(lambda tenths: tenths * 1_000),
    st.integers(min_value=1, max_value=3_000).map(lambda hundredths: hundredths * 10_000),
    st.integers(min_value=-5_000, max_value=50_000),
)
# Quantities that no honest venue deals in: every product leaves a rest.
odd_trades = st.builds(
    Trade,
    st.sampled_from(("buy", "sell")),
    st.integers(min_value=1, max_value=MICRO - 1),
    st.integers(min_value=1, max_value=30 * MICRO),
    st.integers(min_value=-5_000, max_value=50_000),
)
values = st.one_of(st.just(MICRO), st.just(0), st.integers(min_value=0, max_value=MICRO))


class Books:
    """Position and accounts, posted as the state posts them."""

    def __init__(self, instrument: Any = MARKET) -> None:
        self.instrument = instrument
        self.position = Position()
        self.accounts = dict(ZERO)

    def trade(self, trade: Trade) -> None:
        booking = money.book_fill(
            self.instrument, self.position, side=trade.side, price=trade.price, qty=trade.qty, fee=trade.fee
        )
        money.post(self.accounts, booking.entries)
        self.position = booking.position
        assert sum(self.accounts.values()) == 0
        if type(self.instrument) is type(MARKET):
            assert self.accounts[POSITIONS] == self.position.cost
        assert self.position.cost >= 0
        assert (self.position.qty == 0) <= (self.position.cost == 0)

    def settle(self, value: int) -> int:
        payout = money.settlement_payout(self.instrument, self.position, value=value)
        booking = money.book_settlement(self.instrument, self.position, value=value)
        money.post(self.accounts, booking.entries)
        self.position = booking.position
        assert sum(self.accounts.values()) == 0
        assert self.accounts[POSITIONS] == 0
        return payout


class Naive:
    """Contracts in two drawers, YES and NO; a trade first gives back from the other drawer. Fractions only."""

    def __init__(self) -> None:
        self.yes = self.no = Fraction(0)
        self.cash = Fraction(0)
        self.fees = Fraction(0)

    def trade(self, trade: Trade) -> None:
        qty, price = Fraction(trade.qty), Fraction(trade.price, MICRO)
        if trade.side == "buy":
            back = min(qty, self.no)
            self.no -= back
            self.yes += qty - back
            self.cash += back * (1 - price) - (qty - back) * price
        else:
            back = min(qty, self.yes)
            self.yes -= back
            self.no += qty - back
            self.cash += back * price - (qty - back) * (1 - price)
        self.cash -= trade.fee
        self.fees += trade.fee

    def settle(self, value: int) -> None:
        worth = Fraction(value, MICRO)
        paid = self.yes * worth + self.no * (1 - worth)
        # A part of a dollar is paid in whole hundredths of a cent; the venue keeps the rest as a fee.
        kept = paid % 100 if 0 < value < MICRO else 0
        self.cash += paid - kept
        self.fees += kept
        self.yes = self.no = Fraction(0)


@given(st.lists(cent_trades, max_size=12), values)
def test_on_the_venues_grids_the_cash_is_exact_to_the_last_micro(trades: list[Trade], value: int) -> None:
    books, naive = Books(), Naive()
    for trade in trades:
        books.trade(trade)
        naive.trade(trade)
        assert books.accounts[CASH] == naive.cash
        assert books.position.qty == naive.yes - naive.no
        assert books.accounts[FEES] == naive.fees
    books.settle(value if value in (0, MICRO) else value // 100 * 100)
    naive.settle(value if value in (0, MICRO) else value // 100 * 100)
    assert (books.accounts[CASH], books.accounts[FEES]) == (naive.cash, naive.fees)
    assert books.accounts[CASH] == -books.accounts[REALISED] - books.accounts[FEES]


@given(st.lists(odd_trades, max_size=12), values)
def test_off_every_grid_rounding_takes_from_us_at_most_two_micros_a_fill_and_never_gives(
    trades: list[Trade], value: int
) -> None:
    books, naive = Books(), Naive()
    for trade in trades:
        books.trade(trade)
        naive.trade(trade)
    books.settle(value)
    naive.settle(value)
    assert naive.cash - 2 * len(trades) - 1 <= books.accounts[CASH] <= naive.cash


@given(st.lists(cent_trades, min_size=1, max_size=8), st.data())
def test_the_order_of_fills_changes_neither_position_nor_cash(trades: list[Trade], data: st.DataObject) -> None:
    """On the venue's grids; the split of realised and cost depends on the order, their sum does not."""
    one, other = Books(), Books()
    for trade in trades:
        one.trade(trade)
    for trade in data.draw(st.permutations(trades)):
        other.trade(trade)
    assert one.position.qty == other.position.qty
    assert one.accounts[FEES] == other.accounts[FEES]
    one_end, other_end = (b.accounts[CASH] + b.settle(0) for b in (one, other))
    assert one_end == other_end


@given(st.lists(odd_trades, max_size=10))
def test_yes_and_no_together_pay_one_dollar_for_each_contract_held(trades: list[Trade]) -> None:
    books = Books()
    for trade in trades:
        books.trade(trade)
    paid = [money.settlement_payout(MARKET, books.position, value=value) for value in (MICRO, 0)]
    assert sum(paid) == abs(books.position.qty)
    assert min(paid) == 0


@given(odd_trades, values)
def test_one_position_never_loses_more_than_its_cost_and_its_fee(trade: Trade, value: int) -> None:
    books = Books()
    books.trade(trade)
    cost = books.position.cost
    books.settle(value)
    assert -cost - trade.fee <= books.accounts[CASH] <= trade.qty - cost - trade.fee


@given(st.lists(odd_trades, min_size=1, max_size=8), values)
def test_what_is_still_held_never_loses_more_than_it_cost(trades: list[Trade], value: int) -> None:
    books = Books()
    for trade in trades:
        books.trade(trade)
    before, cost = books.accounts[CASH], books.position.cost
    books.settle(value)
    assert books.accounts[CASH] >= before
    assert -books.accounts[REALISED] - books.accounts[FEES] >= before
    assert cost <= abs(books.position.qty) or books.position.qty == 0


@given(odd_trades, st.integers(min_value=1, max_value=30 * MICRO), st.integers(min_value=1, max_value=MICRO - 1))
def test_buying_and_selling_at_one_price_never_gains(trade: Trade, qty: int, price: int) -> None:
    books = Books()
    books.trade(Trade("buy", price, qty, 0))
    books.trade(Trade("sell", price, qty, 0))
    assert books.position == Position()
    assert -2 <= books.accounts[CASH] <= 0


def test_no_bought_at_forty_is_yes_sold_at_sixty() -> None:
    books = Books()
    books.trade(Trade("sell", 600_000, 10 * MICRO, 0))
    assert books.accounts[CASH] == -4 * MICRO
    assert books.position == Position(qty=-10 * MICRO, cost=4 * MICRO)
    assert books.settle(0) == 10 * MICRO
    assert books.accounts[CASH] == 6 * MICRO


def test_a_fill_through_zero_closes_and_opens() -> None:
    books = Books()
    books.trade(Trade("buy", 400_000, 10 * MICRO, 0))
    books.trade(Trade("sell", 500_000, 15 * MICRO, 0))
    assert books.position == Position(qty=-5 * MICRO, cost=2_500_000)
    assert books.accounts[CASH] == -4 * MICRO + 5 * MICRO - 2_500_000
    assert books.accounts[REALISED] == -1 * MICRO


def test_a_rebate_is_a_negative_fee_and_still_balances() -> None:
    books = Books()
    books.trade(Trade("buy", 400_000, MICRO, -300))
    assert books.accounts[FEES] == -300
    assert books.accounts[CASH] == -399_700


def test_entries_that_do_not_add_up_are_never_posted_quietly() -> None:
    with pytest.raises(InvariantBroken, match="accounts_do_not_sum_to_zero"):
        money.post(dict(ZERO), {CASH: 1})


def test_a_transfer_comes_from_the_owner() -> None:
    accounts = State().accounts
    money.post(accounts, money.book_transfer(100 * MICRO))
    money.post(accounts, money.book_transfer(-40 * MICRO))
    assert (accounts[CASH], accounts[DEPOSITS]) == (60 * MICRO, -60 * MICRO)


# --- marks ---------------------------------------------------------------------------------------------


def test_a_long_position_is_worth_the_bid_and_a_short_one_the_ask() -> None:
    long, short = Position(10 * MICRO, 4 * MICRO), Position(-10 * MICRO, 4 * MICRO)
    assert money.mark_value(MARKET, long, bid=390_000, ask=410_000) == 3_900_000
    assert money.mark_value(MARKET, short, bid=390_000, ask=410_000) == 5_900_000
    assert money.mark_value(MARKET, long, bid=None, ask=410_000) is None
    assert money.mark_value(MARKET, short, bid=390_000, ask=None) is None
    assert money.mark_value(MARKET, Position(), bid=None, ask=None) == 0


@given(odd_trades, st.integers(min_value=1, max_value=MICRO - 1))
def test_a_mark_is_what_giving_the_position_back_would_bring(trade: Trade, price: int) -> None:
    books = Books()
    books.trade(trade._replace(fee=0))
    mark = money.mark_value(MARKET, books.position, bid=price, ask=price)
    before = books.accounts[CASH]
    books.trade(Trade("sell" if trade.side == "buy" else "buy", price, trade.qty, 0))
    assert mark == books.accounts[CASH] - before


# --- futures -------------------------------------------------------------------------------------------

FUTURE = a_future()
future_trades = st.builds(
    Trade,
    st.sampled_from(("buy", "sell")),
    st.integers(min_value=16_000, max_value=24_000).map(lambda ticks: ticks * 250_000),
    st.integers(min_value=1, max_value=5).map(lambda contracts: contracts * MICRO),
    st.just(620_000),
)


@given(st.lists(future_trades, max_size=10), st.integers(min_value=16_000, max_value=24_000))
def test_a_futures_cash_is_the_sum_of_its_moves_and_fees(trades: list[Trade], last: int) -> None:
    """Marked to the last price, cash is sum(sign x qty x (last - price)) x multiplier less fees, in any order."""
    books, price = Books(FUTURE), last * 250_000
    for trade in trades:
        books.trade(trade)
    books.settle(price)
    moves = sum(Fraction(t.qty, MICRO) * (price - t.price if t.side == "buy" else t.price - price) * 5 for t in trades)
    rounding = books.accounts[CASH] - (moves - sum(t.fee for t in trades))
    assert -2 * len(trades) <= rounding <= 0


def test_no_cash_is_paid_at_a_futures_entry_but_the_fee() -> None:
    books = Books(FUTURE)
    books.trade(Trade("buy", 5_000 * MICRO, 2 * MICRO, 1_240_000))
    assert books.accounts[CASH] == -1_240_000
    assert money.mark_value(FUTURE, books.position, bid=5_001 * MICRO, ask=None) == 10 * MICRO
    assert money.mark_value(FUTURE, books.position, bid=4_999 * MICRO, ask=None) == -10 * MICRO
