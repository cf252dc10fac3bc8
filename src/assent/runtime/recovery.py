"""Start-up is recovery, always: lease, verify, restore, and only then a desk that may decide.

The same road after a clean stop, a crash and on the first day. What is not this desk's own, whole ledger is refused
before anything is folded. What the file says of the limits is compared with those in force, which only the fold knows:
a file that is tighter somewhere and looser nowhere is offered to the desk, any other ends the start.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, NamedTuple

import msgspec

from assent.desk.desk import Desk
from assent.ledger.anchors import AnchorFile, anchors_of
from assent.ledger.chain import EMPTY, Head, seal_of
from assent.ledger.check import check_ledger, check_seal
from assent.ledger.errors import LedgerCorrupt, LedgerNotJudged
from assent.ledger.lease import Lease
from assent.ledger.port import Reader
from assent.ledger.sealed import digest_fault
from assent.ledger.sqlite import SqliteStore, open_reader
from assent.model.belts import Belts
from assent.model.change import LimitChange, changes_between, in_one_line, verdict_of
from assent.model.constitution import Constitution, Narrowing
from assent.model.errors import AssentError, InvariantBroken
from assent.model.facts import DeskStarted, Fact, LedgerOpened, StateMarked, decode_fact
from assent.model.inputs import ConstitutionOffered, DeskStarting, Environment, HaltAsked, Input, LedgerOpening, Mode
from assent.model.plugins import PluginUsed
from assent.runtime import broken
from assent.runtime.build import build_digest
from assent.runtime.lastwords import FILE_NAME, LastWords

DEATHS_MAX = 3


class LimitsLoosened(AssentError):
    """The file says limits that are looser than those in force. Nothing was started and nothing written."""

    code: ClassVar[str] = "limits_loosened"

    def __init__(self, changes: Sequence[LimitChange]) -> None:
        self.changes = tuple(changes)
        count = sum(change.becomes == "looser" for change in changes)
        lines = "".join(f"\n  {in_one_line(change)}" for change in changes)
        super().__init__(
            f"The file loosens {count} of the limits in force, so nothing was started:{lines}\n"
            "A start may only tighten limits, and takes a file as a whole or not at all. Put the values back, or have a"
            " named person loosen them on the record: assent constitution amend --by NAME --reason REASON"
        )


class Identity(NamedTuple):
    """What a desk is about: sealed with the first record. All but the limits must be the same at every later start."""

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


def open_ledger(place: Path, desk: Desk, identity: Identity, *, lease: Lease, starting: bool = True) -> Opened:
    """Verify every record and anchor, compare the seal, fold everything into the desk.

    `starting`: the desk is to run, so its file may not loosen the limits in force. A person's act needs no such file.
    """
    try:
        if place.exists():
            check_ledger(place, anchors=anchors_of(place))
        store = SqliteStore.open(place, create=True, lease=lease)
        try:
            restore(store, desk, identity)
            if starting:
                check_limits(desk, identity.constitution)
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
    """Each record decoded; when the next one is asked for, the desk has folded all that came before it.

    What only this program cannot prove, and another version was at work by the chain's own word, is not judged."""
    here, wrote = build_digest(), ""
    for record in ledger.records():
        if record.seq == 1:
            check_seal(seal_of(record), identity.sealed())
        fault = digest_fault(record)
        if fault:
            raise LedgerCorrupt(record.seq, fault)
        try:
            fact = decode_fact(record.kind, record.version, record.body)
        except msgspec.MsgspecError as error:
            if wrote not in ("", here):
                raise LedgerNotJudged(record.seq, wrote=wrote, here=here) from error
            raise InvariantBroken("fact_unreadable", seq=record.seq, kind=record.kind, error=str(error)) from error
        if type(fact) is StateMarked and fact.digest != desk.state.digest():
            if wrote != here:
                raise LedgerNotJudged(record.seq, wrote=wrote, here=here)
            raise InvariantBroken("state_digest_differs", seq=record.seq, marked=fact.seq)
        wrote = fact.build if isinstance(fact, LedgerOpened | DeskStarted) else wrote
        yield record.ts, fact


def check_limits(desk: Desk, constitution: Constitution) -> None:
    """`LimitsLoosened` with every difference, if one of them is looser than what is in force."""
    changes = _changes(desk, constitution)
    if verdict_of(changes) == "looser":
        raise LimitsLoosened(changes)


def _changes(desk: Desk, constitution: Constitution) -> tuple[LimitChange, ...]:
    seal = desk.state.seal
    return changes_between(seal.constitution, constitution) if seal else ()


def opening_inputs(
    desk: Desk,
    identity: Identity,
    *,
    ledger_id: str,
    build: str,
    plugins: tuple[PluginUsed, ...] = (),
    narrowed: Narrowing | None = None,
    belts: Belts | None = None,
    state_dir: Path | None,
    now: int,
) -> list[Input]:
    """What the desk must be told first: its seal on a fresh ledger, or its file's limits where they are not those in
    force; that it starts; and what killed it before."""
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
    elif _changes(desk, identity.constitution):
        inputs.append(ConstitutionOffered(identity.constitution, now))
    names = tuple(strategy.name for strategy in desk.strategies)
    inputs.append(DeskStarting(build, names, now, plugins, narrowed, belts))
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
