"""Where the world of a desk begins that has never run: at a moment that a test chooses, not at the hour of our clock.

Whoever opens a world lives through its day up to now, so a test late in the evening would take far longer than one in
the morning; and around midnight no market is open in which anything could be traded.
"""

from pathlib import Path

from tests.exchange.kalshi.served import MORNING

from assent.config import load
from assent.exchange.journal import FORMAT, Header, Journal
from assent.exchange.world import WORLD_VERSION


def begin(desk: Path, start_ts: int = MORNING) -> None:
    """Write the beginning of the world inside this desk's process; its time goes on from there."""
    told = load(desk)
    told.exchange_journal.parent.mkdir(parents=True, mode=0o700)
    header = Header(FORMAT, WORLD_VERSION, told.exchange_seed, start_ts, told.account, told.cash)
    Journal.open(told.exchange_journal, header).close()
