"""How fast: orders and notional for each cycle and day, entries for each market, hour and moment.

Only opening is slowed down; every release counts. A cycle is a stretch of `cycle_length` that ends now, whichever
strategy and whichever event the orders come from.
"""

from assent.desk import exposure, pace
from assent.desk.candidate import Candidate
from assent.model.intents import Check
from assent.model.units import HOUR


def orders_per_cycle(candidate: Candidate) -> Check:
    if not candidate.opens:
        return Check("max_orders_per_cycle_guard", True)
    seal = candidate.state.seal
    if seal is None:
        return Check("max_orders_per_cycle_guard", False)
    limits = seal.constitution
    measured = pace.last(candidate.state, candidate.now, limits.cycle_length).orders + 1
    limit = limits.orders_per_cycle_max
    return Check("max_orders_per_cycle_guard", measured <= limit, measured, limit)


def notional_per_cycle(candidate: Candidate) -> Check:
    if not candidate.opens:
        return Check("max_notional_per_cycle_guard", True)
    seal, worth = candidate.state.seal, _worth(candidate)
    if seal is None or worth is None:
        return Check("max_notional_per_cycle_guard", False)
    limits = seal.constitution
    window = pace.last(candidate.state, candidate.now, limits.cycle_length)
    measured, limit = window.notional + worth, limits.notional_per_cycle_max
    return Check("max_notional_per_cycle_guard", window.whole and measured <= limit, measured, limit)


def orders_per_day(candidate: Candidate) -> Check:
    if not candidate.opens:
        return Check("orders_per_day", True)
    seal = candidate.state.seal
    if seal is None:
        return Check("orders_per_day", False)
    measured = pace.today(candidate.state, candidate.now).orders + 1
    limit = seal.constitution.orders_per_day_max
    return Check("orders_per_day", measured <= limit, measured, limit)


def notional_per_day(candidate: Candidate) -> Check:
    if not candidate.opens:
        return Check("notional_per_day", True)
    seal, worth = candidate.state.seal, _worth(candidate)
    if seal is None or worth is None:
        return Check("notional_per_day", False)
    measured = pace.today(candidate.state, candidate.now).notional + worth
    limit = seal.constitution.notional_per_day_max
    return Check("notional_per_day", measured <= limit, measured, limit)


def trades_per_market(candidate: Candidate) -> Check:
    """Entries into this market today, this one included."""
    if not candidate.opens:
        return Check("max_trades_reached", True)
    seal, name = candidate.state.seal, candidate.proposal.instrument
    if seal is None:
        return Check("max_trades_reached", False)
    measured = pace.today(candidate.state, candidate.now).entries.get(name, 0) + 1
    limit = seal.constitution.trades_per_market_day_max
    return Check("max_trades_reached", measured <= limit, measured, limit)


def entries_per_hour(candidate: Candidate) -> Check:
    if not candidate.opens:
        return Check("entries_per_hour", True)
    seal = candidate.state.seal
    if seal is None:
        return Check("entries_per_hour", False)
    window = pace.last(candidate.state, candidate.now, HOUR)
    measured, limit = window.entries + 1, seal.constitution.entries_per_hour_max
    return Check("entries_per_hour", window.whole and measured <= limit, measured, limit)


def entry_gap(candidate: Candidate) -> Check:
    """Before the first entry there is nothing to keep a distance from."""
    seal, before = candidate.state.seal, candidate.state.pace.entry_ts
    if not candidate.opens or (seal is not None and before is None):
        return Check("entry_gap", True)
    if seal is None or before is None:
        return Check("entry_gap", False)
    measured, limit = candidate.now - before, seal.constitution.entry_gap_min
    return Check("entry_gap", measured >= limit, measured, limit)


def _worth(candidate: Candidate) -> int | None:
    market = candidate.market
    if market is None:
        return None
    judged = candidate.qty or market.instrument.quantities.least
    return exposure.notional(market.instrument, candidate.side, candidate.price, judged)
