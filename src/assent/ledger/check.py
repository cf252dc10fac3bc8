"""What a start must know before it folds a single fact: the ledger is whole, and it is the right one.

Uses the verifier's own reading, so that what the program trusts is what a stranger can check. Reads only.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from assent.ledger import verify
from assent.ledger.errors import LedgerCorrupt, LedgerMismatch, LedgerMissing, LedgerUnwritable
from assent.ledger.verify import Report


def check_ledger(path: str | os.PathLike[str], *, anchors: str | os.PathLike[str] | None = None) -> Report:
    """Read every record and every anchor; `LedgerCorrupt` names the first bad seq.

    A ledger without any record passes, if no anchor says that it had some: its seal is about to be written.
    """
    place = Path(path)
    if not place.exists():
        raise LedgerMissing(str(place))
    try:
        report = verify.verify(place, None if anchors is None else Path(anchors))
    except verify.CannotRead as error:
        raise LedgerUnwritable(str(error)) from error
    if report.intact or report.unsealed:
        return report
    first = report.findings[0]
    raise LedgerCorrupt(first.seq, first.what, path=str(place))


def check_seal(seal: Mapping[str, object], expected: Mapping[str, object]) -> None:
    """`LedgerMismatch` at the first field in which the seal is not what this start expects."""
    for field, wanted in expected.items():
        if seal.get(field) != wanted:
            raise LedgerMismatch(field, wanted, seal.get(field))
