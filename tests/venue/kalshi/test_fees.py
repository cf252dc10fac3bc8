"""Kalshi's fee terms become schedules that are never too cheap, and what cannot be priced is refused."""

import json
import os
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.model.errors import InvariantBroken
from assent.model.fees import fee_estimate
from assent.model.grids import Band, PriceGrid, QtyGrid
from assent.model.instruments import BinaryContract, QuadraticFee, instrument_fault
from assent.model.units import DAY, HOUR, MICRO, MINUTE, SECOND
from assent.venue.kalshi.fees import CHANGE_MARGIN, CHANGES_MAX, FeeChange, FeePlan, FeesRefused, fee_plan

NOW = 1_790_856_000 * SECOND
EVENT_TICKER = "KXDEMO-26NOV20"
TYPES = ["quadratic", "quadratic_with_maker_fees", "quadratic_with_combo_maker_fees"]


class Said(NamedTuple):
    """The words of a series or an event, as a reader of the wire hands them over."""

    fee_type: Any = None
    multiplier_ppm: Any = None


SERIES = Said("quadratic", MICRO)
SILENT = Said()


def made(series: Said = SERIES, event: Said = SILENT, **more: Any) -> FeePlan | FeesRefused:
    named: dict[str, Any] = {"series_ticker": "KXDEMO", "event_ticker": EVENT_TICKER, "as_of": NOW, "member": "direct"}
    return fee_plan(series, event, **{**named, **more})


def plan(series: Said = SERIES, event: Said = SILENT, **more: Any) -> FeePlan:
    answer = made(series, event, **more)
    assert isinstance(answer, FeePlan)
    return answer


def priced(rates: QuadraticFee | FeesRefused) -> tuple[int, int]:
    assert isinstance(rates, QuadraticFee)
    return rates.taker_ppm, rates.maker_ppm


def refused(answer: object) -> str:
    assert isinstance(answer, FeesRefused)
    return answer.code


def series_change(after: int, fee_type: str = "quadratic", times: int = 2, ticker: str = "KXDEMO") -> FeeChange:
    """A change that begins so many nanoseconds after now."""
    return FeeChange("series", ticker, NOW + after, fee_type, times * MICRO)


def event_change(after: int, said: Said, ticker: str = EVENT_TICKER) -> FeeChange:
    return FeeChange("event", ticker, NOW + after, *said)


def contract(fees: QuadraticFee) -> BinaryContract:
    return BinaryContract(
        id="KXDEMO-26NOV20-T50",
        venue="kalshi",
        event=EVENT_TICKER,
        series="KXDEMO",
        title="Demo",
        prices=PriceGrid((Band(0, MICRO, 10_000),)),
        quantities=QtyGrid(10_000, 10_000, 1_000_000 * MICRO),
        fees=fees,
        close_ts=NOW + DAY,
    )


@pytest.mark.parametrize(
    ("fee_type", "multiplier_ppm", "taker", "maker"),
    [
        ("quadratic", 1_000_000, 70_000, 0),
        ("quadratic", 500_000, 35_000, 0),
        ("quadratic", 0, 0, 0),
        ("quadratic_with_maker_fees", 1_000_000, 70_000, 17_500),
        ("quadratic_with_combo_maker_fees", 1_000_000, 70_000, 35_000),
        ("quadratic_with_combo_maker_fees", 10_000_000, 700_000, 350_000),
        # Rounded up, and each rate once only: 23,333.31 and 5,833.3275.
        ("quadratic_with_maker_fees", 333_333, 23_334, 5_834),
        ("quadratic_with_maker_fees", 1, 1, 1),
    ],
)
def test_each_fee_type_and_multiplier_has_its_rates(fee_type: str, multiplier_ppm: int, taker: int, maker: int) -> None:
    rates = plan(Said(fee_type, multiplier_ppm)).expected(NOW)
    assert rates == QuadraticFee(taker_ppm=taker, maker_ppm=maker, fee_step=100, balance_step=100)
    assert isinstance(rates, QuadraticFee)
    assert instrument_fault(contract(rates)) is None


@pytest.mark.parametrize(("price", "fee"), [(520_000, 17_500), (990_000, 700)])
def test_the_fees_seen_on_the_wire_come_out_to_the_last_micro(price: int, fee: int) -> None:
    rates = plan().expected(NOW)
    assert isinstance(rates, QuadraticFee)
    assert fee_estimate(contract(rates), "buy", price, MICRO) == fee
    assert fee_estimate(contract(rates), "buy", price, MICRO, maker=True) == 0


def test_a_member_behind_a_broker_pays_in_whole_cents() -> None:
    rates = plan(member="non_direct").worst(NOW, NOW + DAY)
    assert isinstance(rates, QuadraticFee)
    assert fee_estimate(contract(rates), "buy", 520_000, MICRO) == 20_000


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (SILENT, (70_000, 0)),
        (Said("quadratic_with_maker_fees", 500_000), (35_000, 8_750)),
        (Said("quadratic_with_maker_fees", None), (70_000, 17_500)),
        (Said(None, 500_000), (35_000, 0)),
        (Said(None, 0), (0, 0)),
    ],
)
def test_an_events_own_words_go_before_the_series(own: Said, expected: tuple[int, int]) -> None:
    assert priced(plan(SERIES, own).expected(NOW)) == expected


@pytest.mark.parametrize("fee_type", ["flat", "cubic", "", "QUADRATIC", "quadratic ", None])
def test_a_fee_type_without_numbers_is_refused_and_named(fee_type: Any) -> None:
    answer = plan(Said(fee_type, MICRO)).expected(NOW)
    assert refused(answer) == "fee_type_unknown"
    assert isinstance(answer, FeesRefused)
    assert str(fee_type) in answer.why


def test_an_events_own_type_rescues_a_series_that_cannot_be_priced_and_the_other_way_round() -> None:
    flat = Said("flat", MICRO)
    assert priced(plan(flat, Said("quadratic")).expected(NOW)) == (70_000, 0)
    assert refused(plan(SERIES, Said("flat")).expected(NOW)) == "fee_type_unknown"


@pytest.mark.parametrize("multiplier_ppm", [-1, 10 * MICRO + 1, 10**40, 1.0, True, "1", None])
def test_a_multiplier_that_nobody_would_charge_or_that_is_no_number_is_refused(multiplier_ppm: Any) -> None:
    answer = plan(Said("quadratic", multiplier_ppm))
    assert refused(answer.expected(NOW)) == "fee_multiplier_unreadable"
    assert refused(answer.worst(NOW, NOW)) == "fee_multiplier_unreadable"


# Changes that are announced.


def test_a_change_of_the_series_holds_from_its_time_on() -> None:
    changing = plan(changes=[series_change(HOUR)])
    assert priced(changing.expected(NOW + HOUR - 1)) == (70_000, 0)
    assert priced(changing.expected(NOW + HOUR)) == (140_000, 0)
    assert changing.next_change(NOW) == NOW + HOUR
    assert changing.next_change(NOW + HOUR) is None


def test_a_change_of_the_series_does_not_reach_under_an_events_own_words() -> None:
    own = Said("quadratic", 500_000)
    changing = plan(SERIES, own, changes=[series_change(MINUTE), event_change(2 * HOUR, SILENT)])
    assert priced(changing.expected(NOW + HOUR)) == (35_000, 0)
    # Cleared: the series shows again, as it has become meanwhile.
    assert priced(changing.expected(NOW + 2 * HOUR)) == (140_000, 0)


def test_rows_in_any_order_give_the_same_plan() -> None:
    rows = [series_change(2 * HOUR, times=3), series_change(HOUR), series_change(3 * HOUR, "flat")]
    assert plan(changes=rows) == plan(changes=rows[::-1])


def test_changes_of_other_series_and_events_are_passed_over() -> None:
    # An event may bear the name of a series: it is the pair of both that is ours.
    strangers = [
        series_change(MINUTE, "flat", ticker="KXOTHER"),
        series_change(MINUTE, "flat", ticker=EVENT_TICKER),
        event_change(MINUTE, Said("flat"), ticker="KXDEMO-26NOV21"),
        event_change(MINUTE, Said("flat"), ticker="KXDEMO"),
    ]
    assert plan(changes=strangers) == plan()


def test_a_change_long_before_the_reading_is_part_of_what_was_read() -> None:
    assert plan(changes=[series_change(-HOUR, times=5)]) == plan()


def test_a_change_just_before_the_reading_may_not_be_in_it_yet() -> None:
    assert priced(plan(changes=[series_change(-SECOND, times=5)]).expected(NOW)) == (350_000, 0)


def test_an_unpriced_type_to_come_refuses_from_then_on_and_not_before() -> None:
    changing = plan(changes=[series_change(HOUR, "flat")])
    assert priced(changing.expected(NOW)) == (70_000, 0)
    assert priced(changing.worst(NOW, NOW + 30 * MINUTE)) == (70_000, 0)
    assert refused(changing.expected(NOW + HOUR)) == "fee_type_unknown"
    assert refused(changing.worst(NOW, NOW + 2 * HOUR)) == "fee_type_unknown"


def test_an_order_that_lives_across_a_change_is_judged_by_the_dearer_side_in_each_rate() -> None:
    changing = plan(Said("quadratic_with_combo_maker_fees", MICRO), changes=[series_change(HOUR, times=3)])
    assert priced(changing.worst(NOW, NOW + HOUR)) == (210_000, 35_000)
    assert priced(changing.worst(NOW + 2 * HOUR, NOW + 3 * HOUR)) == (210_000, 0)


def test_both_sides_of_a_change_count_within_the_margin_of_clocks() -> None:
    dearer, cheaper = plan(changes=[series_change(HOUR)]), plan(changes=[series_change(HOUR, times=0)])
    early, late = NOW + HOUR - CHANGE_MARGIN, NOW + HOUR + CHANGE_MARGIN - 1
    assert priced(dearer.worst(early - 1, early - 1)) == (70_000, 0)
    assert priced(dearer.worst(early, early)) == (140_000, 0)
    assert priced(cheaper.worst(late, late)) == (70_000, 0)
    assert priced(cheaper.worst(late + 1, late + 1)) == (0, 0)


def test_of_two_changes_at_one_moment_the_later_row_holds_and_the_dearer_is_feared() -> None:
    changing = plan(changes=[series_change(HOUR, times=5), series_change(HOUR)])
    assert priced(changing.expected(NOW + HOUR)) == (140_000, 0)
    assert priced(changing.worst(NOW + HOUR, NOW + HOUR)) == (350_000, 0)


def test_more_changes_than_anyone_would_announce_are_refused() -> None:
    rows = [series_change(HOUR + n) for n in range(CHANGES_MAX)]
    assert len(plan(changes=rows).periods) == CHANGES_MAX + 1
    assert refused(made(changes=[*rows, series_change(MINUTE)])) == "fee_changes_too_many"


@pytest.mark.parametrize("ts", [-1, 10**30, 1.5, "2026-10-01", True])
def test_a_time_that_is_none_is_refused(ts: Any) -> None:
    row = FeeChange("series", "KXDEMO", ts, "quadratic", MICRO)
    for more in ({"changes": [row]}, {"waived_until": ts}, {"as_of": ts}):
        assert refused(made(**more)) == "fee_time_unreadable"


def test_a_plan_is_asked_about_times_alone() -> None:
    for since, until in ((NOW, NOW - 1), (-1, NOW), (NOW, 10**30)):
        with pytest.raises(InvariantBroken):
            plan().worst(since, until)
    with pytest.raises(InvariantBroken):
        plan().expected(-1)
    assert priced(plan().worst(0, 0)) == (70_000, 0)


# Waivers.


def test_a_waiver_makes_fills_free_until_it_ends_and_no_estimate_cheaper() -> None:
    waived = plan(waived_until=NOW + HOUR)
    assert priced(waived.expected(NOW + HOUR - 1)) == (0, 0)
    assert priced(waived.expected(NOW + HOUR)) == (70_000, 0)
    assert priced(waived.worst(NOW, NOW)) == (70_000, 0)
    assert waived.next_change(NOW) == NOW + HOUR


def test_a_waiver_does_not_make_unpriced_terms_tradable() -> None:
    assert refused(plan(Said("flat", MICRO), waived_until=NOW + HOUR).expected(NOW)) == "fee_type_unknown"


# Over all of it.

words = st.tuples(st.sampled_from(TYPES), st.integers(0, 10 * MICRO))
moments = st.integers(-2 * HOUR, 2 * HOUR)


@given(
    first=words,
    of_series=st.lists(st.tuples(moments, words), max_size=4),
    of_event=st.lists(st.tuples(moments, st.just((None, None)) | words), max_size=4),
    waived=st.none() | moments,
    begins=st.integers(0, 2 * HOUR),
    lasts=st.integers(0, HOUR),
    part_ppm=st.integers(0, MICRO),
    late=st.integers(-MINUTE, MINUTE),
)
def test_the_worst_of_a_life_covers_every_fill_in_it_even_by_a_clock_that_differs(
    first: Any, of_series: Any, of_event: Any, waived: Any, begins: int, lasts: int, part_ppm: int, late: int
) -> None:
    changing = plan(
        Said(*first),
        changes=[
            *(FeeChange("series", "KXDEMO", NOW + after, *said) for after, said in of_series),
            *(FeeChange("event", EVENT_TICKER, NOW + after, *said) for after, said in of_event),
        ],
        waived_until=None if waived is None else NOW + waived,
    )
    since = NOW + begins
    worst = priced(changing.worst(since, since + lasts))
    charged = priced(changing.expected(since + lasts * part_ppm // MICRO + late))
    assert charged[0] <= worst[0]
    assert charged[1] <= worst[1]


@given(fee_type=st.sampled_from(TYPES), multiplier_ppm=st.integers(0, 10 * MICRO), price=st.integers(1, MICRO - 1))
def test_a_rate_is_never_below_the_published_formula(fee_type: str, multiplier_ppm: int, price: int) -> None:
    rates = plan(Said(fee_type, multiplier_ppm)).expected(NOW)
    share = {"quadratic": Fraction(0), "quadratic_with_maker_fees": Fraction(1, 4)}.get(fee_type, Fraction(1, 2))
    p = Fraction(price, MICRO)
    published = Fraction(7, 100) * Fraction(multiplier_ppm, MICRO) * p * (1 - p) * MICRO
    assert isinstance(rates, QuadraticFee)
    assert fee_estimate(contract(rates), "buy", price, MICRO) >= published
    assert fee_estimate(contract(rates), "sell", price, MICRO, maker=True) >= published * share


def test_every_recorded_series_has_a_price() -> None:
    folder = os.environ.get("ASSENT_SHARED_DATA")
    if not folder:
        pytest.skip("ASSENT_SHARED_DATA does not name the folder of recorded answers")
    text = (Path(folder) / "kalshi_rest" / "series_list_response.json").read_text(encoding="utf-8")
    rows = json.loads(text)["response"]["series"]
    # An empty file would pass by saying nothing.
    assert len(rows) > 100
    for row in rows:
        series = Said(row["fee_type"], int(row["fee_multiplier"] * MICRO))
        assert priced(plan(series).expected(NOW)) == (70_000, 0), row["ticker"]
