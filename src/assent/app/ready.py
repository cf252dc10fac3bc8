"""Is this desk ready for real money? Judged from the settings, the key and the ledgers on this disk, and from nothing
else: what cannot be judged is not met, and nobody's word counts.

A ledger counts only whole: it must verify from its first record to its anchors, and be sealed for the same venue,
environment and account. Time counts only while the desk ran. A clean stop, a crash or a silence ends a stretch; what
lies between two starts is not run.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from assent.app.obstacles import obstacles
from assent.config import Settings
from assent.config.capability import cannot_go_live
from assent.ledger.anchors import anchors_of
from assent.ledger.check import check_ledger
from assent.ledger.errors import LedgerError
from assent.ledger.sqlite import open_reader
from assent.model.constitution import Constitution
from assent.model.facts import ConstitutionChanged, DeskStarted, DeskStopped, FillBooked, LedgerOpened, decode_fact
from assent.model.inputs import Mode
from assent.model.units import DAY, HOUR, MICRO, format_duration, format_micros

PAPER_DAYS: Final = 30
DRY_RUN_LENGTH: Final = 24 * HOUR
# The stage before larger limits: at most so much in orders on one day, for so long, with fills in it.
MICRO_NOTIONAL: Final = 20 * MICRO
MICRO_LENGTH: Final = 24 * HOUR
# A running desk records its books at least once an hour; a longer silence is not counted as having run.
SILENCE: Final = HOUR + HOUR // 4
# A day of paper on which the desk ran for less than this is not counted as one.
WHOLE_DAY: Final = 20 * HOUR


class Item(NamedTuple):
    """One line of the checklist; `name` is stable. `met` is never more than what was seen."""

    name: str
    met: bool
    found: str
    todo: str = ""


@dataclass(slots=True)
class Past:
    """What one ledger proves: why it does not count, or for each constitution how long it ran."""

    fault: str = ""
    longest: dict[str, int] = field(default_factory=dict)
    days: dict[int, int] = field(default_factory=dict)
    # The longest stretch under limits of the micro stage, and the fills in such stretches.
    micro: int = 0
    micro_fills: int = 0


def checklist(settings: Settings, environment: Mapping[str, str]) -> Iterator[Item]:
    """Every line, in the order in which they are usually met."""
    line = cannot_go_live(settings.venue, settings.environment)
    yield Item("capability", line is None, line or f"{settings.venue} can go live", "choose another environment")
    yield from _switches(settings, environment)
    yield _paper(settings)
    yield _dry_run(settings)
    yield _micro(settings)


def _switches(settings: Settings, environment: Mapping[str, str]) -> Iterator[Item]:
    """The settings of a live start, whichever mode the file says today."""
    yield Item(
        "dry_run", not settings.dry_run, f"[desk] dry_run is {str(settings.dry_run).lower()}",
        "when all else is met: dry_run = false in the file",
    )  # fmt: skip
    live = replace(settings, mode="live")
    lacking = [one for one in obstacles(live, environment) if one.name != "capability"]
    for one in lacking:
        yield Item(one.name, False, one.found, one.todo)
    if not lacking and live.key is not None:
        yield Item("key", True, "the key that may trade is there and can sign")


def _paper(settings: Settings) -> Item:
    past = past_of(settings, "paper")
    whole = sum(ran >= WHOLE_DAY for ran in past.days.values())
    if past.fault:
        found = f"0 of {PAPER_DAYS} days: {past.fault}"
    else:
        found = f"{whole} of {PAPER_DAYS} days on which paper ran for {format_duration(WHOLE_DAY)} or more"
    todo = f"run it on paper in environment {settings.environment}; days of the exchange inside this process are none"
    return Item("paper_days", whole >= PAPER_DAYS, found, todo)


def _dry_run(settings: Settings) -> Item:
    past = past_of(settings, "dry-run")
    ran = past.longest.get(settings.constitution.digest(), 0)
    found = past.fault or f"{_hours(ran)} without a break under the limits that the file says"
    todo = f"run it with --live while dry_run is true, for {_hours(DRY_RUN_LENGTH)} without a break"
    return Item("dry_run_day", not past.fault and ran >= DRY_RUN_LENGTH, found, todo)


def _micro(settings: Settings) -> Item:
    limit = format_micros(MICRO_NOTIONAL)
    if is_micro(settings.constitution):
        return Item("micro_stage", True, f"notional_per_day_max is at most ${limit}: this is the micro stage")
    past = past_of(settings, "live")
    met = not past.fault and past.micro >= MICRO_LENGTH and past.micro_fills > 0
    found = past.fault or (
        f"{_hours(past.micro)} without a break, with {past.micro_fills} fills, under notional_per_day_max of ${limit}"
    )
    todo = f'begin live with notional_per_day_max = "{limit}", and let it trade for {_hours(MICRO_LENGTH)}'
    return Item("micro_stage", met, found, todo)


def is_micro(limits: Constitution) -> bool:
    return limits.notional_per_day_max <= MICRO_NOTIONAL


def past_of(settings: Settings, mode: Mode) -> Past:
    """What the ledger of this mode proves of this venue, environment and account."""
    own = settings if settings.mode == mode else replace(settings, mode=mode, ledger_override=None)
    place = own.ledger_path
    if not place.exists():
        return Past(fault=f"there is no ledger of mode {mode} at {place}")
    try:
        check_ledger(place, anchors=anchors_of(place))
        past = _read(place, {
            "mode": mode, "venue": own.venue, "environment": own.environment, "account": own.account,
        })  # fmt: skip
    except (LedgerError, msgspec.MsgspecError) as error:
        return Past(fault=f"the ledger of mode {mode} does not verify: {error}")
    return past


def _read(place: Path, sealed: Mapping[str, object]) -> Past:
    """Walk through it once; it verifies, so its records are what was written."""
    past, stretch = Past(), _Stretch()
    reader = open_reader(place)
    try:
        for record in reader.records():
            fact = decode_fact(record.kind, record.version, record.body)
            if isinstance(fact, LedgerOpened):
                strange = [name for name, wanted in sealed.items() if getattr(fact, name) != wanted]
                if strange:
                    return Past(fault=f"its ledger is sealed for another {' and '.join(strange)}")
            stretch.take(past, record.ts, fact)
    finally:
        reader.close()
    return past


class _Stretch:
    """The time in which the desk ran without a break, as the records come by."""

    def __init__(self) -> None:
        self._runs = False
        self._began = 0
        self._last = 0
        self._digest = ""
        self._micro = False

    def take(self, past: Past, ts: int, fact: object) -> None:
        if isinstance(fact, DeskStarted) or ts - self._last > SILENCE:
            self._began, self._runs = ts, self._runs or isinstance(fact, DeskStarted)
        elif self._runs:
            self._count(past, ts)
        self._last = ts
        if isinstance(fact, LedgerOpened | ConstitutionChanged):
            self._digest, self._began = fact.constitution.digest(), ts
            self._micro = is_micro(fact.constitution)
        elif isinstance(fact, DeskStopped):
            self._runs = False
        elif isinstance(fact, FillBooked) and self._micro:
            past.micro_fills += 1

    def _count(self, past: Past, ts: int) -> None:
        ran = ts - self._began
        past.longest[self._digest] = max(past.longest.get(self._digest, 0), ran)
        if self._micro:
            past.micro = max(past.micro, ran)
        day = self._last // DAY
        past.days[day] = past.days.get(day, 0) + min(ts, (day + 1) * DAY) - self._last
        if ts // DAY != day:
            past.days[ts // DAY] = past.days.get(ts // DAY, 0) + ts - ts // DAY * DAY


def _hours(ns: int) -> str:
    return f"{ns // HOUR} h"
