"""Carries out what an entry said about leaving: take-profit, stop, time and liquidity, on the normal road.

An exit is an intent like any other: judged, recorded, released. Which exits stand is part of the state, so a restart
goes on watching; only the last quote is soft, and without one nothing is done. Where the venue holds stop and target,
the desk sees to time and liquidity, and that a filled entry has its stop: else it is closed and a person is called.
"""

from typing import TYPE_CHECKING

from assent.desk import brackets, control, proposing
from assent.desk.state import Guard
from assent.model.exits import Exits
from assent.model.inputs import QuoteSeen
from assent.model.instruments import Instrument
from assent.model.intents import Proposal
from assent.model.units import SECOND

if TYPE_CHECKING:
    from assent.desk.desk import Desk
    from assent.desk.market import Market

# Under this name the desk proposes for itself; a strategy that was stopped does not keep it from leaving.
BY = "desk"
# A filled entry may be without a working stop for this long.
PROTECT_MAX = 10 * SECOND


def has_watch(instrument: Instrument, exits: Exits) -> bool:
    """Whether there is anything that the venue does not do for us."""
    if not brackets.known_to_venue(instrument):
        return True
    return exits.life_ns is not None or exits.depth_min is not None


def look(desk: "Desk", market: "Market", guard: Guard) -> None:
    """Is it time to leave this position, by what is known now?"""
    name = market.instrument.id
    held, quote = desk.state.held(name), market.touch()
    if not held or quote is None or (held > 0) != (guard.side == "buy"):
        return
    why = _reason(guard, market.instrument, quote, desk.now)
    if why:
        _leave(desk, market, quote, why)


def cycle(desk: "Desk") -> None:
    """Once a cycle: what the clock alone brings about, and whether every filled entry has its stop."""
    for name, guard in list(desk.state.guards.items()):
        market = desk.markets.get(name)
        if market is None:
            continue
        if guard.watched:
            look(desk, market, guard)
        if guard.exits.stop_price is not None and brackets.known_to_venue(market.instrument):
            _see_to_stop(desk, market, guard)


def _reason(guard: Guard, instrument: Instrument, quote: QuoteSeen, now: int) -> str | None:
    """The first exit whose condition holds; the stop comes first."""
    exits, long = guard.exits, guard.side == "buy"
    price, qty = (quote.bid, quote.bid_qty) if long else (quote.ask, quote.ask_qty)
    if price is not None and not brackets.known_to_venue(instrument):
        stop, target = exits.stop_price, exits.target_price
        if stop is not None and (price <= stop if long else price >= stop):
            return "stop"
        if target is not None and (price >= target if long else price <= target):
            return "target"
    if exits.depth_min is not None and qty is not None and qty < exits.depth_min:
        return "liquidity"
    if exits.life_ns is not None and now - guard.since_ts >= exits.life_ns:
        return "time"
    return None


def _leave(desk: "Desk", market: "Market", quote: QuoteSeen, why: str) -> None:
    """Propose the close, unless one is on its way. Nothing can be done while nobody is there to deal with."""
    name = market.instrument.id
    closing = any(
        order.order.instrument == name and order.intent.action == "close" and order.order.parent is None
        for order in desk.state.orders.values()
    )
    long = desk.state.held(name) > 0
    price = quote.bid if long else quote.ask
    if closing or price is None:
        return
    proposal = Proposal(
        instrument=name,
        action="close",
        side="sell" if long else "buy",
        price=price,
        type="market" if brackets.known_to_venue(market.instrument) else "limit",
        reason=f"exit by {why}",
    )
    proposing.consider(desk, BY, proposal)


def _see_to_stop(desk: "Desk", market: "Market", guard: Guard) -> None:
    """Protect or flatten: a stop that did not come to rest in time is replaced by leaving at once."""
    name, state = market.instrument.id, desk.state
    held, quote = state.held(name), market.touch()
    if not held or quote is None or desk.now - guard.since_ts <= PROTECT_MAX:
        return
    if brackets.protected_qty(brackets.legs(state, name), held) >= abs(held):
        return
    control.raise_halt(desk, "unprotected", by=BY, detail=f"{name}: no working stop for {abs(held)}")
    _leave(desk, market, quote, "missing stop")
