"""Orders at the boxed exchange: taken twice, taken in secret, cancelled in time or too late, and looked for."""

import json
from collections.abc import Awaitable, Callable

import pytest
from tests.venue.kalshi.boxed import CENT, MARKET, START, Desk, an_order, answer, error, life

from assent.model.inputs import Absent, Accepted, FillSeen, HaltAsked, NotSent, Refused, Unknown
from assent.model.orders import Order
from assent.model.units import MICRO, SECOND
from assent.venue.kalshi import evidence
from assent.venue.port import Ended
from assent.venue.transport import Failed

ORDERS = "/portfolio/events/orders"
LOST = Failed("unknown", "the connection was reset")


def at(desk: Desk, script: Callable[[Desk], Awaitable[None]], *made: Order) -> Desk:
    """Live through a script after connecting; these orders were released by the desk."""
    desk.released.update(order.order_id for order in made)

    async def whole() -> None:
        await desk.connect()
        await script(desk)

    life(whole)
    return desk


def causes(desk: Desk) -> list[str]:
    return [asked.cause for asked in desk.of(HaltAsked)]


# ------------------------------------------------------------------------------------------------------------ sending


def test_an_order_that_rests_and_one_that_fills_are_told_as_they_are() -> None:
    rests, takes = an_order(), an_order("22222222-aaaa-4aaa-8aaa-000000000002", price=50 * CENT, time_in_force="ioc")

    async def script(desk: Desk) -> None:
        desk.bob("sell", 45, 4)
        first = await desk.venue.send(rests)
        second = await desk.venue.send(takes)
        assert isinstance(first, Accepted)
        assert (first.filled, first.remaining) == (0, 10 * MICRO)
        assert isinstance(second, Accepted)
        assert (second.filled, second.remaining) == (4 * MICRO, 0), "what found no volume is gone"

    at(Desk(), script, rests, takes)


def test_an_order_names_its_shard_so_that_one_bucket_is_billed() -> None:
    made = an_order()

    async def script(desk: Desk) -> None:
        await desk.venue.send(made)
        assert b'"exchange_index":0' in desk.wire.requests[-1].body

    at(Desk(), script, made)


def test_an_order_whose_turn_comes_too_late_never_leaves() -> None:
    made = an_order()

    async def script(desk: Desk) -> None:
        real = desk.venue._orders._rest._turns.turn

        async def slow(*args: object) -> object:
            await desk.clock.sleep(3 * SECOND)
            return await real(*args)  # type: ignore[arg-type]

        desk.venue._orders._rest._turns.turn = slow  # type: ignore[assignment, method-assign]
        assert await desk.venue.send(made) == NotSent("too_late")

    assert at(Desk(), script, made).wire.count("POST") == 0


# ---------------------------------------------------------------------------------------- an order stands under our id


def test_a_request_that_a_proxy_doubled_is_one_order_and_accepted() -> None:
    made = an_order()

    async def script(desk: Desk) -> None:
        desk.wire.spoil("POST", ORDERS, error(409, "order_already_exists"), taken=True)
        outcome = await desk.venue.send(made)
        assert isinstance(outcome, Accepted)
        assert (outcome.filled, outcome.remaining) == (0, 10 * MICRO)
        assert desk.resting() == [(made.order_id, 10 * MICRO)]

    assert causes(at(Desk(), script, made)) == []


def test_a_doubled_order_that_is_over_already_is_accepted_with_nothing_remaining() -> None:
    made = an_order(price=50 * CENT, time_in_force="ioc")

    async def script(desk: Desk) -> None:
        desk.bob("sell", 45, 4)
        desk.wire.spoil("POST", ORDERS, error(409, "order_already_exists"), taken=True)
        outcome = await desk.venue.send(made)
        assert isinstance(outcome, Accepted)
        assert (outcome.filled, outcome.remaining) == (4 * MICRO, 0)

    at(Desk(), script, made)


@pytest.mark.parametrize(
    ("side", "cents", "contracts"), [("sell", 90, 10), ("buy", 39, 10), ("buy", 40, 9)], ids=["side", "price", "size"]
)
def test_another_order_under_our_id_is_not_ours_and_stops_the_desk(side: str, cents: int, contracts: int) -> None:
    made = an_order()

    async def script(desk: Desk) -> None:
        desk.bob(side, cents, contracts, who="ann", client_order_id=made.order_id)
        outcome = await desk.venue.send(made)
        assert isinstance(outcome, Refused)
        assert outcome.code == "order_already_exists"

    assert causes(at(Desk(), script, made)) == ["foreign_fill"]


def test_an_order_like_ours_under_our_id_from_before_the_release_stops_the_desk_and_is_not_called_refused() -> None:
    """It may be ours: of another life of this ledger, or sent by a clock that is ahead of the venue's."""
    made = an_order()

    async def script(desk: Desk) -> None:
        desk.bob("buy", 40, 10, who="ann", client_order_id=made.order_id)
        await desk.clock.sleep(evidence.SKEW + SECOND)
        assert isinstance(await desk.venue.send(made), Unknown)

    assert causes(at(Desk(), script, made)) == ["foreign_fill"]


def test_an_order_that_exists_and_that_no_list_shows_yet_is_unknown_and_found_later() -> None:
    made = an_order()

    async def script(desk: Desk) -> None:
        desk.wire.spoil("POST", ORDERS, error(409, "order_already_exists"), taken=True)
        assert isinstance(await desk.venue.send(made), Unknown)
        assert await desk.venue.find(made, START) is None
        await desk.clock.sleep(3 * SECOND)
        found = await desk.venue.find(made, START)
        assert isinstance(found, Accepted)
        assert found.remaining == 10 * MICRO

    at(Desk(lag_ns=2 * SECOND), script, made)


# ------------------------------------------------------------------------------------------------------------- cancels


def test_a_cancel_tells_what_was_executed_by_what_it_took_off() -> None:
    made = an_order()

    async def script(desk: Desk) -> None:
        sent = await desk.venue.send(made)
        desk.bob("sell", 40, 3)
        assert isinstance(sent, Accepted)
        assert await desk.venue.cancel(made, sent.venue_order_id) == Accepted(sent.venue_order_id, 3 * MICRO, 0)
        [asked] = [each for each in desk.wire.requests if each.method == "DELETE"]
        assert "market_ticker=" + MARKET in asked.target

    at(Desk(), script, made)


def test_what_a_person_took_off_at_the_venue_was_never_executed() -> None:
    made = an_order()

    async def script(desk: Desk) -> None:
        placed = await desk.venue.send(made)
        assert isinstance(placed, Accepted)
        now = desk.clock.now()
        desk.exchange.decrease(now, "ann", desk.exchange.resting("ann")[0].order_id, to=7 * MICRO)
        desk.box.remember()
        assert await desk.venue.cancel(made, placed.venue_order_id) == Accepted(placed.venue_order_id, 0, 0)

    assert causes(at(Desk(), script, made)) == []


def test_a_cancel_of_what_was_filled_meanwhile_is_told_with_the_count_of_the_record() -> None:
    made = an_order()

    async def script(desk: Desk) -> None:
        sent = await desk.venue.send(made)
        desk.bob("sell", 40, 10)
        assert isinstance(sent, Accepted)
        assert await desk.venue.cancel(made, sent.venue_order_id) == Accepted(sent.venue_order_id, 10 * MICRO, 0)

    at(Desk(), script, made)


def test_a_cancel_that_is_gone_waits_for_the_list_to_say_how_much_was_executed() -> None:
    made = an_order()

    async def script(desk: Desk) -> None:
        sent = await desk.venue.send(made)
        await desk.clock.sleep(5 * SECOND)
        desk.bob("sell", 40, 10)
        begun = desk.clock.now()
        assert isinstance(sent, Accepted)
        assert await desk.venue.cancel(made, "") == Accepted(sent.venue_order_id, 10 * MICRO, 0)
        assert desk.clock.now() - begun >= SECOND, "at first the list still said that it rests"

    at(Desk(lag_ns=2 * SECOND), script, made)


def test_a_cancel_that_is_gone_and_that_no_record_explains_is_unknown() -> None:
    made = an_order()

    async def script(desk: Desk) -> None:
        await desk.venue.send(made)
        desk.wire.spoil("GET", "/portfolio/orders/", error(404, "not_found"), times=9)
        desk.wire.spoil("DELETE", ORDERS, error(404, "not_found"), taken=True)
        assert isinstance(await desk.venue.cancel(made, ""), Unknown)

    at(Desk(), script, made)


def test_an_answer_to_a_cancel_that_names_another_order_is_only_advice() -> None:
    made = an_order()
    other = {"order_id": "venue-of-another", "reduced_by": "10.00", "ts_ms": 1_790_000_000_456}

    async def script(desk: Desk) -> None:
        sent = await desk.venue.send(made)
        desk.bob("sell", 40, 3)
        assert isinstance(sent, Accepted)
        desk.wire.spoil("DELETE", ORDERS, answer(200, other), taken=True)
        outcome = await desk.venue.cancel(made, sent.venue_order_id)
        assert outcome == Accepted(sent.venue_order_id, 3 * MICRO, 0), "the order itself was asked"

    assert causes(at(Desk(), script, made)) == ["venue_contract"]


@pytest.mark.parametrize("reduced", ["11.00", "-1.00", 10, None])
def test_an_answer_to_a_cancel_that_cannot_be_true_is_only_advice(reduced: object) -> None:
    made = an_order()

    async def script(desk: Desk) -> None:
        sent = await desk.venue.send(made)
        assert isinstance(sent, Accepted)
        wrong = {"order_id": sent.venue_order_id, "reduced_by": reduced, "ts_ms": 1_790_000_000_456}
        desk.wire.spoil("DELETE", ORDERS, answer(200, wrong), taken=True)
        assert await desk.venue.cancel(made, sent.venue_order_id) == Accepted(sent.venue_order_id, 0, 0)

    assert causes(at(Desk(), script, made)) == ["venue_contract"]


def test_after_a_restart_an_order_whose_name_there_is_not_known_is_found_before_it_is_cancelled() -> None:
    made = an_order()

    async def script(desk: Desk) -> None:
        desk.wire.spoil("POST", ORDERS, LOST, taken=True)
        assert isinstance(await desk.venue.send(made), Unknown)
        await desk.connect()
        outcome = await desk.venue.cancel(made, "")
        assert isinstance(outcome, Accepted)
        assert desk.resting() == []

    at(Desk(), script, made)


def test_a_cancel_of_what_nobody_knows_the_name_of_is_unknown() -> None:
    made = an_order()

    async def script(desk: Desk) -> None:
        assert isinstance(await desk.venue.cancel(made, ""), Unknown)
        assert desk.wire.count("DELETE") == 0

    at(Desk(), script, made)


# ----------------------------------------------------------------------------------------------------------- the search


async def until(desk: Desk, made: Order, *, tries: int = 40) -> object:
    """Ask as the runtime does, every five seconds."""
    for _ in range(tries):
        found = await desk.venue.find(made, START)
        if found is not None:
            return found
        await desk.clock.sleep(5 * SECOND)
    return None


@pytest.mark.parametrize("remembers", [True, False])
def test_an_order_whose_answer_was_lost_is_found(remembers: bool) -> None:
    made = an_order()

    async def script(desk: Desk) -> None:
        desk.wire.spoil("POST", ORDERS, LOST, taken=True)
        assert isinstance(await desk.venue.send(made), Unknown)
        if not remembers:
            await desk.connect()
        found = await until(desk, made)
        assert isinstance(found, Accepted)
        assert (found.filled, found.remaining) == (0, 10 * MICRO)

    at(Desk(), script, made)


def test_an_order_that_filled_while_its_answer_was_lost_is_found_at_its_end() -> None:
    made = an_order()

    async def script(desk: Desk) -> None:
        desk.bob("sell", 40, 10)
        desk.wire.spoil("POST", ORDERS, LOST, taken=True)
        await desk.venue.send(made)
        found = await until(desk, made)
        assert isinstance(found, Ended)
        assert found.filled == 10 * MICRO

    at(Desk(), script, made)


@pytest.mark.parametrize("remembers", [True, False])
def test_an_order_that_never_arrived_is_absent_only_after_its_signature_has_aged(remembers: bool) -> None:
    made = an_order()

    async def script(desk: Desk) -> None:
        desk.wire.spoil("POST", ORDERS, LOST)
        begun = desk.clock.now()
        await desk.venue.send(made)
        if not remembers:
            await desk.connect()
        found = await until(desk, made)
        assert isinstance(found, Absent)
        waited = desk.clock.now() - begun
        least = evidence.SIGNATURE_LIFE + (0 if remembers else evidence.SIGNED_WITHIN)
        assert waited >= least + evidence.LISTS_APART, "two lists, at two times, after that"

    at(Desk(), script, made)


def test_an_order_that_arrives_late_is_never_called_absent_before() -> None:
    """The exchange takes the request in just before its signature is too old: no earlier answer may be final."""
    made = an_order()

    async def script(desk: Desk) -> None:
        desk.wire.spoil("POST", ORDERS, LOST)
        await desk.venue.send(made)
        late = desk.wire.requests[-1]
        for _ in range(9):
            assert await desk.venue.find(made, START) is None
            await desk.clock.sleep(SECOND)
        assert (await desk.wire.request(late, timeout_ns=SECOND)).status == 201  # type: ignore[union-attr]
        assert isinstance(await until(desk, made), Accepted)

    at(Desk(), script, made)


def test_a_list_that_lags_says_nothing_about_absence_however_old_the_signature_is_by_our_clock() -> None:
    made = an_order()

    async def script(desk: Desk) -> None:
        desk.wire.spoil("POST", ORDERS, LOST)
        await desk.venue.send(made)
        old = {"as_of_time": "2026-09-21T13:46:45Z"}
        desk.wire.spoil("GET", "/exchange/user_data_timestamp", answer(200, old), times=60)
        assert await until(desk, made) is None

    at(Desk(), script, made)


@pytest.mark.parametrize(
    ("path", "broken"),
    [
        ("/portfolio/orders", answer(500)),
        ("/portfolio/orders", answer(200, {"orders": [], "cursor": "bmV2ZXI"})),
        ("/portfolio/orders", answer(200, {"orders": [{"order_id": "x"}], "cursor": ""})),
        ("/portfolio/orders", answer(200, {"cursor": ""})),
        ("/historical/cutoff", answer(500)),
        ("/exchange/user_data_timestamp", answer(500)),
        ("/portfolio/fills", answer(500)),
    ],
    ids=["no answer", "never ends", "a row unread", "no list", "no cut-off", "no model time", "no fills"],
)
def test_absence_needs_lists_that_are_whole(path: str, broken: object) -> None:
    made = an_order()

    async def script(desk: Desk) -> None:
        desk.wire.spoil("POST", ORDERS, LOST)
        await desk.venue.send(made)
        desk.wire.spoil("GET", path, broken, times=500)  # type: ignore[arg-type]
        assert await until(desk, made) is None

    at(Desk(), script, made)


def test_an_order_that_moved_to_the_older_tier_is_found_there() -> None:
    made = an_order()

    async def script(desk: Desk) -> None:
        await desk.venue.send(made)
        await desk.venue.cancel(made, "")
        await desk.connect()
        row = await desk.venue._rest.read("/portfolio/orders")
        desk.wire.spoil("GET", "/historical/cutoff", answer(200, CUTOFF_NOW), times=99)
        desk.wire.spoil("GET", "/historical/orders", answer(200, row), times=99)
        desk.wire.spoil("GET", "/portfolio/orders", answer(200, {"orders": [], "cursor": ""}), times=99)
        found = await desk.venue.find(made, START)
        assert isinstance(found, Ended)

    at(Desk(), script, made)


CUTOFF_NOW = dict.fromkeys(("market_settled_ts", "trades_created_ts", "orders_updated_ts"), "2026-09-22T00:00:00Z")


def test_a_fill_that_no_listed_order_explains_forbids_to_call_an_order_absent() -> None:
    made = an_order()

    async def script(desk: Desk) -> None:
        desk.bob("sell", 40, 10)
        desk.wire.spoil("POST", ORDERS, LOST, taken=True)
        await desk.venue.send(made)
        desk.wire.spoil("GET", "/portfolio/orders", answer(200, {"orders": [], "cursor": ""}), times=500)
        assert await until(desk, made) is None, "its fill stands in the window, though no list shows the order"

    at(Desk(), script, made)


def test_nothing_is_concluded_while_the_order_is_still_being_sent() -> None:
    made = an_order()

    async def script(desk: Desk) -> None:
        async def while_sending(request: object, send_on: Callable[[], Awaitable[object]]) -> object:
            if getattr(request, "method", "") == "POST":
                assert await desk.venue.find(made, START) is None
            return await send_on()

        desk.wire.spoilers.append(while_sending)  # type: ignore[arg-type]
        assert isinstance(await desk.venue.send(made), Accepted)

    at(Desk(), script, made)


def test_one_order_that_the_venue_has_twice_is_found_and_stops_the_desk() -> None:
    made = an_order()

    async def script(desk: Desk) -> None:
        await desk.venue.send(made)
        listed = json.loads(await desk.venue._rest.read("/portfolio/orders"))
        twin = listed["orders"][0] | {"order_id": "its-twin"}
        await desk.connect()
        desk.wire.spoil("GET", "/portfolio/orders", answer(200, listed | {"orders": [*listed["orders"], twin]}))
        assert isinstance(await desk.venue.find(made, START), Accepted)

    assert causes(at(Desk(), script, made)) == ["foreign_fill"]


def test_an_order_found_under_our_id_that_is_not_ours_stays_unknown_and_stops_the_desk() -> None:
    made = an_order()

    async def script(desk: Desk) -> None:
        desk.bob("buy", 39, 10, who="ann", client_order_id=made.order_id)
        assert await desk.venue.find(made, START) is None

    desk = at(Desk(), script, made)
    assert causes(desk) == ["foreign_fill"]
    assert desk.of(FillSeen) == []
