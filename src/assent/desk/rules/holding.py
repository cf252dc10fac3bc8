"""What is held already on the side that an idea would add to: how much of one market, and what lies beside it."""

from assent.desk import exposure
from assent.desk.candidate import Candidate
from assent.desk.state import OrderState
from assent.model.intents import Check
from assent.model.orders import Side


def duplicate(candidate: Candidate) -> Check:
    """Nothing is added on a side of a market on which something is held, or may still fill."""
    if not candidate.opens:
        return Check("duplicate", True)
    name, side = candidate.proposal.instrument, candidate.side
    found = _held_on(candidate, name, side) > 0 or bool(_entries(candidate, name, side))
    return Check("duplicate", not found, int(found), 0)


def overlap(candidate: Candidate) -> Check:
    """Counts the other markets of the event that are held, or may still be, on the same side."""
    if not candidate.opens:
        return Check("overlap", True)
    market, state = candidate.market, candidate.state
    if market is None:
        return Check("overlap", False)
    others = 0
    for name in exposure.busy_instruments(state):
        other = state.find_instrument(name)
        beside = other is not None and name != market.instrument.id and other.event == market.instrument.event
        if beside and (_held_on(candidate, name, candidate.side) or _entries(candidate, name, candidate.side)):
            others += 1
    return Check("overlap", others == 0, others, 0)


def position_qty(candidate: Candidate) -> Check:
    if not candidate.opens:
        return Check("max_position_exceeded", True)
    seal, market = candidate.state.seal, candidate.market
    if seal is None or market is None:
        return Check("max_position_exceeded", False)
    name, side = candidate.proposal.instrument, candidate.side
    coming = sum(order.open_qty for order in _entries(candidate, name, side))
    judged = candidate.qty or market.instrument.quantities.least
    measured = _held_on(candidate, name, side) + coming + judged
    limit = seal.constitution.position_qty_max
    return Check("max_position_exceeded", measured <= limit, measured, limit)


def position_notional(candidate: Candidate) -> Check:
    if not candidate.opens:
        return Check("position_notional", True)
    state, market = candidate.state, candidate.market
    if state.seal is None or market is None:
        return Check("position_notional", False)
    name, side, instrument = candidate.proposal.instrument, candidate.side, market.instrument
    held = state.positions[name].cost if _held_on(candidate, name, side) else 0
    coming = sum(
        exposure.notional(instrument, side, order.order.price, order.open_qty)
        for order in _entries(candidate, name, side)
    )
    judged = candidate.qty or instrument.quantities.least
    measured = held + coming + exposure.notional(instrument, side, candidate.price, judged)
    limit = state.seal.constitution.position_notional_max
    return Check("position_notional", measured <= limit, measured, limit)


def _held_on(candidate: Candidate, name: str, side: Side) -> int:
    """The quantity held on this side; nothing when it is held on the other."""
    held = candidate.state.held(name)
    return max(0, held if side == "buy" else -held)


def _entries(candidate: Candidate, name: str, side: Side) -> list[OrderState]:
    """Opening orders on this side that may still fill."""
    return [
        order
        for order in candidate.state.orders.values()
        if order.open_qty
        and order.intent.action == "open"
        and order.order.instrument == name
        and order.order.side == side
    ]
