"""Entries with their exits at the venue: one parent and its stop and target, in one group of which one may fill.

Protection is released in the same step as the entry it protects. The children act for the parent's filled quantity
only, so they never leave with more than came in, and they go when the parent goes without a fill. What cannot be
expressed at a venue is not sent there; see `desk.exits` for what the desk sees to itself.
"""

import msgspec

from assent.desk.state import OrderState, State
from assent.model import ids
from assent.model.exits import Exits
from assent.model.facts import LedgerOpened
from assent.model.instruments import Future, Instrument
from assent.model.intents import Intent
from assent.model.orders import Fill, Order, Side

# Exits that a venue which holds brackets carries out itself.
AT_VENUE = ("stop_price", "target_price")
WATCHED = tuple(name for name in Exits.__struct_fields__ if name not in AT_VENUE)
OPPOSITE: dict[Side, Side] = {"buy": "sell", "sell": "buy"}
GONE = frozenset(("refused", "not_sent", "absent", "closed"))
# Nothing more of these can be filled but by a mistake.
OVER = GONE | {"filled", "quarantined"}


def known_to_venue(instrument: Instrument) -> bool:
    """Futures venues hold brackets for us; the event exchanges know plain limit orders only."""
    return type(instrument) is Future


def has_watch(instrument: Instrument, exits: Exits) -> bool:
    """Whether there is anything that the venue does not do for us."""
    if not known_to_venue(instrument):
        return True
    for name in WATCHED:  # noqa: SIM110 - asked at each entry: a plain loop takes half of any()'s time
        if getattr(exits, name) is not None:
            return True
    return False


def children(seal: LedgerOpened, parent: Order, intent: Intent) -> list[Order]:
    """The stop first: it is the one that must not be missing."""
    exits = intent.exits
    if exits is None:
        return []
    legs = []
    if exits.stop_price is not None:
        legs.append(_leg(seal, parent, "stop", exits.stop_price))
    if exits.target_price is not None:
        legs.append(_leg(seal, parent, "limit", exits.target_price))
    return legs


def _leg(seal: LedgerOpened, parent: Order, kind: str, price: int) -> Order:
    side = OPPOSITE[parent.side]
    order_id = ids.client_order_id(
        seal.ledger_id, seal.venue, seal.account, parent.intent_id, 1, parent.instrument, side, price, parent.qty
    )
    return Order(
        order_id=order_id,
        intent_id=parent.intent_id,
        attempt=1,
        instrument=parent.instrument,
        side=side,
        type="stop" if kind == "stop" else "limit",
        price=price,
        qty=parent.qty,
        time_in_force="gtc",
        stop_price=price if kind == "stop" else None,
        parent=parent.order_id,
        oca_group=parent.intent_id,
        protective=kind == "stop",
    )


def intent_of_child(parent: OrderState, order: Order) -> Intent:
    """A child leaves what its parent opened: the same intent, seen as a close that risks nothing more."""
    return msgspec.structs.replace(parent.intent, action="close", side=order.side, worst_loss=0, exits=None)


def legs(state: State, instrument: str) -> list[OrderState]:
    """Children that may still fill on this instrument."""
    return [
        order for order in state.orders.values()
        if order.order.parent is not None and order.order.instrument == instrument
    ]  # fmt: skip


def group(state: State, instrument: str) -> str | None:
    """The group that a close must join, so that it and the bracket's legs never leave twice."""
    return next((order.order.oca_group for order in legs(state, instrument)), None)


def protected_qty(orders: list[OrderState], held: int) -> int:
    """How much of a position stops cover that the venue has confirmed."""
    side = "sell" if held > 0 else "buy"
    covered = sum(
        order.open_qty for order in orders
        if order.order.protective and order.order.side == side and order.status == "working"
    )  # fmt: skip
    return min(abs(held), covered)


def obstacle(state: State, order: OrderState) -> str | None:
    """Why a child must not be sent now. A halt is no reason: it only takes risk off what has left already."""
    parent = state.find_order(order.order.parent or "")
    if parent is None or (parent.status in GONE and not parent.filled):
        return "parent_ended"
    return None


def orphaned(state: State, order: OrderState) -> bool:
    """Whether a child has nothing left to leave: its entry is over, and nothing of that side is held."""
    parent = state.find_order(order.order.parent or "")
    if parent is None or parent.status not in OVER:
        return parent is None
    held = state.held(order.order.instrument)
    return held <= 0 if order.order.side == "sell" else held >= 0


def leaves_too_much(state: State, order: OrderState, fill: Fill) -> bool:
    """Whether this fill takes more out of the group than is held: two of it were filled."""
    if order.order.parent is None and order.order.oca_group is None:
        return False
    held = state.held(fill.instrument)
    return fill.qty > (held if fill.side == "sell" else -held)


def drop_guard(state: State, name: str) -> None:
    """Exits end with the position they were for. Asked once a fact: a correction passes through nothing held."""
    guard = state.guards.get(name)
    if guard is None:
        return
    held = state.held(name)
    if not held or (held > 0) != (guard.side == "buy"):
        del state.guards[name]
