"""Order groups over the wire."""

from typing import Any

import pytest
from tests.exchange.kalshi.support import Answer, Venue
from tests.exchange.kalshi.test_orders import code, create

from assent.exchange.kalshi.ids import wire_id
from assent.exchange.types import GroupChanged

GROUPS = "/portfolio/order_groups"


def make(venue: Venue, member: str = "ann", **body: Any) -> Answer:
    return venue.call("POST", GROUPS + "/create", body=body or {"contracts_limit": 5}, member=member)


def do(venue: Venue, group: str, what: str, member: str = "ann", body: Any = None) -> Answer:
    return venue.call("PUT", f"{GROUPS}/{group}/{what}", body={} if body is None else body, member=member)


def show(venue: Venue, group: str) -> Any:
    return venue.call("GET", f"{GROUPS}/{group}", member="ann").json


def test_a_group_is_made_listed_and_shown_with_its_orders() -> None:
    venue = Venue()
    assert venue.call("GET", GROUPS, member="ann").json == {}
    answer = make(venue, contracts_limit_fp="2.50")
    group = answer.json["order_group_id"]
    assert (answer.status, answer.json) == (201, {"order_group_id": group, "subaccount": 0, "exchange_index": 0})
    row = {"is_auto_cancel_enabled": False, "contracts_limit_fp": "2.50", "exchange_index": 0}
    assert venue.call("GET", GROUPS, member="ann").json == {"order_groups": [{"id": group} | row]}
    assert venue.call("GET", GROUPS, member="bob").json == {}
    assert venue.call("GET", GROUPS, query={"subaccount": 1}, member="ann").json == {}
    order_id = create(venue, order_group_id=group).json["order_id"]
    create(venue, price="0.40")
    assert show(venue, group) == row | {"orders": [order_id]}
    shown = venue.call("GET", f"/portfolio/orders/{order_id}", member="ann").json["order"]
    assert shown["order_group_id"] == group


def test_a_struck_group_has_cancelled_its_orders_and_takes_new_ones_after_a_reset() -> None:
    venue = Venue()
    group = make(venue, contracts_limit=1).json["order_group_id"]
    order_id = create(venue, order_group_id=group, count="3").json["order_id"]
    venue.floor.sell("bob", 52, 2)
    assert show(venue, group) == {
        "is_auto_cancel_enabled": True, "contracts_limit_fp": "1.00", "exchange_index": 0, "orders": [],
    }  # fmt: skip
    shown = venue.call("GET", f"/portfolio/orders/{order_id}", member="ann").json["order"]
    assert (shown["status"], shown["fill_count_fp"]) == ("canceled", "2.00")
    refused = create(venue, order_group_id=group, price="0.40")
    assert code(refused) == (400, "exceeded_order_group_risk_limit")
    assert (do(venue, group, "reset").status, do(venue, group, "reset").json) == (200, {})
    assert create(venue, order_group_id=group, price="0.40").status == 201


def test_a_member_may_trigger_limit_and_delete_a_group_and_is_told_nothing_but_ok() -> None:
    venue = Venue()
    group = make(venue).json["order_group_id"]
    create(venue, order_group_id=group)
    assert do(venue, group, "trigger").json == {}
    assert venue.floor.exchange.resting("ann") == []
    assert do(venue, group, "limit", body={"contracts_limit": 7}).json == {}
    assert (show(venue, group)["contracts_limit_fp"], show(venue, group)["is_auto_cancel_enabled"]) == ("7.00", True)
    gone = venue.call("DELETE", f"{GROUPS}/{group}", member="ann")
    assert (gone.status, gone.json) == (200, {})
    for method in ("GET", "DELETE"):
        assert code(venue.call(method, f"{GROUPS}/{group}", member="ann")) == (404, "order_group_not_found")


def test_a_body_that_is_not_needed_may_be_missing_but_not_be_nonsense() -> None:
    venue = Venue()
    group = make(venue).json["order_group_id"]
    for what in ("trigger", "reset"):
        assert venue.call("PUT", f"{GROUPS}/{group}/{what}", member="ann").status == 200
        assert do(venue, group, what, body=b"[]").json["code"] == "bad_request"


def test_nobody_reaches_the_group_of_another_or_one_that_stands_elsewhere() -> None:
    venue = Venue()
    group = make(venue).json["order_group_id"]
    for what in ("trigger", "reset"):
        assert code(do(venue, group, what, "bob")) == (404, "order_group_not_found")
    assert code(do(venue, "nothing", "trigger")) == (404, "order_group_not_found")
    for query in ({"exchange_index": 1}, {"subaccount": 2}):
        answer = venue.call("DELETE", f"{GROUPS}/{group}", query=query, member="ann")
        assert code(answer) == (404, "order_group_not_found")
    assert code(create(venue, "bob", order_group_id=group)) == (404, "order_group_not_found")
    assert venue.call("GET", GROUPS).status == 401


@pytest.mark.parametrize(
    "body",
    [
        {"contracts_limit": None},
        {"contracts_limit": 0},
        {"contracts_limit": 1_000_001},
        {"contracts_limit_fp": "0.005"},
        {"contracts_limit_fp": "five"},
        {"contracts_limit": 5, "contracts_limit_fp": "4.00"},
        {"contracts_limit": 5, "subaccount": 1},
        {"contracts_limit": 5, "exchange_index": 2},
    ],
    ids=str,
)
def test_a_group_that_cannot_be_is_refused(body: dict[str, Any]) -> None:
    assert code(make(Venue(), **body)) == (400, "invalid_parameters")


def test_a_limit_of_another_type_is_refused_by_the_decoder() -> None:
    venue = Venue()
    group = make(venue, contracts_limit=5, contracts_limit_fp="5.00").json["order_group_id"]
    assert make(venue, contracts_limit="5").json["code"] == "bad_request"
    assert do(venue, group, "limit", body={"contracts_limit_fp": 5}).json["code"] == "bad_request"
    assert code(do(venue, group, "limit", body={})) == (400, "invalid_parameters")


def test_a_paused_exchange_does_nothing_to_a_group() -> None:
    venue = Venue()
    group = make(venue).json["order_group_id"]
    venue.floor.exchange.pause(venue.floor.now, whole=True)
    assert code(do(venue, group, "trigger")) == (409, "exchange_is_paused")
    assert code(make(venue)) == (409, "exchange_is_paused")


def test_whoever_watches_is_told_of_everything_that_happens_to_a_group() -> None:
    venue = Venue()
    seen: list[GroupChanged] = []
    venue.box.observe(lambda events: seen.extend(each for each in events if isinstance(each, GroupChanged)))
    group = make(venue).json["order_group_id"]
    do(venue, group, "limit", body={"contracts_limit": 1})
    create(venue, order_group_id=group)
    venue.floor.sell("bob", 52, 2)
    do(venue, group, "reset")
    venue.call("DELETE", f"{GROUPS}/{group}", member="ann")
    assert [each.what for each in seen] == ["created", "limit_updated", "triggered", "reset", "deleted"]
    assert {(each.account, wire_id(each.group)) for each in seen} == {("ann", group)}


def test_an_order_says_that_it_leaves_with_a_pause_and_why_it_has_left() -> None:
    venue = Venue()
    order_id = create(venue, cancel_order_on_pause=True).json["order_id"]
    stays = create(venue, price="0.40").json["order_id"]
    venue.floor.exchange.pause(venue.floor.now, whole=False)
    rows = [venue.call("GET", f"/portfolio/orders/{each}", member="ann").json["order"] for each in (order_id, stays)]
    assert [(row["cancel_order_on_pause"], row["status"], row["last_update_reason"]) for row in rows] == [
        (True, "canceled", "HaltCancel"),
        (False, "resting", ""),
    ]
