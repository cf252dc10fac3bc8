"""Start-up is recovery, always: lease, verify, restore, and only then a desk that may decide.

The same road after a clean stop, a crash and on the first day. What is not this desk's own, whole ledger is refused
before anything is folded.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from assent.desk.desk import Desk
from assent.ledger.anchors import AnchorFile, anchors_of
from assent.ledger.chain import EMPTY, Head, seal_of
from assent.ledger.check import check_ledger, check_seal
from assent.ledger.lease import Lease
from assent.ledger.port import Reader
from assent.ledger.sqlite import SqliteStore, open_reader
from assent.model.constitution import Constitution
from assent.model.errors import InvariantBroken
from assent.model.facts import Fact, StateMarked, decode_fact
from assent.model.inputs import DeskStarting, Environment, HaltAsked, Input, LedgerOpening, Mode
from assent.runtime import broken
from assent.runtime.lastwords import FILE_NAME, LastWords

DEATHS_MAX = 3


class Identity(NamedTuple):
    """What a desk is about: sealed with the first record, compared at every later start."""

    mode: Mode
    venue: str
    environment: Environment
    account: str
    constitution: Constitution

    def sealed(self) -> Mapping[str, object]:
        return {
            "mode": self.mode,
            "venue": self.venue,
            "environment": self.environment,
            "account": self.account,
            "constitution_digest": self.constitution.digest(),
        }


class Opened(NamedTuple):
    """A store that only we write, with its anchors."""

    store: SqliteStore
    anchors: AnchorFile
    lease: Lease

    def close(self) -> None:
        self.anchors.close()
        self.store.close()
        self.lease.release()


def take_lease(place: Path, *, now: int) -> Lease:
    """The first step of every start, before anything is read."""
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return Lease.take(place, started_ts=now)


def open_ledger(place: Path, desk: Desk, identity: Identity, *, lease: Lease) -> Opened:
    """Verify every record and anchor, compare the seal, fold everything into the desk."""
    try:
        if place.exists():
            check_ledger(place, anchors=anchors_of(place))
        store = SqliteStore.open(place, create=True, lease=lease)
        try:
            restore(store, desk, identity)
            return Opened(store, AnchorFile(anchors_of(place)), lease)
        except BaseException:  # boundary: only to close what was opened; raised again as it is
            store.close()
            raise
    except BaseException:  # boundary: only to give the lease back; raised again as it is
        lease.release()
        raise


def head_of(path: Path) -> Head:
    """The last record of the ledger at `path`, or the empty head where there is none."""
    if not path.exists():
        return EMPTY
    reader = open_reader(path)
    try:
        return reader.head()
    finally:
        reader.close()


def restore(ledger: Reader, desk: Desk, identity: Identity) -> None:
    """Fold the ledger into a fresh desk, and prove on the way every state digest that was written while it ran."""
    desk.restore(_proven(ledger, desk, identity))


def _proven(ledger: Reader, desk: Desk, identity: Identity) -> Iterator[tuple[int, Fact]]:
    """Each record decoded; when the next one is asked for, the desk has folded all that came before it."""
    for record in ledger.records():
        if record.seq == 1:
            check_limits(seal_of(record), identity.constitution)
            check_seal(seal_of(record), identity.sealed())
        try:
            fact = decode_fact(record.kind, record.version, record.body)
        except msgspec.MsgspecError as error:
            raise InvariantBroken("fact_unreadable", seq=record.seq, kind=record.kind, error=str(error)) from error
        if type(fact) is StateMarked and fact.digest != desk.state.digest():
            raise InvariantBroken("state_digest_differs", seq=record.seq, marked=fact.seq)
        yield record.ts, fact


def check_limits(seal: Mapping[str, Any], constitution: Constitution) -> None:
    """`LedgerMismatch` at the first limit that is not the sealed one, by its name and values."""
    sealed = seal.get("constitution")
    if not isinstance(sealed, dict):
        return
    check_seal(
        {f"constitution.{name}": value for name, value in sealed.items()},
        {
            f"constitution.{name}": value
            for name, value in msgspec.json.decode(msgspec.json.encode(constitution)).items()
        },
    )


def opening_inputs(
    desk: Desk, identity: Identity, *, ledger_id: str, build: str, state_dir: Path | None, now: int
) -> list[Input]:
    """What the desk must be told first: its seal on a fresh ledger, that it starts, and what killed it before."""
    inputs: list[Input] = []
    if desk.state.seal is None:
        inputs.append(
            LedgerOpening(
                ledger_id=ledger_id,
                mode=identity.mode,
                venue=identity.venue,
                environment=identity.environment,
                account=identity.account,
                constitution=identity.constitution,
                build=build,
                received_ts=now,
            )
        )
    inputs.append(DeskStarting(build, tuple(strategy.name for strategy in desk.strategies), now))
    if state_dir is not None:
        deaths = LastWords.repeated(state_dir / FILE_NAME)
        if deaths.times >= DEATHS_MAX:
            detail = f"{deaths.times} deaths in a row on {deaths.input}"
            inputs.append(HaltAsked("strategy_repeats", deaths.strategy, detail, now))
        what = broken.noted(state_dir)
        if what is not None:
            inputs.append(HaltAsked("invariant_broken", "the last run", what, now))
    return inputs


def forget_deaths(state_dir: Path, *, now: int) -> None:
    """After a clean end, or when a person has resumed, earlier deaths count no more."""
    LastWords.clear(state_dir / FILE_NAME, ts=now)
