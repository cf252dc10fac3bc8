"""How much is at stake already, with everything that is on its way counted at its worst."""

from assent.desk import exposure
from assent.desk.candidate import Candidate
from assent.model.intents import Check


def one_open_intent(candidate: Candidate) -> Check:
    """One order at a time to open and one to close, so that an answer still on its way is not doubled."""
    if candidate.proposal.action == "cancel":
        return Check("one_open_intent", True)
    proposal, strategy = candidate.proposal, candidate.strategy
    open_now = sum(
        order.order.instrument == proposal.instrument
        and order.intent.strategy == strategy
        and order.intent.action == proposal.action
        and order.order.parent is None
        for order in candidate.state.orders.values()
    )
    return Check("one_open_intent", open_now == 0, open_now + 1, 1)


def open_positions(candidate: Candidate) -> Check:
    """Counts instruments that are held, or for which an opening order may still fill, this one included."""
    if not candidate.opens:
        return Check("open_positions", True)
    state = candidate.state
    if state.seal is None:
        return Check("open_positions", False)
    busy = exposure.busy_instruments(state)
    busy[candidate.proposal.instrument] = None
    limit = state.seal.constitution.open_positions_max
    return Check("open_positions", len(busy) <= limit, len(busy), limit)


def total_exposure(candidate: Candidate) -> Check:
    if not candidate.opens:
        return Check("total_exposure", True)
    state, loss = candidate.state, candidate.worst_loss
    if state.seal is None or loss is None:
        return Check("total_exposure", False)
    measured = exposure.total_exposure(state) + loss
    limit = state.seal.constitution.total_exposure_max
    return Check("total_exposure", measured <= limit, measured, limit)


def funds(candidate: Candidate) -> Check:
    """Cash that no open order has a claim on must cover the worst loss."""
    if not candidate.opens:
        return Check("funds", True)
    loss = candidate.worst_loss
    if loss is None:
        return Check("funds", False)
    free = candidate.state.cash - candidate.state.reserved()
    return Check("funds", loss <= free, loss, free)
