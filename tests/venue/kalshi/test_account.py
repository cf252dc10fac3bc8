"""Fills and ends of orders as the stream tells them: late, twice, without a name, or not at all."""

from collections.abc import Awaitable, Callable

import pytest
from msgspec import structs
from tests.venue.kalshi.boxed import CENT, MARKET, ROOT, Desk, an_order, answer, error
from tests.venue.kalshi.test_orders import at, causes

from assent.exchange.kalshi.ids import wire_id
from assent.model.inputs import Accepted, FillSeen, OrderClosedSeen
from assent.model.units import DAY, MICRO, MINUTE, SECOND
from assent.venue.kalshi import messages
from assent.venue.kalshi.account import EXPLAINED_WITHIN
from assent.venue.kalshi.events import Missed, Told
from assent.venue.kalshi.messages import OrderUpdate
from assent.venue.port import Books, Unavailable
from assent.venue.transport import Answer, Request

MADE = an_order()


def fill_of(desk: Desk, **changes: object) -> messages.Fill:
    """Ann's newest fill at the exchange, as the stream would tell it."""
    seen = desk.histories["ann"].fills[-1]
    told = messages.Fill(
        trade_id=wire_id(seen.fill_id), order_id=wire_id(seen.order_id), client_order_id=seen.client_order_id or "",
        ticker=seen.market, side="bid" if seen.side == "buy" else "ask", price=seen.price, qty=seen.qty, fee=seen.fee,
        taker=seen.is_taker, position_after=seen.qty, exchange_index=0, subaccount=0, source_ts=seen.ts,
    )  # fmt: skip
    return told._replace(**changes)  # type: ignore[arg-type]


def update(order_id: str, status: str, **changes: object) -> OrderUpdate:
    values = {
        "order_id": order_id, "client_order_id": MADE.order_id, "ticker": MARKET, "status": status, "side": "bid",
        "price": 40 * CENT, "initial": 10 * MICRO, "filled": 0, "remaining": 0, "fees": 0, "reason": "",
        "order_group_id": "", "exchange_index": 0, "subaccount": 0, "created_ts": 0, "updated_ts": 0,
    }  # fmt: skip
    return OrderUpdate(**(values | changes))  # type: ignore[arg-type]


async def sent(desk: Desk) -> str:
    outcome = await desk.venue.send(MADE)
    assert isinstance(outcome, Accepted)
    return outcome.venue_order_id


def say(desk: Desk, message: messages.Fill | OrderUpdate) -> None:
    desk.feed.tell(Told(message, desk.clock.now()))


def test_a_fill_of_ours_is_told_at_once_and_is_the_same_by_every_road() -> None:
    async def script(desk: Desk) -> None:
        await sent(desk)
        desk.bob("sell", 40, 4)
        say(desk, fill_of(desk))
        [told] = desk.of(FillSeen)
        books = await desk.venue.books()
        assert told.fill.order_id == MADE.order_id
        assert isinstance(books, Books)
        # The stream tells times in milliseconds, the list in microseconds.
        assert [structs.replace(fill, venue_ts=0) for fill in books.fills] == [structs.replace(told.fill, venue_ts=0)]

    at(Desk(), script, MADE)


def test_a_fill_without_our_id_is_joined_by_the_name_that_the_venue_gave_the_order() -> None:
    async def script(desk: Desk) -> None:
        await sent(desk)
        desk.bob("sell", 40, 4)
        say(desk, fill_of(desk, client_order_id=""))
        assert [seen.fill.order_id for seen in desk.of(FillSeen)] == [MADE.order_id]

    at(Desk(), script, MADE)


def test_a_fill_without_any_name_that_we_know_waits_until_its_order_was_asked_for() -> None:
    """As it comes before the answer to the order, or after a restart."""

    async def script(desk: Desk) -> None:
        await sent(desk)
        desk.bob("sell", 40, 4)
        await desk.connect()
        say(desk, fill_of(desk, client_order_id=""))
        assert desk.of(FillSeen) == []
        await desk.venue._account.mend()
        assert [seen.fill.order_id for seen in desk.of(FillSeen)] == [MADE.order_id]

    at(Desk(), script, MADE)


def test_a_fill_that_came_before_its_orders_answer_is_told_under_our_name() -> None:
    async def script(desk: Desk) -> None:
        async def early(request: object, send_on):  # type: ignore[no-untyped-def]
            got = await send_on()
            if getattr(request, "method", "") == "POST":
                say(desk, fill_of(desk))
            return got

        desk.bob("sell", 40, 10)
        desk.wire.spoilers.append(early)
        await sent(desk)
        assert [seen.fill.order_id for seen in desk.of(FillSeen)] == [MADE.order_id]

    at(Desk(), script, MADE)


def test_a_foreign_fill_is_told_under_the_venues_id_whatever_its_own_program_calls_it() -> None:
    async def script(desk: Desk) -> None:
        foreign = desk.bob("buy", 10, 1, who="ann", client_order_id="another-program")
        desk.bob("sell", 10, 1)
        say(desk, fill_of(desk))
        assert [seen.fill.order_id for seen in desk.of(FillSeen)] == [wire_id(foreign)]

    at(Desk(), script)


def test_a_fill_that_no_list_ever_explains_is_told_as_foreign_in_the_end() -> None:
    async def script(desk: Desk) -> None:
        await sent(desk)
        desk.bob("sell", 40, 4)
        await desk.connect()
        told = fill_of(desk, client_order_id="", order_id="nobody-knows")
        say(desk, told)
        await desk.venue._account.mend()
        assert desk.of(FillSeen) == []
        await desk.clock.sleep(EXPLAINED_WITHIN + SECOND)
        await desk.venue._account.mend()
        assert [seen.fill.order_id for seen in desk.of(FillSeen)] == ["nobody-knows"]

    at(Desk(), script, MADE)


def test_what_another_subaccount_does_is_none_of_our_business() -> None:
    async def script(desk: Desk) -> None:
        await sent(desk)
        desk.bob("sell", 40, 4)
        say(desk, fill_of(desk, subaccount=3))
        say(desk, update("v", "canceled", subaccount=3))
        assert desk.of(FillSeen) == []
        assert desk.of(OrderClosedSeen) == []

    at(Desk(), script, MADE)


def test_fills_that_the_stream_may_have_missed_are_asked_for_once() -> None:
    async def script(desk: Desk) -> None:
        await sent(desk)
        desk.bob("sell", 40, 4)
        desk.feed.tell(Missed("fill", "connected anew", desk.clock.now()))
        assert desk.of(FillSeen) == []
        for _ in range(3):
            await desk.venue._account.mend()
        assert [seen.fill.qty for seen in desk.of(FillSeen)] == [4 * MICRO]
        assert desk.wire.count("GET", "/portfolio/fills") == 1

    at(Desk(), script, MADE)


def test_a_hole_that_cannot_be_filled_now_is_filled_later() -> None:
    async def script(desk: Desk) -> None:
        await sent(desk)
        desk.bob("sell", 40, 4)
        desk.wire.spoil("GET", "/portfolio/fills", answer(500), times=3)
        desk.feed.tell(Missed("fill", "connected anew", desk.clock.now()))
        await desk.venue._account.mend()
        assert desk.of(FillSeen) == []
        await desk.venue._account.mend()
        assert len(desk.of(FillSeen)) == 1

    at(Desk(), script, MADE)


def test_what_is_missed_while_a_hole_is_filled_is_asked_for_as_well() -> None:
    async def script(desk: Desk) -> None:
        await sent(desk)
        desk.bob("sell", 40, 1)

        async def meanwhile(request: Request, send_on: Callable[[], Awaitable[Answer]]) -> Answer:
            got = await send_on()
            if request.target.startswith(f"{ROOT}/portfolio/fills"):
                desk.wire.spoilers.clear()
                desk.bob("sell", 40, 4)
                desk.feed.tell(Missed("fill", "connected anew", desk.clock.now()))
            return got

        desk.wire.spoilers.append(meanwhile)
        desk.feed.tell(Missed("fill", "connected anew", desk.clock.now()))
        await desk.venue._account.mend()
        assert {seen.fill.qty for seen in desk.of(FillSeen)} == {MICRO}
        await desk.venue._account.mend()
        assert {seen.fill.qty for seen in desk.of(FillSeen)} == {MICRO, 4 * MICRO}

    at(Desk(), script, MADE)


def test_orders_that_ended_while_nobody_listened_are_told() -> None:
    async def script(desk: Desk) -> None:
        await sent(desk)
        desk.bob("sell", 40, 4)
        desk.exchange.cancel(desk.clock.now(), "ann", desk.exchange.resting("ann")[0].order_id)
        desk.box.remember()
        desk.feed.tell(Missed("user_orders", "connected anew", desk.clock.now()))
        await desk.venue._account.mend()
        assert [(each.order_id, each.filled) for each in desk.of(OrderClosedSeen)] == [(MADE.order_id, 4 * MICRO)]

    at(Desk(), script, MADE)


@pytest.mark.parametrize(("status", "filled"), [("canceled", 4 * MICRO), ("executed", 10 * MICRO)])
def test_an_end_that_the_stream_tells_whole_is_passed_on(status: str, filled: int) -> None:
    async def script(desk: Desk) -> None:
        order_id = await sent(desk)
        say(desk, update(order_id, "resting", remaining=10 * MICRO))
        assert desk.of(OrderClosedSeen) == []
        say(desk, update(order_id, status, filled=filled, reason="ExpiryCancel"))
        [closed] = desk.of(OrderClosedSeen)
        assert (closed.order_id, closed.why, closed.filled) == (MADE.order_id, "ExpiryCancel", filled)

    at(Desk(), script, MADE)


def test_the_executed_count_of_an_end_is_no_less_than_the_fills_that_were_seen() -> None:
    async def script(desk: Desk) -> None:
        order_id = await sent(desk)
        desk.bob("sell", 40, 4)
        say(desk, fill_of(desk))
        say(desk, update(order_id, "canceled", filled=3 * MICRO))
        assert [each.filled for each in desk.of(OrderClosedSeen)] == [4 * MICRO]

    at(Desk(), script, MADE)


@pytest.mark.parametrize(
    "changes",
    [{"status": "executed", "filled": 9 * MICRO}, {"status": "canceled", "filled": 11 * MICRO}],
    ids=["executed in part", "more than ordered"],
)
def test_an_end_that_does_not_add_up_is_asked_for(changes: dict[str, object]) -> None:
    async def script(desk: Desk) -> None:
        order_id = await sent(desk)
        desk.bob("sell", 40, 4)
        desk.exchange.cancel(desk.clock.now(), "ann", desk.exchange.resting("ann")[0].order_id)
        desk.box.remember()
        say(desk, update(order_id, **changes))  # type: ignore[arg-type]
        assert desk.of(OrderClosedSeen) == []
        desk.wire.spoil("GET", "/portfolio/orders/", error(404, "not_found"))
        await desk.venue._account.mend()
        assert desk.of(OrderClosedSeen) == []
        await desk.venue._account.mend()
        assert [each.filled for each in desk.of(OrderClosedSeen)] == [4 * MICRO]

    desk = at(Desk(), script, MADE)
    assert causes(desk) == []


def test_a_time_in_the_future_keeps_the_books_from_being_read_for_a_moment_only() -> None:
    async def script(desk: Desk) -> None:
        order_id = await sent(desk)
        say(desk, update(order_id, "resting", remaining=10 * MICRO, updated_ts=desk.clock.now() + DAY))
        assert isinstance(await desk.venue.books(), Unavailable)
        await desk.clock.sleep(2 * MINUTE)
        assert isinstance(await desk.venue.books(), Books)

    at(Desk(), script, MADE)
