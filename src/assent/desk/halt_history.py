"""Every halt that a ledger tells of: why and by whom it was raised, how and by whom it ended.

Pure: from the facts alone, so that it answers for a desk that runs, one that rests, and one that is only a copy.
"""

from collections.abc import Iterable
from typing import Any

from assent.desk.lots import Told
from assent.model.facts import HaltCleared, HaltRaised
from assent.model.levels import Level

RAISED_ANEW = "raised anew"


def halt_history(records: Iterable[Told]) -> list[dict[str, Any]]:
    """One row a halt, in the order in which they were raised. One that still stands has no end: None."""
    rows: list[dict[str, Any]] = []
    standing: dict[str, dict[str, Any]] = {}
    for seq, ts, fact in records:
        if type(fact) is HaltRaised:
            _end(standing.get(fact.cause), seq, ts, by="desk", why=RAISED_ANEW)
            row = standing[fact.cause] = _row(seq, ts, fact)
            rows.append(row)
        elif type(fact) is HaltCleared:
            _end(standing.pop(fact.cause, None), seq, ts, by=fact.by, why=fact.reason)
    return rows


def _row(seq: int, ts: int, fact: HaltRaised) -> dict[str, Any]:
    return {
        "cause": fact.cause,
        "level": Level(fact.level).name,
        "reset": fact.reset,
        "by": fact.by,
        "detail": fact.detail,
        "raised_seq": seq,
        "raised_ts": ts,
        "cleared_seq": None,
        "cleared_ts": None,
        "cleared_by": None,
        "cleared_why": None,
    }


def _end(row: dict[str, Any] | None, seq: int, ts: int, *, by: str, why: str) -> None:
    if row is not None:
        row.update(cleared_seq=seq, cleared_ts=ts, cleared_by=by, cleared_why=why)
