"""A halt set aside for a while by a named person: what is asked for, and the facts of what came of it.

The halt stays on the record and needs what it needed before to be over. Only its hold on the level rests, until a time
that is written down, for this one cause, and nothing else is let go by it.
"""

from typing import Literal

import msgspec

# How an override ends before its halt does: its time is up, a person takes it back, or the trouble came again.
OverrideEnding = Literal["time", "asked", "raised_again"]

# --- asked ---------------------------------------------------------------------------------------------


class OverrideAsked(msgspec.Struct, frozen=True, tag=True, gc=False):
    """A named person asks that one halt shall not hold the level for so long. `factor`: a second factor was proven."""

    cause: str
    life_ns: int
    by: str
    reason: str
    received_ts: int
    factor: bool = False


class OverrideEndAsked(msgspec.Struct, frozen=True, tag=True, gc=False):
    """A named person wants the halt to hold again at once. It is the stricter side, so it takes no proof."""

    cause: str
    by: str
    reason: str
    received_ts: int


# --- told ----------------------------------------------------------------------------------------------


class HaltOverridden(msgspec.Struct, frozen=True, tag=True, gc=False):
    """A halt that stands does not hold the level until then. The person has proven a second factor for it."""

    cause: str
    by: str
    reason: str
    until_ts: int


class OverrideEnded(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The halt holds again."""

    cause: str
    why: OverrideEnding
    by: str
    detail: str


class OverrideRefused(msgspec.Struct, frozen=True, tag=True, gc=False):
    """A person asked to set a halt aside, or to end that, and may not. `reason` is a registered code."""

    cause: str
    by: str
    reason: str
