"""The venue's books of us: of one moment, whole, or not at all."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.venue.kalshi.boxed import CASH, CENT, MARKET, ROOT, START, Desk, a_market, an_order, answer, error
from tests.venue.kalshi.test_adapter import feeding
from tests.venue.kalshi.test_orders import at, causes

from assent.exchange.kalshi.ids import wire_id
from assent.model.books import HeldCost, OpenOrder
from assent.model.inputs import Holding, OrderClosedSeen, SettlementSeen
from assent.model.units import MICRO, SECOND
from assent.venue.kalshi import books as bookkeeping
from assent.venue.kalshi import messages
from assent.venue.kalshi.events import Told
from assent.venue.kalshi.wire_account import Balance, ShardBalance
from assent.venue.port import Books, Unavailable
from assent.venue.transport import Answer, Request

MADE = an_order()


async def traded(desk: Desk) -> None:
    """Four contracts bought, six still on the book."""
    await desk.venue.send(MADE)
    desk.bob("sell", 40, 4)


def test_the_books_name_fills_positions_cash_and_what_rests() -> None:
    async def script(desk: Desk) -> None:
        await traded(desk)
        books = await desk.venue.books()
        assert isinstance(books, Books)
        [fill] = books.fills
        assert (fill.order_id, fill.qty, fill.price, fill.side) == (MADE.order_id, 4 * MICRO, 40 * CENT, "buy")
        account = books.account
        assert account.cash == CASH - 4 * 400_000 - fill.fee == desk.exchange.balance("ann").cash
        assert account.holdings == (Holding(MARKET, 4 * MICRO),)
        assert account.open_orders == (MADE.order_id,)
        assert account.source == "kalshi"

    at(Desk(), script, MADE)


def test_an_order_that_is_not_ours_stands_there_under_the_venues_id() -> None:
    async def script(desk: Desk) -> None:
        foreign = desk.bob("buy", 10, 1, who="ann", client_order_id="another-program")
        books = await desk.venue.books()
        assert isinstance(books, Books)
        [name] = books.account.open_orders
        assert name.endswith(f"{int(foreign[1:]):012x}")
        assert "another-program" not in name

    at(Desk(), script)


def test_the_books_say_what_positions_cost_and_on_which_terms_orders_rest() -> None:
    async def script(desk: Desk) -> None:
        await traded(desk)
        foreign = desk.bob("sell", 70, 2, who="ann", client_order_id="another-program")
        books = await desk.venue.books()
        assert isinstance(books, Books)
        assert books.account.costs == (HeldCost(MARKET, 4 * 40 * CENT),)
        theirs, ours = books.account.resting
        venue_id = wire_id(foreign)
        assert theirs == OpenOrder(venue_id, venue_id, MARKET, "sell", 70 * CENT, 2 * MICRO)
        assert (ours.order_id, ours.side, ours.price, ours.qty, ours.filled) == (
            MADE.order_id, "buy", 40 * CENT, 6 * MICRO, 4 * MICRO
        )  # fmt: skip

    at(Desk(), script, MADE)


def test_what_is_said_to_be_held_for_nothing_has_no_cost_that_could_be_taken_over() -> None:
    async def script(desk: Desk) -> None:
        row = {
            "ticker": MARKET, "position_fp": "-4.00", "market_exposure_dollars": "0.000000",
            "total_traded_dollars": "1.00", "realized_pnl_dollars": "0.00", "fees_paid_dollars": "0.00",
            "last_updated_ts": "2026-09-21T14:00:00Z",
        }  # fmt: skip
        desk.wire.spoil("GET", "/portfolio/positions", answer(200, {"market_positions": [row], "cursor": ""}), times=9)
        books = await desk.venue.books()
        assert isinstance(books, Books)
        assert books.account.holdings == (Holding(MARKET, -4 * MICRO),)
        assert books.account.costs == ()

    at(Desk(), script)


def test_a_market_beyond_the_scope_is_described_once_while_the_account_has_something_in_it() -> None:
    snow = "KXSNOW-26NOV20-T1"

    async def script(desk: Desk) -> None:
        desk.bob("sell", 45, 2, market=snow)
        desk.bob("buy", 45, 2, market=snow, who="ann")
        for _ in range(2):
            books = await desk.venue.books()
            assert isinstance(books, Books)
            assert [each.id for each in books.instruments] == [snow]
        assert desk.wire.count("GET", "/events/KXSNOW") == 1
        desk.bob("buy", 40, 2, market=snow)
        desk.bob("sell", 40, 2, market=snow, who="ann")
        books = await desk.venue.books()
        assert isinstance(books, Books)
        assert books.instruments == ()

    at(Desk(a_market(), a_market(snow, event="KXSNOW-26NOV20", series="KXSNOW")), script)


def test_a_fill_of_an_order_that_is_not_ours_is_told_under_the_venues_id() -> None:
    async def script(desk: Desk) -> None:
        foreign = desk.bob("buy", 10, 1, who="ann", client_order_id="another-program")
        desk.bob("sell", 10, 1)
        books = await desk.venue.books()
        assert isinstance(books, Books)
        assert [fill.order_id.endswith(f"{int(foreign[1:]):012x}") for fill in books.fills] == [True]

    at(Desk(), script)


def test_after_a_restart_without_memory_every_fill_finds_its_order_again() -> None:
    async def script(desk: Desk) -> None:
        await traded(desk)
        desk.bob("sell", 40, 6)
        await desk.connect()
        books = await desk.venue.books()
        assert isinstance(books, Books)
        assert {fill.order_id for fill in books.fills} == {MADE.order_id}
        assert sum(fill.qty for fill in books.fills) == 10 * MICRO

    at(Desk(), script, MADE)


def test_after_a_restart_many_orders_are_named_by_one_list() -> None:
    many = [an_order(f"11111111-aaaa-4aaa-8aaa-{number:012d}", qty=MICRO) for number in range(20)]

    async def script(desk: Desk) -> None:
        for made in many:
            await desk.venue.send(made)
        desk.bob("sell", 40, 20)
        await desk.connect()
        desk.wire.requests.clear()
        books = await desk.venue.books()
        assert isinstance(books, Books)
        assert {fill.order_id for fill in books.fills} == {made.order_id for made in many}
        assert desk.wire.count("GET", "/portfolio/orders/") == 0
        assert desk.wire.count("GET", "/portfolio/orders") < 5

    at(Desk(), script, *many)


def test_what_was_traded_before_the_desks_first_record_is_not_told() -> None:
    async def script(desk: Desk) -> None:
        desk.bob("buy", 10, 1, who="ann", client_order_id="last-year")
        desk.bob("sell", 10, 1)
        await desk.clock.sleep(3 * SECOND)
        desk.since_ts = desk.clock.now()
        await desk.connect()
        books = await desk.venue.books()
        assert isinstance(books, Books)
        assert books.fills == []
        assert books.account.holdings, "its position is there, for a person to adopt"

    at(Desk(), script)


def test_a_fill_of_ours_that_seems_older_than_the_desk_since_its_clock_is_ahead_is_told() -> None:
    async def script(desk: Desk) -> None:
        await traded(desk)
        books = await desk.venue.books()
        assert isinstance(books, Books)
        assert [fill.order_id for fill in books.fills] == [MADE.order_id]

    at(Desk(since_ts=START + 4 * SECOND), script, MADE)


def test_a_second_reading_overlaps_the_first_so_that_a_late_row_is_not_lost() -> None:
    async def script(desk: Desk) -> None:
        await traded(desk)
        first = await desk.venue.books()
        await desk.clock.sleep(60 * SECOND)
        second = await desk.venue.books()
        assert isinstance(first, Books)
        assert isinstance(second, Books)
        assert first.fills == second.fills, "told again: the desk books each once"

    at(Desk(), script, MADE)


def moving(desk: Desk, path: str, act: Callable[[], object], *, times: int = 10**6) -> None:
    """Do something each time that this list is asked for."""
    left = [times]

    async def spoiler(request: Request, send_on: Callable[[], Awaitable[Answer]]) -> Answer:
        got = await send_on()
        if request.target.startswith(ROOT + path) and left[0]:
            left[0] -= 1
            act()
        return got

    desk.wire.spoilers.append(spoiler)


def test_books_that_move_while_they_are_read_are_read_again() -> None:
    async def script(desk: Desk) -> None:
        await traded(desk)
        moving(desk, "/portfolio/positions", lambda: desk.bob("sell", 40, 1), times=1)
        books = await desk.venue.books()
        assert isinstance(books, Books)
        bought = sum(fill.qty for fill in books.fills)
        assert books.account.holdings == (Holding(MARKET, bought),), "of one moment"
        assert bought == 5 * MICRO

    at(Desk(), script, MADE)


def test_books_that_never_hold_still_are_unavailable() -> None:
    big = an_order(qty=100 * MICRO)

    async def script(desk: Desk) -> None:
        await desk.venue.send(big)
        moving(desk, "/portfolio/positions", lambda: desk.bob("sell", 40, 1))
        books = await desk.venue.books()
        assert isinstance(books, Unavailable)
        assert books.why.startswith("the books kept moving")

    at(Desk(), script, big)


def test_a_fill_that_comes_by_the_stream_between_the_readings_makes_them_old() -> None:
    """Both readings agree, since the lists lag; the stream knows better."""

    async def script(desk: Desk) -> None:
        await traded(desk)
        fill = messages.Fill(
            "t-9", "v-9", MADE.order_id, MARKET, "bid", 400_000, MICRO, 0, True, MICRO, 0, 0, desk.clock.now()
        )
        moving(desk, "/portfolio/balance", lambda: desk.feed.tell(Told(fill, desk.clock.now())))
        assert isinstance(await desk.venue.books(), Unavailable)

    at(Desk(), script, MADE)


def test_books_older_than_our_last_write_are_not_taken() -> None:
    async def script(desk: Desk) -> None:
        await desk.clock.sleep(10 * SECOND)
        await traded(desk)
        begun = desk.clock.now()
        books = await desk.venue.books()
        assert isinstance(books, Books)
        assert desk.clock.now() - begun >= 3 * SECOND, "so far the venue's lists lag behind"
        assert books.account.open_orders == (MADE.order_id,)
        assert books.account.source_ts >= begun - 10_000_000

    at(Desk(lag_ns=3 * SECOND), script, MADE)


def test_an_order_that_ended_unheard_is_told_before_the_books_are() -> None:
    async def script(desk: Desk) -> None:
        sent = await desk.venue.send(MADE)
        desk.bob("sell", 40, 4)
        desk.exchange.cancel(desk.clock.now(), "ann", desk.exchange.resting("ann")[0].order_id)
        desk.box.remember()
        assert sent
        books = await desk.venue.books()
        assert isinstance(books, Books)
        [closed] = desk.of(OrderClosedSeen)
        assert (closed.order_id, closed.filled) == (MADE.order_id, 4 * MICRO)
        assert books.account.open_orders == ()

    at(Desk(), script, MADE)


def test_a_settlement_is_told_with_what_a_yes_was_worth() -> None:
    async def script(desk: Desk) -> None:
        await traded(desk)
        desk.exchange.determine(desk.clock.now(), MARKET, "yes", MICRO)
        await desk.clock.sleep(70 * SECOND)
        desk.box.live_until(desk.clock.now())
        books = await desk.venue.books()
        assert isinstance(books, Books)
        [settled] = books.settlements
        assert (settled.instrument, settled.result, settled.value) == (MARKET, "yes", MICRO)
        assert books.account.holdings == ()
        assert books.account.cash == desk.exchange.balance("ann").cash

    at(Desk(), script, MADE)


def test_books_that_still_show_a_position_in_what_has_settled_are_not_taken() -> None:
    """The desk was told by the listing and has paid itself: against books from before it would find a difference."""

    async def script(desk: Desk) -> None:
        await traded(desk)
        await desk.clock.sleep(20 * SECOND)
        desk.exchange.determine(desk.clock.now(), MARKET, "yes", MICRO)
        await desk.clock.sleep(61 * SECOND)
        now = desk.clock.now()
        settled = messages.Lifecycle("settled", MARKET, "", None, 0, 0, 0, now, 0, ())
        desk.feed.tell(Told(settled, now))
        await desk.clock.sleep(2 * SECOND)
        assert [seen.value for seen in desk.of(SettlementSeen)] == [MICRO]
        books = await desk.venue.books()
        assert isinstance(books, Books)
        assert desk.clock.now() - now >= 7 * SECOND, "so far the account lags behind"
        assert books.account.holdings == ()
        assert books.account.cash == desk.exchange.balance("ann").cash

    desk = Desk(lag_ns=8 * SECOND)
    desk.released.add(MADE.order_id)
    feeding(desk, script)


def test_a_scalar_settlement_takes_its_value_from_the_market_to_the_last_digit() -> None:
    async def script(desk: Desk) -> None:
        await traded(desk)
        desk.exchange.determine(desk.clock.now(), MARKET, "scalar", 456_700)
        await desk.clock.sleep(70 * SECOND)
        desk.box.live_until(desk.clock.now())
        books = await desk.venue.books()
        assert isinstance(books, Books)
        assert [seen.value for seen in books.settlements] == [456_700], "the row itself says 45 cents"

    at(Desk(), script, MADE)


@pytest.mark.parametrize(
    ("path", "row"),
    [
        ("/portfolio/orders", {"orders": [{"order_id": "x"}], "cursor": ""}),
        ("/portfolio/fills", {"fills": [{"fill_id": "x"}], "cursor": ""}),
        ("/portfolio/positions", {"market_positions": [{"ticker": "X", "position": 3}], "cursor": ""}),
        ("/portfolio/settlements", {"settlements": [{"ticker": "X"}], "cursor": ""}),
        ("/portfolio/balance", {"balance": 100}),
        ("/portfolio/positions", {"cursor": ""}),
    ],
    ids=["order", "fill", "position", "settlement", "balance", "no list"],
)
def test_a_row_of_what_the_account_holds_that_cannot_be_read_spoils_the_books_and_is_named(path: str, row: Any) -> None:
    async def script(desk: Desk) -> None:
        desk.wire.spoil("GET", path, answer(200, row), times=50)
        books = await desk.venue.books()
        assert isinstance(books, Unavailable)
        assert path in books.why

    assert causes(at(Desk(), script)) == ["venue_contract"]


def test_a_venue_that_is_down_breaks_no_promise() -> None:
    async def script(desk: Desk) -> None:
        desk.wire.spoil("GET", "/portfolio/fills", answer(503, b"<html>"), times=50)
        assert isinstance(await desk.venue.books(), Unavailable)

    assert causes(at(Desk(), script)) == []


@pytest.mark.parametrize(
    ("code", "cause"), [("authentication_error", "venue_auth"), ("header_timestamp_expired", "venue_clock")]
)
def test_a_signature_that_is_refused_is_told_and_not_tried_again(code: str, cause: str) -> None:
    async def script(desk: Desk) -> None:
        desk.wire.spoil("GET", "/portfolio/orders", error(401, code), times=50)
        before = desk.wire.count("GET", "/portfolio/orders")
        assert isinstance(await desk.venue.books(), Unavailable)
        assert desk.wire.count("GET", "/portfolio/orders") == before + 1

    assert causes(at(Desk(), script)) == [cause]


def shards(*amounts: int) -> tuple[ShardBalance, ...]:
    return tuple(ShardBalance(place, amount) for place, amount in enumerate(amounts))


def test_cash_is_that_of_all_shards_whichever_of_them_the_top_speaks_of() -> None:
    assert bookkeeping.cash_of(Balance(5 * MICRO, 0, START, ())) == 5 * MICRO
    assert bookkeeping.cash_of(Balance(5 * MICRO, 0, START, shards(3 * MICRO, 2 * MICRO))) == 5 * MICRO
    assert bookkeeping.cash_of(Balance(3 * MICRO, 0, START, shards(3 * MICRO, 2 * MICRO))) == 5 * MICRO
    assert not isinstance(bookkeeping.cash_of(Balance(4 * MICRO, 0, START, shards(3 * MICRO, 2 * MICRO))), int)


def test_less_than_a_cent_on_another_shard_is_cash_too() -> None:
    assert bookkeeping.cash_of(Balance(3 * MICRO, 0, START, shards(3 * MICRO, 5_000))) == 3 * MICRO + 5_000
    assert bookkeeping.cash_of(Balance(3 * MICRO + 5_000, 0, START, shards(3 * MICRO, 5_000))) == 3 * MICRO + 5_000
