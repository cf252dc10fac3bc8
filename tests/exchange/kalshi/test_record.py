"""The exchange's own books as lines: every kind with the fields that the page names, and nothing left out."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from assent.exchange.acts import CorrectTrade, Determine, PauseExchange, ResumeExchange
from assent.exchange.boxed import BoxedExchange
from assent.exchange.changes import AmendOrder, DecreaseOrder
from assent.exchange.groups import CreateGroup, GroupView, TriggerGroup
from assent.exchange.kalshi.record import encode
from assent.exchange.types import DAY, MICRO, MINUTE, Accepted, Amendment, NewOrder

PAGE = Path(__file__).parents[3] / "docs" / "exchange-kalshi.md"
MORNING = 20_458 * DAY + 30 * MINUTE


def documented() -> dict[str, set[str]]:
    """The fields that the page names, by kind."""
    section = PAGE.read_text(encoding="utf-8").partition("### The record")[2].partition("## Faults")[0]
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\|([^|]*)\|", section, re.MULTILINE)
    found = {}
    for kind, told in rows:
        quoted = re.findall(r"`([^`]+)`", re.sub(r"\(`cancel`[^)]*\)", "", told))
        names = {name for part in quoted for name in re.split(r"[,\s]+", part) if name.islower()}
        found[kind] = names | {"kind"}
    return found


def an_eventful_morning(exchange: BoxedExchange) -> None:
    now = MORNING
    exchange.step_until(now)
    first, second = [view for view in exchange.markets() if view.status == "active" and view.ask][:2]
    assert first.ask is not None
    assert second.ask is not None

    def take(order: NewOrder) -> str:
        taken = exchange.submit(now, order)
        assert isinstance(taken, Accepted)
        return taken.order_id

    take(NewOrder("one", first.spec.ticker, "buy", first.ask, MICRO))
    take(NewOrder("two", second.spec.ticker, "buy", second.ask, MICRO))
    rests = take(NewOrder("rests", second.spec.ticker, "buy", 10_000, 5 * MICRO))
    exchange.change(now, DecreaseOrder(rests, by=MICRO))
    exchange.change(now, AmendOrder(rests, Amendment(20_000, 3 * MICRO, None)))
    exchange.cancel(now, rests)
    group = exchange.command_group(now, CreateGroup(MICRO))
    assert isinstance(group, GroupView), group
    exchange.command_group(now, TriggerGroup(group.group))
    exchange.submit(now, NewOrder("two", second.spec.ticker, "buy", 10_000, MICRO))
    exchange.transfer(now, 5 * MICRO, "pays in")
    exchange.carry_out(now, CorrectTrade(exchange.fills()[0].fill_id, 20_000, MICRO))
    exchange.carry_out(now, PauseExchange(whole=True))
    exchange.carry_out(now, ResumeExchange())
    exchange.carry_out(now, Determine(first.spec.ticker, "yes", MICRO))
    exchange.step_until(now + 2 * MINUTE)


@pytest.fixture
def told(tmp_path: Path) -> list[Any]:
    path = tmp_path / "exchange.journal"
    exchange = BoxedExchange.open(
        path, seed=7, start_ts=MORNING - MINUTE, account="box", cash=1_000 * MICRO, watched=True
    )
    an_eventful_morning(exchange)
    first = encode(exchange)
    now = exchange.now
    exchange.close()
    again = BoxedExchange.open(path, seed=7, start_ts=0, account="box", cash=1_000 * MICRO, watched=True)
    again.catch_up(now)
    assert encode(again) == first, "a restart changes no line"
    again.close()
    return [json.loads(line) for line in first.splitlines()]


def test_every_kind_of_line_has_the_fields_that_the_page_names(told: list[Any]) -> None:
    page = documented()
    assert [*dict.fromkeys(line["kind"] for line in told)] == [
        "opened", "asked_order", "asked_change", "asked_cancel", "asked_group", "asked_transfer", "act", "order",
        "changed", "fill", "corrected", "settlement", "transfer", "position", "balance",
    ]  # fmt: skip
    assert set(page) == {line["kind"] for line in told}
    for line in told:
        missing = page[line["kind"]] - set(line)
        if line["kind"] == "asked_change":
            missing -= (
                {"by", "to"} if line["what"] == "AmendOrder" else {"price", "qty", "expires_ts", "client_order_id"}
            )
        if line["kind"] == "asked_group":
            missing -= {"group"} if line["what"] == "CreateGroup" else {"limit"}
        assert not missing, line
        if line["kind"] not in ("act", "asked_change", "asked_group"):
            assert set(line) == page[line["kind"]]


def test_the_lines_alone_give_the_cash_that_is_left(told: list[Any]) -> None:
    """As a judge adds it up, who knows nothing but the page."""
    of: dict[str, list[Any]] = {}
    for line in told:
        of.setdefault(line["kind"], []).append(line)
    corrected = {line["fill_id"]: line for line in of["corrected"]}
    cash = of["opened"][0]["cash"] + sum(line["amount"] for line in of["transfer"])
    held: dict[str, int] = {}
    for fill in of["fill"]:
        really = corrected.get(fill["fill_id"], fill)
        assert fill["side"] == "buy"
        cash -= really["price"] * really["qty"] // MICRO + really["fee"]
        held[fill["market"]] = held.get(fill["market"], 0) + really["qty"]
    for paid in of["settlement"]:
        assert paid["position"] == held.pop(paid["market"])
        cash += paid["payout"]
    assert {line["market"]: line["qty"] for line in of["position"]} == held
    assert of["balance"][0]["cash"] == cash


def test_what_was_asked_is_told_as_it_came_whether_it_was_taken_or_not(told: list[Any]) -> None:
    asked = [line for line in told if line["kind"].startswith("asked") or line["kind"] == "act"]
    assert [line["kind"] for line in asked] == [
        "asked_order", "asked_order", "asked_order", "asked_change", "asked_change", "asked_cancel", "asked_group",
        "asked_group", "asked_order", "asked_transfer", "act", "act", "act", "act",
    ]  # fmt: skip
    assert [line.get("client_order_id") for line in asked[:3]] == ["one", "two", "rests"]
    rests = next(line for line in told if line["kind"] == "order" and line["client_order_id"] == "rests")
    assert [line["order_id"] for line in asked[3:6]] == [rests["order_id"]] * 3
    assert [line["client_order_id"] for line in told if line["kind"] == "order"] == ["one", "two", "rests"]
    changed = [line for line in told if line["kind"] == "changed"]
    assert [(line["change"], line["remaining"]) for line in changed] == [
        ("decrease", 4 * MICRO), ("amend", 3 * MICRO), ("cancel", 0),
    ]  # fmt: skip
