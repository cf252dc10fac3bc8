"""kill -9: what was acknowledged over the pipe is there afterwards, whole and in its place."""

import random
import subprocess
import sys
import time
from pathlib import Path

from assent.ledger.check import check_ledger
from assent.ledger.sqlite import SqliteStore, open_reader

CYCLES = 20
WRITER = """
import random, sys
from assent.ledger.chain import Entry
from assent.ledger.contract import a_seal
from assent.ledger.sqlite import SqliteStore
rng = random.Random(int(sys.argv[2]))
store = SqliteStore.open(sys.argv[1], create=True)
if store.head().seq == 0:
    store.append([a_seal()])
while True:
    ts = store.head().ts
    bodies = [rng.randbytes(rng.randrange(2000)) for _ in range(rng.choice((1, 3, 40)))]
    head = store.append([Entry(ts + 1, "Fact", 1, body) for body in bodies])
    sys.stdout.write(f"{head.seq} {head.hash.hex()}\\n")
    sys.stdout.flush()
    if rng.random() < 0.05:
        store.checkpoint()
"""


def run_and_kill(path: Path, cycle: int) -> list[str]:
    """The lines that a writer got out before it was killed; a line without its end was not said."""
    rng = random.Random(cycle)
    with subprocess.Popen([sys.executable, "-c", WRITER, path, str(cycle)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        said = writer.stdout.readline()
        time.sleep(rng.random() * 0.08)
        writer.kill()
        said += writer.stdout.read()
    return [line for line in said.decode().splitlines(keepends=True) if line.endswith("\n")]


def test_nothing_acknowledged_is_lost_by_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    acknowledged: dict[int, str] = {}
    for cycle in range(CYCLES):
        lines = run_and_kill(path, cycle)
        assert lines, f"cycle {cycle}: the writer said nothing"
        for line in lines:
            seq, digest = line.split()
            assert int(seq) not in acknowledged
            acknowledged[int(seq)] = digest
        report = check_ledger(path)  # with the log that the dead process left
        assert report.records >= max(acknowledged)
        reader = open_reader(path)
        found = {record.seq: record.hash.hex() for record in reader.records()}
        reader.close()
        assert acknowledged.items() <= found.items()
    store = SqliteStore.open(path)  # the lease died with its holder
    assert store.head().seq >= max(acknowledged)
    store.close()
    assert len(acknowledged) > CYCLES
