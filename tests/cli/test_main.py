"""The frame of all commands: quick, regular, and every ending has its words and its code."""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from tests.cli.support import Cli

from assent.cli import main as main_module
from assent.cli.exits import EXIT_OF_ERROR, MEANINGS, CommandError, Exit
from assent.cli.main import COMMANDS, assent
from assent.config import narrowing
from assent.ledger import errors as ledger_errors
from assent.ledger.errors import LedgerBusy, LedgerCorrupt, LedgerNotJudged
from assent.model.errors import AssentError

HEAVY = {"msgspec", "rich", "sqlite3", "asyncio", "assent.app", "assent.desk", "assent.config", "assent.runtime"}


def commands(group: click.Group, path: str = "assent") -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, with its whole name."""
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found is not None
        if isinstance(found, click.Group):
            yield from commands(found, f"{path} {name}")
        else:
            yield f"{path} {name}", found


ALL = dict(commands(assent))


def loaded_by(*arguments: str) -> set[str]:
    """The modules that a fresh process has loaded when it ends."""
    program = (
        "import sys\nfrom assent.cli.main import main\nmain(sys.argv[1:])\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_help_loads_no_desk_no_database_and_nothing_that_draws() -> None:
    assert not HEAVY & loaded_by("--help")


def test_the_version_loads_as_little() -> None:
    assert not HEAVY & loaded_by("--version")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_overview_says_of_a_command_what_it_says_of_itself(name: str) -> None:
    place = COMMANDS[name]
    command = getattr(importlib.import_module(f"assent.cli.{place.module}"), place.name)
    assert (command.name, command.short_help) == (name, place.summary)


@pytest.mark.parametrize("name", ALL)
def test_every_command_speaks_json_and_explains_itself(name: str) -> None:
    command = ALL[name]
    assert any("--json" in parameter.opts for parameter in command.params), f"{name} has no --json"
    assert command.help
    undocumented = [
        one.name for one in command.params if isinstance(one, click.Option) and not one.help and one.name != "help"
    ]
    assert not undocumented


@pytest.mark.parametrize("name", ALL)
def test_the_help_of_every_command_can_be_shown(cli: Cli, name: str) -> None:
    shown = cli(*name.split()[1:], "--help")
    assert shown.code == 0
    assert shown.out.startswith(f"Usage: {name}")


def test_every_exit_code_has_a_meaning_and_a_number_of_its_own() -> None:
    assert set(MEANINGS) == set(Exit)
    assert [int(code) for code in Exit] == [0, 1, 2, 3, 4, 5, 6, 70, 130]


def test_the_errors_that_have_an_exit_code_of_their_own_exist() -> None:
    known = {
        error.code for module in (ledger_errors, narrowing) for error in vars(module).values()
        if isinstance(error, type) and issubclass(error, AssentError) and error.__module__ == module.__name__
    }  # fmt: skip
    assert set(EXIT_OF_ERROR) <= known


@pytest.mark.parametrize(("given", "suggested"), [("sttus", "'status'"), ("postions", "'positions'"), ("wy", "'why'")])
def test_a_misspelt_command_is_answered_with_the_nearest_one(cli: Cli, given: str, suggested: str) -> None:
    answer = cli(given)
    assert answer.code == Exit.USAGE
    assert f"Did you mean {suggested}?" in answer.err


def test_a_wrong_option_is_usage_and_points_to_the_help(cli: Cli) -> None:
    answer = cli("status", "--bananas")
    assert (answer.code, answer.out) == (Exit.USAGE, "")
    assert "--bananas" in answer.err
    assert "See: assent status --help" in answer.err


@pytest.mark.parametrize(
    ("words", "path"),
    [
        (("ledger", "show", "--stream", "order"), "ledger show"),
        (("status", "list"), "status"),
        (("run", "--for", "soon"), "run"),
    ],
)
def test_what_is_wrong_with_an_option_is_a_sentence_and_points_to_the_help_of_its_command(
    cli: Cli, words: tuple[str, ...], path: str
) -> None:
    answer = cli(*words)
    assert answer.code == Exit.USAGE
    assert answer.err.endswith(f". See: assent {path} --help\n")
    assert ".." not in answer.err


def test_a_group_without_its_command_shows_the_help_and_is_usage(cli: Cli) -> None:
    answer = cli("halt")
    assert answer.code == Exit.USAGE
    assert "resume" in answer.err


def broken(error: BaseException) -> click.Command:
    @click.command(name="status")
    @click.option("--json", "as_json", is_flag=True)
    def command(*, as_json: bool) -> None:
        raise error

    return command


@pytest.fixture
def breaks(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """`assent status` ends with this error."""
    monkeypatch.delenv("ASSENT_DEBUG", raising=False)

    def arrange(error: BaseException) -> None:
        monkeypatch.setattr(main_module.Overview, "get_command", lambda *_: broken(error))

    return arrange  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("error", "code", "exit_code"),
    [
        (CommandError("no_such", "It is not there", why="So", todo="Look", exit_code=Exit.NOT_RUNNING), "no_such", 6),
        (CommandError("odd", "It is odd", why="So", todo="Look"), "odd", 2),
        (LedgerBusy("l.sqlite", "Another process"), "ledger_busy", 5),
        (LedgerCorrupt(7, "its hash"), "ledger_corrupt", 1),
        (LedgerNotJudged(7, wrote="0.1+a", here="0.2+b"), "ledger_not_judged", 1),
        (AssentError("it cannot be so"), "refused_to_start", 2),
        (ExceptionGroup("tasks", [LedgerBusy("l.sqlite", "Another process")]), "ledger_busy", 5),
        (ExceptionGroup("tasks", [ExceptionGroup("inner", [ValueError("boom")])]), "bug", 70),
        (RuntimeError("boom"), "bug", 70),
        (KeyboardInterrupt(), "interrupted", 130),
    ],
)
def test_an_error_ends_with_its_code_in_words_and_in_json(
    cli: Cli, breaks: object, error: BaseException, code: str, exit_code: int
) -> None:
    breaks(error)  # type: ignore[operator]
    text, as_json = cli("status"), cli("status", "--json")
    assert (text.code, as_json.code) == (exit_code, exit_code)
    assert text.out == as_json.out == ""
    assert text.err.strip().startswith("assent: ")
    assert "Traceback" not in text.err
    assert json.loads(as_json.err)["error"]["code"] == code
    assert json.loads(as_json.err)["error"]["message"]


def test_a_fault_of_ours_is_one_line_and_says_where_to_turn(cli: Cli, breaks: object) -> None:
    breaks(RuntimeError("boom \x1b[2J"))  # type: ignore[operator]
    told = cli("status").err
    assert "RuntimeError: boom \\x1b[2J" in told
    assert "ASSENT_DEBUG=1" in told
    assert told.count("\n") == 1


def test_asked_for_it_a_fault_of_ours_shows_itself_whole(
    cli: Cli, breaks: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaks(RuntimeError("boom"))  # type: ignore[operator]
    monkeypatch.setenv("ASSENT_DEBUG", "1")
    with pytest.raises(RuntimeError, match="boom"):
        cli("status")


def test_an_error_of_several_lines_keeps_them(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "assent.toml").write_text("[desk]\n", encoding="utf-8")
    answer = cli("status", "-C", tmp_path)
    assert answer.code == Exit.USAGE
    assert "\n      example: " in answer.err
    assert json.loads(cli("status", "-C", tmp_path, "--json").err)["error"]["code"] == "config"


def test_a_reader_who_leaves_early_is_no_error(tmp_path: Path) -> None:
    """`assent ... | head -0`: the pipe is closed before a word is written."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "assent", "demo", "--help"], stdout=writing, stderr=subprocess.PIPE, text=True,
        check=False,
    )  # fmt: skip
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_module_is_the_program() -> None:
    done = subprocess.run([sys.executable, "-m", "assent", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("assent ")


def test_completion_offers_the_commands() -> None:
    environment = {**os.environ, "_ASSENT_COMPLETE": "bash_complete", "COMP_WORDS": "assent ha", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "assent"], env=environment, capture_output=True, text=True, check=False
    )
    assert "halt" in done.stdout


def test_everything_that_is_missing_is_told_at_once(cli: Cli) -> None:
    told = cli("halt", "resume")
    assert told.code == Exit.USAGE
    assert told.err == "assent: Missing option '--by'; and --reason. See: assent halt resume --help\n"
    assert "and --reason" not in cli("halt", "resume", "--reason", "all is well").err


def test_a_choice_that_is_missing_is_told_in_one_line(cli: Cli) -> None:
    told = cli("web", "token", "new", "ada-phone")
    assert "Choose from: view, approve, operate" in told.err
    assert told.err.count("\n") == 1


def test_a_number_that_is_none_is_told_in_words(cli: Cli) -> None:
    assert "'fast' is not a whole number" in cli("run", "--speed", "fast").err
