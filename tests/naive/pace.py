"""Rules about how much may be sent in a while."""

from tests.naive.books import HOUR
from tests.naive.idea import UNJUDGED, Answer, Idea, at_least, at_most


def orders_per_cycle(idea: Idea) -> Answer:
    return at_most(len(idea.releases(idea.limits.cycle_length)) + 1, idea.limits.orders_per_cycle_max)


def notional_per_cycle(idea: Idea) -> Answer:
    if idea.market is None:
        return UNJUDGED
    spent = sum(worth for _, _, worth, _ in idea.releases(idea.limits.cycle_length))
    return at_most(spent + idea.worth, idea.limits.notional_per_cycle_max)


def orders_per_day(idea: Idea) -> Answer:
    return at_most(len(idea.releases_today()) + 1, idea.limits.orders_per_day_max)


def notional_per_day(idea: Idea) -> Answer:
    if idea.market is None:
        return UNJUDGED
    spent = sum(worth for _, _, worth, _ in idea.releases_today())
    return at_most(spent + idea.worth, idea.limits.notional_per_day_max)


def trades_per_market(idea: Idea) -> Answer:
    entries = [1 for _, name, _, entry in idea.releases_today() if entry and name == idea.name]
    return at_most(len(entries) + 1, idea.limits.trades_per_market_day_max)


def entries_per_hour(idea: Idea) -> Answer:
    return at_most(sum(entry for *_, entry in idea.releases(HOUR)) + 1, idea.limits.entries_per_hour_max)


def entry_gap(idea: Idea) -> Answer:
    last = max((ts for ts, _, _, entry in idea.books.releases if entry), default=None)
    return (True, None, None) if last is None else at_least(idea.now - last, idea.limits.entry_gap_min)
