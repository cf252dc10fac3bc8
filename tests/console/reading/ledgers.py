"""Ledgers with a past on the disk, written by the real desk from a seeded world, and what a whole fold says of them."""

from functools import cache
from pathlib import Path
from typing import ClassVar, NamedTuple, Self

from msgspec import structs
from tests.property.worlds import HAPPENINGS, LIMITS, World

from assent.console.reading.follower import Follower
from assent.desk.fold import evolve
from assent.desk.lots import Told
from assent.desk.state import State
from assent.ledger.anchors import AnchorFile, anchors_of
from assent.ledger.chain import Entry
from assent.ledger.sqlite import SqliteStore, open_reader
from assent.model.facts import SCHEMA_VERSION, Fact, decode_fact, encode_fact, kind_of
from assent.model.policy import Band
from assent.model.units import SECOND

NOW = 1_800_000_000 * SECOND


class Asking(World):
    """A world in which people are asked about everything, and answer often."""

    limits = structs.replace(
        LIMITS, approvals=(Band("open", 0, 1), Band("open", 2_500_000, 2), Band("close", 0, 1), Band("cancel", 0, 1)),
        approval_life=12 * SECOND, denied_pause_min=3 * SECOND, supersede_step_min=10_000,
    )  # fmt: skip
    files = ()
    happenings: ClassVar[dict[str, float]] = HAPPENINGS | {
        "answer": 70, "halt": 0.1, "meddling": 0, "contradiction": 0, "silence": 0.1, "file": 0, "amendment": 0.1,
        "resume": 10, "books": 15, "cancel": 2,
    }  # fmt: skip


def entries_of(records: list[tuple[int, Fact]]) -> list[Entry]:
    return [Entry(ts, kind_of(fact), SCHEMA_VERSION, encode_fact(fact)) for ts, fact in records]


@cache
def lived(world: type[World], seed: int, steps: int, ledger: str) -> tuple[Entry, ...]:
    """What a world leaves: the same each time, and many tests begin with it."""
    return tuple(entries_of(world(seed, ledger=ledger).live(steps).records))


class Growing:
    """A ledger that its writer fills from a world, a handful of records at a time."""

    def __init__(
        self, path: Path, seed: int = 1, steps: int = 400, *, ledger: str = "", world: type[World] = World
    ) -> None:
        self.path = path
        self.left = list(lived(world, seed, steps, ledger))
        self.store = SqliteStore.open(path, create=True)

    def grow(self, count: int) -> Self:
        self.store.append(self.left[:count])
        del self.left[:count]
        return self

    def finish(self) -> Self:
        while self.left:
            self.grow(1_000)
        return self

    def anchor(self, ledger_id: str) -> None:
        anchors = AnchorFile(anchors_of(self.path))
        anchors.append(ledger_id, self.store.head())
        anchors.close()

    def close(self) -> None:
        self.store.close()


def write_world(path: Path, seed: int = 1, steps: int = 400, *, ledger: str = "", world: type[World] = World) -> Path:
    Growing(path, seed, steps, ledger=ledger, world=world).finish().close()
    return path


class Whole(NamedTuple):
    """What `read_ledger` of the command line has: everything in memory."""

    state: State
    records: list[Told]


def read_whole(path: Path) -> Whole:
    reader, state, records = open_reader(path), State(), []
    for record in reader.records():
        fact = decode_fact(record.kind, record.version, record.body)
        evolve(state, record.ts, fact)
        records.append((record.seq, record.ts, fact))
    reader.close()
    return Whole(state, records)


def followed(path: Path) -> Follower:
    """A follower that has read all that there is."""
    follower = Follower(path, lambda: NOW)
    while follower.step():
        pass
    return follower
