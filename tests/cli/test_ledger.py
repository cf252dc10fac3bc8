"""`assent ledger`: the verdict of the verifier and of the fold, records in words, and an export that loses nothing."""

import hashlib
import json
import shutil
import sqlite3
import struct
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.cli.support import HOSTILE, Cli, Lived, Script, lived_desk, make_folder

from assent.cli.exits import Exit
from assent.cli.ledger import inert_json
from assent.cli.proof import OTHER_STATE, fold_and_compare
from assent.ledger.anchors import anchors_of
from assent.ledger.chain import Entry
from assent.ledger.memory import MemoryStore
from assent.ledger.sqlite import SqliteStore
from assent.ledger.verify import SCHEMA
from assent.model import inputs
from assent.model.facts import SCHEMA_VERSION, DeskStarted, StateMarked, encode_fact, kind_of
from assent.runtime.build import build_digest


def test_an_intact_ledger_is_told_with_its_head(cli: Cli, lived: Lived) -> None:
    told = cli("ledger", "verify", "-C", lived.folder)
    assert told.code == Exit.OK
    assert told.out.splitlines()[0].endswith("kalshi_sim_paper.sqlite: intact")
    assert f"{lived.head.seq} records, head {lived.head.hash.hex()}" in told.out
    assert "1 anchors hold" in told.out


def test_a_copy_elsewhere_can_be_named(cli: Cli, lived: Lived, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite"
    shutil.copy(lived.settings.ledger_path, copy)
    found = cli("ledger", "verify", copy, "--json")
    assert found.code == Exit.OK
    assert found.json == {
        "intact": True, "judged": True, "path": str(copy), "ledger_id": "0123456789abcdef", "records": lived.head.seq,
        "head": lived.head.hash.hex(), "anchors": 0, "states": 0, "findings": [],
        "constitution": lived.settings.constitution.digest(),
    }  # fmt: skip


def test_an_edited_record_is_found_with_its_number_and_exit_1(cli: Cli, tmp_path: Path) -> None:
    lived = lived_desk(tmp_path / "d")
    connection = sqlite3.connect(lived.settings.ledger_path, isolation_level=None)
    connection.execute("DROP TRIGGER ledger_is_never_changed")
    connection.execute("UPDATE ledger SET body = CAST(replace(body, '420000', '410000') AS BLOB) WHERE seq = 7")
    connection.execute(SCHEMA["ledger_is_never_changed"])
    connection.close()
    told, data = cli("ledger", "verify", "-C", lived.folder), cli("ledger", "verify", "-C", lived.folder, "--json")
    assert (told.code, data.code) == (Exit.FOUND, Exit.FOUND)
    assert "first bad record: seq 7" in told.out
    assert data.json["findings"][0]["seq"] == 7


def append(lived: Lived, kind: str, body: bytes) -> None:
    store = SqliteStore.open(lived.settings.ledger_path)
    store.append([Entry(lived.head.ts, kind, SCHEMA_VERSION, body)])
    store.close()


@pytest.mark.parametrize(
    ("kind", "body", "what"),
    [
        ("StateMarked", encode_fact(StateMarked(seq=20, digest="0" * 64)), OTHER_STATE),
        ("FillBooked", b"{}", "does not follow"),
        ("FillBooked", b'{"type":"DeskStopped","why":"x"}', "does not follow"),
        ("Rumour", b'{"type":"Rumour"}', "does not follow"),
    ],
)
def test_what_the_chain_holds_but_the_fold_does_not_is_found_too(
    cli: Cli, tmp_path: Path, kind: str, body: bytes, what: str
) -> None:
    lived = lived_desk(tmp_path / "d")
    append(lived, kind, body)
    found = cli("ledger", "verify", "-C", lived.folder, "--json")
    assert found.code == Exit.FOUND
    (finding,) = found.json["findings"]
    assert finding["seq"] == lived.head.seq + 1
    assert what in finding["what"]


def test_every_state_that_a_running_desk_marked_follows_from_its_records() -> None:
    script, store = Script(), MemoryStore()
    while script.desk.state.seq <= 2_010:
        script.tell(inputs.CashSeen(1, "gift", script.now))
    store.append([Entry(ts, kind_of(fact), SCHEMA_VERSION, encode_fact(fact)) for _, ts, fact in script.facts])
    folded = fold_and_compare(store.records())
    assert (folded.marks, folded.fault) == (2, "")
    assert folded.state.digest() == script.desk.state.digest()


def test_a_state_that_was_marked_a_record_too_late_is_found() -> None:
    script, store = Script(), MemoryStore()
    while script.desk.state.seq <= 1_000:
        script.tell(inputs.CashSeen(1, "gift", script.now))
    entries = [Entry(ts, kind_of(fact), SCHEMA_VERSION, encode_fact(fact)) for _, ts, fact in script.facts]
    entries.insert(999, entries[998])
    store.append(entries)
    assert fold_and_compare(store.records())[2:] == (1_002, OTHER_STATE, "")


def test_a_state_with_another_digest_is_found() -> None:
    script, store = Script(), MemoryStore()
    script.tell(inputs.CashSeen(1, "gift", script.now))
    marked = [*script.facts, (0, script.now, StateMarked(seq=script.desk.state.seq, digest="0" * 64))]
    store.append([Entry(ts, kind_of(fact), SCHEMA_VERSION, encode_fact(fact)) for _, ts, fact in marked])
    assert fold_and_compare(store.records())[1:4] == (0, len(marked), OTHER_STATE)


def test_a_state_that_another_version_marked_is_told_without_a_verdict(cli: Cli, tmp_path: Path) -> None:
    """The same mark by this version is found as one that does not follow."""
    lived = lived_desk(tmp_path / "d")
    append(lived, "DeskStarted", encode_fact(DeskStarted(build="0.0.1+older", strategies=())))
    mark = encode_fact(StateMarked(seq=lived.head.seq + 1, digest="0" * 64))
    append(lived, "StateMarked", mark)
    told, data = cli("ledger", "verify", "-C", lived.folder), cli("ledger", "verify", "-C", lived.folder, "--json")
    assert (told.code, data.code) == (Exit.FOUND, Exit.FOUND)
    assert (data.json["intact"], data.json["judged"]) == (False, False)
    assert "NOT JUDGED" in told.out
    assert "0.0.1+older" in told.out
    assert "restore a copy" not in told.out
    other = lived_desk(tmp_path / "e")
    append(other, "DeskStarted", encode_fact(DeskStarted(build=build_digest(), strategies=())))
    append(other, "StateMarked", mark)
    told, data = cli("ledger", "verify", "-C", other.folder), cli("ledger", "verify", "-C", other.folder, "--json")
    assert (data.json["intact"], data.json["judged"]) == (False, True)
    assert "NOT intact" in told.out


def test_a_file_that_is_not_there_is_no_verdict(cli: Cli, tmp_path: Path) -> None:
    answer = cli("ledger", "verify", tmp_path / "none.sqlite")
    assert answer.code == Exit.USAGE
    assert "There is no verdict" in answer.err
    assert answer.err.count("Nothing was verified") == 1
    assert ".." not in answer.err


@pytest.mark.parametrize("words", [("show",), ("export",), ("verify",)])
def test_a_desk_that_never_ran_is_told_so_and_not_to_restore_a_backup(
    cli: Cli, tmp_path: Path, words: tuple[str, ...]
) -> None:
    make_folder(tmp_path)
    answer = cli("ledger", *words, "-C", tmp_path, "--json")
    assert (answer.code, json.loads(answer.err)["error"]["code"]) == (Exit.USAGE, "never_ran")


def test_a_ledger_that_was_taken_away_is_missed_and_not_taken_for_a_first_run(cli: Cli, tmp_path: Path) -> None:
    settings = make_folder(tmp_path)
    settings.state_dir.mkdir(parents=True)
    anchors_of(settings.ledger_path).touch()
    for words in (("ledger", "show"), ("status",), ("intents",)):
        answer = cli(*words, "-C", tmp_path)
        assert answer.code == Exit.USAGE
        assert "it had one" in answer.err


def test_records_are_shown_in_words(cli: Cli, lived: Lived) -> None:
    told = cli("ledger", "show", "-C", lived.folder).out.splitlines()
    assert len(told) == min(20, lived.head.seq)
    assert told[-1].split()[0] == str(lived.head.seq)
    assert "MarketSettled" in told[-1]


@pytest.mark.parametrize(
    ("arguments", "numbers"),
    [
        (("--from", "2", "--to", "4"), [2, 3, 4]),
        (("--to", "2"), [1, 2]),
        (("--last", "2"), [-1, 0]),
        (("--last", "2", "--to", "5"), [4, 5]),
        (("--kind", "IntentRefused"), None),
    ],
)
def test_records_can_be_chosen(cli: Cli, lived: Lived, arguments: tuple[str, ...], numbers: list[int] | None) -> None:
    rows = cli("ledger", "show", "-C", lived.folder, "--json", *arguments).json["records"]
    if numbers is None:
        assert [row["kind"] for row in rows] == ["IntentRefused"]
    else:
        wanted = [number if number > 0 else lived.head.seq + number for number in numbers]
        assert [row["seq"] for row in rows] == wanted


def test_records_can_be_chosen_by_stream(cli: Cli, tmp_path: Path) -> None:
    lived = lived_desk(tmp_path / "d")

    def shown(*arguments: object) -> list[tuple[int, str]]:
        rows = cli("ledger", "show", "-C", lived.folder, "--json", *arguments).json["records"]
        return [(row["seq"], row["kind"]) for row in rows]

    kinds = [kind for _, kind in shown("--stream", "order", lived.won.order_id)]
    assert kinds == ["OrderReleased", "FillBooked", "OrderAccepted"]
    assert shown("--stream", "intent", lived.won.intent_id)[1:] == shown("--stream", "order", lived.won.order_id)
    assert [kind for _, kind in shown("--stream", "intent", lived.refused)] == ["IntentRefused"]
    market = shown("--stream", "instrument", lived.won.instrument)
    assert {"InstrumentListed", "OrderReleased", "MarketSettled"} <= {kind for _, kind in market}
    assert shown("--stream", "strategy", "scripted", "--kind", "OrderReleased", "--last", "1") == [
        (seq, kind) for seq, kind in shown("--stream", "order", lived.lost.order_id) if kind == "OrderReleased"
    ]
    assert len(shown("--stream", "day", "2026-01-05")) == lived.head.seq


def test_records_can_be_chosen_by_time(cli: Cli, lived: Lived) -> None:
    rows = cli("ledger", "show", "-C", lived.folder, "--json", "--from", "1").json["records"]
    middle = rows[len(rows) // 2]["ts"]
    time = f"{datetime.fromtimestamp(middle // 10**9, UTC):%Y-%m-%dT%H:%M:%S}"

    def shown(*arguments: str) -> list[int]:
        told = cli("ledger", "show", "-C", lived.folder, "--json", *arguments).json["records"]
        return [row["seq"] for row in told]

    assert shown("--from", time) == [row["seq"] for row in rows if row["ts"] >= middle // 10**9 * 10**9]
    assert shown("--to", time) == [row["seq"] for row in rows if row["ts"] // 10**9 <= middle // 10**9]
    assert shown("--from", "2026-01-05", "--to", "2026-01-05") == [row["seq"] for row in rows]
    assert shown("--from", "2026-01-06") == []
    assert shown("--to", "2026-01-04 23:59") == []


@pytest.mark.parametrize("bound", ["0", "-1", "yesterday", "2026-13-01", "2026-01-05T25:00", "9" * 5_000, "1e3", ""])
def test_a_bound_that_is_neither_a_record_nor_a_time_is_refused(cli: Cli, lived: Lived, bound: str) -> None:
    answer = cli("ledger", "show", "-C", lived.folder, f"--from={bound}")
    assert answer.code == Exit.USAGE
    assert "no time such as 2026-01-05" in answer.err


def test_a_stream_that_nothing_belongs_to_is_answered_with_the_nearest(cli: Cli, tmp_path: Path) -> None:
    lived = lived_desk(tmp_path / "d")
    answer = cli("ledger", "show", "-C", lived.folder, "--stream", "strategy", "scriptd")
    assert answer.code == Exit.USAGE
    assert "did you mean scripted?" in answer.err
    assert cli("ledger", "show", "-C", lived.folder, "--stream", "strateg", "scripted").code == Exit.USAGE


def test_a_misspelt_kind_is_answered_with_the_nearest(cli: Cli, lived: Lived) -> None:
    answer = cli("ledger", "show", "--kind", "OrderRelaesed", "-C", lived.folder)
    assert answer.code == Exit.USAGE
    assert "did you mean OrderReleased?" in answer.err


def test_a_record_that_cannot_be_read_is_still_shown(cli: Cli, tmp_path: Path) -> None:
    lived = lived_desk(tmp_path / "d")
    append(lived, "Rumour", b'{"type":"Rumour","says":"\x1b[2J"}')
    told = cli("ledger", "show", "--last", "1", "-C", lived.folder)
    assert told.code == Exit.OK
    assert "(cannot be read:" in told.out
    assert "\x1b" not in told.out


def test_an_export_carries_the_chain_for_a_stranger(cli: Cli, lived: Lived) -> None:
    lines = [json.loads(line) for line in cli("ledger", "export", "-C", lived.folder).out.splitlines()]
    assert [line["seq"] for line in lines] == list(range(1, lived.head.seq + 1))
    prev = bytes(32)
    for line in lines:
        body = json.dumps(line["body"], separators=(",", ":"), ensure_ascii=False).encode()
        kind = line["kind"].encode()
        sizes = (line["seq"], line["ts"], line["version"], len(kind), len(body))
        head = struct.pack(">8s32sQQIII", b"assent\x00\x01", prev, *sizes)
        prev = hashlib.sha256(head + kind + body).digest()
        assert prev.hex() == line["hash"]
    assert prev == lived.head.hash


def test_an_export_into_a_file_never_replaces_one(cli: Cli, lived: Lived, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    done = cli("ledger", "export", "-C", lived.folder, "--out", out, "--json")
    assert done.json == {"path": str(out), "records": lived.head.seq}
    assert len(out.read_text(encoding="utf-8").splitlines()) == lived.head.seq
    refused = cli("ledger", "export", "-C", lived.folder, "--out", out)
    assert refused.code == Exit.USAGE
    assert "never replaces" in refused.err


def test_what_goes_to_a_terminal_is_the_same_json_without_anything_that_acts() -> None:
    text = json.dumps({"a": HOSTILE, "b": "\x7f \U0001f600 ö"}, ensure_ascii=False) + "\n"
    inert = inert_json(text)
    assert all(char == "\n" or " " <= char <= "~" for char in inert)
    assert json.loads(inert) == json.loads(text)
