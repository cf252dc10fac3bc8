"""Every halt that a ledger tells of: why and by whom it was raised, how and by whom it ended.

Pure: from the facts alone, so that it answers for a desk that runs, one that rests, and one that is only a copy.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from assent.desk.lots import Told
from assent.model.facts import HaltCleared, HaltRaised
from assent.model.levels import Level, Reset

RAISED_ANEW = "raised anew"


class PastHalt(msgspec.Struct, frozen=True):
    """One halt. One that still stands has no end: None."""

    cause: str
    level: str
    reset: Reset
    by: str
    detail: str
    raised_seq: int
    raised_ts: int
    cleared_seq: int | None = None
    cleared_ts: int | None = None
    cleared_by: str | None = None
    cleared_why: str | None = None


class HaltHistory:
    """The halts in the order in which they were raised, kept while records come in."""

    def __init__(self) -> None:
        # By the record that raised it.
        self._rows: dict[int, PastHalt] = {}
        self._standing: dict[str, int] = {}

    def add(self, seq: int, ts: int, fact: HaltRaised | HaltCleared) -> None:
        if isinstance(fact, HaltRaised):
            self._end(fact.cause, seq, ts, by="desk", why=RAISED_ANEW)
            self._standing[fact.cause] = seq
            self._rows[seq] = PastHalt(fact.cause, Level(fact.level).name, fact.reset, fact.by, fact.detail, seq, ts)
        else:
            self._end(fact.cause, seq, ts, by=fact.by, why=fact.reason)

    def rows(self) -> tuple[PastHalt, ...]:
        return tuple(self._rows.values())

    def forget_all_but(self, newest: int) -> None:
        """Keep so many of those that are over, and every one that stands."""
        over = [seq for seq in self._rows if seq not in self._standing.values()]
        for seq in over[: max(0, len(over) - newest)]:
            del self._rows[seq]

    def _end(self, cause: str, seq: int, ts: int, *, by: str, why: str) -> None:
        raised = self._standing.pop(cause, None)
        if raised is not None:
            ended = {"cleared_seq": seq, "cleared_ts": ts, "cleared_by": by, "cleared_why": why}
            self._rows[raised] = msgspec.structs.replace(self._rows[raised], **ended)


def halt_history(records: Iterable[Told]) -> list[dict[str, Any]]:
    """One row a halt, in the order in which they were raised, for JSON."""
    history = HaltHistory()
    for seq, ts, fact in records:
        if isinstance(fact, HaltRaised | HaltCleared):
            history.add(seq, ts, fact)
    return [msgspec.structs.asdict(row) for row in history.rows()]
