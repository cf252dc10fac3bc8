"""How much is at stake already, with everything that is on its way counted at its worst."""

from assent.desk import event, exposure
from assent.desk.candidate import Candidate
from assent.desk.orders import may_ask_cancel
from assent.desk.state import State
from assent.model.constitution import together
from assent.model.intents import Check


def one_open_intent(candidate: Candidate) -> Check:
    """One order at a time to open, one to close, one cancel of each order: what is on its way is not doubled."""
    if candidate.proposal.action == "cancel":
        return _one_cancel(candidate)
    proposal, strategy, open_now = candidate.proposal, candidate.strategy, 0
    state = candidate.state
    for order in (*state.orders.values(), *state.would.values()) if state.would else state.orders.values():
        open_now += (
            order.order.instrument == proposal.instrument
            and order.intent.strategy == strategy
            and order.intent.action == proposal.action
            and order.order.parent is None
        )
    return Check("one_open_intent", open_now == 0, open_now + 1, 1)


def _one_cancel(candidate: Candidate) -> Check:
    """Not while the venue's answer to the last one is awaited, or was a refusal a moment ago."""
    order = candidate.state.orders.get(candidate.proposal.order_id or "")
    asked = 0 if order is None or may_ask_cancel(order, candidate.now) else 1
    return Check("one_open_intent", asked == 0, asked + 1, 1)


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


def market_exposure(candidate: Candidate) -> Check:
    if not candidate.opens:
        return Check("market_exposure", True)
    state, loss, name = candidate.state, candidate.worst_loss, candidate.proposal.instrument
    if state.seal is None or loss is None:
        return Check("market_exposure", False)
    orders = exposure.orders_by_instrument(state).get(name, [])
    measured = exposure.instrument_exposure(state, name, orders) + loss
    limit = state.seal.constitution.market_exposure_max
    return Check("market_exposure", measured <= limit, measured, limit)


def event_exposure(candidate: Candidate) -> Check:
    """All markets of the event added up; over its outcomes only where the owner trusts that at most one is yes."""
    if not candidate.opens:
        return Check("event_exposure", True)
    state, loss, market = candidate.state, candidate.worst_loss, candidate.market
    if state.seal is None or loss is None or market is None:
        return Check("event_exposure", False)
    constitution, instrument = state.seal.constitution, market.instrument
    if instrument.series in constitution.trust_exclusive:
        judged = candidate.qty or instrument.quantities.least
        idea = event.Idea(instrument, candidate.side, candidate.price, judged, candidate.fee, loss)
        measured = event.exclusive_exposure(state, idea)
    else:
        measured = event.summed_exposure(state, lambda other: other.event == instrument.event) + loss
    return Check(
        "event_exposure", measured <= constitution.event_exposure_max, measured, constitution.event_exposure_max
    )


def series_exposure(candidate: Candidate) -> Check:
    """Always the plain sum: nothing excludes anything between events."""
    if not candidate.opens:
        return Check("series_exposure", True)
    state, loss, market = candidate.state, candidate.worst_loss, candidate.market
    if state.seal is None or loss is None or market is None:
        return Check("series_exposure", False)
    series = market.instrument.series
    measured = event.summed_exposure(state, lambda other: other.series == series) + loss
    limit = state.seal.constitution.series_exposure_max
    return Check("series_exposure", measured <= limit, measured, limit)


def theme_exposure(candidate: Candidate) -> Check:
    """The plain sum over all series of a theme; of several themes the one with most at stake."""
    if not candidate.opens:
        return Check("theme_exposure", True)
    state, loss, market = candidate.state, candidate.worst_loss, candidate.market
    if state.seal is None or loss is None or market is None:
        return Check("theme_exposure", False)
    constitution = state.seal.constitution
    themes = [members for _, members in together(constitution, market.instrument.series)]
    measured = loss + max(_in_series(state, members) for members in themes)
    limit = constitution.theme_exposure_max
    return Check("theme_exposure", measured <= limit, measured, limit)


def _in_series(state: State, series: frozenset[str]) -> int:
    return event.summed_exposure(state, lambda other: other.series in series)


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


def buying_power(candidate: Candidate) -> Check:
    """What stays free after the worst loss: no trade goes through the floor."""
    if not candidate.opens:
        return Check("buying_power", True)
    state, loss = candidate.state, candidate.worst_loss
    if state.seal is None or loss is None:
        return Check("buying_power", False)
    left = state.cash - state.reserved() - loss
    limit = state.seal.constitution.buying_power_min
    return Check("buying_power", left >= limit, left, limit)
