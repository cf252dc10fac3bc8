"""Small ledgers to look at, to damage and to lose."""

import json
import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assent.ledger import verify
from assent.ledger.chain import Entry, Record
from assent.ledger.contract import a_seal
from assent.ledger.sqlite import SqliteStore

VERIFIER = Path(verify.__file__)


def random_entries(rng: random.Random, count: int, *, ts: int = 2) -> list[Entry]:
    entries = []
    for n in range(count):
        ts += rng.choice((0, 1, 1_000_000))
        body = json.dumps({"n": n, "text": "ö" * rng.randrange(40), "qty": rng.randrange(10**9)}).encode()
        entries.append(Entry(ts, rng.choice(("QuoteSeen", "IntentProposed", "OrderReleased")), 1, body))
    return entries


def write_ledger(path: Path, count: int, *, seed: int = 0) -> list[Record]:
    """A closed ledger of `count` records, in batches of various sizes."""
    rng = random.Random(seed)
    store = SqliteStore.open(path, create=True)
    store.append([a_seal(ledger_id=f"L-{seed}")])
    while (left := count - store.head().seq) > 0:
        store.append(random_entries(rng, min(left, rng.choice((1, 2, 30))), ts=store.head().ts))
    records = list(store.records())
    store.close()
    return records


def in_memory(path: Path) -> sqlite3.Connection:
    """A copy that can be changed quickly."""
    source = verify.connect(path)
    copy = sqlite3.connect(":memory:", isolation_level=None)
    source.backup(copy)
    source.close()
    return copy


@contextmanager
def unguarded(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """What a careful forger does: the triggers off, the change, the triggers on again, as they were."""
    names = [name for name in verify.SCHEMA if name != "ledger"]
    for name in names:
        connection.execute(f"DROP TRIGGER {name}")
    yield connection
    for name in names:
        connection.execute(verify.SCHEMA[name])


def report_on(connection: sqlite3.Connection, anchors: Path | None = None) -> verify.Report:
    connection.rollback()
    report = verify.verify_connection(connection, Path("copy"), anchors)
    connection.rollback()
    return report


def run_verifier(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The program as a stranger runs it: its own file, isolated, in an empty environment."""
    return subprocess.run(
        [sys.executable, "-I", VERIFIER, *map(str, arguments)],
        capture_output=True, text=True, timeout=60, env={}, check=False,
    )  # fmt: skip
