"""`assent halt override`: one halt set aside for a while, by the real command, on desks that run and that rest."""

import base64
import getpass
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.cli.asking import ME, make_desk, running, until
from tests.cli.support import Answer, Cli, Lived, lived_desk

from assent.approval import Access
from assent.approval.totp import code_at, step_of
from assent.cli.exits import Exit
from assent.config import load
from assent.model.units import MINUTE, SECOND

WHY = ("--for", "30m", "--reason", "it is known")


class Phone:
    """Ada's device: it shows digits that nobody has used yet."""

    def __init__(self, folder: Path) -> None:
        path = load(folder).access_path
        path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
        with closing(Access.open(path)) as access:
            self.seed = base64.b32decode(access.enrol("ada", time.time_ns()).secret)
        self.last = 0

    def digits(self) -> str:
        """Of this half minute, or the next where these were used; a device may be half a minute ahead."""
        until(lambda: step_of(time.time_ns()) >= self.last)
        self.last = max(step_of(time.time_ns()), self.last + 1)
        return code_at(self.seed, self.last)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Phone]]:
    """A desk that runs, whose owner has a second factor; nobody is asked about anything."""
    place = make_desk(tmp_path_factory.mktemp("override") / "desk", approvals='"off"')
    phone = Phone(place)
    with running(place):
        yield place, phone


def ready(cli: Cli, place: Path) -> None:
    def look() -> bool:
        status = cli("status", "-C", place, "--json")
        return status.code == Exit.OK and status.json["ready"]

    until(look)


def override(cli: Cli, place: Path, *arguments: str) -> Answer:
    return cli("halt", "override", *arguments, "-C", place)


def test_a_halt_is_set_aside_and_taken_back_on_a_desk_that_runs(cli: Cli, desk: tuple[Path, Phone]) -> None:
    place, phone = desk
    ready(cli, place)
    assert cli("halt", "now", "--reason", "a drill", "-C", place).code == Exit.OK

    missing = override(cli, place, "operator", *WHY)
    assert missing.code == Exit.REFUSED
    assert "[second_factor_missing]" in missing.err
    assert "Add --factor" in missing.err
    wrong = override(cli, place, "operator", *WHY, "--factor", "12345x")
    assert (wrong.code, "[second_factor_wrong]" in wrong.err) == (Exit.REFUSED, True)
    assert cli("status", "-C", place, "--json").json["level"] == "HALTED"

    digits = phone.digits()
    done = override(cli, place, "operator", *WHY, "--factor", digits)
    assert (done.code, done.err) == (Exit.OK, "")
    assert done.out.startswith("operator OVERRIDDEN until 20")
    assert done.out.endswith(" (by ada, via the running desk)\n"), "the name is that of whoever proved it"
    status = cli("status", "-C", place, "--json").json
    (halt,) = status["halts"]
    assert (status["level"], halt["cause"], halt["overridden_by"]) == ("TRADING", "operator", "ada")
    assert 29 * MINUTE < halt["overridden_until_ts"] - status["now_ts"] <= 30 * MINUTE
    for command in (("halt", "status"), ("status",)):
        shown = cli(*command, "-C", place).out
        assert "OVERRIDDEN until 20" in shown
        assert "by ada: it is known" in shown

    again = override(cli, place, "operator", *WHY, "--factor", digits)
    assert (again.code, "[second_factor_replayed]" in again.err) == (Exit.REFUSED, True)

    ended = override(cli, place, "operator", "--end", "--reason", "enough")
    assert (ended.code, ended.out) == (Exit.OK, "operator holds again (via the running desk)\n")
    assert cli("status", "-C", place, "--json").json["level"] == "HALTED"
    over = override(cli, place, "operator", "--end")
    assert (over.code, "[override_none]" in over.err) == (Exit.REFUSED, True)

    history = cli("halt", "list", "--history", "-C", place).out
    assert "by ada: it is known; over 20" in history
    assert "taken back: enough (by ada)" in history


def test_a_second_halt_by_a_person_ends_it_at_once(cli: Cli, desk: tuple[Path, Phone]) -> None:
    place, phone = desk
    ready(cli, place)
    cli("halt", "now", "--reason", "a drill", "-C", place)
    given = override(cli, place, "operator", *WHY, "--factor", phone.digits(), "--json")
    assert (given.code, given.json["facts"]) == (Exit.OK, ["HaltOverridden"])
    assert cli("halt", "now", "--reason", "no, stop", "-C", place).out.startswith("HALTED")
    status = cli("halt", "status", "-C", place, "--json").json
    assert (status["level"], status["halts"][0]["overridden_until_ts"]) == ("HALTED", None)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("discrepancy", *WHY, "--factor", "123456"), "second_factor_wrong"),
        (("discrepancy", *WHY), "override_not_halted"),
        (("operator", "--for", "61m", "--reason", "x"), "override_too_long"),
    ],
)
def test_what_may_not_be_is_refused_with_its_code(
    cli: Cli, desk: tuple[Path, Phone], arguments: tuple[str, ...], code: str
) -> None:
    place, _ = desk
    ready(cli, place)
    cli("halt", "now", "--reason", "a drill", "-C", place)
    refused = override(cli, place, *arguments)
    assert (refused.code, f"[{code}]" in refused.err) == (Exit.REFUSED, True), refused.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("bordeom", *WHY), "The causes are"),
        (("operator", "--reason", "x"), "an override needs --for"),
        (("operator", "--for", "30m"), "--reason is blank"),
        (("operator", "--for", "soon", "--reason", "x"), "not a duration"),
        (("operator", "--end", "--for", "30m"), "--end takes no --for"),
        (("operator", "--end", "--factor", "123456"), "--end takes no --for"),
    ],
)
def test_a_slip_of_the_pen_is_told_before_anybody_is_asked(
    cli: Cli, lived: Lived, arguments: tuple[str, ...], words: str
) -> None:
    refused = override(cli, lived.folder, *arguments)
    assert refused.code == Exit.USAGE
    assert words in refused.err


# --- a desk that rests -----------------------------------------------------------------------------------


def test_an_override_on_a_desk_that_rests_is_in_its_ledger_and_ends_by_the_clock_of_whoever_looks(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = make_desk(tmp_path / "desk", approvals='"off"')
    phone = Phone(place)
    with running(place):
        ready(cli, place)
        cli("halt", "now", "--reason", "a drill", "-C", place)
    given = override(cli, place, "operator", "--for", "1m", "--reason", "known", "--factor", phone.digits())
    assert (given.code, given.err) == (Exit.OK, "")
    assert "(by ada, via its ledger: the desk does not run)" in given.out
    resting = cli("status", "-C", place, "--json").json
    assert (resting["running"], resting["level"]) == (False, "TRADING")
    assert "operator (override until 20" in cli("doctor", "-C", place).out
    later = resting["halts"][0]["overridden_until_ts"] + SECOND
    monkeypatch.setattr("assent.runtime.clock.time.time_ns", lambda: later)
    over = cli("status", "-C", place, "--json").json
    assert (over["level"], over["halts"][0]["overridden_until_ts"]) == ("HALTED", None)
    assert cli("ledger", "verify", "-C", place).code == Exit.OK


def test_books_that_differ_refuse_it_on_a_desk_that_rests(cli: Cli, tmp_path: Path) -> None:
    """The exchange in this folder never saw the trades of this ledger, so its books differ."""
    own = lived_desk(tmp_path / "own")
    now = time.time_ns()
    with closing(Access.open(own.settings.access_path)) as access:
        seed = base64.b32decode(access.enrol(f"os:{getpass.getuser()}", now).secret)
    cli("halt", "now", "-C", own.folder, "--reason", "one", "--by", "Ada")
    refused = override(cli, own.folder, "operator", *WHY, "--factor", code_at(seed, step_of(now)))
    assert refused.code == Exit.REFUSED
    assert "[override_unsettled]" in refused.err
    wrong = override(cli, own.folder, "operator", *WHY, "--factor", "000000")
    assert (wrong.code, "[second_factor_" in wrong.err) == (Exit.REFUSED, True)
    assert cli("halt", "status", "-C", own.folder, "--json").json["level"] == "HALTED"


def test_who_it_was_is_said_by_the_limits_in_force_and_not_by_the_file(cli: Cli, tmp_path: Path) -> None:
    """The file alone changes nothing, whether the desk runs or not: the digits are those of ada, and so is the name."""
    place = make_desk(tmp_path / "desk", approvals='"off"')
    phone = Phone(place)
    with running(place):
        ready(cli, place)
        cli("halt", "now", "--reason", "a drill", "-C", place)
    file = place / "assent.toml"
    said = file.read_text()
    assert f'"ada={ME}"' in said
    file.write_text(said.replace(f'"ada={ME}"', f'"eve={ME}"'))
    given = override(cli, place, "operator", *WHY, "--factor", phone.digits())
    assert (given.code, given.err) == (Exit.OK, "")
    assert "(by ada, via its ledger: the desk does not run)" in given.out
