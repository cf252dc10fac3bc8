"""Every halt that a ledger tells of: why and by whom it was raised, how and by whom it ended, and for how long it was
set aside meanwhile.

Pure: from the facts alone, so that it answers for a desk that runs, one that rests, and one that is only a copy.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from assent.desk.lots import Told
from assent.model.facts import Fact, HaltCleared, HaltRaised
from assent.model.levels import Level, Reset
from assent.model.overrides import HaltOverridden, OverrideEnded, OverrideEnding

RAISED_ANEW = "raised anew"
# How an override ended, in words.
OVERRIDE_ENDINGS: dict[OverrideEnding, str] = {
    "time": "its time was up",
    "asked": "taken back",
    "raised_again": "the trouble came again",
}
HaltFact = HaltRaised | HaltCleared | HaltOverridden | OverrideEnded


class PastOverride(msgspec.Struct, frozen=True):
    """One override of a halt: by whom, why, for how long it was given, and how it ended. One that ended with its halt,
    or has not ended yet, says nothing of that: None."""

    by: str
    why: str
    since_ts: int
    until_ts: int
    ended_ts: int | None = None
    ended_by: str | None = None
    ended_why: str | None = None


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
    overrides: tuple[PastOverride, ...] = ()


class HaltHistory:
    """The halts in the order in which they were raised, kept while records come in."""

    def __init__(self) -> None:
        # By the record that raised it.
        self._rows: dict[int, PastHalt] = {}
        self._standing: dict[str, int] = {}

    def add(self, seq: int, ts: int, fact: HaltFact) -> None:
        if isinstance(fact, HaltRaised):
            self._end(fact.cause, seq, ts, by="desk", why=RAISED_ANEW)
            self._standing[fact.cause] = seq
            self._rows[seq] = PastHalt(fact.cause, Level(fact.level).name, fact.reset, fact.by, fact.detail, seq, ts)
        elif isinstance(fact, HaltCleared):
            self._end(fact.cause, seq, ts, by=fact.by, why=fact.reason)
        elif fact.cause in self._standing:
            seq = self._standing[fact.cause]
            row = self._rows[seq]
            told = _overrides_with(row.overrides, ts, fact)
            self._rows[seq] = msgspec.structs.replace(row, overrides=told)

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


def _overrides_with(
    overrides: tuple[PastOverride, ...], ts: int, fact: HaltOverridden | OverrideEnded
) -> tuple[PastOverride, ...]:
    """With one more, or with the end of the last."""
    if isinstance(fact, HaltOverridden):
        return (*overrides, PastOverride(fact.by, fact.reason, ts, fact.until_ts))
    why = f"{OVERRIDE_ENDINGS[fact.why]}: {fact.detail}" if fact.detail else OVERRIDE_ENDINGS[fact.why]
    return (*overrides[:-1], msgspec.structs.replace(overrides[-1], ended_ts=ts, ended_by=fact.by, ended_why=why))


def overridden_at(records: Iterable[Told], moment: Fact) -> tuple[Told, ...]:
    """The records of the overrides that were in force at the moment of this one."""
    found: dict[str, tuple[int, Told]] = {}
    for seq, ts, fact in records:
        if isinstance(fact, HaltOverridden):
            found[fact.cause] = fact.until_ts, (seq, ts, fact)
        elif isinstance(fact, OverrideEnded | HaltCleared):
            found.pop(fact.cause, None)
        elif fact is moment:
            return tuple(told for until_ts, told in found.values() if ts < until_ts)
    return ()


def halt_history(records: Iterable[Told]) -> list[dict[str, Any]]:
    """One row a halt, in the order in which they were raised, for JSON."""
    history = HaltHistory()
    for seq, ts, fact in records:
        if isinstance(fact, HaltFact):
            history.add(seq, ts, fact)
    return [msgspec.to_builtins(row) for row in history.rows()]
