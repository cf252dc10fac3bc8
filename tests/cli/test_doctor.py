"""`assent doctor`: what is well is said, what is not is found with what to do, and nothing is changed."""

import json
import sqlite3
from pathlib import Path

import pytest
from tests.cli.support import DESK_FILE, Cli, Lived, lived_desk, make_folder

from assent.cli import doctor
from assent.cli.exits import Exit
from assent.ledger.lease import Lease
from assent.ledger.verify import SCHEMA
from assent.runtime.lastwords import FILE_NAME


def findings(cli: Cli, folder: Path, *arguments: str) -> dict[str, dict[str, object]]:
    return {one["check"]: one for one in cli("doctor", "-C", folder, "--json", *arguments).json["findings"]}


def test_a_sound_desk_is_well(cli: Cli, lived: Lived) -> None:
    told = cli("doctor", "-C", lived.folder)
    assert told.code == Exit.OK, told.out
    assert told.out.endswith("All is well.\n")
    for part in ("python", "sqlite", "write-ahead log", "free: the desk is not running", "TRADING: no halt stands"):
        assert part in told.out


def test_it_says_why_the_venue_cannot_go_live(cli: Cli, lived: Lived) -> None:
    live = findings(cli, lived.folder)["live"]
    assert (live["ok"], str(live["found"])[:41]) == (None, "kalshi cannot go live in environment sim:")


def test_a_fresh_desk_is_well_and_stays_fresh(cli: Cli, tmp_path: Path) -> None:
    make_folder(tmp_path)
    assert cli("doctor", "-C", tmp_path).code == Exit.OK
    assert [path.name for path in tmp_path.iterdir()] == ["assent.toml"]


def test_broken_settings_are_found_one_by_one(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "assent.toml").write_text(DESK_FILE + "[paper]\ncash = 5\n[scpe]\n", encoding="utf-8")
    told = cli("doctor", "-C", tmp_path)
    assert told.code == Exit.FOUND
    assert "paper.cash 5" in told.out
    assert "did you mean `scope`?" in told.out
    assert 'cash = "1000.00"' in told.out


def test_a_folder_that_others_may_write_to_is_found(cli: Cli, tmp_path: Path) -> None:
    make_folder(tmp_path)
    tmp_path.chmod(0o777)
    found = findings(cli, tmp_path)["folder"]
    assert found["ok"] is False
    assert str(found["todo"]).startswith("chmod go-w")


def test_a_folder_that_is_not_there_is_found(cli: Cli, tmp_path: Path) -> None:
    told = cli("doctor", "-C", tmp_path / "nowhere")
    assert told.code == Exit.FOUND
    assert "is no folder" in told.out


def test_a_folder_without_a_file_is_told_how_a_desk_is_made(cli: Cli, tmp_path: Path) -> None:
    told = cli("doctor", "-C", tmp_path)
    assert told.code == Exit.FOUND
    assert "the whole file: there is no such file\n" in told.out
    assert "-> for example: assent init" in told.out


def test_a_full_disk_is_found(cli: Cli, lived: Lived, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "FREE_BYTES_MIN", 1 << 62)
    assert findings(cli, lived.folder)["space"]["ok"] is False


def test_an_old_sqlite_is_found(cli: Cli, lived: Lived, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "SQLITE_NEEDED", (99, 0, 0))
    assert findings(cli, lived.folder)["sqlite"]["ok"] is False


def test_limits_that_the_file_loosens_are_found(cli: Cli, tmp_path: Path) -> None:
    lived = lived_desk(tmp_path / "d")
    make_folder(lived.folder, DESK_FILE + '[constitution]\nedge_min = "0.01"\n')
    found = findings(cli, lived.folder)
    assert (found["seal"]["ok"], found["limits"]["ok"]) == (True, False)
    assert "edge_min: 0.02 -> 0.01 (looser)" in str(found["limits"]["found"])


def test_limits_that_the_file_tightens_are_told_and_are_no_fault(cli: Cli, tmp_path: Path) -> None:
    lived = lived_desk(tmp_path / "d")
    make_folder(lived.folder, DESK_FILE + '[constitution]\nedge_min = "0.03"\n')
    found = findings(cli, lived.folder)["limits"]
    assert found["ok"] is None
    assert "edge_min: 0.02 -> 0.03 (tighter)" in str(found["found"])


def test_a_desk_under_another_account_is_found(cli: Cli, tmp_path: Path) -> None:
    lived = lived_desk(tmp_path / "d")
    make_folder(lived.folder, DESK_FILE.replace("paper-1", "paper-2"))
    seal = findings(cli, lived.folder)["seal"]
    assert seal["ok"] is False
    assert "its account is 'paper-1'" in str(seal["found"])


def test_a_damaged_ledger_is_found_with_its_first_bad_record(cli: Cli, tmp_path: Path) -> None:
    lived = lived_desk(tmp_path / "d")
    connection = sqlite3.connect(lived.settings.ledger_path, isolation_level=None)
    connection.execute("DROP TRIGGER ledger_is_never_cut")
    connection.execute("DELETE FROM ledger WHERE seq = 9")
    connection.execute(SCHEMA["ledger_is_never_cut"])
    connection.close()
    told = cli("doctor", "-C", lived.folder)
    assert told.code == Exit.FOUND
    assert "seq 9" in told.out


def test_a_lease_that_nobody_answers_for_is_found(cli: Cli, tmp_path: Path) -> None:
    lived = lived_desk(tmp_path / "d")
    lease = Lease.take(lived.settings.ledger_path)
    try:
        found = findings(cli, lived.folder)["lease"]
    finally:
        lease.release()
    assert found["ok"] is False
    assert "does not answer" in str(found["found"])


def test_the_last_words_of_the_watchdog_are_found(cli: Cli, tmp_path: Path) -> None:
    lived = lived_desk(tmp_path / "d")
    death = {
        "strategy": "value", "input": "QuoteSeen SIM-RAIN", "cause": "hang", "ts": lived.head.ts,
        "measured": "10.2 s", "limit": "10 s",
    }  # fmt: skip
    (lived.settings.state_dir / FILE_NAME).write_text(json.dumps(death) + "\n", encoding="utf-8")
    found = findings(cli, lived.folder)["watchdog"]
    assert found["ok"] is False
    assert "hang in strategy value on QuoteSeen SIM-RAIN (10.2 s, limit 10 s)" in str(found["found"])


def test_looking_changes_nothing(cli: Cli, tmp_path: Path) -> None:
    lived = lived_desk(tmp_path / "d")

    def content() -> dict[str, bytes]:
        return {
            str(path.relative_to(lived.folder)): path.read_bytes()
            for path in sorted(lived.folder.rglob("*"))
            if path.is_file() and not path.name.endswith(".lock")
        }

    before = content()
    assert cli("doctor", "-C", lived.folder).code == Exit.OK
    assert content() == before
