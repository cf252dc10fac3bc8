"""Exposure per theme: series that win and lose together share one cap, and a series in no theme has one of its own."""

import pytest
from tests.desk.support import Bench, buy, kinds, limits
from tests.model.support import FREE, a_market

from assent.model.constitution import Theme, together
from assent.model.units import MICRO

NAMES = ("KXA", "KXB", "KXC")
MARKETS = tuple(a_market(f"{name}-26JAN05-T1", event=f"{name}-26JAN05", series=name, fees=FREE) for name in NAMES)
# One contract at fifty cents in each market: half a dollar at stake.
HALF = MICRO // 2


def released(cap: int, themes: tuple[Theme, ...], *names: str) -> list[bool]:
    """Which of the entries into these series are released, one after the other."""
    bench = Bench(constitution=limits(series=NAMES, themes=themes, theme_exposure_max=cap), markets=MARKETS)
    answers = []
    for name in names:
        market = MARKETS[NAMES.index(name)].id
        bench.quote(market, 400_000, 500_000)
        facts = bench.propose(buy(instrument=market, price=500_000, fair=700_000, qty_max=MICRO))
        answers.append("OrderReleased" in kinds(facts))
    return answers


def test_the_series_of_a_theme_are_added_up_and_a_series_in_none_stands_alone() -> None:
    both = (Theme("weather", ("KXA", "KXB")),)
    assert released(2 * HALF - 1, both, "KXA", "KXB", "KXC") == [True, False, True]
    assert released(2 * HALF, both, "KXA", "KXB", "KXC") == [True, True, True]
    assert released(HALF - 1, both, "KXC") == [False]


def test_of_several_themes_the_fullest_counts() -> None:
    chain = (Theme("one", ("KXA", "KXB")), Theme("two", ("KXB", "KXC")))
    assert released(2 * HALF - 1, chain, "KXA", "KXC", "KXB") == [True, True, False]


@pytest.mark.parametrize("series", NAMES)
def test_every_series_has_a_theme_and_is_in_it(series: str) -> None:
    constitution = limits(themes=(Theme("one", ("KXA", "KXB")), Theme("two", ("KXB",))))
    themes = together(constitution, series)
    assert themes
    assert all(series in members for _, members in themes)
