"""The campaign: whatever is changed in an old record, the first bad seq is named; what is untouched is intact.

The forger here is a careful one, with raw SQLite, who takes the triggers off and puts them back. Every case is drawn
from a seed of its own, which the message of a miss names.
"""

import random
import sqlite3
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from tests.ledger.ledgers import in_memory, random_entries, report_on, run_verifier, unguarded, write_ledger

from assent.ledger import sqlite, verify
from assent.ledger.chain import Record, record_hash
from assent.ledger.check import check_ledger
from assent.ledger.contract import a_seal
from assent.ledger.errors import LedgerCorrupt, LedgerError
from assent.ledger.sqlite import SqliteStore, open_reader

CASES = 2400
UNTOUCHED = 200
LOOKS_EACH = 8
BYTE_CASES = 400
THROUGH_THE_PROGRAM_EVERY = 800
COLUMNS = [name for name, _ in verify.COLUMNS]


def flip(connection: sqlite3.Connection, rng: random.Random, n: int) -> int:
    """One bit of one column of one record. A seq that moves leaves a hole where it was."""
    seq, column = rng.randint(1, n), rng.choice(COLUMNS)
    if column == "seq":
        connection.execute("UPDATE ledger SET seq = ? WHERE seq = ?", (n + rng.randint(1, 9), seq))
        return seq
    (value,) = connection.execute(f"SELECT {column} FROM ledger WHERE seq = ?", (seq,)).fetchone()
    if isinstance(value, int):
        changed: int | str | bytes = value ^ 1 << rng.randrange(31)
    else:
        data = bytearray(value.encode() if isinstance(value, str) else value)
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(7 if isinstance(value, str) else 8)
        changed = data.decode() if isinstance(value, str) else bytes(data)
    connection.execute(f"UPDATE ledger SET {column} = ? WHERE seq = ?", (changed, seq))
    return seq


def delete(connection: sqlite3.Connection, rng: random.Random, n: int) -> int:
    """One record, or a few in a row, but not the tail: a cut tail is a matter for anchors."""
    seq = rng.randint(1, n - 1)
    last = min(n - 1, seq + rng.choice((0, 0, 1, 5)))
    connection.execute("DELETE FROM ledger WHERE seq BETWEEN ? AND ?", (seq, last))
    return seq


def delete_and_close_the_gap(connection: sqlite3.Connection, rng: random.Random, n: int) -> int:
    """The record goes, the later ones move up."""
    seq = rng.randint(1, n - 1)
    connection.execute("DELETE FROM ledger WHERE seq = ?", (seq,))
    for later in range(seq + 1, n + 1):
        connection.execute("UPDATE ledger SET seq = ? WHERE seq = ?", (later - 1, later))
    return seq


def swap(connection: sqlite3.Connection, rng: random.Random, n: int) -> int:
    """Two whole records, or one column of the two, change places."""
    one, other = sorted(rng.sample(range(1, n + 1), 2))
    columns = rng.choice((COLUMNS[1:], ["prev_hash"], ["body"], ["hash"], ["body", "hash"]))
    rows = [
        connection.execute(f"SELECT {', '.join(columns)} FROM ledger WHERE seq = ?", (seq,)).fetchone()
        for seq in (one, other)
    ]
    assert rows[0] != rows[1]
    assignments = ", ".join(f"{column} = ?" for column in columns)
    connection.execute(f"UPDATE ledger SET {assignments} WHERE seq = ?", (*rows[1], one))
    connection.execute(f"UPDATE ledger SET {assignments} WHERE seq = ?", (*rows[0], other))
    return one


def insert(connection: sqlite3.Connection, rng: random.Random, n: int) -> int:
    """A record between two others. One with a right hash of its own fits; the one behind it then does not."""
    seq = rng.randint(1, n)
    for later in range(n, seq - 1, -1):
        connection.execute("UPDATE ledger SET seq = ? WHERE seq = ?", (later + 1, later))
    before = connection.execute("SELECT * FROM ledger WHERE seq = ?", (seq - 1,)).fetchone()
    behind = Record(*connection.execute("SELECT * FROM ledger WHERE seq = ?", (seq + 1,)).fetchone())
    prev = before[-1] if before else bytes(32)
    right = record_hash(prev, seq, behind.ts, behind.kind, 1, b"{}")
    chained = rng.random() < 0.5
    digest = right if chained else rng.randbytes(32)
    connection.execute(
        "INSERT INTO ledger VALUES (?, ?, ?, ?, 1, ?, ?)", (seq, prev, behind.ts, behind.kind, b"{}", digest)
    )
    return seq + 1 if chained else seq


def edit_and_hash_again(connection: sqlite3.Connection, rng: random.Random, n: int) -> int:
    """A record is changed and given the hash that belongs to it: the one behind it names another."""
    seq = rng.randint(1, n - 1)
    found = Record(*connection.execute("SELECT * FROM ledger WHERE seq = ?", (seq,)).fetchone())
    body = found.body + b" "
    digest = record_hash(found.prev_hash, seq, found.ts, found.kind, found.version, body)
    connection.execute("UPDATE ledger SET body = ?, hash = ? WHERE seq = ?", (body, digest, seq))
    return seq + 1


FORGERIES = (flip, flip, flip, delete, delete_and_close_the_gap, swap, insert, edit_and_hash_again)


@pytest.fixture(scope="module")
def ledgers(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    directory = tmp_path_factory.mktemp("ledgers")
    paths = [directory / f"{seed}.sqlite" for seed in range(12)]
    for seed, path in enumerate(paths):
        write_ledger(path, 2 + seed * 5, seed=seed)
    return paths


def test_every_forgery_is_found_at_its_first_bad_record(ledgers: list[Path], tmp_path: Path) -> None:
    sources = [in_memory(path) for path in ledgers]
    found: Counter[str] = Counter()
    for case in range(CASES):
        rng = random.Random(case)
        source = rng.choice(sources)
        copy = sqlite3.connect(":memory:", isolation_level=None)
        source.backup(copy)
        n = copy.execute("SELECT max(seq) FROM ledger").fetchone()[0]
        forgery = FORGERIES[case % len(FORGERIES)]
        with unguarded(copy):
            expected = forgery(copy, rng, n)
        first = report_on(copy).findings[0]
        assert first.seq == expected, f"case {case}, {forgery.__name__} in {n} records: {first}"
        if case % THROUGH_THE_PROGRAM_EVERY < len(FORGERIES):
            target = sqlite3.connect(tmp_path / f"{case}.sqlite", isolation_level=None)
            copy.backup(target)
            target.close()
            done = run_verifier(tmp_path / f"{case}.sqlite")
            assert (done.returncode, done.stderr) == (1, "")
            assert f"first bad record: seq {expected}:" in done.stdout
        copy.close()
        found[forgery.__name__] += 1
    for source in sources:
        source.close()
    assert found.total() == CASES
    assert found["flip"] == 3 * found["swap"] == CASES * 3 // 8


def test_no_untouched_ledger_is_accused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is looked at as it grows, with its log beside it, and once more when it is closed."""
    monkeypatch.setattr(sqlite, "LOG_RESERVE_BYTES", 0)
    looks = 0
    for seed in range(UNTOUCHED // LOOKS_EACH):
        rng = random.Random(seed)
        path = tmp_path / f"{seed}.sqlite"
        store = SqliteStore.open(path, create=True)
        head = store.append([a_seal(ledger_id=f"L-{seed}")])
        for look in range(LOOKS_EACH):
            report = verify.verify(path)
            assert (report.findings, report.records, report.head) == ((), head.seq, head.hash)
            looks += 1
            head = store.append(random_entries(rng, rng.choice((1, 3, 60)), ts=head.ts))
            if look % 2:
                store.checkpoint()
        store.close()
        report = verify.verify(path)
        assert (report.findings, report.records, report.head) == ((), head.seq, head.hash)
        if seed % 5 == 0:
            assert run_verifier(path).returncode == 0
    assert looks == UNTOUCHED


def damaged(image: bytes, rng: random.Random) -> bytes:
    """What disks and copies do: flipped bits, garbled sectors, pages in the wrong place, ends that are missing."""
    bad = bytearray(image)
    at = rng.randrange(len(bad))
    match rng.randrange(6):
        case 0 | 1:
            bad[at] ^= 1 << rng.randrange(8)
        case 2:
            bad[at % 2000] ^= 1 << rng.randrange(8)  # header and schema
        case 3:
            bad[at : at + 512] = rng.randbytes(len(bad[at : at + 512]))
        case 4:
            bad[at : at + 4096] = bytes(len(bad[at : at + 4096]))
        case _:
            del bad[at:]
    return bytes(bad)


def test_damage_to_any_byte_of_the_file_is_found_or_harmless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the bytes: an answer, never another exception, and never `intact` for other records."""
    monkeypatch.setattr(sqlite, "LOG_RESERVE_BYTES", 0)
    path = tmp_path / "ledger.sqlite"
    records = write_ledger(path, 150)
    image = path.read_bytes()
    intact = 0
    for case in range(BYTE_CASES):
        path.write_bytes(damaged(image, random.Random(case)))
        report = verify.verify(path)
        if report.intact:
            intact += 1
            reader = open_reader(path)
            assert list(reader.records()) == records, f"case {case}"
            reader.close()
        elif report.findings[0].seq is not None:
            assert report.findings[0].seq == report.records + 1, f"case {case}"
        assert report.as_text()
        if case % 40 == 0:
            done = run_verifier(path)
            assert (done.returncode, done.stderr) == (0 if report.intact else 1, "")
        with suppress(LedgerError):
            SqliteStore.open(path).close()
    assert BYTE_CASES * 0.1 < intact < BYTE_CASES * 0.7  # the rest of the bytes hold nothing that anybody reads


@pytest.mark.parametrize("kept", [0, 1, 99, 100, 512, 4096, 8191, 8192, 8193, 16_384, -8192, -4096, -1])
def test_a_truncated_file_is_never_intact(kept: int, tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    write_ledger(path, 150)
    path.write_bytes(path.read_bytes()[:kept])
    done = run_verifier(path)
    assert (done.returncode, done.stderr) == (1, "")
    with pytest.raises(LedgerCorrupt):
        check_ledger(path)
