"""The numbers of one subscription: is this frame the next one, a hole before it, a repeat, late, or another count?

Kalshi numbers the messages of a subscription one by one over all its markets. A book is right only while none is
missing, so what is not plainly the next number is told apart here, and what cannot be explained counts as a reset.
"""

from collections import OrderedDict
from enum import Enum
from typing import Final

from assent.venue.kalshi.messages import Body

# How many frames back a repeat can still be told from another frame under an old number.
REMEMBERED_MAX: Final = 256
# A hole wider than this is not waited for: the subscription starts anew.
MISSING_MAX: Final = 4_096


class Step(Enum):
    """What a frame's number makes of it."""

    NEXT = "next"
    # Frames before it are missing; it itself stands.
    GAP = "gap"
    # The very same frame again: nothing changes.
    REPEAT = "repeat"
    # One of the missing, too late: whatever it changed has to come by a snapshot.
    LATE = "late"
    # The count is not the one that we followed.
    RESET = "reset"


class Sequence:
    """Follows one sid from the first number that it shows."""

    __slots__ = ("_missing", "_recent", "last")

    def __init__(self) -> None:
        self.last: int | None = None
        self._recent: OrderedDict[int, Body] = OrderedDict()
        self._missing: dict[int, None] = {}

    def take(self, seq: int, body: Body) -> Step:
        """Place a frame that is part of the sequence."""
        last = self.last
        if last is None or seq == last + 1:
            self._follow(seq, body)
            return Step.NEXT
        if seq > last:
            if not self._miss(last + 1, seq):
                return Step.RESET
            self._follow(seq, body)
            return Step.GAP
        if seq in self._recent:
            return Step.REPEAT if self._recent[seq] == body else Step.RESET
        if seq in self._missing:
            del self._missing[seq]
            self._recent[seq] = body
            return Step.LATE
        return Step.RESET

    def acknowledged(self, seq: int) -> Step:
        """Place the number that an answer to a command carries.

        Whether an answer takes a number of its own is not documented. One that is ahead of us may therefore be a frame
        that we missed, so it is a hole; the frame after it may carry the same number or the next one.
        """
        last = self.last
        if last is None or seq <= last:
            return Step.NEXT
        if not self._miss(last + 1, seq):
            return Step.RESET
        self.last = seq - 1
        return Step.GAP

    def _follow(self, seq: int, body: Body) -> None:
        self.last = seq
        self._recent[seq] = body
        if len(self._recent) > REMEMBERED_MAX:
            self._recent.popitem(last=False)

    def _miss(self, start: int, end: int) -> bool:
        """Remember which numbers are missing; False when they are too many to follow."""
        if len(self._missing) + end - start > MISSING_MAX:
            return False
        self._missing.update(dict.fromkeys(range(start, end)))
        return True
