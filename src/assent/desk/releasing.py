"""From an intent that has its assent to the order that may leave: the exact bytes, with the legs of its bracket.

The last step of every road to a venue, and the only code that states a release. In observe the same order ends here:
it is stated as one that would have been released, answered as a venue would answer, and sent nowhere.
"""

from assent.desk import brackets, charter, observing
from assent.desk.context import Context
from assent.desk.state import State
from assent.model import ids
from assent.model.facts import LedgerOpened, OrderReleased
from assent.model.intents import Intent
from assent.model.orders import Order, order_digest


def release(desk: Context, intent: Intent, assent: str) -> None:
    """Once for each intent: the fold refuses a second order under the same name."""
    seal = desk.state.seal
    if seal is None:
        return
    for order in orders_of(desk.state, intent):
        _state(desk, seal, order, assent)


def orders_of(state: State, intent: Intent) -> list[Order]:
    """Every order that a release of this intent states, the entry first."""
    seal = state.seal
    if seal is None:
        return []
    order = _order(seal, intent)
    if intent.exits is None:
        return [order]
    instrument = state.find_instrument(intent.instrument)
    held_there = instrument is not None and brackets.known_to_venue(instrument)
    return [order, *brackets.children(seal, order, intent)] if held_there else [order]


def _state(desk: Context, seal: LedgerOpened, order: Order, assent: str) -> None:
    if seal.mode == charter.OBSERVE:
        observing.release(desk, order, assent)
    else:
        desk.emit(OrderReleased(order=order, digest=order_digest(order), assent=assent))


def _order(seal: LedgerOpened, intent: Intent) -> Order:
    order_id = ids.client_order_id(
        seal.ledger_id, seal.venue, seal.account, intent.intent_id, 1,
        intent.instrument, intent.side, intent.price, intent.qty,
    )  # fmt: skip
    return Order(
        order_id=order_id,
        intent_id=intent.intent_id,
        attempt=1,
        instrument=intent.instrument,
        side=intent.side,
        type=intent.type,
        price=intent.price,
        qty=intent.qty,
        time_in_force=intent.time_in_force,
        stop_price=intent.stop_price,
        post_only=intent.post_only,
        reduce_only=intent.action == "close" and intent.time_in_force == "ioc",
        expires_ts=intent.expires_ts,
        parent=intent.parent,
        oca_group=intent.oca_group,
        protective=intent.protective,
    )
