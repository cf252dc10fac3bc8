"""Smaller days, for tests of what is kept of days and not of what happens in them.

A whole day has five events, each with a crowd of its own, and its crowds are what takes time. What a journal remembers,
what a replay meets again and what midnight brings is the same for fewer of them; what a whole day holds is tried in
`test_world.py`, in `test_boxed.py` for its first half hour, and over a midnight in `kalshi/test_server.py`.
"""

from collections.abc import Callable

import pytest

from assent.exchange import world
from assent.exchange.programme import HIGH_SERIES

Smaller = Callable[..., None]


@pytest.fixture
def days_of(monkeypatch: pytest.MonkeyPatch) -> Smaller:
    """From now on each day has the events of these series alone. The first of all has to be among them: the pauses and
    the finer grid of a day are about its markets."""
    whole = world.programme

    def smaller(*series: str) -> None:
        assert HIGH_SERIES in series
        monkeypatch.setattr(
            world, "programme", lambda seed, day: tuple(each for each in whole(seed, day) if each.series in series)
        )

    return smaller


@pytest.fixture
def one_event(days_of: Smaller) -> None:
    """Days with nothing but the high of a city: six markets, a pause, a halt of the whole exchange and a finer grid."""
    days_of(HIGH_SERIES)
