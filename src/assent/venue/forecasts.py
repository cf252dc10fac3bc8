"""Estimates from a program of the owner's own, asked for over HTTP: one list, read whole, again and again.

    {"forecasts": [{"instrument": "KXHIGHNY-26NOV21-B52.5", "probability": "0.6312",
                    "source": "model-7", "ts_ms": 1790000000000}]}

A probability is text with at most six decimals. What is known already is not told again; what cannot be true is counted
and left out, each line by itself. A list that does not come is no reason to halt: a strategy says how old an estimate
it still believes, and without one it proposes nothing.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple, Protocol

import msgspec

from assent.model.inputs import ForecastSeen, Input, RejectionSeen
from assent.model.text import shown
from assent.model.units import MICRO, is_time
from assent.venue.keys import repeated_key
from assent.venue.transport import Answer, Failed, Request, Transport

ASK_MAX_NS: Final = 10_000_000_000
BODY_MAX: Final = 4 * 1024 * 1024
LINES_MAX: Final = 20_000
_PROBABILITY: Final = re.compile(r"(0|1)(?:\.([0-9]{1,6}))?")
_MILLISECOND: Final = 1_000_000


class Time(Protocol):
    """What this feed needs of a clock."""

    def now(self) -> int: ...

    def sleep(self, duration_ns: int) -> Awaitable[None]: ...


class Place(NamedTuple):
    """Where the list stands, and how often it is asked for. `name` is the source in rejections."""

    target: str
    every_ns: int
    name: str = "forecasts"


class _Line(msgspec.Struct):
    instrument: str
    probability: str
    source: str
    ts_ms: int


class _List(msgspec.Struct):
    forecasts: list[msgspec.Raw]


_whole: Final = msgspec.json.Decoder(_List)
_line: Final = msgspec.json.Decoder(_Line)


class ForecastFeed:
    """Asks until it is cancelled. `listed` says whether the desk knows an instrument: others are nobody's business."""

    def __init__(self, transport: Transport, place: Place, clock: Time, *, listed: Callable[[str], bool]) -> None:
        self._transport = transport
        self._place = place
        self._clock = clock
        self._listed = listed
        self._told: dict[tuple[str, str], int] = {}

    async def run(self, put: Callable[[Input], None]) -> None:
        """Ask, tell what is new, wait."""
        while True:
            answer = await self._transport.request(
                Request("GET", self._place.target, {"accept": "application/json"}), timeout_ns=ASK_MAX_NS
            )
            for item in self._news(answer):
                put(item)
            await self._clock.sleep(self._place.every_ns)

    def _news(self, answer: Answer | Failed) -> list[Input]:
        now = self._clock.now()
        if isinstance(answer, Failed):
            return [self._rejected(answer.why, now)]
        if answer.status != 200 or len(answer.body) > BODY_MAX:
            return [self._rejected(f"status {answer.status}, {len(answer.body)} bytes", now)]
        try:
            lines = _whole.decode(answer.body).forecasts
            twice = repeated_key(answer.body)
        except (msgspec.MsgspecError, ValueError, RecursionError) as fault:
            return [self._rejected(str(fault), now)]
        if twice is not None or len(lines) > LINES_MAX:
            fault_words = (
                f"the key {twice} stands twice" if twice else f"{len(lines)} lines, at most {LINES_MAX} may be"
            )
            return [self._rejected(fault_words, now)]
        before, self._told = self._told, {}
        return [item for line in lines for item in self._read(line, before, now)]

    def _read(self, raw: msgspec.Raw, before: dict[tuple[str, str], int], now: int) -> list[Input]:
        """What one line says that was not known. Only what stands in the present list is remembered."""
        try:
            line = _line.decode(raw)
        except (msgspec.MsgspecError, ValueError, RecursionError) as fault:
            return [self._rejected(str(fault), now)]
        if not self._listed(line.instrument):
            return []
        probability, ts = ppm_of(line.probability), line.ts_ms * _MILLISECOND
        if probability is None or not is_time(ts):
            return [self._rejected(f"{line.instrument}: {line.probability} at {line.ts_ms}", now)]
        key = (line.instrument, line.source)
        known = max(before.get(key, -1), self._told.get(key, -1))
        self._told[key] = max(ts, known)
        return [ForecastSeen(line.instrument, probability, shown(line.source), ts, now)] if ts > known else []

    def _rejected(self, why: str, now: int) -> Input:
        return RejectionSeen("forecast_unreadable", self._place.name, shown(why), now)


def ppm_of(text: str) -> int | None:
    """Parts per million from a plain decimal between 0 and 1, exactly; None for anything else."""
    found = _PROBABILITY.fullmatch(text)
    if found is None:
        return None
    ppm = int(found[1]) * MICRO + int((found[2] or "").ljust(6, "0"))
    return ppm if ppm <= MICRO else None
