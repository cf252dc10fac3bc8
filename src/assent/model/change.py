"""A change of the constitution in words: every limit as a file says it, the old value beside the new one.

What is recorded, shown and refused about a change is made here, so that a refused start, a recorded fact and
`assent constitution diff` speak alike.
"""

from collections.abc import Callable, Iterable
from typing import Any, Literal

import msgspec

from assent.model.constitution import BY_KEY, Constitution, Drift, Kind, Limit, Theme, Tier
from assent.model.intents import Score
from assent.model.policy import Band, Person
from assent.model.strictness import Difference, Way, tighter
from assent.model.text import shown
from assent.model.units import format_bps, format_duration, format_micros, format_percent

# A list of a thousand long names is cut in a change; the new constitution beside it has them all.
STATED_MAX = 2_000
SCOPE = ("markets", "events", "series")

Verdict = Literal["same", "neither", "tighter", "looser"]
# What a start may bring into force without anybody's name.
BY_A_START: frozenset[Verdict] = frozenset(("neither", "tighter"))


class LimitChange(msgspec.Struct, frozen=True):
    """One limit that changed: what it was, what it is, as a file says them."""

    key: str
    old: str
    new: str
    becomes: Way


def changes_between(old: Constitution, new: Constitution) -> tuple[LimitChange, ...]:
    """Limit by limit, in the order of the table; nothing when both say the same."""
    return tuple(_change(difference) for difference in tighter(old, new))


def verdict_of(changes: Iterable[LimitChange]) -> Verdict:
    """What a start makes of these changes: one that is looser makes the whole looser; else one tighter, tighter."""
    ways = {change.becomes for change in changes}
    return next((way for way in _BY_WEIGHT if way in ways), "same")


def in_one_line(change: LimitChange) -> str:
    """`edge_min: 0.02 -> 0.01 (looser)`"""
    return f"{change.key}: {change.old} -> {change.new} ({change.becomes})"


def stated(limit: Limit, value: Any) -> str:
    """The value as a file says it, without quotes; an optional limit at its loosest is off."""
    if limit.optional and value == limit.loosest:
        return "off"
    return shown(_WORDS[limit.kind](value), STATED_MAX)


_BY_WEIGHT: tuple[Way, ...] = ("looser", "tighter", "neither")


def _change(difference: Difference) -> LimitChange:
    limit = BY_KEY[difference.key]
    return LimitChange(limit.key, stated(limit, difference.old), stated(limit, difference.new), difference.becomes)


def _scores(scores: tuple[Score, ...]) -> str:
    return ", ".join(f"{score.name}={format_percent(score.ppm)}" for score in scores)


def _themes(themes: tuple[Theme, ...]) -> str:
    return ", ".join(f"{theme.name}={','.join(theme.series)}" for theme in themes)


def _tiers(tiers: tuple[Tier, ...]) -> str:
    return ", ".join(f"{format_micros(tier.below)}={format_micros(tier.risk_max)}" for tier in tiers)


def _drift(drift: Drift) -> str:
    return format_bps(drift.amount) if drift.unit == "bps" else format_micros(drift.amount)


def _bands(bands: tuple[Band, ...]) -> str:
    return ", ".join(band_text(band) for band in bands)


def _people(people: tuple[Person, ...]) -> str:
    return ", ".join(person_text(person) for person in people) or "none"


def band_text(band: Band) -> str:
    """`open from 50.00 needs 2`, as a file says it."""
    since = f" from {format_micros(band.loss)}" if band.loss else ""
    return f"{band.action}{since} needs {band.people}"


def person_text(person: Person) -> str:
    """`ada=os:ada,token:phone`, as a file says it."""
    return f"{person.name}={','.join(person.identities)}"


_WORDS: dict[Kind, Callable[[Any], str]] = {
    "money": format_micros,
    "price": format_micros,
    "qty": lambda value: format_micros(value, 0),
    "ppm": format_percent,
    "count": str,
    "duration": format_duration,
    "flag": lambda value: "true" if value else "false",
    "names": lambda names: ", ".join(names) or "none",
    "scores": _scores,
    "themes": _themes,
    "tiers": _tiers,
    "drift": _drift,
    "bands": _bands,
    "people": _people,
}
