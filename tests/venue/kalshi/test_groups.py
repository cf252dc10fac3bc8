"""The order group at the boxed exchange: made, found again, triggered, refused, reset by nobody but a person."""

from typing import Any

import pytest
from tests.venue.kalshi.boxed import CENT, MARKET, Desk, an_order, answer, error
from tests.venue.kalshi.test_adapter import feeding
from tests.venue.kalshi.test_orders import at, causes

from assent.exchange.groups import CreateGroup, DeleteGroup, ResetGroup, TriggerGroup
from assent.exchange.kalshi.ids import wire_id
from assent.model.inputs import Accepted, NotSent, OrderClosedSeen, Refused, RejectionSeen
from assent.model.units import MICRO, SECOND
from assent.venue.kalshi.groups import MISSING, TRIGGERED
from assent.venue.kalshi.wire_requests import Terms
from assent.venue.transport import Failed

LIMIT = 5
BELTED = Terms(group_limit=LIMIT * MICRO)
PATH = "/portfolio/order_groups"


def a_desk(**more: Any) -> Desk:
    desk = Desk(**more)
    desk.terms = BELTED
    return desk


def groups(desk: Desk) -> list[str]:
    return list(desk.histories["ann"].groups)


def test_one_group_is_made_and_found_again_by_the_next_process() -> None:
    async def script(desk: Desk) -> None:
        [name] = groups(desk)
        assert desk.histories["ann"].groups[name].limit == LIMIT * MICRO
        await desk.connect()
        assert groups(desk) == [name]
        assert desk.wire.count("POST", f"{PATH}/create") == 1

    at(a_desk(), script)


def test_without_a_limit_nothing_is_asked_of_groups_and_orders_stand_in_none() -> None:
    made = an_order()

    async def script(desk: Desk) -> None:
        await desk.venue.send(made)
        assert desk.exchange.resting("ann")[0].group is None
        assert desk.wire.count("GET", PATH) == desk.wire.count("POST", PATH) == 0

    at(Desk(), script, made)


def test_a_group_of_another_limit_is_somebody_elses() -> None:
    desk = a_desk()
    desk.exchange.command_group(desk.exchange.now, "ann", CreateGroup(7 * MICRO))

    async def script(desk: Desk) -> None:
        theirs, ours = groups(desk)
        assert await desk.venue.send(made)
        assert desk.exchange.resting("ann")[0].group == ours != theirs

    made = an_order()
    at(desk, script, made)


def test_what_matches_beyond_the_limit_halts_with_every_end_told_and_nothing_more_leaves() -> None:
    first, second, third = (an_order(f"{n}1111111-aaaa-4aaa-8aaa-000000000001") for n in (1, 2, 3))

    async def script(desk: Desk) -> None:
        assert isinstance(await desk.venue.send(first), Accepted)
        assert isinstance(await desk.venue.send(second), Accepted)
        desk.bob("sell", 40, LIMIT + 1)
        desk.exchange.advance(desk.clock.now())
        desk.box.remember()
        assert desk.resting() == []
        posted = desk.wire.count("POST")
        refused = await desk.venue.send(third)
        assert isinstance(refused, Refused), "the news had not come yet: the venue itself says no"
        assert causes(desk) == [TRIGGERED]
        assert await desk.venue.send(third) == NotSent(TRIGGERED)
        assert desk.wire.count("POST") == posted + 1
        await desk.venue.books()
        ended = {seen.order_id: seen.filled for seen in desk.of(OrderClosedSeen)}
        assert ended == {first.order_id: 6 * MICRO, second.order_id: 0}
        await desk.venue.reset_belts()
        assert isinstance(await desk.venue.send(an_order("41111111-aaaa-4aaa-8aaa-000000000001")), Accepted)

    desk = at(a_desk(), script, first, second, third, an_order("41111111-aaaa-4aaa-8aaa-000000000001"))
    assert causes(desk) == [TRIGGERED]


def test_a_group_that_is_found_triggered_halts_and_is_reset_by_nobody_but_a_person() -> None:
    async def script(desk: Desk) -> None:
        [name] = groups(desk)
        desk.exchange.command_group(desk.clock.now(), "ann", TriggerGroup(name))
        await desk.connect()
        assert causes(desk) == [TRIGGERED]
        assert await desk.venue.send(made) == NotSent(TRIGGERED)
        await desk.clock.sleep(60 * SECOND)
        assert desk.histories["ann"].groups[name].triggered
        await desk.venue.reset_belts()
        assert not desk.histories["ann"].groups[name].triggered

    made = an_order()
    at(a_desk(), script, made)


def test_a_trigger_whose_news_was_lost_shows_at_the_next_walk_and_halts_once() -> None:
    async def script(desk: Desk) -> None:
        [name] = groups(desk)
        desk.exchange.command_group(desk.clock.now(), "ann", TriggerGroup(name))
        await desk.clock.sleep(95 * SECOND)

    assert causes(feeding(a_desk(), script)) == [TRIGGERED]


@pytest.mark.parametrize("said", [Failed("unknown", "reset"), error(503, "service_unavailable"), answer(500)])
def test_a_reset_that_does_not_get_through_halts_anew(said: Any) -> None:
    async def script(desk: Desk) -> None:
        [name] = groups(desk)
        desk.exchange.command_group(desk.clock.now(), "ann", TriggerGroup(name))
        await desk.connect()
        desk.wire.spoil("PUT", PATH, said)
        await desk.venue.reset_belts()
        assert causes(desk) == [TRIGGERED, TRIGGERED]
        await desk.venue.reset_belts()
        assert not desk.histories["ann"].groups[name].triggered

    at(a_desk(), script)


def test_while_there_is_no_group_no_order_leaves_and_one_is_made_later() -> None:
    made = an_order()
    desk = a_desk()
    desk.released.add(made.order_id)
    desk.wire.spoil("POST", f"{PATH}/create", error(503, "service_unavailable"))

    async def script(desk: Desk) -> None:
        assert await desk.venue.send(made) == NotSent(MISSING)
        assert [seen.code for seen in desk.of(RejectionSeen)] == ["venue_unreadable"]
        await desk.clock.sleep(32 * SECOND)
        assert isinstance(await desk.venue.send(made), Accepted)

    feeding(desk, script)


def test_a_group_made_by_a_request_whose_answer_was_lost_is_found_and_not_made_twice() -> None:
    desk = a_desk()
    desk.wire.spoil("POST", f"{PATH}/create", Failed("unknown", "reset"), taken=True)

    async def script(desk: Desk) -> None:
        await desk.clock.sleep(32 * SECOND)
        assert len(groups(desk)) == 1
        assert isinstance(await desk.venue.send(made), Accepted)

    made = an_order()
    desk.released.add(made.order_id)
    feeding(desk, script)


def test_a_group_that_somebody_deleted_is_made_anew() -> None:
    first, second = an_order(), an_order("21111111-aaaa-4aaa-8aaa-000000000001")

    async def script(desk: Desk) -> None:
        [name] = groups(desk)
        desk.exchange.command_group(desk.clock.now(), "ann", DeleteGroup(name))
        refused = await desk.venue.send(first)
        assert isinstance(refused, Refused)
        assert refused.code == "order_group_not_found"
        assert await desk.venue.send(second) == NotSent(MISSING)
        await desk.clock.sleep(10 * SECOND)
        assert len(groups(desk)) == 1
        assert name not in groups(desk)

    desk = a_desk()
    desk.released.update((first.order_id, second.order_id))
    assert causes(feeding(desk, script)) == []


def test_a_list_from_before_the_news_does_not_take_it_back() -> None:
    """Somebody resets it at the venue: for us it stays triggered until a person of ours has resumed."""
    made = an_order()

    async def script(desk: Desk) -> None:
        [name] = groups(desk)
        desk.exchange.command_group(desk.clock.now(), "ann", TriggerGroup(name))
        await desk.clock.sleep(32 * SECOND)
        desk.exchange.command_group(desk.clock.now(), "ann", ResetGroup(name))
        await desk.clock.sleep(32 * SECOND)
        assert await desk.venue.send(made) == NotSent(TRIGGERED)

    feeding(a_desk(), script)


def test_a_list_of_groups_that_cannot_be_read_is_the_venues_broken_word() -> None:
    desk = a_desk()
    desk.wire.spoil("GET", PATH, answer(200, {"order_groups": [{"id": "g-1"}]}))

    async def script(desk: Desk) -> None:
        assert causes(desk) == ["venue_contract"]

    at(desk, script)


def test_every_order_of_ours_stands_in_the_group_and_is_bought_as_it_was_meant() -> None:
    made = an_order(price=40 * CENT)

    async def script(desk: Desk) -> None:
        await desk.venue.send(made)
        [view] = desk.exchange.resting("ann")
        assert (view.market, view.price, view.group) == (MARKET, 40 * CENT, groups(desk)[0])
        assert wire_id(view.group or "").encode() in desk.wire.requests[-1].body

    at(a_desk(), script, made)
