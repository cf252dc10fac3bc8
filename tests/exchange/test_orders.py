"""What happens to an order: priority, times in force, flags, and each definitive no."""

from typing import Any

import msgspec
import pytest
from tests.exchange.support import CLOSES, MARKET, Floor, numbers

from assent.exchange.grid import TAPERED_DECI_CENT
from assent.exchange.types import (
    MICRO,
    REJECTIONS,
    Accepted,
    Cancelled,
    ExchangeError,
    Filled,
    OrderClosed,
    Rejected,
    TopChanged,
    Traded,
)

# --- priority ------------------------------------------------------------------------------------------


def test_a_better_price_trades_before_an_earlier_order() -> None:
    floor = Floor()
    floor.sell("bob", 52, 5)
    floor.sell("cat", 51, 5)
    floor.buy("ann", 52, 7)
    assert [(f.price // 10_000, f.qty // MICRO) for f in floor.histories["ann"].fills] == [(51, 5), (52, 2)]
    assert floor.depth() == ([], [(52, 3)])


def test_at_one_price_the_earlier_order_trades_first() -> None:
    floor = Floor()
    floor.sell("bob", 52, 5)
    floor.sell("cat", 52, 5)
    floor.buy("ann", 60, 6)
    assert floor.position("bob") == -5 * MICRO
    assert floor.position("cat") == -1 * MICRO


def test_a_trade_happens_at_the_resting_price() -> None:
    floor = Floor()
    floor.buy("bob", 40, 5)
    answer = floor.sell("ann", 30, 5)
    assert (answer.filled, answer.remaining) == (5 * MICRO, 0)
    assert [trade.price for trade in floor.events(Traded)] == [400_000]


def test_a_partly_filled_order_keeps_its_place() -> None:
    floor = Floor()
    first = floor.sell("bob", 52, 5)
    floor.sell("cat", 52, 5)
    floor.buy("ann", 52, 1)
    floor.buy("ann", 52, 2)
    assert [fill.order_id for fill in floor.histories["bob"].fills] == [first.order_id] * 2
    assert floor.position("cat") == 0


def test_each_maker_gets_a_trade_of_its_own_and_the_public_sees_one_final_top() -> None:
    floor = Floor()
    floor.sell("bob", 51, 1)
    floor.sell("cat", 52, 1)
    floor.exchange.drain()
    floor.buy("ann", 55, 3)
    events = floor.exchange.drain()
    assert [(t.price, t.qty) for t in events if isinstance(t, Traded)] == [(510_000, MICRO), (520_000, MICRO)]
    (top,) = [event for event in events if isinstance(event, TopChanged)]
    assert (top.bid, top.bid_qty, top.ask, top.ask_qty) == (550_000, MICRO, None, 0)
    assert events[-1] is top


def test_events_are_numbered_without_a_hole() -> None:
    floor = Floor()
    first = floor.exchange.drain()
    assert first == []
    floor.sell("bob", 51, 1)
    floor.buy("ann", 51, 2)
    floor.settle("yes", MICRO)
    seen = numbers(floor.exchange.drain())
    assert seen == list(range(seen[0], seen[0] + len(seen)))


# --- times in force ------------------------------------------------------------------------------------


def test_what_an_ioc_cannot_fill_is_cancelled() -> None:
    floor = Floor()
    floor.sell("bob", 51, 2)
    answer = floor.buy("ann", 51, 5, tif="ioc")
    assert (answer.filled, answer.remaining) == (2 * MICRO, 0)
    (closed,) = [e for e in floor.events(OrderClosed) if e.account == "ann"]
    assert (closed.reason, closed.filled, closed.cancelled) == ("ioc_cancel", 2 * MICRO, 3 * MICRO)
    (view,) = floor.histories["ann"].views()
    assert (view.status, view.filled, view.remaining) == ("canceled", 2 * MICRO, 0)


def test_an_ioc_without_volume_is_accepted_with_nothing() -> None:
    floor = Floor()
    answer = floor.buy("ann", 51, 5, tif="ioc")
    assert (answer.filled, answer.remaining) == (0, 0)
    assert floor.depth() == ([], [])


def test_a_fok_fills_whole_over_several_levels() -> None:
    floor = Floor()
    floor.sell("bob", 51, 2)
    floor.sell("cat", 52, 3)
    assert floor.buy("ann", 52, 5, tif="fok").filled == 5 * MICRO


def test_a_fok_without_enough_volume_is_killed_leaves_no_order_and_still_uses_up_its_id() -> None:
    floor = Floor()
    floor.sell("bob", 51, 2)
    floor.sell("bob", 53, 9)
    order = floor.order("buy", 52, 5, tif="fok")
    assert floor.refused("ann", order) == "fill_or_kill_insufficient_resting_volume"
    assert floor.histories["ann"].views() == []
    assert floor.depth() == ([], [(51, 2), (53, 9)])
    assert floor.refused("ann", msgspec.structs.replace(order, qty=MICRO)) == "order_already_exists"


def test_a_gtc_rests_until_its_expiry_and_not_a_moment_longer() -> None:
    floor = Floor()
    floor.buy("ann", 40, 1, expires_ts=floor.now + 5)
    floor.exchange.advance(floor.now + 4)
    assert floor.depth() == ([(40, 1)], [])
    floor.exchange.drain()
    floor.exchange.advance(floor.now + 9)
    closed, top = floor.exchange.drain()
    assert isinstance(closed, OrderClosed)
    assert (closed.reason, closed.ts) == ("expiry_cancel", floor.now + 5)
    assert isinstance(top, TopChanged)
    assert (top.bid, top.ts) == (None, floor.now + 5)
    assert floor.exchange.balance("ann").reserved == 0


def test_an_expiry_finds_a_filled_order_gone() -> None:
    floor = Floor()
    floor.buy("ann", 40, 1, expires_ts=floor.now + 5)
    floor.sell("bob", 40, 1)
    floor.exchange.drain()
    floor.exchange.advance(floor.now + 9)
    assert floor.exchange.drain() == []


# --- flags ---------------------------------------------------------------------------------------------


def test_a_post_only_order_that_would_cross_is_refused_and_uses_up_its_id() -> None:
    floor = Floor()
    floor.sell("bob", 51, 1)
    order = floor.order("buy", 51, 1, post_only=True)
    answer = floor.submit("ann", order)
    assert answer == Rejected("invalid_order", "post only cross")
    assert floor.refused("ann", msgspec.structs.replace(order, price=500_000)) == "order_already_exists"
    assert floor.buy("ann", 50, 1, post_only=True).remaining == MICRO


def test_reduce_only_is_capped_by_the_position() -> None:
    floor = Floor()
    floor.sell("bob", 50, 9)
    floor.buy("ann", 50, 3)
    floor.buy("bob", 45, 9)
    answer = floor.sell("ann", 45, 8, tif="ioc", reduce_only=True)
    assert (answer.filled, answer.remaining) == (3 * MICRO, 0)
    assert floor.position("ann") == 0
    view = floor.histories["ann"].views()[-1]
    assert (view.qty, view.filled, view.status, view.reason) == (
        8 * MICRO,
        3 * MICRO,
        "canceled",
        "reduce_only_cancel",
    )


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_reduce_only_without_a_position_does_nothing(side: str) -> None:
    floor = Floor()
    floor.sell("bob", 50, 9)
    floor.buy("cat", 40, 9)
    answer = floor.submit("ann", floor.order(side, 50 if side == "buy" else 40, 1, tif="ioc", reduce_only=True))
    assert isinstance(answer, Accepted)
    assert (answer.filled, answer.remaining) == (0, 0)
    assert floor.histories["ann"].views()[0].reason == "reduce_only_cancel"


def test_reduce_only_buys_back_a_short_position() -> None:
    floor = Floor()
    floor.buy("bob", 50, 4)
    floor.sell("ann", 50, 4)
    floor.sell("bob", 55, 9)
    assert floor.buy("ann", 55, 9, tif="ioc", reduce_only=True).filled == 4 * MICRO


def test_a_taker_that_meets_its_own_order_stops_and_the_resting_order_stays() -> None:
    floor = Floor()
    floor.sell("bob", 50, 1)
    floor.sell("ann", 51, 2)
    floor.sell("cat", 52, 3)
    answer = floor.buy("ann", 52, 6)
    assert (answer.filled, answer.remaining) == (MICRO, 0)
    assert floor.depth() == ([], [(51, 2), (52, 3)])
    assert floor.histories["ann"].views()[-1].reason == "self_trade_cancel"


def test_a_fok_that_meets_its_own_order_keeps_what_it_had() -> None:
    floor = Floor()
    floor.sell("bob", 50, 1)
    floor.sell("ann", 51, 5)
    answer = floor.buy("ann", 52, 3, tif="fok")
    assert (answer.filled, answer.remaining) == (MICRO, 0)


# --- cancelling ----------------------------------------------------------------------------------------


def test_a_cancel_frees_what_the_order_held() -> None:
    floor = Floor()
    answer = floor.buy("ann", 40, 10)
    assert floor.exchange.balance("ann").available == 996 * MICRO
    cancelled = floor.exchange.cancel(floor.now, "ann", answer.order_id)
    assert cancelled == Cancelled(answer.order_id, "c1", 10 * MICRO, floor.now)
    assert floor.exchange.balance("ann").available == 1_000 * MICRO
    assert floor.histories["ann"].views()[0].reason == "user_cancel"


def test_a_cancel_of_a_partly_filled_order_takes_only_the_rest() -> None:
    floor = Floor()
    answer = floor.buy("ann", 40, 10)
    floor.sell("bob", 40, 4)
    cancelled = floor.exchange.cancel(floor.now, "ann", answer.order_id)
    assert isinstance(cancelled, Cancelled)
    assert cancelled.reduced_by == 6 * MICRO
    view = floor.histories["ann"].views()[0]
    assert (view.filled, view.remaining, view.status) == (4 * MICRO, 0, "canceled")


def test_nobody_cancels_an_order_twice_or_of_somebody_else() -> None:
    floor = Floor()
    answer = floor.buy("ann", 40, 10)
    results = [floor.exchange.cancel(floor.now, name, answer.order_id) for name in ("bob", "ann", "ann")]
    assert [type(result) for result in results] == [Rejected, Cancelled, Rejected]
    assert isinstance(results[2], Rejected)
    assert results[2].code == "not_found"


# --- refusals ------------------------------------------------------------------------------------------

MALFORMED: dict[str, tuple[str, dict[str, Any]]] = {
    "a float price": ("invalid_parameters", {"price": 500_000.0}),
    "a bool quantity": ("invalid_parameters", {"qty": True}),
    "a string price": ("invalid_parameters", {"price": "0.50"}),
    "a huge quantity": ("invalid_parameters", {"qty": 10**30}),
    "an unknown side": ("invalid_parameters", {"side": "bid"}),
    "an unknown time in force": ("invalid_parameters", {"tif": "day"}),
    "an empty client id": ("invalid_parameters", {"client_order_id": ""}),
    "a dot in the client id": ("invalid_parameters", {"client_order_id": "a.b"}),
    "a number as client id": ("invalid_parameters", {"client_order_id": 7}),
    "a long client id": ("invalid_parameters", {"client_order_id": "x" * 65}),
    "no market": ("invalid_parameters", {"market": None}),
    "a flag that is a number": ("invalid_parameters", {"post_only": 1}),
    "an expiry that has passed": ("invalid_parameters", {"expires_ts": 10}),
    "an expiry on an ioc": ("invalid_parameters", {"expires_ts": 10**18, "tif": "ioc"}),
    "post-only and ioc": ("invalid_order", {"post_only": True, "tif": "ioc"}),
    "reduce-only and gtc": ("invalid_order", {"reduce_only": True}),
    "reduce-only and fok": ("invalid_order", {"reduce_only": True, "tif": "fok"}),
    "an unknown market": ("market_not_found", {"market": "KXNONE"}),
    "a price between the steps": ("invalid_price", {"price": 505_000}),
    "a price of zero": ("invalid_price", {"price": 0}),
    "a price of one": ("invalid_price", {"price": MICRO}),
    "a negative price": ("invalid_price", {"price": -10_000}),
    "no quantity": ("invalid_order_size", {"qty": 0}),
    "a negative quantity": ("invalid_order_size", {"qty": -MICRO}),
    "a quantity between the steps": ("invalid_order_size", {"qty": 15_000}),
    "more than the account has": ("insufficient_balance", {"qty": 10**12}),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_refused_order_changes_nothing_and_leaves_its_id_free(name: str) -> None:
    code, changes = MALFORMED[name]
    floor = Floor()
    good = floor.order("buy", 50, 1)
    assert floor.refused("ann", msgspec.structs.replace(good, **changes)) == code
    assert floor.depth() == ([], [])
    assert floor.exchange.drain() == []
    assert isinstance(floor.submit("ann", good), Accepted)


def test_a_client_order_id_is_consumed_for_good() -> None:
    floor = Floor()
    order = floor.order("buy", 40, 1)
    answer = floor.submit("ann", order)
    assert isinstance(answer, Accepted)
    assert floor.refused("ann", order) == "order_already_exists"
    floor.exchange.cancel(floor.now, "ann", answer.order_id)
    assert floor.refused("ann", msgspec.structs.replace(order, price=300_000)) == "order_already_exists"
    assert isinstance(floor.submit("bob", order), Accepted), "ids belong to their account"


def test_an_order_may_come_without_a_client_id() -> None:
    floor = Floor()
    for _ in range(2):
        assert isinstance(floor.submit("ann", floor.order("buy", 40, 1, client_order_id=None)), Accepted)


def test_every_refusal_has_a_documented_code() -> None:
    assert {code for code, _ in MALFORMED.values()} <= REJECTIONS.keys()
    assert len(set(REJECTIONS.values())) == len(REJECTIONS)


def test_a_market_that_is_not_open_takes_no_orders() -> None:
    floor = Floor()
    floor.now = CLOSES
    assert floor.refused("ann", floor.order("buy", 40, 1)) == "market_inactive"


def test_a_sub_cent_grid_takes_its_prices_only_where_it_has_them() -> None:
    floor = Floor(price_bands=TAPERED_DECI_CENT)
    assert floor.buy("ann", 9.9, 1).remaining == MICRO
    assert floor.sell("ann", 90.1, 1).remaining == MICRO
    assert floor.refused("ann", floor.order("buy", 10.1, 1)) == "invalid_price"


def test_a_hundredth_of_a_contract_is_the_smallest_quantity() -> None:
    floor = Floor()
    floor.sell("bob", 50, 0.01)
    assert floor.buy("ann", 50, 0.01).filled == 10_000
    assert floor.refused("ann", floor.order("buy", 50, 0.005)) == "invalid_order_size"


def test_fills_are_told_to_both_sides_and_to_nobody_else() -> None:
    floor = Floor()
    floor.sell("bob", 50, 1)
    floor.buy("ann", 50, 1)
    filled = floor.events(Filled)
    assert [(e.account, e.fill.side, e.fill.is_taker) for e in filled] == [("ann", "buy", True), ("bob", "sell", False)]
    assert filled[0].fill.fill_id == filled[1].fill.fill_id
    assert floor.histories["cat"].fills == []


def test_a_stranger_and_a_step_back_in_time_are_bugs_not_refusals() -> None:
    floor = Floor()
    with pytest.raises(ExchangeError, match="no account 'eve'"):
        floor.submit("eve", floor.order("buy", 40, 1))
    with pytest.raises(ExchangeError, match="time runs forwards"):
        floor.exchange.advance(floor.now - 1)
    assert floor.exchange.market(MARKET) is not None
