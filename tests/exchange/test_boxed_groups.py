"""Order groups in a world that lasts: over a kill, over midnights, and in the record."""

from pathlib import Path

import pytest

from assent.exchange.boxed import BoxedExchange
from assent.exchange.groups import (
    CreateGroup,
    DeleteGroup,
    GroupCommand,
    GroupView,
    LimitGroup,
    ResetGroup,
    TriggerGroup,
)
from assent.exchange.kalshi.ids import wire_id
from assent.exchange.kalshi.record import lines
from assent.exchange.types import DAY, MICRO, MINUTE, Accepted, NewOrder, Rejected

A_DAY = 20_458
START = A_DAY * DAY


def opened(path: Path, now: int = START) -> BoxedExchange:
    boxed = BoxedExchange.open(path / "journal", seed=7, start_ts=START, account="desk", cash=1_000 * MICRO)
    boxed.catch_up(max(now, boxed.lived_until))
    return boxed


def told(boxed: BoxedExchange, command: GroupCommand) -> GroupView:
    answer = boxed.command_group(boxed.now, command)
    assert isinstance(answer, GroupView), answer
    return answer


def bid(boxed: BoxedExchange, group: str, **more: bool) -> Accepted | Rejected:
    market = next(view for view in boxed.markets() if view.status == "active")
    order = NewOrder(None, market.spec.ticker, "buy", 10_000, MICRO, group=group, **more)
    return boxed.submit(boxed.now, order)


def test_a_group_and_its_orders_are_there_again_after_a_kill(tmp_path: Path) -> None:
    first = opened(tmp_path)
    first.step_until(START + 60 * MINUTE)
    group = told(first, CreateGroup(2 * MICRO)).group
    told(first, LimitGroup(group, 3 * MICRO))
    assert isinstance(bid(first, group, cancel_on_pause=True), Accepted)
    first.close()
    second = opened(tmp_path)
    (view,) = second.open_orders()
    assert (view.group, view.cancel_on_pause) == (group, True)
    assert [each.view() for each in second.history.groups.values()] == [GroupView(group, 3 * MICRO, triggered=False)]
    assert told(second, TriggerGroup(group)).triggered
    assert second.open_orders() == []
    second.close()
    third = opened(tmp_path)
    assert third.history.groups[group].triggered
    assert isinstance(bid(third, group), Rejected)
    third.close()


@pytest.mark.usefixtures("one_event")
@pytest.mark.parametrize("killed", [False, True])
def test_a_triggered_group_stays_so_over_midnight(tmp_path: Path, killed: bool) -> None:
    boxed = opened(tmp_path)
    boxed.step_until(START + 60 * MINUTE)
    group, gone = told(boxed, CreateGroup(MICRO)).group, told(boxed, CreateGroup(MICRO)).group
    told(boxed, TriggerGroup(group))
    told(boxed, DeleteGroup(gone))
    boxed.step_until(START + DAY + 60 * MINUTE)
    if killed:
        boxed.close()
        boxed = opened(tmp_path, START + DAY + 60 * MINUTE)
    assert list(boxed.history.groups) == [group]
    refused = bid(boxed, group)
    assert isinstance(refused, Rejected)
    assert refused.code == "exceeded_order_group_risk_limit"
    told(boxed, ResetGroup(group))
    taken = bid(boxed, group)
    assert isinstance(taken, Accepted)
    assert boxed.ahead_of(taken.order_id) is not None
    boxed.close()


def test_what_makes_no_sense_never_reaches_the_journal(tmp_path: Path) -> None:
    boxed = opened(tmp_path)
    for command in (CreateGroup(0), LimitGroup("G1", 5), LimitGroup("G1", 10**30), TriggerGroup("ü")):
        answer = boxed.command_group(boxed.now, command)
        assert isinstance(answer, Rejected), command
        assert answer.code == "invalid_parameters"
    assert boxed.asked() == []
    assert isinstance(boxed.command_group(boxed.now, TriggerGroup("G1")), Rejected)
    assert len(boxed.asked()) == 1
    boxed.close()


def test_the_record_tells_what_was_asked_of_groups_and_which_orders_were_in_one(tmp_path: Path) -> None:
    boxed = opened(tmp_path)
    boxed.step_until(START + 60 * MINUTE)
    group = told(boxed, CreateGroup(MICRO)).group
    bid(boxed, group)
    told(boxed, DeleteGroup(group))
    found = {line["kind"]: line for line in lines(boxed)}
    assert (found["asked_group"]["what"], found["asked_group"]["group"]) == ("DeleteGroup", wire_id(group))
    assert (found["asked_order"]["group"], found["order"]["group"]) == (wire_id(group), wire_id(group))
    assert found["order"]["reason"] == "group_cancel"
    made = next(line for line in lines(boxed) if line["kind"] == "asked_group")
    assert (made["what"], made["limit"]) == ("CreateGroup", MICRO)
    boxed.close()
