"""How a desk stands: the same from its state as from its ledger, exact, and ready for JSON."""

import json
from pathlib import Path
from typing import Any

import msgspec
from tests.cli.support import CASH, LEDGER_ID, RAIN, SNOW, Script

from assent.desk.fold import fold
from assent.desk.gauges import MEASURES
from assent.desk.rows import RESETS
from assent.desk.state import State
from assent.ledger.chain import EMPTY, Head
from assent.model import inputs
from assent.model.constitution import LIMITS, LISTS
from assent.model.facts import IntentProposed, IntentRefused
from assent.model.levels import CAUSES
from assent.model.units import MICRO, SECOND
from assent.runtime.status import status_of

HEAD = Head(9, bytes(31) + b"\x09", 5 * SECOND)


def stands(state: State, **changed: Any) -> dict[str, Any]:
    told: dict[str, Any] = {"settings_name": "desk", "path": Path("/l.sqlite"), "head": HEAD, "running": True, "pid": 7}
    return status_of(state, **{**told, **changed})


def busy() -> Script:
    """A position in YES, and one in NO whose order is not filled whole yet."""
    script = Script()
    script.trade(RAIN, qty_max=10 * MICRO)
    script.idea(SNOW, side="sell", price=400_000, fair=200_000, qty_max=8 * MICRO, time_in_force="gtc")
    order = script.order()
    script.fill(order, 3 * MICRO)
    script.accept(order, filled=3 * MICRO)
    return script


def test_it_says_which_desk_this_is_and_where_its_ledger_ends() -> None:
    status = stands(busy().desk.state)
    assert [status[key] for key in ("name", "venue", "environment", "mode", "account")] == [
        "desk", "kalshi", "sim", "paper", "paper-1",
    ]  # fmt: skip
    assert status["ledger"] == {
        "id": LEDGER_ID, "path": "/l.sqlite", "records": 9, "head": HEAD.hash.hex(), "ts": 5 * SECOND,
    }  # fmt: skip
    assert (status["running"], status["pid"]) == (True, 7)


def test_a_desk_that_does_not_run_has_no_process() -> None:
    assert stands(busy().desk.state, running=False)["pid"] is None


def test_money_is_the_state_s_own_to_the_micro() -> None:
    state = busy().desk.state
    status = stands(state)
    assert status["cash"] == state.cash != CASH
    assert status["accounts"] == state.accounts
    assert sum(status["accounts"].values()) == 0
    assert status["reserved"] == state.reserved() > 0


def test_positions_and_orders_are_told_in_words_and_in_numbers() -> None:
    status = stands(busy().desk.state)
    rain, snow = status["positions"]
    assert (rain["instrument"], rain["side"], rain["qty"], rain["cost"]) == (RAIN, "yes", 10 * MICRO, 4_200_000)
    assert (snow["instrument"], snow["side"], snow["qty"], snow["cost"]) == (SNOW, "no", -3 * MICRO, 1_800_000)
    (order,) = status["orders"]
    assert (order["words"], order["status"]) == ("buy NO at 0.60", "working")
    assert (order["qty"], order["filled"], order["open_qty"]) == (8 * MICRO, 3 * MICRO, 5 * MICRO)
    assert sum(position["exposure"] for position in status["positions"]) == status["exposure"]


def test_every_limit_that_is_one_number_and_not_off_is_there_and_what_can_be_used_up_is_measured() -> None:
    status = stands(busy().desk.state)
    assert [limit["key"] for limit in status["limits"]] == [
        limit.key for limit in LIMITS if limit.kind not in LISTS and not limit.optional
    ]
    measured = {limit["key"]: limit["measured"] for limit in status["limits"] if limit["measured"] is not None}
    assert (measured["open_positions_max"], measured["total_exposure_max"]) == (2, status["exposure"])
    assert set(measured) <= set(MEASURES)
    assert set(measured) == {limit["key"] for limit in status["limits"] if limit["share"] is not None}


def test_what_is_measured_is_what_the_gate_measures() -> None:
    """A new idea counts itself as well; on a market that is busy already it adds no position."""
    script = busy()
    status = stands(script.desk.state)
    facts = script.idea(RAIN, qty_max=MICRO)
    decided = next(fact for fact in facts if isinstance(fact, IntentProposed | IntentRefused))
    checks = {check.rule: check.measured for check in decided.checks}
    limits = {limit["key"]: limit["measured"] for limit in status["limits"]}
    assert checks["open_positions"] == limits["open_positions_max"]
    assert checks["total_exposure"] == limits["total_exposure_max"] + decided.intent.worst_loss


def test_a_halt_is_told_with_cause_words_person_time_and_what_ends_it() -> None:
    script = busy()
    script.tell(inputs.HaltAsked("operator", "Ada", "lunch", script.now))
    script.tell(inputs.HaltAsked("clock_jump", "clock", "5 s", script.now))
    status = stands(script.desk.state)
    assert (status["level"], status["allowed"]) == ("HALTED", ["cancel"])
    operator, jump = status["halts"]
    assert (operator["cause"], operator["by"], operator["detail"]) == ("operator", "Ada", "lunch")
    assert operator["since_ts"] == script.now - SECOND
    assert "--by NAME" in operator["reset_how"]
    assert jump["reset_how"] == "by itself, once its cause has stayed away for 5 minutes"


def test_every_reset_can_be_put_into_words() -> None:
    assert {cause.reset for cause in CAUSES.values()} <= set(RESETS)


def test_a_stopped_strategy_is_named_with_its_reason() -> None:
    script = busy()
    script.strategy.next = ["nonsense"]
    script.tell(inputs.QuoteSeen(RAIN, 400_000, MICRO, 420_000, MICRO, script.now, script.now))
    (stopped,) = stands(script.desk.state)["stopped"]
    assert (stopped["strategy"], stopped["reason"]) == ("scripted", "strategy_nonsense")
    assert "mend it" in stopped["sentence"]


def test_rejected_data_is_counted() -> None:
    script = busy()
    script.tell(inputs.RejectionSeen("market_data_crossed", "feed", "x", script.now))
    assert stands(script.desk.state)["rejections"] == {"market_data_crossed": 1}


def test_a_desk_read_from_its_ledger_stands_as_the_running_one() -> None:
    script = busy()
    script.tell(inputs.HaltAsked("operator", "Ada", "lunch", script.now))
    folded = fold((ts, fact) for _, ts, fact in script.facts)
    assert stands(folded) == stands(script.desk.state)


def test_json_loses_nothing() -> None:
    status = stands(busy().desk.state)
    assert json.loads(json.dumps(status)) == status
    assert msgspec.json.decode(msgspec.json.encode(status)) == status


def test_a_ledger_without_a_seal_is_told_as_empty() -> None:
    status = stands(State(), head=EMPTY)
    assert (status["mode"], status["limits"], status["positions"], status["ledger"]["records"]) == ("", [], [], 0)
