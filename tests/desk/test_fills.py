"""Each fill counts once: any order, any number of times, with answers and closings in between, gives one end."""

from itertools import pairwise
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.desk.support import MARKET, Bench, Scripted, sell

from assent.model import facts
from assent.model.inputs import Accepted, FillSeen, Input, OrderClosedSeen, SendAnswered
from assent.model.levels import Level
from assent.model.orders import Fill, Order
from assent.model.units import MICRO

QTY = 10 * MICRO


class End(NamedTuple):
    """What must not depend on the order in which the messages came."""

    held: int
    cost: int
    accounts: tuple[tuple[str, int], ...]
    filled: int
    status: str
    open_qty: int
    level: Level


def end_of(bench: Bench, order: Order) -> End:
    known, position = bench.order(order), bench.state.positions.get(MARKET.id)
    accounts = tuple(sorted(bench.state.accounts.items()))
    return End(
        bench.state.held(MARKET.id), position.cost if position else 0, accounts, known.filled, known.status,
        known.open_qty, bench.state.level,
    )  # fmt: skip


@st.composite
def executions(draw: st.DrawFn) -> tuple[list[tuple[int, int, int]], int]:
    """Pieces (qty, price, fee) of buying ten at fifty, whole or in part; how many were done at the answer."""
    cuts = sorted(draw(st.sets(st.integers(min_value=1, max_value=999), max_size=4)) | {0})
    last = draw(st.sampled_from((1_000, cuts[-1])))
    edges = [cut * 10_000 for cut in sorted({*cuts, last})]
    pieces = [
        (high - low, draw(st.sampled_from((480_000, 490_000, 500_000))), draw(st.integers(0, 20_000)))
        for low, high in pairwise(edges)
    ]
    return pieces, draw(st.integers(min_value=0, max_value=len(pieces)))


def messages(order: Order, pieces: list[tuple[int, int, int]], done: int, now: int, ioc: bool) -> list[Input]:
    fills = [
        Fill(f"f-{n}", order.order_id, MARKET.id, order.side, price, qty, fee, True, now + n)
        for n, (qty, price, fee) in enumerate(pieces)
    ]
    total = sum(fill.qty for fill in fills)
    by_then = total if ioc else sum(fill.qty for fill in fills[:done])
    answer = Accepted("v-1", by_then, 0 if ioc else QTY - by_then)
    told: list[Input] = [SendAnswered(order.order_id, answer, now), *(FillSeen(fill, now) for fill in fills)]
    return [*told, OrderClosedSeen(order.order_id, "cancelled", total, now)]


@given(executions(), st.booleans(), st.data())
def test_any_permutation_and_multiplicity_gives_one_final_state(
    execution: tuple[list[tuple[int, int, int]], int], ioc: bool, data: st.DataObject
) -> None:
    plain = Bench()
    order = plain.release(qty_max=QTY)
    told = messages(order, *execution, plain.now, ioc)
    for message in told:
        plain.take(message)
    expected = end_of(plain, order)
    assert expected.filled == sum(piece[0] for piece in execution[0])
    assert expected.status == ("filled" if expected.filled == QTY else "closed")
    assert (expected.open_qty, expected.level) == (0, Level.TRADING)

    bench = Bench()
    assert bench.release(qty_max=QTY) == order
    repeats = data.draw(st.lists(st.sampled_from(told), max_size=6))
    for message in data.draw(st.permutations(told + repeats)):
        bench.take(message)
        assert 0 <= bench.order(order).filled <= QTY
    assert end_of(bench, order) == expected
    assert len(bench.of(facts.FillBooked)) == len(execution[0])


def at(order: Order, price: int) -> int:
    """As much better than the limit of a selling order as `price` is better than fifty for a buying one."""
    return price if order.side == "buy" else order.price + 500_000 - price


@given(executions(), executions(), st.data())
def test_fills_of_two_sides_give_one_position_and_one_cash_in_any_order(
    first: tuple[list[tuple[int, int, int]], int], second: tuple[list[tuple[int, int, int]], int], data: st.DataObject
) -> None:
    ends = []
    for shuffled in (False, True):
        other = Scripted("other")
        bench = Bench(strategies=(other,))
        buying = bench.release(qty_max=QTY)
        other.says = [sell(qty_max=QTY)]
        selling = next(f.order for f in bench.cycle() if isinstance(f, facts.OrderReleased))
        fills: list[Any] = [
            FillSeen(
                Fill(f"{side}-{n}", order.order_id, MARKET.id, order.side, at(order, price), qty, fee, True, n),
                bench.now,
            )
            for side, order, (pieces, _) in (("b", buying, first), ("s", selling, second))
            for n, (qty, price, fee) in enumerate(pieces)
        ]
        for message in data.draw(st.permutations(fills)) if shuffled else fills:
            bench.take(message)
        books = bench.state.accounts
        at_the_end = books["cash"] + sum(abs(p.qty) if p.qty < 0 else 0 for p in bench.state.positions.values())
        ends.append((bench.state.held(MARKET.id), books["fees"], at_the_end, bench.order(buying).filled))
        assert bench.state.level == Level.TRADING
    assert ends[0] == ends[1]


def test_a_fill_told_by_stream_poll_and_restart_is_booked_once() -> None:
    bench = Bench()
    order = bench.release(qty_max=QTY)
    fill = bench.a_fill(order, MICRO)
    assert bench.take(FillSeen(fill, bench.now))
    assert bench.take(FillSeen(fill, bench.now)) == []
    bench.restart()
    assert bench.take(FillSeen(fill, bench.now)) == []
    assert bench.state.held(MARKET.id) == MICRO


def test_the_same_trade_under_two_names_is_two_fills() -> None:
    bench = Bench()
    order = bench.release(qty_max=QTY)
    bench.fill(order, MICRO)
    bench.fill(order, MICRO)
    assert bench.state.held(MARKET.id) == 2 * MICRO


@pytest.mark.parametrize("qty", [0, -1, -MICRO])
def test_a_fill_of_nothing_or_less_never_moves_the_books(qty: int) -> None:
    bench = Bench()
    order = bench.release(qty_max=QTY)
    before = end_of(bench, order)
    bench.take(FillSeen(bench.a_fill(order, qty, fee=0), bench.now))
    assert not bench.of(facts.FillBooked)
    after = end_of(bench, order)
    assert (after.held, after.accounts, after.filled) == (before.held, before.accounts, before.filled)


def test_a_fill_on_the_other_side_than_its_order_is_an_alarm() -> None:
    bench = Bench()
    order = bench.release(qty_max=QTY)
    bench.fill(order, MICRO, side="sell")
    assert bench.state.level > Level.TRADING


def test_a_fill_that_names_a_market_we_never_listed_stops_trading_and_not_the_desk() -> None:
    bench = Bench()
    order = bench.release(qty_max=QTY)
    bench.fill(order, MICRO, instrument="KXELSEWHERE", fee=0)
    assert bench.state.level > Level.TRADING
