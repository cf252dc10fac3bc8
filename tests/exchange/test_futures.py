"""Futures on bars: the price each order gets, brackets whose children follow their parent, and no flattery."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.exchange.futures import FuturesMarket
from assent.exchange.futures_types import DECLINED, BarOrder, Contract, Declined, Ended, Executed, Placed
from assent.exchange.types import MICRO, ExchangeError

ONE = MICRO
POINT = MICRO
TICK = 250_000


class Pit:
    """A market with short words; prices in points."""

    def __init__(self, **changes: Any) -> None:
        self.market = FuturesMarket(Contract(**({"tick": TICK, "multiplier": 5 * MICRO, "fee": 620_000} | changes)))
        self.now = 0

    def place(self, name: str, side: Any, kind: Any = "market", qty: int = 1, **terms: Any) -> Any:
        for price in ("price", "stop_price"):
            if price in terms:
                terms[price] = int(terms[price] * POINT)
        return self.market.submit(BarOrder(name, side, kind, qty * ONE, **terms))

    def bar(self, open_: float, high: float, low: float) -> list[Any]:
        self.now += 1
        return [
            (told.order_id, told.price / POINT, told.qty // ONE) if isinstance(told, Executed)
            else (told.order_id, told.reason, told.filled // ONE)
            for told in self.market.bar(self.now, int(open_ * POINT), int(high * POINT), int(low * POINT))
        ]  # fmt: skip

    def bracket(self, side: Any = "buy", qty: int = 1, stop: float = 97, target: float = 104, **entry: Any) -> None:
        other = "sell" if side == "buy" else "buy"
        self.place("in", side, qty=qty, **entry)
        self.place("stop", other, "stop", qty, stop_price=stop, parent="in", oca_group="g")
        self.place("goal", other, "limit", qty, price=target, parent="in", oca_group="g")


def test_a_market_order_gets_the_next_open() -> None:
    pit = Pit()
    assert pit.place("a", "buy") == Placed("a", 0, ONE)
    assert pit.bar(100.25, 101, 99) == [("a", 100.25, 1)]
    assert pit.bar(100, 101, 99) == []
    assert pit.market.position == ONE


def test_one_order_of_two_contracts_turns_the_position() -> None:
    pit = Pit()
    pit.place("a", "buy")
    pit.bar(100, 100, 100)
    pit.place("b", "sell", qty=2)
    assert pit.bar(103, 103, 103) == [("b", 103.0, 2)]
    assert pit.market.position == -ONE
    assert pit.market.fees == 3 * 620_000
    assert pit.market.value(102 * POINT) == 15 * MICRO + 5 * MICRO - 3 * 620_000


LIMITS = [
    ("buy", 99, (100, 101, 99.25), []),
    ("buy", 99, (100, 101, 99), [("a", 99.0, 1)]),
    ("buy", 99, (98, 101, 97), [("a", 98.0, 1)]),
    ("sell", 101, (100, 100.75, 99), []),
    ("sell", 101, (100, 101, 99), [("a", 101.0, 1)]),
    ("sell", 101, (102, 103, 101), [("a", 102.0, 1)]),
]


@pytest.mark.parametrize(("side", "price", "bar", "told"), LIMITS)
def test_a_limit_gets_its_price_or_on_arrival_a_better_open(side: Any, price: int, bar: Any, told: Any) -> None:
    pit = Pit()
    pit.place("a", side, "limit", price=price)
    assert pit.bar(*bar) == told


def test_a_limit_that_rests_is_hit_at_its_own_price_even_when_the_market_jumps_over_it() -> None:
    pit = Pit()
    pit.place("a", "sell", "limit", price=101)
    assert pit.bar(100, 100, 100) == []
    assert pit.bar(105, 106, 104) == [("a", 101.0, 1)]


def test_a_limit_that_must_be_traded_through_is_not_filled_by_a_touch() -> None:
    pit = Pit(through=TICK)
    pit.place("a", "buy", "limit", price=99)
    assert pit.bar(100, 100, 99) == []
    assert pit.bar(100, 100, 98.75) == [("a", 99.0, 1)]


STOPS = [
    ("sell", 97, (100, 101, 97.25), []),
    ("sell", 97, (100, 101, 96), [("a", 97.0, 1)]),
    ("sell", 97, (95, 96, 94), [("a", 95.0, 1)]),
    ("buy", 103, (100, 102.75, 99), []),
    ("buy", 103, (100, 103, 99), [("a", 103.0, 1)]),
    ("buy", 103, (106, 107, 105), [("a", 106.0, 1)]),
]


@pytest.mark.parametrize(("side", "stop", "bar", "told"), STOPS)
def test_a_stop_gets_its_price_and_after_a_gap_the_open(side: Any, stop: int, bar: Any, told: Any) -> None:
    pit = Pit()
    pit.place("a", side, "stop", stop_price=stop)
    assert pit.bar(*bar) == told


def test_a_stop_limit_refuses_a_price_beyond_its_limit_and_then_rests_as_a_limit() -> None:
    pit = Pit()
    pit.place("a", "sell", "stop_limit", stop_price=97, price=96.5)
    assert pit.bar(95, 96, 94) == []
    assert pit.bar(95, 96.25, 94) == []
    assert pit.bar(96, 96.5, 95) == [("a", 96.5, 1)]


def test_a_stop_limit_that_is_touched_inside_a_bar_gets_its_stop_price() -> None:
    pit = Pit()
    pit.place("a", "buy", "stop_limit", stop_price=103, price=103.5)
    assert pit.bar(100, 104, 100) == [("a", 103.0, 1)]


def test_children_sleep_until_their_parent_has_filled() -> None:
    pit = Pit()
    pit.bracket(kind="limit", price=99)
    assert pit.bar(100, 110, 99.25) == []
    assert pit.market.live() == ["in", "stop", "goal"]


def test_a_bracket_leaves_at_its_target_and_the_stop_goes_with_it() -> None:
    pit = Pit()
    pit.bracket()
    assert pit.bar(100, 101, 99) == [("in", 100.0, 1)]
    assert pit.bar(101, 104, 100) == [("goal", 104.0, 1), ("stop", "oca_cancel", 0)]
    assert (pit.market.position, pit.market.live()) == (0, [])
    assert pit.market.value(0) == 20 * MICRO - 2 * 620_000


def test_a_bracket_may_enter_at_the_open_and_leave_in_the_same_bar() -> None:
    pit = Pit()
    pit.bracket()
    assert pit.bar(100, 104, 99) == [("in", 100.0, 1), ("goal", 104.0, 1), ("stop", "oca_cancel", 0)]


@pytest.mark.parametrize(("side", "stop", "target"), [("buy", 97, 104), ("sell", 103, 96)])
def test_when_one_bar_touches_both_it_was_the_stop(side: Any, stop: int, target: int) -> None:
    pit = Pit()
    pit.bracket(side, stop=stop, target=target)
    pit.bar(100, 100, 100)
    assert pit.bar(100, 105, 95) == [("stop", float(stop), 1), ("goal", "oca_cancel", 0)]


def test_an_entry_inside_a_bar_may_be_stopped_there_but_not_reach_its_target() -> None:
    pit = Pit()
    pit.bracket(kind="limit", price=99)
    assert pit.bar(100, 106, 98) == [("in", 99.0, 1)]
    pit = Pit()
    pit.bracket(kind="limit", price=99)
    assert pit.bar(100, 106, 96) == [("in", 99.0, 1), ("stop", 97.0, 1), ("goal", "oca_cancel", 0)]


def test_an_entry_beyond_its_own_stop_leaves_where_it_came_in() -> None:
    pit = Pit()
    pit.bracket("sell", kind="stop", stop_price=99, stop=98, target=90)
    assert pit.bar(100, 101, 99) == [("in", 99.0, 1), ("stop", 99.0, 1), ("goal", "oca_cancel", 0)]


def test_the_children_have_as_much_as_the_parent_has_filled() -> None:
    pit = Pit(most_per_bar=2 * ONE)
    pit.bracket(qty=5, kind="limit", price=100)
    assert pit.bar(100, 100, 100) == [("in", 100.0, 2)]
    assert pit.bar(98, 98, 96) == [("in", 100.0, 2), ("stop", 97.0, 2)]
    assert pit.market.position == 2 * ONE
    assert pit.market.cancel("in", 9) == [Ended("in", 4 * ONE, "user_cancel", 9)]
    pit.now = 9
    assert pit.bar(98, 98, 96) == [("stop", 98.0, 2), ("goal", "oca_cancel", 0), ("stop", "parent_ended", 4)]
    assert (pit.market.position, pit.market.live()) == (0, [])


def test_a_parent_that_ends_without_a_fill_takes_its_children_along() -> None:
    pit = Pit()
    pit.bracket(kind="limit", price=90)
    told = pit.market.cancel("in", 5)
    assert told == [
        Ended("in", 0, "user_cancel", 5),
        Ended("stop", 0, "parent_ended", 5),
        Ended("goal", 0, "parent_ended", 5),
    ]
    assert pit.market.live() == []
    late = pit.place("late", "sell", "stop", stop_price=97, parent="in")
    assert isinstance(late, Declined)
    assert late.code == "parent_ended"


def test_a_close_in_the_group_takes_both_legs_off() -> None:
    pit = Pit()
    pit.bracket()
    pit.bar(100, 100, 100)
    pit.place("out", "sell", oca_group="g", reduce_only=True, immediate=True)
    told = pit.bar(101, 110, 90)
    assert told == [("out", 101.0, 1), ("stop", "oca_cancel", 0), ("goal", "oca_cancel", 0)]
    assert pit.market.position == 0


def test_an_order_that_may_only_reduce_never_opens() -> None:
    pit = Pit()
    pit.place("a", "sell", reduce_only=True)
    assert pit.bar(100, 100, 100) == [("a", "reduce_only_cancel", 0)]


def test_an_immediate_order_that_the_open_does_not_fill_ends() -> None:
    pit = Pit()
    pit.place("a", "buy", "limit", price=99, immediate=True)
    assert pit.bar(100, 101, 90) == [("a", "ioc_cancel", 0)]


def test_an_order_expires_before_the_bar_that_comes_after_its_life() -> None:
    pit = Pit()
    pit.place("a", "buy", "limit", price=99, expires_ts=2)
    assert pit.bar(100, 101, 99.5) == []
    assert pit.bar(100, 101, 98) == [("a", "expiry_cancel", 0)]


DECLINES = [
    ({"qty": 0}, "invalid_order_size"),
    ({"kind": "limit"}, "invalid_price"),
    ({"kind": "limit", "price": 100.1}, "invalid_price"),
    ({"kind": "stop"}, "invalid_price"),
    ({"kind": "iceberg"}, "invalid_parameters"),
    ({"side": "long"}, "invalid_parameters"),
    ({"kind": "stop", "stop_price": 97, "parent": "nobody"}, "parent_ended"),
    ({"parent": "nobody"}, "invalid_parameters"),
    ({"name": "used"}, "order_already_exists"),
]


@pytest.mark.parametrize(("terms", "code"), DECLINES)
def test_what_is_declined_is_declined_for_a_reason_and_changes_nothing(terms: Any, code: str) -> None:
    pit = Pit()
    pit.place("used", "buy")
    answer = pit.place(**({"name": "a", "side": "buy"} | terms))
    assert isinstance(answer, Declined)
    assert answer.code == code
    assert code in DECLINED
    assert pit.market.live() == ["used"]


def test_a_float_is_no_price() -> None:
    answer = Pit().market.submit(BarOrder("a", "buy", "limit", ONE, 1.0))  # type: ignore[arg-type]
    assert isinstance(answer, Declined)
    assert answer.code == "invalid_parameters"


def test_what_is_not_live_cannot_be_cancelled() -> None:
    answer = Pit().market.cancel("a", 1)
    assert isinstance(answer, Declined)
    assert answer.code == "not_found"


def test_time_runs_forwards() -> None:
    pit = Pit()
    pit.place("a", "buy")
    pit.market.bar(5, POINT, POINT, POINT)
    pit.place("b", "buy")
    with pytest.raises(ExchangeError):
        pit.market.bar(4, POINT, POINT, POINT)


ticks = st.integers(min_value=360, max_value=440)
bars = st.tuples(ticks, ticks, ticks)
entries = st.tuples(st.sampled_from(("buy", "sell")), st.sampled_from(("market", "limit", "stop")), st.integers(1, 5))


@given(st.lists(bars, min_size=1, max_size=30), st.lists(entries, max_size=6), st.integers(1, 6))
def test_exits_never_exceed_entries_and_the_money_is_that_of_the_executions(
    shown: list[Any], wanted: list[Any], most: int
) -> None:
    pit = Pit(most_per_bar=most * ONE)
    entered: dict[str, int] = {}
    left: dict[str, int] = {}
    cash = Fraction(0)
    for number, (open_, one, other) in enumerate(shown):
        if number < len(wanted):
            side, kind, qty = wanted[number]
            _place_bracket(pit, number, side, kind, qty, open_)
        high, low = max(open_, one, other) * TICK, min(open_, one, other) * TICK
        for told in pit.market.bar(number, open_ * TICK, high, low):
            if isinstance(told, Executed):
                name, _, leg = told.order_id.partition("-")
                book = left if leg else entered
                book[name] = book.get(name, 0) + told.qty
                sign = 1 if told.side == "sell" else -1
                cash += sign * Fraction(told.price * told.qty * 5, MICRO) - told.fee
                assert told.price <= high if told.side == "sell" else told.price >= low
        assert all(qty <= entered.get(name, 0) for name, qty in left.items())
        for name in pit.market.live():
            parent, _, leg = name.partition("-")
            assert not leg or parent in pit.market.live() or entered.get(parent), f"{name} outlives its parent"
    assert pit.market.value(400 * TICK) == cash + Fraction(400 * TICK * 5 * pit.market.position, MICRO)


def _place_bracket(pit: Pit, number: int, side: Any, kind: Any, qty: int, near: int) -> None:
    sign = 1 if side == "buy" else -1
    other = "sell" if side == "buy" else "buy"
    price = near * TICK
    prices = {"limit": {"price": price}, "stop": {"stop_price": price}}.get(kind, {})
    market = pit.market
    market.submit(BarOrder(f"{number}", side, kind, qty * ONE, **prices))
    stop, goal = price - sign * 12 * TICK, price + sign * 16 * TICK
    group = {"parent": f"{number}", "oca_group": f"g{number}"}
    market.submit(BarOrder(f"{number}-stop", other, "stop", qty * ONE, stop_price=stop, **group))
    market.submit(BarOrder(f"{number}-goal", other, "limit", qty * ONE, price=goal, **group))
