"""What must now be done for a fact: one table, read only after the fact is on the disk.

Three classes. *Once*: an order is submitted for its release and for nothing else; after a crash an open one is unknown
and is not submitted again. *At least once*: a cancel may be asked again, so a restart derives it anew from the state.
*At most once*: a question that may be lost; who waits for its answer when the desk starts is told that none will come.
So may a reset of belts: one that stays closed is found so by the next start, which halts for it again.

What observe states in place of releases has no row here, so there is nothing to carry out.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from assent.desk.state import State
from assent.model.facts import CancelReleased, Fact, HaltCleared, LookRequested, OrderReleased
from assent.model.orders import Order


class SubmitOrder(msgspec.Struct, frozen=True):
    """Once."""

    order: Order
    digest: str


class CancelOrder(msgspec.Struct, frozen=True):
    """At least once."""

    order_id: str


class PollBook(msgspec.Struct, frozen=True):
    """At most once."""

    intent_id: str
    instrument: str


class ResetBelts(msgspec.Struct, frozen=True):
    """At most once."""


Effect = SubmitOrder | CancelOrder | PollBook | ResetBelts

# The halt for a belt that closed at the venue. A person who clears it has it opened again.
BELT_CAUSE: Final = "order_group_triggered"

EFFECTS: dict[type, Callable[[Any], Effect | None]] = {
    OrderReleased: lambda fact: SubmitOrder(order=fact.order, digest=fact.digest),
    CancelReleased: lambda fact: CancelOrder(order_id=fact.order_id),
    LookRequested: lambda fact: PollBook(intent_id=fact.intent_id, instrument=fact.instrument),
    HaltCleared: lambda fact: ResetBelts() if fact.cause == BELT_CAUSE else None,
}


def effects_of(facts: Iterable[Fact]) -> list[Effect]:
    """The effects of committed facts, in their order."""
    found = (EFFECTS[type(fact)](fact) for fact in facts if type(fact) in EFFECTS)
    return [effect for effect in found if effect is not None]


def duties(state: State) -> list[Effect]:
    """What a restart owes: every at-least-once effect whose answer is not recorded."""
    return [CancelOrder(order_id=order_id) for order_id, order in state.orders.items() if order.cancel == "asked"]
