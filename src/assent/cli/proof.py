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
from assent.ledger.sealed import digest_fault
from assent.ledger.sqlite import open_reader
from assent.model.errors import InvariantBroken
from assent.model.facts import StateMarked, decode_fact

OTHER_STATE: Final = "the state that it marks is not the one that the records before it fold to"


class Folded(NamedTuple):
    """How far the fold went: the state, how many digests agreed, and the first record that does not fit."""

    state: State
    marks: int
    seq: int | None
    fault: str


def prove(path: Path, anchors: Path | None = None) -> dict[str, Any]:
    """One object with everything that was checked; `intact` when nothing was found."""
    report = verify.verify(path, anchors)
    findings: list[dict[str, Any]] = [finding._asdict() for finding in report.findings]
    marks, constitution = 0, ""
    if report.intact:
        reader = open_reader(path)
        try:
            folded = fold_and_compare(reader.records(1, report.records))
        finally:
            reader.close()
        marks, seal = folded.marks, folded.state.seal
        constitution = seal.constitution_digest if seal else ""
        if folded.fault:
            findings.append({"seq": folded.seq, "what": folded.fault})
    return {
        "intact": not findings,
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
    state, marks = State(), 0
    for record in records:
        try:
            fact = decode_fact(record.kind, record.version, record.body)
            if type(fact) is StateMarked:
                if (fact.seq, fact.digest) != (state.seq, state.digest()):
                    return Folded(state, marks, record.seq, OTHER_STATE)
                marks += 1
            evolve(state, record.ts, fact)
            fault = digest_fault(record)
            if fault:
                return Folded(state, marks, record.seq, fault)
        except (InvariantBroken, msgspec.MsgspecError, KeyError) as error:
            return Folded(state, marks, record.seq, f"it does not follow from the records before it: {error}")
    return Folded(state, marks, None, "")
