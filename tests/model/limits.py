"""For every limit of the table a looser value and a tighter one, and any value: a new kind must be added here."""

from typing import Any

from hypothesis import strategies as st
from msgspec import structs

from assent.model.constitution import BY_KEY, LIMITS, Constitution, Drift, Kind, Limit, Theme, Tier
from assent.model.intents import Score
from assent.model.policy import BINDING, Band, Person, policy_fault

ADA, BEN = Person("ada", ("os:ada", "token:ada")), Person("ben", ("os:ben",))
NAMES = ("A", "B", "C", "D")
# For a limit whose value is not one number.
PAIRS: dict[Kind, tuple[Any, Any]] = {
    "names": (("A", "B"), ("A",)),
    "scores": ((), (Score("dvs", 1),)),
    "themes": ((), (Theme("t", ("A", "B")),)),
    "tiers": ((), (Tier(5, 1),)),
    "flag": (False, True),
    "drift": (Drift(50_000, "price"), Drift(40_000, "price")),
    "bands": ((), (Band("open", 0, 1),)),
    "people": ((ADA, BEN), (ADA,)),
}
# What a limit needs beside it to be allowed at all.
BESIDE: dict[str, dict[str, Any]] = {
    "approvals": {"approvers": (ADA,)},
    # Who the people are counts from the first question on.
    "approvers": {"approvals": (Band("open", 0, 1),)},
    "approval_mandatory": {"approvals": tuple(Band(action, 0, 1) for action in BINDING), "approvers": (ADA,)},
}


def pair(limit: Limit) -> tuple[Any, Any]:
    """A value of the limit, and one that is tighter."""
    if limit.kind in PAIRS:
        return PAIRS[limit.kind]
    return (limit.most, limit.least) if limit.tighter == "lower" else (limit.least, limit.most)


def values_of(limit: Limit) -> st.SearchStrategy[Any]:
    """Few values, so that equal ones are drawn too."""
    if limit.kind == "names":
        return st.lists(st.sampled_from(NAMES), max_size=4).map(tuple)
    if limit.kind == "scores":
        return st.lists(st.builds(Score, st.sampled_from(("dvs", "eqs")), st.integers(0, 3)), max_size=3).map(tuple)
    if limit.kind == "themes":
        series = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True).map(tuple)
        return st.lists(st.builds(Theme, st.sampled_from(("t", "u")), series), max_size=3).map(tuple)
    if limit.kind == "tiers":
        return st.lists(st.builds(Tier, st.integers(1, 3), st.integers(0, 3)), max_size=3).map(tuple)
    if limit.kind == "drift":
        return st.builds(Drift, st.integers(0, 3), st.sampled_from(("price", "bps")))
    if limit.kind == "bands":
        one = st.builds(Band, st.sampled_from(("open", "close")), st.integers(0, 3), st.integers(1, 2))
        return st.lists(one, max_size=3).map(tuple)
    if limit.kind == "people":
        return st.lists(st.sampled_from((ADA, BEN)), unique=True, max_size=2).map(tuple)
    if limit.kind == "flag":
        return st.booleans()
    return st.sampled_from((limit.least, (limit.least + limit.most) // 2, limit.most))


@st.composite
def constitutions(draw: st.DrawFn) -> Constitution:
    """Constitutions that differ in a few limits, or in none, and ask nobody for what nobody could give."""
    keys = draw(st.lists(st.sampled_from(LIMITS), max_size=4, unique=True))
    drawn = Constitution(**{limit.key: draw(values_of(limit)) for limit in keys})
    if policy_fault(drawn) is None:
        return drawn
    return structs.replace(drawn, approvals=(), approval_mandatory=False)


def policies() -> st.SearchStrategy[Constitution]:
    """Constitutions that differ in whom they ask for what, and in nothing else; many of them ask nobody."""
    keys = ("approvals", "approvers", "second_factor_to_resume", "denied_pause_min")
    return st.builds(Constitution, **{key: values_of(BY_KEY[key]) for key in keys})
