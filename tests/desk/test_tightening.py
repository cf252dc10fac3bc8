"""For one state and one idea of a fixed size, tightening a limit never turns a refusal into a release.

The states come from the worlds that each limit is refused in, so every limit is near its edge in some of them.
"""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from tests.desk.support import MARKET, Bench, limits, sell
from tests.desk.worlds import LIMIT_WORLDS

from assent.desk import gate
from assent.desk.candidate import Candidate
from assent.model.constitution import BY_KEY, LIMITS, Constitution, Drift, Limit, Theme, Tier
from assent.model.intents import Proposal, Score
from assent.model.policy import Band, Person
from assent.model.strictness import tighter
from assent.model.units import MICRO

NAMES = ("KXTEST", "KXTEST-26JAN05", MARKET.id, "OTHER")


def values_of(limit: Limit) -> st.SearchStrategy[Any]:
    """Any value of this limit, with those of the worlds, where its edge lies."""
    edges = [world.values[limit.key] for world in LIMIT_WORLDS if limit.key in world.values]
    if limit.kind == "flag":
        return st.booleans()
    if limit.kind == "names":
        return st.lists(st.sampled_from(NAMES), unique=True, max_size=4).map(tuple)
    if limit.kind == "scores":
        one = st.builds(Score, st.sampled_from(("dvs", "eqs", "confidence")), st.integers(0, MICRO))
        return st.lists(one, max_size=3).map(tuple)
    if limit.kind == "themes":
        members = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True).map(tuple)
        return st.lists(st.builds(Theme, st.sampled_from(("w", "r")), members), max_size=3).map(tuple)
    if limit.kind == "tiers":
        one_tier = st.builds(Tier, st.integers(0, 2_000 * MICRO), st.integers(0, 10 * MICRO))
        return st.lists(one_tier, max_size=3).map(tuple)
    if limit.kind == "bands":
        band = st.builds(Band, st.sampled_from(("open", "close")), st.integers(0, 2 * MICRO), st.integers(1, 3))
        return st.lists(band, max_size=3).map(tuple)
    if limit.kind == "people":
        person = st.builds(Person, st.sampled_from(("ada", "ben")), st.sampled_from((("os:a",), ("os:a", "os:b"))))
        return st.lists(person, max_size=2, unique_by=lambda one: one.name).map(tuple)
    if limit.kind == "drift":
        dollars = st.builds(Drift, st.sampled_from((0, 1, 50_000, MICRO)), st.just("price"))
        return dollars | st.builds(Drift, st.integers(0, 10_000), st.just("bps"))
    near = [edge + step for edge in (*edges, getattr(limits(), limit.key)) for step in (-1, 0, 1)]
    kept = [value for value in near if limit.least <= value <= limit.most]
    return st.sampled_from(kept) | st.integers(limit.least, limit.most)


class Standing:
    """A bench in some state, and an idea of the smallest size there is, which no cap can cut further."""

    def __init__(self, number: int) -> None:
        # A world's own history, without its limit: what led there may be more than the limit lets through.
        self.bench = (
            LIMIT_WORLDS[number].build(off=LIMIT_WORLDS[number].key)[0] if number < len(LIMIT_WORLDS) else Bench()
        )
        self.seal = self.bench.state.seal

    def reason(self, proposal: Proposal, constitution: Constitution) -> str | None:
        desk = self.bench.desk
        desk.state.seal = structs.replace(self.seal, constitution=constitution)
        market = desk.markets[MARKET.id]
        candidate = Candidate(
            state=desk.state, now=self.bench.now, strategy="scripted", proposal=proposal, market=market,
            quote=desk.streams.taken(market),
        )  # fmt: skip
        return gate.judge(candidate).reason


STANDINGS = [Standing(number) for number in range(len(LIMIT_WORLDS) + 1)]
SMALLEST = MARKET.quantities.least
IDEAS = st.builds(
    lambda cents, edge, confidence: sell(
        side="buy", price=cents * 10_000, fair=cents * 10_000 + edge, qty_max=SMALLEST,
        scores=tuple(Score(name, confidence) for name in ("confidence", "dvs", "eqs")),
    ),
    st.sampled_from((10, 49, 50, 80, 98)), st.integers(0, 200_000), st.integers(0, MICRO),
)  # fmt: skip


@pytest.mark.parametrize("key", [limit.key for limit in LIMITS])
@settings(max_examples=25)
@given(data=st.data())
def test_tightening_a_limit_never_turns_a_refusal_into_a_release(key: str, data: st.DataObject) -> None:
    standing, idea = data.draw(st.sampled_from(STANDINGS)), data.draw(IDEAS)
    one, other = (limits(**{key: data.draw(values_of(BY_KEY[key]))}) for _ in range(2))
    for old, new in ((one, other), (other, one)):
        changed = tighter(old, new)
        if [difference.becomes for difference in changed] == ["tighter"] and standing.reason(idea, old) is not None:
            assert standing.reason(idea, new) is not None, changed


@given(st.data())
def test_tightening_many_limits_at_once_releases_nothing_either(data: st.DataObject) -> None:
    standing, idea = data.draw(st.sampled_from(STANDINGS)), data.draw(IDEAS)
    keys = data.draw(st.lists(st.sampled_from(LIMITS), min_size=1, max_size=6, unique=True))
    one, other = (limits(**{limit.key: data.draw(values_of(limit)) for limit in keys}) for _ in range(2))
    if all(difference.becomes == "tighter" for difference in tighter(one, other)):
        assert standing.reason(idea, one) is None or standing.reason(idea, other) is not None


def test_some_of_these_ideas_are_released_and_some_are_refused() -> None:
    idea = sell(side="buy", price=500_000, fair=600_000, qty_max=SMALLEST)
    reasons = {standing.reason(idea, limits()) for standing in STANDINGS}
    assert None in reasons
    assert STANDINGS[-1].reason(idea, limits(edge_min=100_000)) == "edge"


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.key)
@settings(max_examples=20)
@given(data=st.data())
def test_a_change_is_tighter_one_way_at_most_and_what_is_the_same_is_no_change(
    limit: Limit, data: st.DataObject
) -> None:
    one, other = (limits(**{limit.key: data.draw(values_of(limit))}) for _ in range(2))
    there, back = tighter(one, other), tighter(other, one)
    assert tighter(one, one) == []
    assert [d.key for d in there] == [d.key for d in back]
    for difference in there:
        assert difference == (limit.key, getattr(one, limit.key), getattr(other, limit.key), difference.becomes)
    ways = [d.becomes for d in (*there, *back)]
    if limit.kind not in ("names", "scores", "themes", "tiers", "drift", "bands", "people"):
        assert ways in ([], ["tighter", "looser"], ["looser", "tighter"])


@pytest.mark.parametrize(
    ("key", "old", "new", "becomes"),
    [
        ("edge_min", 20_000, 30_000, "tighter"),
        ("total_exposure_max", 20_000, 30_000, "looser"),
        ("series", ("A", "B"), ("B",), "tighter"),
        ("series", ("A",), ("B",), "looser"),
        ("scores_min", (), (Score("dvs", 1),), "tighter"),
        ("scores_min", (Score("dvs", 2),), (Score("dvs", 1), Score("eqs", 1)), "looser"),
        ("risk_tiers", (), (Tier(5, 1),), "tighter"),
        ("risk_tiers", (Tier(5, 1),), (Tier(4, 1), Tier(9, 2)), "looser"),
        ("themes", (), (Theme("w", ("A",)),), "tighter"),
        ("themes", (Theme("w", ("A", "B")),), (Theme("v", ("C", "B", "A")),), "tighter"),
        ("themes", (Theme("w", ("A", "B")),), (Theme("w", ("A",)), Theme("v", ("B",))), "looser"),
        ("one_entry_per_market", False, True, "tighter"),
        ("drift_max", Drift(50_000, "price"), Drift(40_000, "price"), "tighter"),
        ("drift_max", Drift(50, "bps"), Drift(51, "bps"), "looser"),
        ("drift_max", Drift(50_000, "price"), Drift(1, "bps"), "looser"),
        ("drift_max", Drift(50, "bps"), Drift(0, "price"), "looser"),
        ("drift_max", Drift(50_000, "price"), Drift(0, "bps"), "tighter"),
        ("drift_max", Drift(MICRO, "price"), Drift(9_999, "bps"), "tighter"),
    ],
)
def test_the_direction_of_a_change(key: str, old: Any, new: Any, becomes: str) -> None:
    assert [(d.key, d.becomes) for d in tighter(limits(**{key: old}), limits(**{key: new}))] == [(key, becomes)]


def test_a_list_in_another_order_is_no_change() -> None:
    assert tighter(limits(series=("A", "B")), limits(series=("B", "A"))) == []
