"""Market data at the door: what cannot be true is kept out, counted and stored, and nothing that came is a crash."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.runtime.fakes import EPOCH, MARKET, NAME, Life, quote

from assent.model.facts import InputRejected
from assent.model.inputs import CashSeen, ForecastSeen, QuoteSeen, SettlementSeen
from assent.model.reasons import REASONS
from assent.model.units import MICRO
from assent.runtime import virtual
from assent.venue.door import Door

HOSTILE = [math.nan, math.inf, 1e309, -0.0, 0.52, True, "0.52", b"x", [], None, 10**40, -1, object()]


def seen(bid: object = 400_000, ask: object = 420_000, qty: object = MICRO, ts: object = EPOCH) -> QuoteSeen:
    return QuoteSeen(NAME, bid, qty, ask, qty, ts, ts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        (seen(bid=math.nan), "market_data_not_a_number"),
        (seen(bid=True), "market_data_not_a_number"),
        (seen(ask="0.42"), "market_data_not_a_number"),
        (seen(bid=10**30), "market_data_huge"),
        (seen(bid=-10_000), "market_data_not_positive"),
        (seen(qty=0), "market_data_not_positive"),
        (seen(bid=405_001), "market_data_off_grid"),
        (seen(ask=MICRO), "market_data_off_grid"),
        (seen(bid=430_000), "market_data_crossed"),
        (seen(bid=420_000), "market_data_crossed"),
        (seen(ts=-5), "market_data_bad_time"),
        (seen(ts=1.5), "market_data_bad_time"),
    ],
)
def test_each_kind_of_nonsense_has_its_code(broken: QuoteSeen, code: str) -> None:
    assert Door().fault(MARKET, broken) == code
    assert code in REASONS


def test_a_repeat_a_step_back_and_a_stranger_are_kept_out() -> None:
    door = Door()
    assert door.fault(MARKET, seen(ts=EPOCH + 5)) is None
    assert door.fault(MARKET, seen(ts=EPOCH + 5)) == "market_data_duplicate"
    assert door.fault(MARKET, seen(ts=EPOCH + 4)) == "market_data_out_of_order"
    assert door.fault(MARKET, seen(ts=EPOCH + 5, bid=390_000)) is None, "same instant, new content"
    assert door.fault(None, seen()) == "market_data_unlisted"


def test_a_quote_that_was_taken_back_may_come_in_again_as_it_was() -> None:
    door = Door()
    assert door.fault(MARKET, seen(ts=EPOCH + 5)) is None
    door.forget(MARKET.id)
    assert door.fault(MARKET, seen(ts=EPOCH + 5)) is None


def test_what_was_kept_out_does_not_count_as_the_last_quote() -> None:
    door = Door()
    assert door.fault(MARKET, seen(ts=EPOCH + 9, bid=430_000)) == "market_data_crossed"
    assert door.fault(MARKET, seen(ts=EPOCH + 1)) is None


@given(
    fields=st.tuples(*[st.sampled_from(HOSTILE) | st.integers() | st.floats() for _ in range(6)]),
)
def test_the_door_answers_whatever_stands_in_a_field(fields: tuple[object, ...]) -> None:
    fault = Door().fault(MARKET, QuoteSeen(NAME, *fields))  # type: ignore[arg-type]
    assert fault is None or fault in REASONS


@pytest.mark.parametrize(
    "broken",
    [
        ForecastSeen(NAME, 0.5, "x", EPOCH, EPOCH),  # type: ignore[arg-type]
        ForecastSeen(NAME, math.nan, "x", EPOCH, EPOCH),  # type: ignore[arg-type]
        SettlementSeen(NAME, "yes", 1.0, EPOCH, EPOCH),  # type: ignore[arg-type]
        SettlementSeen(NAME, "void", MICRO, EPOCH, EPOCH),  # type: ignore[arg-type]
        CashSeen(True, "gift", EPOCH),  # type: ignore[arg-type]
        CashSeen(MICRO, "\ud800", EPOCH),
    ],
)
def test_a_malformed_input_becomes_a_counted_stored_rejection_and_the_desk_lives(broken: object) -> None:
    life = Life()

    def script(venue):  # type: ignore[no-untyped-def]
        venue.sink("venue", broken)
        venue.sink("market", quote(venue.clock.now()), NAME)

    assert virtual.run(life.run(script=script)) == "enough"
    (rejected,) = life.of(InputRejected)
    assert rejected.code == "malformed_input"
    assert rejected.count == 1
    assert life.desk.markets[NAME].quote is not None
