"""Eastern days, against the table of time zones and against daily candles that the venue has sent."""

import json
import os
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assent.exchange.kalshi.eastern import day_of, end_of_day

NEW_YORK = ZoneInfo("America/New_York")
FIRST, LAST = 1_200_000_000, 2_140_000_000


@given(st.integers(FIRST // 86_400, LAST // 86_400))
def test_a_day_ends_twenty_four_hours_after_its_midnight_in_new_york(number: int) -> None:
    begins = datetime(1970, 1, 1, tzinfo=NEW_YORK) + timedelta(days=number - 1)
    assert end_of_day(number) == begins.timestamp() + 86_400


@given(st.integers(FIRST // 86_400, LAST // 86_400))
def test_the_end_of_a_day_belongs_to_it_and_the_next_second_to_the_next(number: int) -> None:
    assert day_of(end_of_day(number)) == number
    assert day_of(end_of_day(number) + 1) == number + 1


FOLDER = os.environ.get("ASSENT_SHARED_DATA", "")


@pytest.mark.skipif(not FOLDER, reason="ASSENT_SHARED_DATA does not name the folder of recorded answers")
def test_daily_candles_that_were_recorded_end_with_these_days() -> None:
    recorded = json.loads((Path(FOLDER) / "kalshi_rest" / "series_candlesticks_response.json").read_text())
    ends = [row["end_period_ts"] for row in recorded["response"]["candlesticks"]]
    assert len({b - a for a, b in pairwise(ends)}) == 2
    assert ends == [end_of_day(day_of(ends[0]) + index) for index in range(len(ends))]
