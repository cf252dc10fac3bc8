"""Seat belts of a run: the longest life of what opens, and what is remembered of them for each order."""

import pytest
from tests.desk.support import MARKET, Bench, sell

from assent.model import facts
from assent.model.belts import Belts
from assent.model.units import MICRO, SECOND

LIFE = 60 * SECOND
BELTS = Belts(order_life_max=LIFE, group_limit=50 * MICRO, cancel_on_pause=True)


def belted(belts: Belts | None = BELTS) -> Bench:
    bench = Bench()
    bench.restart(belts=belts)
    bench.match()
    bench.show(MARKET)
    return bench


@pytest.mark.parametrize(
    ("terms", "life"),
    [
        ({"time_in_force": "gtc"}, LIFE),
        ({"time_in_force": "gtc", "life_ns": 5 * LIFE}, LIFE),
        ({"time_in_force": "gtc", "life_ns": LIFE - 1}, LIFE - 1),
        ({"time_in_force": "ioc"}, None),
    ],
)
def test_what_opens_and_rests_lives_no_longer_than_this_run_allows(terms: dict[str, object], life: int | None) -> None:
    bench = belted()
    order = bench.release(**terms)
    assert order.expires_ts == (None if life is None else bench.now + life)


def test_what_leaves_a_position_rests_as_long_as_it_was_meant_to() -> None:
    bench = belted()
    bench.hold(qty_max=MICRO)
    bench.propose(sell(action="close", time_in_force="gtc"))
    assert bench.of(facts.OrderReleased)[-1].order.side == "sell"
    assert bench.of(facts.OrderReleased)[-1].order.expires_ts is None


@pytest.mark.parametrize("belts", [None, Belts(), Belts(group_limit=MICRO)])
def test_without_a_longest_life_an_order_rests_until_it_is_taken_off(belts: Belts | None) -> None:
    assert belted(belts).release(time_in_force="gtc").expires_ts is None


def test_an_order_remembers_the_belts_of_the_run_that_released_it_and_the_next_run_has_its_own() -> None:
    bench = belted()
    order = bench.release(time_in_force="gtc")
    bench.accept(order)
    bench.restart(belts=Belts())
    assert bench.desk.state.belts == Belts()
    assert bench.order(order).belts == BELTS
    assert [fact.belts for fact in bench.of(facts.DeskStarted)] == [None, BELTS, Belts()]
