"""Carries out what an entry said about leaving: take-profit, stop, time and liquidity, on the normal road.

An exit is an intent like any other: judged, recorded, released. Which exits stand is part of the state, so a restart
goes on watching; only the last quote is soft, and without one nothing is decided: the halt `mark_missing` says so.
Where the venue holds stop and target, the desk sees to the rest, and that a filled entry has its stop: else it is
closed and a person is called. A try that came to nothing is repeated while its condition holds, ever less often.
"""

from assent.desk import brackets, money, proposing, recall
from assent.desk.context import BY, Attempt, Context
from assent.desk.market import Market
from assent.desk.orders import RESTING, may_ask_cancel
from assent.desk.state import Guard, OrderState, Position, State
from assent.model.exits import Exits
from assent.model.facts import CancelReleased
from assent.model.inputs import QuoteSeen
from assent.model.instruments import Instrument
from assent.model.intents import Proposal
from assent.model.orders import Side
from assent.model.units import MICRO, SECOND

# A filled entry may be without a working stop for this long.
PROTECT_MAX = 10 * SECOND
# After a try in vain the next one waits for this long, after each further one twice as long, up to the most.
AGAIN = SECOND
AGAIN_MOST = 32 * SECOND


def look(desk: Context, market: Market, guard: Guard) -> None:
    """Is it time to leave this position, by what is known now?"""
    position, quote = desk.state.positions.get(market.instrument.id), market.touch()
    if position is None or quote is None or (position.qty > 0) != (guard.side == "buy"):
        return
    why = _reason(guard, market.instrument, position, quote, desk.now)
    if why:
        _leave(desk, market, quote, why)


def cycle(desk: Context) -> None:
    """Once a cycle: what the clock alone brings about, whether every filled entry has its stop, and every exit
    something to leave."""
    state = desk.state
    for order in list(state.orders.values()):
        if order.status == "working" and _leaves_nothing(state, order):
            _call_back(desk, order, "nothing is left for it to leave")
    for soft in (desk.attempts, desk.protected_ts):
        for name in soft.keys() - state.guards.keys():
            del soft[name]
    for name, guard in list(state.guards.items()):
        market, instrument = desk.markets.get(name), state.find_instrument(name)
        if market is not None and guard.watched:
            look(desk, market, guard)
        if guard.exits.stop_price is not None and instrument is not None and brackets.known_to_venue(instrument):
            _see_to_stop(desk, name, market, guard)


def parent_ended(desk: Context, parent: OrderState) -> None:
    """No working child outlives a parent that filled nothing."""
    if parent.intent.exits is None or parent.filled or parent.status not in brackets.GONE:
        return
    for child in brackets.legs(desk.state, parent.order.instrument):
        if child.order.parent == parent.order.order_id and child.status != "released":
            _call_back(desk, child, "its entry ended without a fill")


def child_rests(desk: Context, child: OrderState) -> None:
    """A child that the venue confirms after its parent has ended without a fill is called back at once."""
    if child.order.parent is not None and child.status == "working" and brackets.obstacle(desk.state, child):
        _call_back(desk, child, "its entry ended without a fill")


def _reason(guard: Guard, instrument: Instrument, position: Position, quote: QuoteSeen, now: int) -> str | None:
    """The first exit whose condition holds; the stop comes first. What is not known decides nothing."""
    exits = guard.exits
    priced = _by_price(exits, instrument, position, quote)
    if priced:
        return priced
    qty = quote.bid_qty if position.qty > 0 else quote.ask_qty
    if exits.depth_min is not None and qty is not None and qty < exits.depth_min:
        return "liquidity"
    wide = None if quote.bid is None or quote.ask is None else quote.ask - quote.bid
    if exits.spread_max is not None and wide is not None and wide > exits.spread_max:
        return "liquidity"
    if exits.life_ns is not None and now - guard.since_ts >= exits.life_ns:
        return "time"
    if exits.ahead_ns is not None and now >= instrument.close_ts - exits.ahead_ns:
        return "time"
    return None


def _by_price(exits: Exits, instrument: Instrument, position: Position, quote: QuoteSeen) -> str | None:
    """Stop and target, by the price at which we would leave, or by what the position gained on its cost."""
    long = position.qty > 0
    price = quote.bid if long else quote.ask
    if price is None:
        return None
    stop, target = (None, None) if brackets.known_to_venue(instrument) else (exits.stop_price, exits.target_price)
    gain = _gain_ppm(instrument, position, quote) if exits.loss_ppm or exits.gain_ppm else 0
    if stop is not None and (price <= stop if long else price >= stop):
        return "stop"
    if exits.loss_ppm is not None and gain <= -exits.loss_ppm:
        return "stop"
    if target is not None and (price >= target if long else price <= target):
        return "target"
    if exits.gain_ppm is not None and gain >= exits.gain_ppm:
        return "target"
    return None


def _gain_ppm(instrument: Instrument, position: Position, quote: QuoteSeen) -> int:
    """(mark - cost) / cost, rounded down: a loss counts whole, a gain only when it is reached."""
    value = money.mark_value(instrument, position, bid=quote.bid, ask=quote.ask) or 0
    gain = value if brackets.known_to_venue(instrument) else value - position.cost
    return gain * MICRO // max(1, position.cost)


def _leave(desk: Context, market: Market, quote: QuoteSeen, why: str, *, by_halt: bool = False) -> None:
    """Propose the close, unless one of ours is on its way. Nobody can be dealt with where nobody stands."""
    name, held = market.instrument.id, desk.state.held(market.instrument.id)
    price, last = quote.bid if held > 0 else quote.ask, desk.attempts.get(name)
    if price is None or (last is not None and last.held == held and desk.now < last.again_ts):
        return
    closes = [order for order in desk.state.orders.values() if _closes(order, name)]
    for order in closes:
        # A close that only rests somewhere, waiting for a better price, must not keep us in.
        if order.status == "working" and order.order.time_in_force != "ioc":
            _call_back(desk, order, f"exit by {why}")
    if closes:
        return
    # An entry on the side of the exit would be a way out as well, so nothing is closed that it may still close.
    side: Side = "sell" if held > 0 else "buy"
    for order in list(desk.state.orders.values()):
        terms = order.order
        if order.status == "working" and (terms.instrument, terms.side, terms.parent) == (name, side, None):
            _call_back(desk, order, f"exit by {why}")
    proposal = Proposal(
        instrument=name,
        action="close",
        side=side,
        price=price,
        type="market" if brackets.known_to_venue(market.instrument) else "limit",
        reason=f"exit by {why}",
    )
    released = proposing.consider(desk, BY, proposal, by_halt=by_halt) is None
    in_vain = last.in_vain + released if last is not None and last.held == held else int(released)
    wait = min(AGAIN << max(0, in_vain - 1), AGAIN_MOST)
    desk.attempts[name] = Attempt(held, min(in_vain, 16), desk.now + wait)


def _leaves_nothing(state: State, order: OrderState) -> bool:
    """Whether an exit would, filled whole, open a position instead: a correction took away what it was to leave."""
    if order.order.parent is not None:
        return brackets.orphaned(state, order)
    held = state.held(order.order.instrument)
    return order.intent.action == "close" and order.open_qty > max(0, held if order.order.side == "sell" else -held)


def _closes(order: OrderState, name: str) -> bool:
    """Whether this order is on its way to give the position back, beside the legs of a bracket."""
    terms = order.order
    return terms.instrument == name and order.intent.action == "close" and terms.parent is None and order.open_qty > 0


def _see_to_stop(desk: Context, name: str, market: Market | None, guard: Guard) -> None:
    """Protect or flatten: a stop that does not come to rest in time is replaced by leaving at once.

    Counted anew when a stop was seen and went, and after a start: the news that explains it may be on its way.
    """
    state, now = desk.state, desk.now
    held = state.held(name)
    if brackets.protected_qty(brackets.legs(state, name), held) >= abs(held):
        desk.protected_ts[name] = now
        return
    since = max(guard.since_ts, desk.protected_ts.get(name, 0), state.started_ts)
    if not held or now - since <= PROTECT_MAX:
        return
    recall.raise_halt(desk, "unprotected", by=BY, detail=f"{name}: no working stop for {abs(held)}")
    quote = market.touch() if market is not None else None
    if market is not None and quote is not None:
        _leave(desk, market, quote, "missing stop", by_halt=True)


def _call_back(desk: Context, order: OrderState, why: str) -> None:
    if order.status in RESTING and may_ask_cancel(order, desk.now):
        desk.emit(CancelReleased(order_id=order.order.order_id, by=BY, why=why))
