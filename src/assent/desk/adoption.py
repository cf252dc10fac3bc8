"""What accepting the venue's books would make of ours, worked out before anybody accepts; and the facts of it folded.

Pure. A plan is made of our state and the venue's own word, and has a digest: who accepts names it, so that what is
accepted is what was shown. It never flatters us: a position is taken over at what the venue says that it cost, else at
the most that it can lose; an order that rests there counts with its worst case until it is known to be off the book.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Literal, NamedTuple

import msgspec
from msgspec import structs

from assent.desk import brackets, exposure, money, worth
from assent.desk.state import CASH, DESK, OrderState, Position, State
from assent.model.books import OpenOrder, PositionAdopted
from assent.model.errors import require
from assent.model.fees import fee_worst
from assent.model.inputs import AccountSeen
from assent.model.instruments import BinaryContract, Instrument
from assent.model.intents import Intent
from assent.model.orders import Fill, Order
from assent.model.settling import BooksAdopted, OrderAdopted
from assent.model.text import identity
from assent.model.units import MICRO, is_value, mul_up, share_up

# Orders in these statuses are on the venue's book as far as we know.
BOOKED = frozenset(("working", "quarantined"))
# So many characters of a digest name a list of differences well enough.
DIGEST_LEAST = 12
Kind = Literal["cash", "position", "order here only", "order there only"]

_encode = msgspec.json.Encoder(order="deterministic").encode


class Difference(msgspec.Struct, frozen=True):
    """One thing on which the two books say something else. `name` is that of the instrument or the order."""

    what: str
    kind: Kind
    name: str
    ours: int
    theirs: int


class Plan(msgspec.Struct, frozen=True):
    """What would become of our books: cash, positions, orders of others that would count as ours and be called back,
    orders of ours that are gone there. `obstacles` say why it may not be."""

    differences: tuple[Difference, ...]
    cash: int
    cash_theirs: int
    positions: tuple[PositionAdopted, ...]
    orders: tuple[OpenOrder, ...]
    closed: tuple[str, ...]
    fills: tuple[Fill, ...]
    obstacles: tuple[str, ...]
    digest: str

    @property
    def empty(self) -> bool:
        return not self.differences and not self.fills

    def is_named(self, digest: str) -> bool:
        """Whether this is the list that the digest, or enough of its beginning, was shown for."""
        return len(digest) >= DIGEST_LEAST and self.digest.startswith(digest)


def differences(state: State, seen: AccountSeen) -> tuple[Difference, ...]:
    """Cash, each position and each open order on which the venue's books and ours are not equal."""
    found = []
    if seen.cash != state.cash:
        found.append(Difference("cash", "cash", "", state.cash, seen.cash))
    ours = {name: position.qty for name, position in state.positions.items()}
    theirs = {holding.instrument: holding.qty for holding in seen.holdings if holding.qty}
    for name in sorted({**ours, **theirs}):
        held, listed = ours.get(name, 0), theirs.get(name, 0)
        if held != listed:
            found.append(Difference(f"position {name}", "position", name, held, listed))
    known, resting = booked(state), set(seen.open_orders)
    here, there = sorted(known - resting), sorted(resting - known)
    found += [Difference(f"order {name} is open here only", "order here only", name, 1, 0) for name in here]
    found += [Difference(f"order {name} is open there only", "order there only", name, 0, 1) for name in there]
    return tuple(found)


def booked(state: State) -> set[str]:
    """The orders that the venue should list as open."""
    return {name for name, order in state.orders.items() if order.status in BOOKED}


class Standing(NamedTuple):
    """What of our books is compared: two of these that are equal mean that nothing has moved in between."""

    cash: int
    held: tuple[tuple[str, int, int], ...]
    booked: tuple[str, ...]


def standing(state: State) -> Standing:
    held = tuple((name, position.qty, position.cost) for name, position in sorted(state.positions.items()))
    return Standing(state.cash, held, tuple(sorted(booked(state))))


def plan_of(state: State, seen: AccountSeen, instruments: Mapping[str, Instrument], fills: Iterable[Fill]) -> Plan:
    """The plan, with an obstacle for all that cannot be taken over as it stands."""
    found, obstacles = differences(state, seen), []
    costs = {one.instrument: one.cost for one in seen.costs}
    terms = {one.order_id: one for one in seen.resting}
    positions, orders = [], []
    for one in found:
        if one.kind == "position":
            instrument, theirs = instruments.get(one.name), one.theirs
            ours = state.positions.get(one.name) or Position()
            cost = 0 if not theirs else _cost(instrument, ours, theirs, costs.get(one.name))
            if instrument is None and theirs:
                obstacles.append(f"the venue has described no market called {one.name}, so it cannot be watched here")
            elif cost is None:
                obstacles.append(f"nobody says what the position in {one.name} cost, so its loss has no bound")
            positions.append(PositionAdopted(one.name, ours.qty, ours.cost, theirs, cost or 0, None))
        elif one.kind == "order there only":
            order = terms.get(one.name)
            fault = order_fault(one.name, order, instruments)
            if fault:
                obstacles.append(fault)
            elif order is not None:
                orders.append(order)
    closed = tuple(one.name for one in found if one.kind == "order here only")
    listed = tuple(fills)
    content = [found, positions, orders, [fill.fill_id for fill in listed]]
    return Plan(
        differences=found, cash=state.cash, cash_theirs=seen.cash, positions=tuple(positions), orders=tuple(orders),
        closed=closed, fills=listed, obstacles=tuple(obstacles), digest=sha256(_encode(content)).hexdigest(),
    )  # fmt: skip


def _cost(instrument: Instrument | None, ours: Position, theirs: int, told: int | None) -> int | None:
    """What a position is booked at: as the venue tells it, where that can be true; what stays of ours at its share;
    what we never bought at the most that it can lose. None where nothing bounds that."""
    if instrument is None:
        return None
    binary, held = type(instrument) is BinaryContract, ours.qty
    most = mul_up(MICRO, abs(theirs)) if binary else None
    if told is not None and is_value(told) and told >= 0 and (most is None or told <= most):
        return told
    same_side = held != 0 and (held > 0) == (theirs > 0)
    if same_side and abs(theirs) <= abs(held):
        return share_up(abs(theirs), abs(held), ours.cost)
    if most is None:
        return None
    return ours.cost + mul_up(MICRO, abs(theirs) - abs(held)) if same_side else most


def order_fault(name: str, order: OpenOrder | None, instruments: Mapping[str, Instrument]) -> str | None:
    """Why an order of the venue's cannot be counted here, or None."""
    if order is None:
        return f"the venue does not tell the terms of order {name}; cancel it at the venue itself"
    if identity(name) != name or identity(order.venue_order_id) != order.venue_order_id:
        return f"order {identity(name)} has a name that cannot be written down; cancel it at the venue itself"
    instrument = instruments.get(order.instrument)
    if instrument is None:
        return f"order {name} is in {identity(order.instrument)}, which the venue has not described; cancel it there"
    top = MICRO if type(instrument) is BinaryContract else None
    if not (is_value(order.price) and order.price > 0 and _is_size(order.qty, 1) and _is_size(order.filled, 0)):
        return f"the terms of order {name} cannot be true; cancel it at the venue itself"
    if top is not None and order.price >= top:
        return f"the terms of order {name} cannot be true; cancel it at the venue itself"
    return None


def _is_size(qty: int, least: int) -> bool:
    return is_value(qty) and qty >= least


def adopted_order(state: State, instrument: Instrument, seen: OpenOrder, by: str) -> OrderAdopted:
    """The order as one of ours: what still rests, on top of what was filled of it."""
    known = state.archive.orders.get(seen.order_id)
    filled = known.filled if known else seen.filled
    order = Order(
        order_id=seen.order_id,
        intent_id=known.order.intent_id if known else "",
        attempt=known.order.attempt if known else 1,
        instrument=seen.instrument,
        side=seen.side,
        type="limit",
        price=seen.price,
        qty=filled + seen.qty,
        time_in_force="gtc",
    )
    fee = fee_worst(instrument, seen.side, seen.price, order.qty)
    loss = exposure.notional(instrument, seen.side, seen.price, order.qty) + fee
    return OrderAdopted(
        order=order, venue_order_id=seen.venue_order_id, filled=filled, fee=fee, worst_loss=loss, by=by
    )  # fmt: skip


# --- folded --------------------------------------------------------------------------------------------


def books_adopted(state: State, ts: int, fact: BooksAdopted) -> None:
    """Our cash and our positions become the venue's; the difference stands against `adjustments`. A gain is no gain of
    ours, so baselines and peak go up with it; a loss counts like any other."""
    require(state.accounts[CASH] == fact.cash_before, "adopted_other_cash", ours=state.cash, said=fact.cash_before)
    cost = 0
    for one in fact.positions:
        cost += _adopt_position(state, ts, one)
    money.post(state.accounts, money.book_adoption(fact.cash - fact.cash_before, cost))
    if fact.moved > 0:
        worth.move(state, fact.moved)
    for fill in fact.fills:
        state.archive.noted[fill.fill_id] = fill
    state.archive.note(fact)
    state.differing = {}


def _adopt_position(state: State, ts: int, one: PositionAdopted) -> int:
    """Set it; return how much more is booked as the cost of what is held."""
    name = one.instrument
    old = state.positions.pop(name, Position())
    require((old.qty, old.cost) == (one.held, one.spent), "adopted_another_position", held=old.qty, said=one.held)
    if one.qty:
        state.positions[name] = Position(one.qty, one.cost)
    state.marks.pop(name, None)
    if one.qty and one.mark is not None:
        state.marks[name] = one.mark
    worth.restart_trade(state, name, held=one.qty, before=one.held)
    brackets.drop_guard(state, name)
    state.archive.adopted[name] = ts
    return one.cost - one.spent if type(state.find_instrument(name)) is BinaryContract else 0


def order_adopted(state: State, ts: int, fact: OrderAdopted) -> None:
    """One that had ended here, and rests there all the same, comes back; any other is new and nobody's idea."""
    order = fact.order
    require(order.order_id not in state.orders, "adopted_an_open_order", order_id=order.order_id)
    known = state.archive.orders.pop(order.order_id, None)
    if known is None:
        intent = Intent(
            intent_id="", code="", strategy=DESK, decision=0, action="open", instrument=order.instrument,
            side=order.side, type=order.type, price=order.price, qty=order.qty, time_in_force=order.time_in_force,
            fee=fact.fee, worst_loss=fact.worst_loss, reason="found at the venue",
        )  # fmt: skip
        known = OrderState(order=order, intent=intent, status="working", released_ts=ts, released_seq=state.seq)
        known.filled = fact.filled
    known.intent = structs.replace(known.intent, qty=order.qty, fee=fact.fee, worst_loss=fact.worst_loss)
    known.order, known.status, known.venue_filled = order, "working", None
    known.cancel = known.cancel_by = ""
    known.venue_order_id = fact.venue_order_id
    state.orders[order.order_id] = known
