"""A person's answers at the terminal, by the real command against desks that run in real time."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.cli.asking import SPEED, make_desk, running, status_of, until, waiting
from tests.cli.support import Cli

from assent.app import read_state
from assent.app.asked import REFUSALS_MAX
from assent.cli.exits import Exit
from assent.config import load
from assent.ledger.sqlite import open_reader
from assent.model.assents import AssentDenied, AssentGiven, AssentRefused
from assent.model.facts import OrderReleased
from assent.model.ids import CODE_ALPHABET, is_human_code
from assent.model.orders import order_digest
from assent.model.units import SECOND
from assent.runtime.control import ask

WHO = ("--by", "Ada", "--reason", "a test")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One desk for most of the tests: each opening order needs one person, and that is whoever runs the tests."""
    place = make_desk(tmp_path_factory.mktemp("asking") / "desk")
    with running(place):
        yield place


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A desk that needs two people, and waits for six seconds only."""
    changes = {"approvals": '["open needs 2"]', "approval_life": f'"{6 * SPEED}s"'}
    place = make_desk(tmp_path_factory.mktemp("hasty") / "desk", **changes)
    with running(place):
        yield place


def facts_of(folder: Path, kind: type, code: str) -> list[Any]:
    """The records of one kind that are about the intent with this code."""
    state, _, facts = read_state(load(folder))
    (intent_id,) = [
        name
        for name, known in {**state.archive.asked, **{k: (a.code, "") for k, a in state.asked.items()}}.items()
        if known[0] == code
    ]
    return [fact for _, _, fact in facts if isinstance(fact, kind) and fact.intent_id == intent_id]


def test_what_waits_is_listed_with_what_it_may_lose_and_the_time_that_is_left(cli: Cli, folder: Path) -> None:
    row = waiting(cli, folder)[0]
    assert (row["status"], row["type"], row["side"]) == ("PENDING", "open", "buy")
    assert 0 < row["left_ns"] <= 60 * SPEED * SECOND
    assert (row["given"], row["needed"], len(row["terms"])) == (0, 1, 64)
    (told,) = [line for line in cli("intents", "-C", folder).out.splitlines() if row["code"] in line]
    assert f"{row['intent_id'][:10]}  PENDING" in told
    amount, unit = told.split()[-2:]
    assert 0 < float(amount) * {"s": 1, "m": 60}[unit] <= 60 * SPEED
    status = cli("status", "-C", folder, "--json").json
    assert row["code"] in [one["code"] for one in status["intents"]]
    assert status["approval_mandatory"] is False
    assert "waiting for assent" in cli("status", "-C", folder).out


def test_a_yes_by_code_in_small_letters_shows_the_card_releases_exactly_its_orders_and_fills(
    cli: Cli, folder: Path
) -> None:
    row = waiting(cli, folder)[0]
    done = cli("intents", "approve", row["code"].lower(), "--yes", "-C", folder)
    assert (done.code, done.err) == (Exit.OK, "")
    for part in (
        row["code"],
        row["words"],
        "worst loss",
        "fees",
        "daily_loss_guard",
        "0 of 1 given",
        row["terms"][:16],
    ):
        assert part in done.out
    assert done.out.splitlines()[-1].startswith(f"approved: {row['code']} is released as order ")
    until(lambda: status_of(cli, folder, row["code"]) == "EXECUTED")
    (given,) = facts_of(folder, AssentGiven, row["code"])
    assert (given.person, given.channel, given.terms, given.factor) == ("ada", "terminal", row["terms"], False)
    _, _, facts = read_state(load(folder))
    (released,) = [f for _, _, f in facts if isinstance(f, OrderReleased) and f.order.intent_id == row["intent_id"]]
    assert (released.assent, released.digest) == (row["terms"], order_digest(released.order))
    again = cli("intents", "approve", row["code"], "--yes", "-C", folder)
    assert again.code == Exit.REFUSED
    assert "[assent_ended]" in again.err


def test_the_beginning_of_an_id_needs_the_terms_that_are_meant(cli: Cli, folder: Path) -> None:
    row = waiting(cli, folder)[0]
    ref = row["intent_id"][:12]
    unnamed = cli("intents", "approve", ref, "--yes", "-C", folder)
    assert unnamed.code == Exit.USAGE
    assert f"--terms {row['terms'][:8]}" in unnamed.err
    assert status_of(cli, folder, row["code"]) == "PENDING"
    done = cli("intents", "approve", ref, "--terms", row["terms"][:8].upper(), "-C", folder, "--json")
    assert (done.code, done.err) == (Exit.OK, "")
    assert (done.json["verdict"], done.json["code"], done.json["came_to"]) == ("approve", row["code"], "released")
    card = done.json["card"]
    assert (card["terms"], card["worst_loss"], card["orders"]) == (row["terms"], row["worst_loss"], 1)
    assert {"daily_loss_guard", "edge"} <= {check["rule"] for check in card["checks"]}


def test_without_a_terminal_and_without_a_name_for_what_is_meant_nothing_is_approved(cli: Cli, folder: Path) -> None:
    row = waiting(cli, folder)[0]
    for more in ((), ("--json",)):
        refused = cli("intents", "approve", row["code"], "-C", folder, *more)
        assert refused.code == Exit.USAGE
        assert "Nothing is approved that was not shown to a person or named exactly" in refused.err
    assert cli("intents", "approve", row["code"], "--terms", row["terms"][:7], "-C", folder).code == Exit.USAGE
    assert status_of(cli, folder, row["code"]) == "PENDING"


@pytest.mark.parametrize("wrong", ["deadbeef", "0" * 64])
def test_a_yes_to_other_terms_is_refused_and_recorded_and_the_intent_still_waits(
    cli: Cli, folder: Path, wrong: str
) -> None:
    row = waiting(cli, folder)[-1]
    refused = cli("intents", "approve", row["code"], "--terms", wrong, "-C", folder)
    assert refused.code == Exit.REFUSED
    assert "[assent_copied]" in refused.err
    assert "answer with the terms that it shows" in refused.err
    assert facts_of(folder, AssentRefused, row["code"])[-1].reason == "assent_copied"
    assert status_of(cli, folder, row["code"]) == "PENDING"


def test_a_no_ends_it_with_its_reason_and_a_yes_after_it_is_refused(cli: Cli, folder: Path) -> None:
    row = waiting(cli, folder)[0]
    blank = cli("intents", "reject", row["code"], "--reason", " ", "-C", folder)
    assert blank.code == Exit.USAGE
    done = cli("intents", "reject", row["intent_id"], "--reason", "older than the price", "-C", folder)
    assert (done.code, done.err) == (Exit.OK, "")
    assert done.out == f"rejected: {row['code']} is over, whoever else has said yes\n"
    assert [fact.reason for fact in facts_of(folder, AssentDenied, row["code"])] == ["older than the price"]
    assert status_of(cli, folder, row["code"]) == "REJECTED"
    late = cli("intents", "approve", row["code"], "--yes", "-C", folder, "--json")
    assert late.code == Exit.REFUSED
    assert '"code": "assent_ended"' in late.err


def test_a_question_that_a_person_ends_is_expired_and_takes_no_answer(cli: Cli, folder: Path) -> None:
    row = waiting(cli, folder)[0]
    done = cli("intents", "expire", row["code"], "-C", folder, "--json")
    assert (done.code, done.json["verdict"]) == (Exit.OK, "expire")
    assert status_of(cli, folder, row["code"]) == "EXPIRED"
    assert cli("intents", "approve", row["code"], "--yes", "-C", folder).code == Exit.REFUSED


def test_a_name_that_nobody_was_asked_about_is_told_apart_from_a_slip(cli: Cli, folder: Path) -> None:
    row = waiting(cli, folder)[0]
    slip = next(row["code"][:-1] + symbol for symbol in CODE_ALPHABET if not is_human_code(row["code"][:-1] + symbol))
    told = cli("intents", "approve", slip, "--yes", "-C", folder)
    assert told.code == Exit.REFUSED
    assert "has a slip in it" in told.err
    for ref in ("i-", "i-ffffffffffffffff", "../../etc", ""):
        unknown = cli("intents", "reject", "--reason", "x", "-C", folder, "--json", "--", ref)
        assert unknown.code == Exit.REFUSED
        assert '"code": "assent_unknown"' in unknown.err


def test_under_a_halt_a_yes_is_refused_and_a_no_is_taken(cli: Cli, folder: Path) -> None:
    row = waiting(cli, folder)[0]
    assert cli("halt", "now", "-C", folder, *WHO).code == Exit.OK
    try:
        refused = cli("intents", "approve", row["code"], "--yes", "-C", folder)
        assert refused.code == Exit.REFUSED
        assert "[assent_halted]" in refused.err
        assert "assent halt status" in refused.err
        assert cli("intents", "reject", row["code"], "--reason", "halted anyway", "-C", folder).code == Exit.OK
    finally:
        assert cli("halt", "resume", "-C", folder, *WHO).code == Exit.OK


def test_one_of_two_people_leaves_it_waiting_and_the_same_person_does_not_count_twice(cli: Cli, hasty: Path) -> None:
    row = waiting(cli, hasty)[-1]
    first = cli("intents", "approve", row["code"], "--yes", "-C", hasty)
    assert (first.code, first.err) == (Exit.OK, "")
    assert first.out.endswith(f"assent given: {row['code']} waits for 1 more person (1 of 2)\n")
    assert status_of(cli, hasty, row["code"]) == "PENDING"
    twice = cli("intents", "approve", row["code"], "--yes", "-C", hasty)
    assert twice.code == Exit.REFUSED
    assert "1 of 2 given by ada" in twice.out
    assert "[assent_twice]" in twice.err


def test_an_answer_that_comes_after_the_time_is_late_and_the_intent_has_expired(cli: Cli, hasty: Path) -> None:
    row = waiting(cli, hasty)[-1]
    until(lambda: status_of(cli, hasty, row["code"]) == "EXPIRED")
    late = cli("intents", "approve", row["code"], "--yes", "-C", hasty)
    assert late.code == Exit.REFUSED
    assert "[assent_late]" in late.err
    assert "`approval_life`" in late.err
    assert row["code"] not in late.out, "there is no card of what is over"


def test_who_is_not_named_as_an_approver_may_not_answer(cli: Cli, tmp_path: Path) -> None:
    place = make_desk(tmp_path / "desk", approvers='["ben=token:ben-phone"]')
    with running(place):
        row = waiting(cli, place)[0]
        for arguments in (("approve", row["code"], "--yes"), ("reject", row["code"], "--reason", "x")):
            refused = cli("intents", *arguments, "-C", place)
            assert refused.code == Exit.REFUSED
            assert "[assent_not_permitted]" in refused.err
    for arguments in (
        ("approve", row["code"], "--yes"),
        ("reject", row["code"], "--reason", "x"),
        ("expire", row["code"]),
    ):
        resting = cli("intents", *arguments, "-C", place)
        assert resting.code == Exit.NOT_RUNNING
        assert "only a running desk knows them" in resting.err


def test_too_many_that_were_refused_are_not_heard_any_more_and_a_no_still_is(cli: Cli, tmp_path: Path) -> None:
    place = make_desk(tmp_path / "desk")
    path = load(place).control_path
    with running(place):
        (row, *_) = waiting(cli, place)

        def say(verdict: str, intent: str, number: int) -> dict[str, Any]:
            told = ask(path, {"cmd": verdict, "intent": intent, "terms": row["terms"], "channel": "terminal",
                              "message_id": f"{verdict}-{number}"})  # fmt: skip
            assert told is not None
            return told

        codes = [say("approve", "i-nothing", number)["code"] for number in range(REFUSALS_MAX + 1)]
        assert codes == ["assent_unknown"] * REFUSALS_MAX + ["answers_too_many"]
        assert say("approve", row["code"], REFUSALS_MAX + 1)["code"] == "answers_too_many"
        assert say("reject", row["code"], 1)["facts"] == ["AssentDenied"]
    with closing(open_reader(load(place).ledger_path)) as ledger:
        assert [record.kind for record in ledger.records(1)].count("AssentRefused") == REFUSALS_MAX


def test_so_much_at_stake_takes_a_second_factor(cli: Cli, tmp_path: Path) -> None:
    place = make_desk(tmp_path / "desk", second_factor_from='"0.01"')
    with running(place):
        row = waiting(cli, place)[0]
        missing = cli("intents", "approve", row["code"], "--yes", "-C", place)
        assert missing.code == Exit.REFUSED
        assert "a second factor is asked for" in missing.out
        assert "[second_factor_missing]" in missing.err
        wrong = cli("intents", "approve", row["code"], "--yes", "--factor", "000000", "-C", place)
        assert wrong.code == Exit.REFUSED
        assert "[second_factor_" in wrong.err


def test_who_is_refused_too_often_in_a_minute_is_not_heard_and_may_still_halt(cli: Cli, tmp_path: Path) -> None:
    """Each refusal is a record, so nobody may fill the ledger with them; what stops the desk is not held back."""
    place = make_desk(tmp_path / "desk")
    with running(place):
        code, socket = waiting(cli, place)[0]["code"], load(place).control_path
        wrong = {"cmd": "approve", "intent": code, "terms": "0" * 64, "channel": "terminal"}
        told = [ask(socket, {**wrong, "message_id": f"try-{number}"}) for number in range(REFUSALS_MAX + 2)]
        codes = [answer["code"] for answer in told if answer]
        assert codes == ["assent_copied"] * REFUSALS_MAX + ["answers_too_many"] * 2
        late = cli("intents", "approve", code, "--yes", "-C", place)
        assert (late.code, "[answers_too_many]" in late.err) == (Exit.REFUSED, True)
        assert cli("halt", "now", *WHO, "-C", place).code == Exit.OK
    assert len(facts_of(place, AssentRefused, code)) == REFUSALS_MAX
