"""What one constitution makes of another: limit by limit, tighter or looser, and nothing where both say the same.

A start may only tighten, so a change that is not purely tighter counts as looser. What is merely said in another way
(a list in another order, a tier that another one makes idle) is no change. Who the people are is neither tighter nor
looser while nobody is asked for anything: no yes of theirs ever let anything go. From the first question on it counts,
and to ask nobody any more is looser in any case, so no way of small steps leads around it.
"""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from assent.model.constitution import LIMITS, Constitution, Direction, Drift, Theme, Tier, tier_cap
from assent.model.intents import Score
from assent.model.policy import Band, Person, asks_no_less, counts_people, names_no_more
from assent.model.units import MICRO

Way = Literal["tighter", "looser", "neither"]


class Difference(NamedTuple):
    """One limit that two constitutions state differently, and what the second one makes of it."""

    key: str
    old: object
    new: object
    becomes: Way


def tighter(old: Constitution, new: Constitution) -> list[Difference]:
    """What changed, in the order of the table. A change that is not purely tighter counts as looser.

    What only is said in another way (a list in another order, a tier that another one makes idle) is no change.
    """
    found = []
    for limit in LIMITS:
        before, after = getattr(old, limit.key), getattr(new, limit.key)
        keeps = _KEEPS[limit.tighter]
        if keeps(before, after) and keeps(after, before):
            continue
        way: Way = "tighter" if keeps(before, after) else "looser"
        if limit.key == "approvers" and not counts_people(old):
            way = "neither"
        found.append(Difference(limit.key, before, after, way))
    return found


def _covers(new: tuple[Any, ...], old: tuple[Any, ...]) -> bool:
    """Whether everything that was asked for is still asked for, and nothing for less."""
    if any(type(one) is Tier for one in (*new, *old)):
        edges = [tier.below - 1 for tier in (*new, *old)]
        return all(tier_cap(new, equity) <= tier_cap(old, equity) for equity in edges)
    if any(type(one) is Theme for one in (*new, *old)):
        return all(any(set(theme.series) <= set(wider.series) for wider in new) for theme in old)
    if any(type(one) is Band for one in (*new, *old)):
        return asks_no_less(new, old)
    asked = _strictest(new)
    return all(asked.get(name, -1) >= least for name, least in _strictest(old).items())


def _no_more(old: tuple[Any, ...], new: tuple[Any, ...]) -> bool:
    """Whether the list allows nothing that the old one did not."""
    if any(type(one) is Person for one in (*new, *old)):
        return names_no_more(new, old)
    return set(new) <= set(old)


def _strictest(scores: tuple[Score, ...]) -> dict[str, int]:
    return {name: max(score.ppm for score in scores if score.name == name) for name in {s.name for s in scores}}


def _no_further(old: int | Drift, new: int | Drift) -> bool:
    """Of drifts in two units neither is surely the smaller one, but for the ends: a whole dollar allows every move, no
    basis point none."""
    if isinstance(old, Drift) and isinstance(new, Drift):
        at_an_end = old == Drift(MICRO, "price") or new == Drift(0, "bps")
        return at_an_end or (new.unit == old.unit and new.amount <= old.amount)
    return new <= old  # type: ignore[operator]


# Whether the new value asks for at least all that the old one asked for.
_KEEPS: dict[Direction, Callable[[Any, Any], bool]] = {
    "lower": _no_further,
    "higher": lambda old, new: new >= old,
    "fewer": _no_more,
    "more": lambda old, new: _covers(new, old),
}
