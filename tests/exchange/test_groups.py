"""Order groups, and orders that leave when trading pauses: what outlives the one who placed them."""

import pytest
from tests.exchange.support import MARKET, Floor, a_spec

from assent.exchange.groups import (
    GROUPS_MAX,
    LIMIT_MAX,
    CreateGroup,
    DeleteGroup,
    Group,
    GroupView,
    LimitGroup,
    ResetGroup,
    TriggerGroup,
)
from assent.exchange.types import MICRO, SECOND, ExchangeError, GroupChanged, OrderClosed, Rejected


def a_group(floor: Floor, contracts: int, name: str = "ann") -> str:
    made = floor.exchange.command_group(floor.now, name, CreateGroup(contracts * MICRO))
    assert isinstance(made, GroupView), made
    return made.group


def command(floor: Floor, asked: object, name: str = "ann") -> GroupView | Rejected:
    return floor.exchange.command_group(floor.now, name, asked)  # type: ignore[arg-type]


def reasons(floor: Floor, name: str = "ann") -> list[str | None]:
    return [view.reason for view in floor.histories[name].views()]


def test_matching_more_than_the_limit_cancels_the_whole_group_and_refuses_its_next_order() -> None:
    floor = Floor()
    group = a_group(floor, 3)
    floor.buy("ann", 50, 2, group=group)
    floor.buy("ann", 49, 2, group=group)
    floor.buy("ann", 48, 2, group=group)
    floor.buy("ann", 47, 1)
    floor.sell("bob", 50, 2)
    assert len(floor.exchange.resting("ann")) == 3
    floor.sell("bob", 49, 2)
    assert reasons(floor) == ["executed", "executed", "group_cancel", None]
    assert floor.refused("ann", floor.order("buy", 40, 1, group=group)) == "exceeded_order_group_risk_limit"
    events = floor.exchange.drain()
    assert [event.what for event in events if isinstance(event, GroupChanged)] == ["created", "triggered"]


def test_matching_just_the_limit_is_not_more_than_it() -> None:
    floor = Floor()
    group = a_group(floor, 2)
    floor.sell("bob", 50, 2)
    floor.buy("ann", 50, 2, group=group)
    assert floor.buy("ann", 40, 1, group=group).remaining == MICRO


def test_a_taker_that_sweeps_past_the_limit_keeps_its_fills_and_rests_no_more() -> None:
    floor = Floor()
    group = a_group(floor, 1)
    floor.sell("bob", 50, 1)
    floor.sell("cat", 51, 1)
    taken = floor.buy("ann", 52, 5, group=group)
    assert (taken.filled, taken.remaining) == (2 * MICRO, 0)
    assert floor.depth() == ([], [])
    floor.exchange.check()


def test_a_fill_or_kill_order_is_filled_whole_by_a_group_that_it_strikes() -> None:
    floor = Floor()
    group = a_group(floor, 1)
    floor.sell("ann", 50, 2, group=group)
    floor.sell("ann", 51, 2, group=group)
    assert floor.buy("bob", 51, 4, tif="fok").filled == 4 * MICRO
    assert floor.exchange.resting("ann") == []


def test_what_was_matched_fifteen_seconds_ago_counts_no_more() -> None:
    floor = Floor()
    group = a_group(floor, 3)
    for wait, still_open in ((15, True), (14, False)):
        floor.sell("bob", 50, 2)
        floor.buy("ann", 50, 2, group=group)
        floor.now += wait * SECOND
        floor.sell("bob", 50, 2)
        floor.buy("ann", 50, 2, group=group)
        taken = floor.submit("ann", floor.order("buy", 40, 1, group=group))
        assert isinstance(taken, Rejected) is not still_open
        floor.now += 60 * SECOND


def test_a_triggered_group_takes_orders_again_once_it_is_reset() -> None:
    floor = Floor()
    group = a_group(floor, 5)
    floor.buy("ann", 50, 1, group=group)
    told = command(floor, TriggerGroup(group))
    assert told == GroupView(group, 5 * MICRO, triggered=True)
    assert floor.exchange.resting("ann") == []
    command(floor, TriggerGroup(group))
    assert floor.refused("ann", floor.order("buy", 40, 1, group=group)) == "exceeded_order_group_risk_limit"
    assert command(floor, ResetGroup(group)) == GroupView(group, 5 * MICRO, triggered=False)
    floor.buy("ann", 40, 1, group=group)
    assert [event.what for event in floor.events(GroupChanged)] == ["created", "triggered", "reset"]


def test_a_limit_below_what_was_just_matched_strikes_at_once() -> None:
    floor = Floor()
    group = a_group(floor, 5)
    floor.sell("bob", 50, 2)
    floor.buy("ann", 50, 4, group=group)
    assert command(floor, LimitGroup(group, 2 * MICRO)) == GroupView(group, 2 * MICRO, triggered=False)
    assert command(floor, LimitGroup(group, MICRO)) == GroupView(group, MICRO, triggered=True)
    assert floor.exchange.resting("ann") == []


def test_a_deleted_group_takes_its_orders_along_and_is_known_no_more() -> None:
    floor = Floor()
    group = a_group(floor, 5)
    floor.buy("ann", 50, 4, group=group)
    assert command(floor, DeleteGroup(group)) == GroupView(group, 5 * MICRO, triggered=False)
    assert reasons(floor) == ["group_cancel"]
    assert floor.refused("ann", floor.order("buy", 40, 1, group=group)) == "order_group_not_found"
    assert isinstance(command(floor, DeleteGroup(group)), Rejected)


def test_nobody_reaches_the_group_of_another() -> None:
    floor = Floor()
    group = a_group(floor, 5)
    assert floor.refused("bob", floor.order("buy", 40, 1, group=group)) == "order_group_not_found"
    assert isinstance(command(floor, TriggerGroup(group), "bob"), Rejected)


@pytest.mark.parametrize("limit", [0, -MICRO, LIMIT_MAX + 10_000, 5])
def test_a_limit_out_of_bounds_is_refused(limit: int) -> None:
    floor = Floor()
    told = command(floor, CreateGroup(limit))
    assert isinstance(told, Rejected)
    assert told.code == "invalid_parameters"


def test_there_are_only_so_many_groups() -> None:
    floor = Floor()
    group = a_group(floor, 1)
    groups = floor.histories["ann"].groups
    groups.update({f"G-{number}": Group(f"G-{number}", MICRO) for number in range(GROUPS_MAX - 1)})
    told = command(floor, CreateGroup(MICRO))
    assert isinstance(told, Rejected)
    command(floor, DeleteGroup(group))
    assert isinstance(command(floor, CreateGroup(MICRO)), GroupView)


def test_a_paused_exchange_does_nothing_to_groups_and_who_has_no_history_has_none() -> None:
    floor = Floor()
    group = a_group(floor, 1)
    floor.exchange.pause(floor.now, whole=True)
    assert isinstance(command(floor, ResetGroup(group)), Rejected)
    floor.exchange.resume(floor.now)
    floor.exchange.open_account("crowd", MICRO)
    with pytest.raises(ExchangeError):
        command(floor, CreateGroup(MICRO), "crowd")
    assert floor.refused("crowd", floor.order("buy", 40, 1, group=group)) == "order_group_not_found"


@pytest.mark.parametrize("whole", [False, True])
def test_an_order_that_asked_for_it_leaves_when_trading_pauses_and_the_others_stay(whole: bool) -> None:
    floor = Floor()
    floor.buy("ann", 50, 1, cancel_on_pause=True)
    floor.buy("ann", 49, 1)
    floor.exchange.pause(floor.now, whole=whole)
    assert reasons(floor) == ["pause_cancel", None]
    floor.exchange.resume(floor.now)
    assert [view.price for view in floor.exchange.resting("ann")] == [490_000]
    floor.exchange.check()


def test_it_leaves_too_when_only_its_market_pauses() -> None:
    floor = Floor()
    floor.exchange.list_market(floor.now, a_spec("KXTEST-26JAN05-T50", open_ts=floor.now + SECOND))
    floor.now += SECOND
    floor.buy("ann", 50, 1, cancel_on_pause=True, market="KXTEST-26JAN05-T50")
    floor.buy("ann", 50, 1, cancel_on_pause=True)
    floor.exchange.pause_market(floor.now, MARKET)
    assert reasons(floor) == [None, "pause_cancel"]
    closed = floor.events(OrderClosed)
    assert [event.market for event in closed] == [MARKET]


def test_an_order_says_what_last_happened_to_it() -> None:
    floor = Floor()
    order_id = floor.buy("ann", 50, 4).order_id
    changes = [floor.exchange.resting("ann")[0].last_change]
    floor.exchange.decrease(floor.now, "ann", order_id, by=MICRO)
    changes.append(floor.exchange.resting("ann")[0].last_change)
    floor.sell("bob", 50, 1)
    changes.append(floor.exchange.resting("ann")[0].last_change)
    assert changes == ["", "decrease", "trade"]


@pytest.mark.parametrize("changes", [{"cancel_on_pause": 1}, {"group": 7}, {"group": "ü"}])
def test_a_group_or_a_flag_of_the_wrong_type_is_refused(changes: dict[str, object]) -> None:
    floor = Floor()
    assert floor.refused("ann", floor.order("buy", 40, 1, **changes)) == "invalid_parameters"
