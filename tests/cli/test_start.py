"""What is asked of a desk that is still starting: a halt is never lost, and nothing is released before it."""

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.support import Cli

from assent import app
from assent.app import live
from assent.config import Settings, load
from assent.ledger.sqlite import open_reader
from assent.model.errors import InvariantBroken
from assent.model.facts import AccountMatched, Fact, HaltRaised, OrderReleased, decode_fact
from assent.model.units import SECOND
from assent.runtime import broken, control

HALT = {"cmd": "halt", "by": "Ada", "reason": "not today"}


class Asker:
    """Somebody outside who has asked and waits for the answer."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)

    def ask(self, settings: Settings) -> None:
        self._socket.settimeout(10)
        self._socket.connect(str(control.socket_path(settings.control_path)))
        self._socket.sendall(json.dumps(HALT).encode() + b"\n")

    def told(self) -> bytes:
        with self._socket:
            try:
                return self._socket.recv(65_536)
            except ConnectionResetError:
                return b""


@pytest.fixture
def settings(cli: Cli, tmp_path: Path) -> Settings:
    assert cli("init", tmp_path / "desk").code == 0
    return load(tmp_path / "desk")


def facts_of(settings: Settings) -> list[Fact]:
    reader = open_reader(settings.ledger_path)
    try:
        return [decode_fact(record.kind, record.version, record.body) for record in reader.records()]
    finally:
        reader.close()


def while_it_opens(monkeypatch: pytest.MonkeyPatch, then: Callable[[], None]) -> None:
    """Stands in for a ledger that takes long to verify."""
    wire = live.wire

    def slow(*arguments: Any, **named: Any) -> Any:
        then()
        return wire(*arguments, **named)

    monkeypatch.setattr(live, "wire", slow)


def test_a_halt_that_is_asked_while_the_ledger_is_being_opened_comes_before_the_books_and_any_release(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asker = Asker()
    while_it_opens(monkeypatch, lambda: asker.ask(settings))
    app.run(settings, speed=600, for_ns=120 * SECOND)
    assert json.loads(asker.told())["ok"] is True
    facts = facts_of(settings)
    kinds = [type(fact) for fact in facts]
    first = next(fact for fact in facts if isinstance(fact, HaltRaised))
    assert (first.cause, first.by) == ("operator", "Ada")
    assert kinds.index(HaltRaised) < kinds.index(AccountMatched)
    assert OrderReleased not in kinds


def test_who_asks_a_desk_whose_start_fails_is_told_that_nobody_knows(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asker = Asker()

    def fail() -> None:
        asker.ask(settings)
        raise InvariantBroken("cash_lost", missing=1)

    while_it_opens(monkeypatch, fail)
    with pytest.raises(InvariantBroken):
        app.run(settings, speed=600, for_ns=SECOND)
    assert asker.told() == b"", "no answer is no promise"
    assert not settings.control_path.exists()
    assert broken.noted(settings.state_dir) is None, "what was broken is in the ledger: the next start finds it again"


def test_a_promise_that_breaks_while_it_runs_halts_the_next_start_until_a_person_resumes(
    cli: Cli, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_arguments: Any, **_named: Any) -> None:
        raise InvariantBroken("cash_lost", missing=1)

    with monkeypatch.context() as patch:
        patch.setattr("assent.runtime.runtime.beat", breaks)
        with pytest.raises(BaseExceptionGroup):
            app.run(settings, speed=600, for_ns=120 * SECOND)
    told = cli("doctor", "-C", settings.root)
    assert told.code == 1
    assert "cash_lost: missing=1" in told.out
    app.run(settings, speed=600, for_ns=30 * SECOND)
    assert [f.cause for f in facts_of(settings) if isinstance(f, HaltRaised)][-1] == "invariant_broken"
    assert broken.noted(settings.state_dir) is None, "the halt is in the ledger now"
    app.run(settings, speed=600, for_ns=30 * SECOND)
    standing = cli("halt", "status", "-C", settings.root, "--json").json
    assert [halt["cause"] for halt in standing["halts"]] == ["invariant_broken"]
    assert cli("halt", "resume", "-C", settings.root, "--by", "Ada", "--reason", "reported it").code == 0
    assert cli("halt", "status", "-C", settings.root, "--json").json["level"] == "TRADING"


def test_the_sentinel_stops_a_desk_that_runs_and_removing_it_lets_it_go_on(cli: Cli, settings: Settings) -> None:
    settings.sentinel_path.touch()
    summary = app.run(settings, speed=600, for_ns=60 * SECOND)
    assert (summary["level"], summary["kill_switch"]["set"]) == ("HALTED", True)
    told = cli("status", "-C", settings.root)
    assert f"SET: {settings.sentinel_path} is there" in told.out
    assert "kill_switch_guard" in told.out
    assert "SET, so no order leaves" in cli("doctor", "-C", settings.root).out
    resumed = cli("halt", "resume", "-C", settings.root, "--by", "Ada", "--reason", "it seems well")
    assert resumed.out.startswith("nothing changed: no halt stands that a person may end")
    settings.sentinel_path.unlink()
    assert app.run(settings, speed=600, for_ns=60 * SECOND)["level"] == "TRADING"
    (row,) = cli("halt", "list", "--history", "-C", settings.root, "--json").json["halts"]
    assert (row["cause"], row["by"], row["cleared_why"]) == ("kill_switch_guard", "owner", "the switch is clear")
