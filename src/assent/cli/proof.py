"""Is the ledger whole, and does the state follow from it? The verifier's verdict, and then the fold's.

The chain and the anchors are checked by the stand-alone verifier, the states by folding every record anew and comparing
each digest that the running desk wrote down. `constitution` is the digest of the limits that the records leave in
force. Reads only.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from assent.desk.fold import evolve
from assent.desk.state import State
from assent.ledger import verify
from assent.ledger.chain import Record
from assent.ledger.errors import LedgerNotJudged
from assent.ledger.sealed import digest_fault
from assent.ledger.sqlite import open_reader
from assent.model.errors import InvariantBroken
from assent.model.facts import DeskStarted, LedgerOpened, StateMarked, decode_fact
from assent.runtime.build import build_digest

OTHER_STATE: Final = "the state that it marks is not the one that the records before it fold to"

NOT_FOLLOWING: Final = "it does not follow from the records before it"


class Folded(NamedTuple):
    """How far the fold went: the state, how many digests agreed, and the first record that does not fit; where that is
    a matter of versions perhaps, the version that was at work by the records before it."""

    state: State
    marks: int
    seq: int | None
    fault: str
    wrote: str = ""


def prove(path: Path, anchors: Path | None = None) -> dict[str, Any]:
    """One object with everything that was checked; `intact` when nothing was found. It is not `judged` where the chain
    holds and this version cannot prove the states of another one: then nobody knows here whether it is whole."""
    report = verify.verify(path, anchors)
    findings: list[dict[str, Any]] = [finding._asdict() for finding in report.findings]
    marks, constitution, judged = 0, "", True
    if report.intact:
        reader = open_reader(path)
        try:
            folded = fold_and_compare(reader.records(1, report.records))
        finally:
            reader.close()
        marks, seal = folded.marks, folded.state.seal
        constitution = seal.constitution_digest if seal else ""
        if folded.fault and folded.wrote:
            judged = False
            words = LedgerNotJudged(folded.seq or 0, wrote=folded.wrote, here=build_digest())
            findings.append({"seq": folded.seq, "what": f"{folded.fault}; {words}"})
        elif folded.fault:
            findings.append({"seq": folded.seq, "what": folded.fault})
    return {
        "intact": not findings,
        "judged": judged,
        "path": str(path),
        "ledger_id": report.ledger_id,
        "records": report.records,
        "head": report.head.hex(),
        "anchors": report.anchors,
        "states": marks,
        "constitution": constitution,
        "findings": findings,
    }


def fold_and_compare(records: Iterable[Record]) -> Folded:
    """Fold from nothing; every `StateMarked` must be the digest of what was folded before it."""
    state, marks, here, wrote = State(), 0, build_digest(), ""
    for record in records:
        other = "" if wrote == here else wrote
        try:
            fact = decode_fact(record.kind, record.version, record.body)
            if type(fact) is StateMarked:
                if fact.seq == state.seq and fact.digest != state.digest():
                    return Folded(state, marks, record.seq, OTHER_STATE, other)
                if fact.seq != state.seq:
                    return Folded(state, marks, record.seq, OTHER_STATE)
                marks += 1
            evolve(state, record.ts, fact)
            fault = digest_fault(record)
            if fault:
                return Folded(state, marks, record.seq, fault)
        except msgspec.MsgspecError as error:
            return Folded(state, marks, record.seq, f"{NOT_FOLLOWING}: {error}", other)
        except (InvariantBroken, KeyError) as error:
            return Folded(state, marks, record.seq, f"{NOT_FOLLOWING}: {error}")
        wrote = fact.build if isinstance(fact, LedgerOpened | DeskStarted) else wrote
    return Folded(state, marks, None, "")
