"""`assent web` and `assent run --web`: who may use the console, the way in, and a process that the desk never minds."""

import base64
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from tests.cli.asking import ME, make_desk, running, status_of, until, waiting
from tests.cli.support import Cli
from tests.cli.test_approve import sitting

from assent.approval import totp
from assent.approval.access import Access
from assent.approval.values import Session
from assent.cli.exits import Exit
from assent.config import load
from assent.runtime.clock import WallClock

WAIT_S = 60


@pytest.fixture
def folder(cli: Cli, tmp_path: Path) -> Path:
    return make_desk(tmp_path / "desk", port=str(free_port()), approvers=f'["ada={ME},token:ada-phone"]')


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


def asked_over_http(address: str, *, token: str = "", body: dict[str, Any] | None = None) -> tuple[int, Any]:
    """What the console answers a program."""
    headers = {"content-type": "application/json", **({"authorization": f"Bearer {token}"} if token else {})}
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(
            urllib.request.Request(address, data=data, headers=headers), timeout=WAIT_S
        ) as answer:
            text = answer.read()
            return answer.status, json.loads(text) if text.startswith(b"{") else text.decode()
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def listening(cli: Cli, folder: Path) -> dict[str, Any] | None:
    told = cli("web", "-C", folder, "--json")
    return told.json if told.code == Exit.OK else None


# ---------------------------------------------------------------------------------------------------- credentials


def test_a_token_is_shown_once_and_lives_until_it_is_rotated_or_revoked(cli: Cli, folder: Path) -> None:
    made = cli("web", "token", "new", "phone", "--scope", "view", "--scope", "approve", "-C", folder)
    assert (made.code, made.err) == (Exit.OK, "")
    secret, words, note = made.out.splitlines()
    assert "token:phone" in words
    assert note.startswith("Note: its yes counts for nobody: the file's `approvers` do not name token:phone")
    assert "Note" not in cli("web", "token", "new", "looks-on", "--scope", "view", "-C", folder).out
    assert cli("web", "token", "revoke", "looks-on", "-C", folder).code == Exit.OK
    path = load(folder).access_path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert secret.encode() not in path.read_bytes()
    listed = cli("web", "token", "list", "-C", folder)
    assert "phone  approve, view" in listed.out
    assert secret not in listed.out
    again = cli("web", "token", "new", "phone", "--scope", "view", "-C", folder)
    assert again.code == Exit.USAGE
    assert "There is a token phone already" in again.err
    rotated = cli("web", "token", "rotate", "phone", "-C", folder, "--json").json["secret"]
    now = WallClock().now()
    access = Access.open(path)
    try:
        assert getattr(access.check(rotated, now), "identity", None) == "token:phone"
        assert getattr(access.check(secret, now), "identity", None) is None
        assert cli("web", "token", "revoke", "phone", "-C", folder).out == "token phone is revoked\n"
        assert getattr(access.check(rotated, now), "identity", None) is None
    finally:
        access.close()
    assert cli("web", "token", "list", "-C", folder, "--json").json == {"tokens": []}
    unknown = cli("web", "token", "revoke", "phone", "-C", folder, "--json")
    assert unknown.code == Exit.USAGE
    assert json.loads(unknown.err)["error"]["code"]


def test_a_second_factor_is_printed_once_and_said_to_belong_to_nobody_where_nobody_is_named(
    cli: Cli, folder: Path
) -> None:
    made = cli("web", "factor", "enrol", "ada", "-C", folder, "--json").json
    assert made["uri"].startswith("otpauth://totp/Assent%3Aada?secret=")
    assert made["named"] is True
    assert made["secret"] in made["uri"]
    assert cli("web", "factor", "enrol", "ada", "-C", folder).code == Exit.USAGE
    stranger = cli("web", "factor", "enrol", "eve", "-C", folder)
    assert "approvers name nobody eve; it names ada" in stranger.out
    assert [one["person"] for one in cli("web", "factor", "list", "-C", folder, "--json").json["factors"]] == [
        "ada", "eve",
    ]  # fmt: skip
    assert cli("web", "factor", "forget", "eve", "-C", folder).out == "eve has no second factor any more\n"
    assert made["secret"] not in cli("web", "factor", "list", "-C", folder).out


def test_on_a_terminal_a_second_factor_is_drawn_as_well(folder: Path) -> None:
    with sitting("web", "factor", "enrol", "ada", "-C", folder) as terminal:
        shown = terminal.read_until("To type by hand: ")
        assert terminal.process.wait(WAIT_S) == Exit.OK
    drawn = [line for line in shown.splitlines() if line.startswith("\x1b[30;107m")]
    assert (len(drawn), any("█" in line for line in drawn)) == (25, True)
    assert "otpauth://totp/Assent%3Aada" in shown


def test_sessions_are_listed_and_ended(cli: Cli, folder: Path) -> None:
    settings, now = load(folder), WallClock().now()
    assert cli("web", "sessions", "list", "-C", folder).out == "no sessions\n"
    access = Access.open(settings.access_path)
    try:
        begun = access.redeem(access.offer_login(ME, ("view",), now), now)
        assert isinstance(begun, Session)
        assert f"{ME}  view" in cli("web", "sessions", "list", "-C", folder).out
        assert cli("web", "sessions", "end", "--identity", "os:nobody-else", "-C", folder, "--json").json == {
            "ended": 0
        }
        assert cli("web", "sessions", "end", "-C", folder, "--json").json == {"ended": 1}
        assert not hasattr(access.check(begun.secret, now), "identity")
    finally:
        access.close()


def test_a_second_factor_typed_at_the_terminal_lets_a_large_one_through_once(cli: Cli, tmp_path: Path) -> None:
    place = make_desk(tmp_path / "desk", second_factor_from='"0.01"')
    with running(place):
        seed = cli("web", "factor", "enrol", "ada", "-C", place, "--json").json["secret"]
        first, second = waiting(cli, place, least=2)[:2]
        digits = digits_now(seed)
        done = cli("intents", "approve", first["code"], "--yes", "--factor", digits, "-C", place)
        assert (done.code, done.err) == (Exit.OK, "")
        replayed = cli("intents", "approve", second["code"], "--yes", "--factor", digits, "-C", place)
        assert replayed.code == Exit.REFUSED
        assert "[second_factor_replayed]" in replayed.err
        assert "Wait for the next digits" in replayed.err


def digits_now(seed: str) -> str:
    """What the phone would show."""
    return totp.code_at(base64.b32decode(seed), totp.step_of(WallClock().now()))


# ------------------------------------------------------------------------------------------------------ the console


def test_without_a_console_there_is_no_way_in(cli: Cli, folder: Path) -> None:
    refused = cli("web", "-C", folder)
    assert refused.code == Exit.NOT_RUNNING
    assert "assent run --web" in refused.err


@pytest.mark.parametrize("words", [("web", "serve", "-C"), ("run", "--web")])
def test_nothing_is_started_that_would_send_tokens_in_the_clear(
    cli: Cli, tmp_path: Path, words: tuple[str, ...]
) -> None:
    place = make_desk(tmp_path / "desk", host='"0.0.0.0"')
    refused = cli(*words, place)
    assert refused.code == Exit.USAGE
    assert "in the clear" in refused.err
    assert not load(place).ledger_path.exists()


def test_a_port_that_is_taken_is_said_so(cli: Cli, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", load(folder).web.port)):
        refused = cli("web", "serve", "-C", folder)
    assert refused.code == Exit.USAGE
    assert "assent config set web.port=PORT" in refused.err


def test_a_desk_with_its_console_is_answered_by_a_token_survives_its_death_and_takes_it_along(
    cli: Cli, folder: Path
) -> None:
    settings = load(folder)
    token = cli("web", "token", "new", "ada-phone", "--scope", "view", "--scope", "approve", "-C", folder).out.split()[
        0
    ]
    with running(folder, "--web") as desk:
        found = until(lambda: listening(cli, folder))
        assert found["sign_in"].startswith(f"{found['address']}/console/sign-in?code=assent_login_")
        status, page = asked_over_http(found["sign_in"])
        assert (status, "Sign in" in page) == (200, True)
        assert asked_over_http(f"{found['address']}/status")[0] == 401

        for name, code in (("ada-phone", Exit.OK), ("nobody", Exit.USAGE)):
            other = cli("web", "address", "--token", name, "-C", folder)
            assert (other.code, "signs token:ada-phone in once" in other.out) == (code, code == Exit.OK)

        row = waiting(cli, folder)[0]
        act = f"{found['address']}/intents/{row['intent_id']}/approve"
        wrong = asked_over_http(act, token=token, body={"terms": "0" * 64, "message_id": "one"})
        assert wrong[0] == 409
        done = asked_over_http(act, token=token, body={"terms": row["terms"], "message_id": "two"})
        assert (done[0], done[1]["came_to"]) == (200, "released")
        until(lambda: status_of(cli, folder, row["code"]) == "EXECUTED")
        assert "ada said yes" in " ".join(cli("why", row["code"], "-C", folder).out.split())
        assert "as token:ada-phone" in " ".join(cli("why", row["code"], "-C", folder).out.split())
        status_told = json.dumps(cli("status", "-C", folder, "--json").json)
        assert "assent_login_" not in status_told, "the way in is for who sits there"

        os.kill(found["pid"], signal.SIGKILL)
        again = until(lambda: other_than(found["pid"], listening(cli, folder)))
        assert desk.poll() is None
        for name in ("access.sqlite", "console.json", "console.log"):
            assert stat.S_IMODE((settings.state_dir / name).stat().st_mode) == 0o600
    assert not settings.console_note.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(again["pid"], 0)
    assert cli("ledger", "verify", "-C", folder).code == Exit.OK


def other_than(pid: int, found: dict[str, Any] | None) -> dict[str, Any] | None:
    return found if found is not None and found["pid"] != pid else None


def test_a_console_ends_by_itself_when_the_desk_that_started_it_is_killed(cli: Cli, folder: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "assent", "web", "serve", "-C", str(folder), "--supervised"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    until(lambda: listening(cli, folder))
    out, _ = process.communicate(timeout=WAIT_S)  # closes its input, as a death of whoever started it does
    assert process.returncode == 0
    assert out.startswith("The console of desk: http://127.0.0.1:")
