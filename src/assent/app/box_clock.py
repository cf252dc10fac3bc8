"""The time of an exchange in the box: asked once before anything else, and again and again while the desk lives.

Only such an exchange has a clock of its own, which may run faster than ours; orders, signatures and time-outs must
agree with it. When it cannot be asked the clock runs on by itself: both run on one machine.
"""

import asyncio
from collections.abc import Callable
from typing import Annotated, Final

import msgspec

from assent.ledger.chain import Head
from assent.model.errors import AssentError
from assent.model.inputs import Input
from assent.model.units import MINUTE, SECOND, TIME_END, format_duration
from assent.runtime.clock import LedClock, stopwatch
from assent.venue.transport import Failed, Request, Transport

PATH: Final = "/box/clock"
ASK_TIMEOUT: Final = 5 * SECOND
# In real time: what has run apart until then is a few milliseconds of ours.
ASK_EVERY: Final = 5 * SECOND
# So much earlier than its ledger's end a desk may find itself: its clock was ahead of the box's by less than this.
BEHIND_MAX: Final = MINUTE


class _Said(msgspec.Struct):
    now_ns: Annotated[int, msgspec.Meta(gt=0, lt=TIME_END)]
    speed: Annotated[float, msgspec.Meta(gt=0, le=100_000)]


class BoxAway(AssentError):
    """The exchange in the box does not say what time it is."""

    code = "box_away"


async def led_clock(transport: Transport, url: str, *, head: Head) -> LedClock:
    """A clock that is led by the box at `url`; refuses one that lives before the ledger's last record."""
    asked = await _ask(transport)
    if isinstance(asked, str):
        raise BoxAway(
            f"The exchange in the box at {url} does not say what time it is: {asked}. A desk there lives by that"
            " clock. Start it with `assent exchange kalshi`, or correct [kalshi] box_url."
        )
    ts, speed = asked
    behind = head.ts - ts
    if behind > BEHIND_MAX * max(1, int(speed)):
        apart = format_duration(-(-behind // MINUTE) * MINUTE)
        raise BoxAway(
            f"The exchange in the box at {url} lives {apart} before the last record of this desk's ledger, so it is not"
            " the one that the desk knew, or it was begun anew. Start the one that belongs to this ledger, or make a"
            " new desk."
        )
    return LedClock(ts, speed, floor_ts=head.ts)


async def keep_in_step(transport: Transport, clock: LedClock, _put: Callable[[Input], None]) -> None:
    """Ask again and again; no answer is no news, and nothing of it is an input: the clock tells of a jump itself."""
    while True:
        await asyncio.sleep(ASK_EVERY / SECOND)
        asked = await _ask(transport)
        if not isinstance(asked, str):
            clock.follow(*asked)


async def _ask(transport: Transport) -> tuple[int, float] | str:
    """The box's time at this moment and its speed, or why they are not known."""
    seconds = stopwatch()
    got = await transport.request(Request("GET", PATH, {}), timeout_ns=ASK_TIMEOUT)
    if isinstance(got, Failed):
        return got.why
    if got.status != 200:
        return f"it answers with {got.status}"
    try:
        said = msgspec.json.decode(got.body, type=_Said)
    except msgspec.MsgspecError:
        return "its answer is no time and speed"
    # Half of the way there and back has passed since it looked.
    return said.now_ns + int(seconds() / 2 * said.speed * SECOND), said.speed
