"""A position that a person wants left: an intent with its story, judged by the gate like every other."""

from typing import Any

import pytest
from tests.desk.support import MARKET, Bench, kinds
from tests.model.support import a_market

from assent.desk.story import tell
from assent.model.facts import IntentProposed, IntentRefused, OrderReleased
from assent.model.inputs import PhaseSeen
from assent.model.levels import Level
from assent.model.settling import CloseAsked
from assent.model.units import MICRO

OTHER = a_market("KXTEST-26JAN05-B49.5")
TEN = 10 * MICRO


def close(bench: Bench, name: str = MARKET.id, **changes: Any) -> list[Any]:
    values: dict[str, Any] = {"price": None, "by": "ann", "reason": "too near", "received_ts": bench.now} | changes
    return bench.take(CloseAsked(name, **values))


@pytest.fixture
def bench() -> Bench:
    desk = Bench(markets=(MARKET, OTHER))
    desk.hold(qty_max=TEN)
    return desk


def test_a_position_is_left_at_the_bid_at_once_and_has_its_story(bench: Bench) -> None:
    told = close(bench)
    order = next(fact.order for fact in told if isinstance(fact, OrderReleased))
    assert (order.side, order.price, order.qty, order.time_in_force) == ("sell", 490_000, TEN, "ioc")
    assert order.reduce_only
    records = [(seq, ts, fact) for seq, (ts, fact) in enumerate(bench.records, start=1)]
    story = tell(records, order.intent_id)
    assert story is not None
    assert (story.verdict, story.intent.action, story.intent.reason) == ("released", "close", "ann asked: too near")
    bench.accept(order, filled=TEN)
    bench.fill(order)
    assert bench.state.held(MARKET.id) == 0


def test_at_a_price_of_the_persons_own_it_rests(bench: Bench) -> None:
    order = next(fact.order for fact in close(bench, price=550_000) if isinstance(fact, OrderReleased))
    assert (order.price, order.time_in_force) == (550_000, "gtc")


def test_all_of_them_may_be_left_with_one_word(bench: Bench) -> None:
    bench.hold(qty_max=TEN, instrument=OTHER.id)
    told = close(bench, "")
    assert {fact.order.instrument for fact in told if isinstance(fact, OrderReleased)} == {MARKET.id, OTHER.id}


def test_below_trading_a_position_may_be_left_and_halted_it_may_not(bench: Bench) -> None:
    bench.halt("late_fill")
    assert bench.state.level == Level.REDUCING
    assert "OrderReleased" in kinds(close(bench))
    other = Bench()
    other.hold(qty_max=TEN)
    other.halt("operator")
    refused = close(other)
    assert [fact.reason for fact in refused if isinstance(fact, IntentRefused)] == ["level"]
    assert [fact.reason for fact in close(other) if isinstance(fact, IntentRefused)] == ["level"], "told each time"


def test_where_nobody_bids_a_person_must_name_a_price(bench: Bench) -> None:
    bench.quote(bid=None)
    told = close(bench)
    assert kinds(told) == ["ActRefused"]
    assert "no bid to leave at" in told[0].why
    bench.quote()
    bench.take(PhaseSeen(MARKET.id, "paused", bench.now, bench.now))
    assert "market_open" in [fact.reason for fact in close(bench) if isinstance(fact, IntentRefused)]


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        ("KXNONE", {}, "nothing is held there"), (MARKET.id, {"by": ""}, "the name of a person"),
        (MARKET.id, {"reason": ""}, "a reason"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(bench: Bench, name: str, change: dict[str, Any], why: str) -> None:
    told = close(bench, name, **change)
    assert kinds(told) == ["ActRefused"]
    assert why in told[0].why


def test_what_is_on_its_way_out_already_is_not_sold_twice(bench: Bench) -> None:
    assert "OrderReleased" in kinds(close(bench))
    again = close(bench)
    assert not [fact for fact in again if isinstance(fact, IntentProposed | OrderReleased)]
