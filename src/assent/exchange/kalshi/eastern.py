"""Days in Eastern Time, which the venue's daily candles end with: UTC less five hours, less four in summer.

The rule of the United States since 2007, computed: no table of time zones is asked.
"""

from datetime import UTC, datetime, timedelta

HOUR = 3_600
DAY_SECONDS = 86_400
_STANDARD, _SUMMER = 5 * HOUR, 4 * HOUR


def day_of(seconds: int) -> int:
    """The number of the day that a Unix second belongs to; its end belongs to it."""
    number = -(-(seconds - _behind(seconds)) // DAY_SECONDS)
    if seconds > end_of_day(number):
        return number + 1
    return number - 1 if seconds <= end_of_day(number - 1) else number


def end_of_day(number: int) -> int:
    """The Unix second at which it ends: twenty-four hours after the midnight that it is named for. So the venue tells
    it even where the clocks change; the next day takes the hour, or gives it up."""
    local = (number - 1) * DAY_SECONDS
    # The clocks change at two in the morning, never at midnight.
    return local + _behind(local + _STANDARD) + DAY_SECONDS


def _behind(seconds: int) -> int:
    """How many seconds Eastern Time is behind UTC."""
    year = datetime.fromtimestamp(seconds, UTC).year
    begins = _sunday(year, 3, 2) + 2 * HOUR + _STANDARD
    ends = _sunday(year, 11, 1) + 2 * HOUR + _SUMMER
    return _SUMMER if begins <= seconds < ends else _STANDARD


def _sunday(year: int, month: int, which: int) -> int:
    """Midnight in UTC of the first, second… Sunday of a month."""
    first = datetime(year, month, 1, tzinfo=UTC)
    return int((first + timedelta(days=(6 - first.weekday()) % 7 + 7 * (which - 1))).timestamp())
