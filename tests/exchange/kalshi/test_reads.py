"""The read model: what own reads say while they trail behind, and after the venue has corrected something."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.exchange.kalshi.support import Venue
from tests.exchange.kalshi.test_books import act, amends, cancels, creates, decreases
from tests.exchange.kalshi.test_orders import ORDERS, create
from tests.exchange.support import CENT, MARKET, TIMER, Floor

from assent.exchange.groups import CreateGroup, TriggerGroup
from assent.exchange.kalshi.reads import Reads
from assent.exchange.kalshi.settings import Settings
from assent.exchange.types import MICRO, SECOND, Amendment

MILLISECOND = SECOND // 1_000
LAG = 400 * MILLISECOND


def read(venue: Venue, what: str, **query: Any) -> Any:
    answer = venue.call("GET", f"/portfolio/{what}", query=query, member="ann")
    assert answer.status == 200, answer
    return answer.json


def as_of(venue: Venue) -> str:
    told: str = venue.get("/exchange/user_data_timestamp").json["as_of_time"]
    return told


def slow() -> Venue:
    return Venue(Settings(read_lag_ns=LAG))


def test_a_cancelled_order_still_reads_as_resting_while_a_second_cancel_finds_nothing() -> None:
    venue = slow()
    order_id = create(venue).json["order_id"]
    venue.floor.now += SECOND
    assert read(venue, f"orders/{order_id}")["order"]["status"] == "resting"
    assert venue.call("DELETE", f"{ORDERS}/{order_id}", member="ann").status == 200
    venue.floor.now += 360 * MILLISECOND
    assert read(venue, f"orders/{order_id}")["order"]["status"] == "resting"
    assert venue.call("DELETE", f"{ORDERS}/{order_id}", member="ann").status == 404
    venue.floor.now += 40 * MILLISECOND
    assert read(venue, f"orders/{order_id}")["order"]["status"] == "canceled"


def test_a_new_order_is_not_found_by_a_read_that_comes_too_soon() -> None:
    venue = slow()
    order_id = create(venue).json["order_id"]
    assert venue.call("GET", f"/portfolio/orders/{order_id}", member="ann").status == 404
    assert read(venue, "orders")["orders"] == []
    venue.floor.now += LAG
    assert len(read(venue, "orders")["orders"]) == 1


def test_all_of_one_moment_is_shown_together() -> None:
    venue = slow()
    venue.floor.sell("bob", 52, 2)
    create(venue)
    for _ in range(2):
        told = (
            len(read(venue, "orders")["orders"]),
            len(read(venue, "fills")["fills"]),
            len(read(venue, "positions")["market_positions"]),
            read(venue, "balance")["balance"] < 100_000,
        )
        assert told in ((0, 0, 0, False), (1, 1, 1, True))
        venue.floor.now += LAG
    assert told == (1, 1, 1, True)


def test_the_public_book_and_the_money_that_an_order_needs_are_never_late() -> None:
    venue = slow()
    create(venue, price="0.50", count="1999")
    assert read(venue, "balance")["balance_dollars"] == "1000.0000"
    assert venue.get(f"/markets/{MARKET}").json["market"]["yes_bid_size_fp"] == "1999.00"
    assert create(venue, price="0.50", count="100").json["error"]["code"] == "insufficient_balance"


def test_as_of_time_tells_how_old_the_reads_are() -> None:
    venue = slow()
    assert as_of(venue) == "1970-01-01T00:00:10Z"
    venue.floor.now += 5 * SECOND
    assert as_of(venue) == "1970-01-01T00:00:14.6Z"
    assert as_of(Venue()) == "1970-01-01T00:00:10Z"


def test_what_happened_between_two_far_requests_is_shown_as_it_was_the_lag_ago() -> None:
    venue = slow()
    create(venue, expiration_time=20)
    venue.floor.now = 20 * SECOND + LAG - 1
    assert read(venue, "orders")["orders"][0]["status"] == "resting"
    venue.floor.now += LAG // 8
    assert read(venue, "orders")["orders"][0]["status"] == "canceled"


def test_nothing_waits_longer_than_the_lag() -> None:
    venue = slow()
    for _ in range(50):
        create(venue, price="0.01", count="1")
        venue.floor.now += 100 * MILLISECOND
        read(venue, "orders")
    assert len(venue.box.reads._waiting) < 20
    venue.floor.now += LAG
    assert len(read(venue, "orders")["orders"]) == 50


def test_orders_are_told_newest_first_however_they_ended() -> None:
    venue = Venue()
    venue.floor.sell("cat", 52, 1)
    for tif in ("good_till_canceled", "immediate_or_cancel", "good_till_canceled", "immediate_or_cancel"):
        create(venue, price="0.40", time_in_force=tif)
    numbers = [row["order_id"] for row in read(venue, "orders")["orders"]]
    assert numbers == sorted(numbers, reverse=True)


def corrected(price: int, qty: int, *, settled: bool = False) -> Venue:
    """Ann bought 3 at 0.52, and it was really `qty` at `price`."""
    venue = Venue()
    venue.floor.sell("bob", 52, 3)
    create(venue, count="3")
    trade_id = venue.floor.histories["ann"].fills[0].fill_id
    if settled:
        venue.floor.settle("yes", MICRO)
    venue.floor.exchange.correct_trade(venue.floor.now, trade_id, price, qty)
    return venue


def test_a_corrected_fill_stands_as_it_is_now() -> None:
    venue = corrected(500_000, 2 * MICRO)
    (fill,) = read(venue, "fills")["fills"]
    assert (fill["count_fp"], fill["yes_price_dollars"], fill["fee_cost"]) == ("2.00", "0.5000", "0.035000")
    (position,) = read(venue, "positions")["market_positions"]
    assert (position["position_fp"], position["market_exposure_dollars"]) == ("2.00", "1.000000")
    assert read(venue, "balance")["balance_dollars"] == "998.9650"


def test_a_fill_that_was_taken_back_is_told_no_more() -> None:
    venue = corrected(520_000, 0)
    assert read(venue, "fills")["fills"] == []
    assert read(venue, "positions")["market_positions"] == []
    assert read(venue, "balance")["balance_dollars"] == "1000.0000"
    assert read(venue, "orders")["orders"][0]["fill_count_fp"] == "3.00"


@pytest.mark.parametrize(("qty", "revenue", "realized"), [(2, 200, "0.960000"), (0, 0, "0.000000")])
def test_a_settlement_is_told_as_if_the_correction_had_come_before_it(qty: int, revenue: int, realized: str) -> None:
    venue = corrected(520_000, qty * MICRO, settled=True)
    (paid,) = read(venue, "settlements")["settlements"]
    assert (paid["revenue"], paid["yes_count_fp"]) == (revenue, f"{qty}.00")
    (flat,) = read(venue, "positions", settlement_status="settled")["market_positions"]
    assert flat["realized_pnl_dollars"] == realized
    spent = MICRO * 1_000 - venue.floor.cash("ann")
    assert spent == round((float(flat["fees_paid_dollars"]) - float(realized)) * MICRO)


def test_a_correction_is_as_late_as_everything_else() -> None:
    venue = slow()
    venue.floor.sell("bob", 52, 3)
    create(venue, count="3")
    venue.floor.now += TIMER
    assert read(venue, "fills")["fills"][0]["count_fp"] == "3.00"
    venue.floor.exchange.correct_trade(venue.floor.now, venue.floor.histories["ann"].fills[0].fill_id, 520_000, MICRO)
    assert read(venue, "fills")["fills"][0]["count_fp"] == "3.00"
    venue.floor.now += LAG
    assert read(venue, "fills")["fills"][0]["count_fp"] == "1.00"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.one_of(creates, creates, amends, decreases, cancels), st.integers(0, 600)), max_size=20))
def test_once_nothing_has_happened_for_the_lag_late_reads_say_what_current_ones_say(acts: list[Any]) -> None:
    late, current = slow(), Venue()
    for venue in (late, current):
        known: list[tuple[str, str, str]] = []
        for (kind, who, changes), wait in acts:
            act(venue, known, kind, who, changes)
            venue.floor.now += wait * MILLISECOND
            read(venue, "orders")
        venue.floor.now += LAG
    for what in ("orders", "fills", "positions"):
        assert read(late, what) == read(current, what), what
    assert read(late, "balance")["balance_dollars"] == read(current, "balance")["balance_dollars"]


def test_nothing_that_becomes_of_an_order_or_of_the_money_escapes_the_reads() -> None:
    """A member's books are looked through only where something must have changed; after each act they are all there."""
    floor = Floor()
    exchange, ann = floor.exchange, floor.histories["ann"]
    books = (reads := Reads(exchange, {"ann": ann}, 0)).books["ann"]

    def latest() -> str:
        return next(reversed(ann.orders))

    def amend(cents: int, contracts: int, name: str | None = None) -> None:
        exchange.amend_order(
            floor.now, "ann", latest(), Amendment(cents * CENT, contracts * MICRO, None, client_order_id=name)
        )

    def let_expire() -> None:
        floor.now += SECOND
        exchange.advance(floor.now)

    for happen in (
        lambda: floor.buy("ann", 40, 5),
        lambda: exchange.decrease(floor.now, "ann", latest(), by=MICRO),
        lambda: amend(40, 3),
        lambda: amend(41, 4, "renamed"),
        lambda: floor.sell("bob", 41, 1),
        lambda: exchange.cancel(floor.now, "ann", latest()),
        lambda: floor.buy("ann", 30, 1, expires_ts=floor.now + SECOND),
        let_expire,
        lambda: floor.buy("ann", 30, 1),
        # One goes in the same moment in which another comes.
        lambda: floor.sell("ann", 30, 1, self_trade="cancel_maker"),
        lambda: floor.buy("ann", 20, 1, cancel_on_pause=True),
        lambda: floor.buy("ann", 21, 1),
        lambda: exchange.pause_market(floor.now, MARKET),
        lambda: exchange.resume_market(floor.now, MARKET),
        lambda: exchange.command_group(floor.now, "ann", CreateGroup(9 * MICRO)),
        lambda: floor.buy("ann", 22, 1, group=next(iter(ann.groups))),
        lambda: exchange.command_group(floor.now, "ann", TriggerGroup(next(iter(ann.groups)))),
        lambda: exchange.transfer(floor.now, "ann", 5 * MICRO, "pays in"),
        lambda: exchange.correct_trade(floor.now, ann.fills[-1].fill_id, 35 * CENT, MICRO),
        lambda: floor.buy("ann", 10, 1),
        lambda: floor.settle("yes", MICRO),
        lambda: exchange.amend(floor.now, MARKET, "no", 0),
        lambda: exchange.correct_trade(floor.now, ann.fills[-1].fill_id, 35 * CENT, 0),
    ):
        before = (dict(books.orders), books.cash)
        reads.note()
        assert (books.orders, books.cash) == before, "nothing happened meanwhile"
        made = len(ann.groups)
        happen()
        reads.note()
        assert books.orders == {view.order_id: view for view in ann.views()}
        assert books.cash == floor.cash("ann")
        assert (books.orders, books.cash) != before or len(ann.groups) > made
