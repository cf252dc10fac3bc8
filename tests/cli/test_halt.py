"""`assent halt` on a desk that does not run: the act goes into its ledger, and the next start finds it."""

from pathlib import Path
from typing import Any

import pytest
from tests.cli.support import Cli, Lived, lived_desk

from assent import app
from assent.cli.exits import Exit
from assent.ledger.lease import Lease
from assent.runtime import control


@pytest.fixture
def own(tmp_path: Path) -> Lived:
    return lived_desk(tmp_path / "own")


def test_a_halt_without_a_running_desk_is_written_into_its_ledger(cli: Cli, own: Lived) -> None:
    done = cli("halt", "now", "-C", own.folder, "--reason", "the feed looks wrong", "--by", "Ada")
    assert (done.code, done.err) == (Exit.OK, "")
    assert done.out == "HALTED (by Ada, via its ledger: the desk does not run)\n"
    status = cli("halt", "status", "-C", own.folder, "--json").json
    assert (status["level"], status["halts"][0]["by"], status["halts"][0]["detail"]) == (
        "HALTED", "Ada", "the feed looks wrong",
    )  # fmt: skip
    assert cli("ledger", "verify", "-C", own.folder).code == Exit.OK


def test_halting_twice_changes_nothing_and_is_no_error(cli: Cli, own: Lived) -> None:
    cli("halt", "now", "-C", own.folder, "--reason", "one", "--by", "Ada")
    again = cli("halt", "now", "-C", own.folder, "--reason", "two", "--by", "Bob", "--json")
    assert again.code == Exit.OK
    assert again.json["note"].startswith("nothing changed")
    assert cli("halt", "now", "-C", own.folder, "--reason", "three").out.startswith("nothing changed: a person has")


def test_who_halts_is_the_user_of_the_machine_unless_a_name_is_given(
    cli: Cli, own: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "grace")
    cli("halt", "now", "-C", own.folder, "--reason", "one")
    assert cli("halt", "status", "-C", own.folder, "--json").json["halts"][0]["by"] == "grace"


def test_where_the_machine_knows_no_user_a_name_must_be_given(
    cli: Cli, own: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.setattr("getpass.getuser", nobody)
    refused = cli("halt", "now", "-C", own.folder, "--reason", "one")
    assert refused.code == Exit.USAGE
    assert "--by is blank" in refused.err


def test_a_resume_is_refused_with_exit_3_while_the_books_differ(cli: Cli, own: Lived) -> None:
    """The exchange in this folder never saw the trades of this ledger, so its books differ."""
    cli("halt", "now", "-C", own.folder, "--reason", "one", "--by", "Ada")
    refused = cli("halt", "resume", "-C", own.folder, "--by", "Ada", "--reason", "all is well")
    assert refused.code == Exit.REFUSED
    assert "not been matched" in refused.err
    assert "operator" in [halt["cause"] for halt in cli("halt", "status", "-C", own.folder, "--json").json["halts"]]


def test_a_resume_of_an_unknown_cause_names_the_known_ones(cli: Cli, own: Lived) -> None:
    refused = cli("halt", "resume", "-C", own.folder, "--cause", "bordeom", "--by", "Ada", "--reason", "x")
    assert refused.code == Exit.USAGE
    assert "operator, discrepancy" in refused.err


@pytest.mark.parametrize(
    "arguments",
    [("now", "--reason", "  "), ("resume", "--by", " ", "--reason", "x"), ("now",), ("resume", "--by", "A")],
)
def test_a_halt_or_its_end_without_a_person_and_a_reason_is_refused(
    cli: Cli, own: Lived, arguments: tuple[str, ...]
) -> None:
    refused = cli("halt", *arguments, "-C", own.folder)
    assert refused.code == Exit.USAGE
    assert cli("halt", "status", "-C", own.folder, "--json").json["halts"] == []


def test_status_without_a_halt_says_so(cli: Cli, lived: Lived) -> None:
    told = cli("halt", "status", "-C", lived.folder)
    assert told.out == (
        "PAPER  tester  kalshi sim  account paper-1  level TRADING\nno halt stands\n"
        "kill switch clear (BOT_DISABLE_TRADING)\n"
    )


def test_a_desk_held_by_a_process_that_does_not_answer_is_locked(cli: Cli, own: Lived) -> None:
    lease = Lease.take(own.settings.ledger_path)
    try:
        refused = cli("halt", "now", "-C", own.folder, "--reason", "x", "--by", "Ada")
    finally:
        lease.release()
    assert refused.code == Exit.HALTED
    assert "holds the ledger" in refused.err


def test_a_desk_that_never_ran_cannot_be_halted(cli: Cli, tmp_path: Path) -> None:
    cli("init", tmp_path / "fresh")
    refused = cli("halt", "now", "-C", tmp_path / "fresh", "--reason", "x", "--by", "Ada")
    assert refused.code == Exit.USAGE
    assert "has never run in mode paper" in refused.err
    assert f"make the file {tmp_path / 'fresh' / 'STOP'}." in refused.err


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"ok": False, "error": "the running desk hung up without an answer"}, Exit.UNKNOWN),
        ({"ok": False, "error": "operator: not yet", "refused": True}, Exit.REFUSED),
        ({"ok": True, "facts": ["HaltRaised"]}, Exit.OK),
    ],
)
def test_what_the_running_desk_answers_becomes_the_exit_code(
    cli: Cli, own: Lived, monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any], code: Exit
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(control, "ask", lambda _path, request: asked.append(dict(request)) or answer)
    monkeypatch.setattr(app, "act", lambda *_: pytest.fail("somebody runs: the ledger is theirs"))
    assert cli("halt", "now", "-C", own.folder, "--reason", "x", "--by", "Ada").code == code
    assert asked == [{"cmd": "halt", "by": "Ada", "reason": "x"}]


def test_the_list_shows_what_stands_and_the_history_what_is_over_as_well(cli: Cli, own: Lived) -> None:
    assert cli("halt", "list", "-C", own.folder).out == "no halt stands\n"
    assert cli("halt", "list", "--history", "-C", own.folder).out == "no halt was ever raised\n"
    cli("halt", "now", "-C", own.folder, "--reason", "the feed looks wrong", "--by", "Ada")
    for options in ((), ("--history",)):
        told = cli("halt", "list", *options, "-C", own.folder)
        assert told.code == Exit.OK
        assert "HALTED [operator]" in told.out
        assert "by Ada: the feed looks wrong\n  stands\n" in told.out
    (row,) = cli("halt", "list", "-C", own.folder, "--json").json["halts"]
    assert (row["cause"], row["by"], row["reset"], row["cleared_by"]) == ("operator", "Ada", "human", None)


def test_the_status_of_a_desk_shows_the_switch_in_this_environment(
    cli: Cli, own: Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOT_DISABLE_TRADING", "yes")
    told = cli("halt", "status", "-C", own.folder)
    assert "kill switch SET: BOT_DISABLE_TRADING is `yes` in the environment" in told.out
    assert cli("status", "-C", own.folder, "--json").json["kill_switch"]["set"] is True


def test_doctor_finds_an_env_file_that_was_named_and_is_not_there(cli: Cli, own: Lived) -> None:
    place = own.folder / "assent.toml"
    place.write_text(
        place.read_text(encoding="utf-8") + '[runtime]\nkill_switch_env_file = "gone.env"\n', encoding="utf-8"
    )
    told = cli("doctor", "-C", own.folder)
    assert told.code == Exit.FOUND
    assert "gone.env is not there" in told.out
