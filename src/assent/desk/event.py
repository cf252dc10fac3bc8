"""What may be lost in several markets together: added up, or, where the owner trusts a venue's word, over the outcomes.

In an exclusive group at most one market ends in yes, and none may: each such ending is a case, and the worst counts.
A group that breaks that word (two winners, a scalar settlement) can lose more, which is why the plain sum is the rule,
trust is named by series in the constitution, and the total is never measured this way.
"""

from collections.abc import Callable
from typing import NamedTuple

from assent.desk import exposure
from assent.desk.state import State
from assent.model.instruments import BinaryContract, Instrument
from assent.model.orders import Side
from assent.model.units import MICRO, mul_down, mul_up


class Idea(NamedTuple):
    """An entry that is not released yet, with its worst loss alone."""

    instrument: Instrument
    side: Side
    price: int
    qty: int
    fee: int
    worst_loss: int


def summed_exposure(state: State, belongs: Callable[[Instrument], bool]) -> int:
    """Sum of the worst losses of all held or ordered instruments that belong."""
    orders = exposure.orders_by_instrument(state)
    total = 0
    for name in {**dict.fromkeys(state.positions), **dict.fromkeys(orders)}:
        instrument = state.find_instrument(name)
        # What is not listed cannot be shown to lie elsewhere, so it counts.
        if instrument is None or belongs(instrument):
            total += exposure.instrument_exposure(state, name, orders.get(name, []))
    return total


def exclusive_exposure(state: State, idea: Idea) -> int:
    """Worst loss of the idea's event with the idea in it, over the outcomes of its exclusive group, none included."""
    event, group = idea.instrument.event, _group(idea.instrument)
    if not group:
        return summed_exposure(state, lambda other: other.event == event) + idea.worst_loss
    orders = exposure.orders_by_instrument(state)
    busy = {**dict.fromkeys(state.positions), **dict.fromkeys(orders)}
    members = [name for name in busy if _is_member(state, name, event, group)]
    outside = summed_exposure(state, lambda other: other.event == event and _group(other) != group)
    ids = list(dict.fromkeys((*members, idea.instrument.id)))
    losses = []
    for winner in (None, *ids):
        result = _idea_result(idea, MICRO if winner == idea.instrument.id else 0)
        for name in members:
            result += exposure.result_at(state, name, orders.get(name, []), MICRO if winner == name else 0)
        losses.append(-result)
    return outside + max(0, *losses)


def _is_member(state: State, name: str, event: str, group: str) -> bool:
    instrument = state.find_instrument(name)
    return instrument is not None and instrument.event == event and _group(instrument) == group


def _group(instrument: Instrument) -> str:
    return instrument.exclusive_group if type(instrument) is BinaryContract else ""


def _idea_result(idea: Idea, payout: int) -> int:
    """What the idea would add when its YES pays `payout`, if that is a loss; it may as well not fill."""
    if idea.side == "buy":
        result = mul_down(payout, idea.qty) - mul_up(idea.price, idea.qty)
    else:
        result = mul_down(idea.price, idea.qty) - mul_up(payout, idea.qty)
    return min(0, result - idea.fee)
