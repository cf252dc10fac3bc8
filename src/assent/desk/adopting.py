"""What a person does about books that differ: accept the venue's, take an order of somebody else's off its book, say
what became of an unknown order, leave a position.

Each is one recorded act under a name and a reason, or a recorded refusal. None is stopped by a halt, since it is how a
halt comes to its end; only leaving a position is an intent, and goes through the gate like every other.
"""

from msgspec import structs

from assent.desk import account, adoption, answers, awaiting, exits, proposing, recall, resolving, warrants
from assent.desk.adoption import Plan
from assent.desk.context import BY, Context
from assent.desk.orders import A_PERSON
from assent.desk.state import Position
from assent.model.books import OpenOrder, PositionAdopted
from assent.model.facts import CancelReleased, InstrumentListed, OrderClosed
from assent.model.inputs import FillSeen
from assent.model.instruments import Instrument
from assent.model.intents import Proposal
from assent.model.settling import Act, ActRefused, AdoptionAsked, BooksAdopted, CloseAsked, ResolutionAsked
from assent.model.text import shown

AGAIN = "look again: assent reconcile show"


def plan_of(desk: Context) -> Plan | str:
    """What accepting would do now, or why nobody can say."""
    state, seen = desk.state, desk.books
    waiting = account.in_flight(state)
    if waiting is not None:
        order_id = waiting.order.order_id
        settle = ", or `assent orders resolve` settles it" if resolving.may_be_settled(waiting) else ""
        return f"order {order_id} is {waiting.status}, so the books cannot be compared; wait until it is known{settle}"
    if seen is None:
        return "the venue's books have not been read since the start, or cannot be read now; try again"
    if desk.compared != adoption.standing(state):
        return f"our books have moved since they were compared; {AGAIN}"
    return adoption.plan_of(state, seen, _instruments(desk), desk.foreign.values())


def adoption_asked(desk: Context, inp: AdoptionAsked) -> None:
    """Take the venue's books over, if they are those that the person was shown."""
    plan, by = plan_of(desk), shown(inp.by)
    why = plan if isinstance(plan, str) else _obstacle(plan, inp)
    if why is not None or isinstance(plan, str) or desk.books is None:
        _refuse(desk, "accept", "books", inp.by, why or AGAIN)
        return
    for name in (*(one.instrument for one in plan.positions), *(one.instrument for one in plan.orders)):
        _list(desk, name)
    positions, moved = priced(desk, plan)
    desk.emit(
        BooksAdopted(
            digest=plan.digest, cash_before=plan.cash, cash=plan.cash_theirs, positions=positions, fills=plan.fills,
            moved=moved, source=shown(desk.books.source), by=by, reason=shown(inp.reason),
        )
    )  # fmt: skip
    for name in plan.closed:
        gone = desk.state.orders[name]
        filled = gone.filled + gone.busted
        desk.emit(OrderClosed(order_id=name, why=f"not among the venue's open orders; accepted by {by}", filled=filled))
        exits.parent_ended(desk, gone)
    for order in plan.orders:
        _adopt(desk, order, by, why="it was found at the venue, and rests for no idea of this desk")
    desk.foreign.clear()
    desk.books, desk.last_differences = None, []


def cancel_foreign(desk: Context, wanted: str, by: str) -> bool:
    """Have an order taken off that the venue lists and this desk does not know as open; all of them without a name.
    Whether there is one by that name."""
    found, known = False, {*desk.state.orders, *(desk.compared.booked if desk.compared else ())}
    for order in desk.books.resting if desk.books else ():
        if wanted not in ("", order.order_id, order.venue_order_id) or order.order_id in known:
            continue
        fault = adoption.order_fault(order.order_id, order, _instruments(desk))
        if fault:
            _refuse(desk, "cancel", order.order_id, by, fault)
        else:
            _list(desk, order.instrument)
            _adopt(desk, order, by, why=A_PERSON)
        found = True
    return found


def resolution_asked(desk: Context, inp: ResolutionAsked) -> None:
    """A person's word ends an unknown, or a wait for fills that never come; what it says was executed is booked."""
    outcome = resolving.resolved(desk.state, inp)
    order = desk.state.orders.get(inp.order_id)
    why = awaiting.obstacle(desk, order) if order is not None else None
    if not isinstance(outcome, ActRefused) and why is not None:
        _refuse(desk, "resolve", inp.order_id, inp.by, why)
        return
    if isinstance(outcome, ActRefused):
        desk.emit(outcome)
        return
    fact, fill = outcome
    order = desk.state.orders[fact.order_id]
    desk.emit(fact)
    if fill is not None:
        answers.fill_seen(desk, FillSeen(fill, inp.received_ts))
    recall.keep_promise(desk, order)
    exits.parent_ended(desk, order)


def close_asked(desk: Context, inp: CloseAsked) -> None:
    """Propose to leave each position that is meant, at the price given or the best one now."""
    if not inp.by.strip() or not inp.reason.strip():
        _refuse(desk, "close", inp.instrument, inp.by, "it needs the name of a person and a reason")
        return
    held = list(desk.state.positions)
    if not [name for name in held if inp.instrument in ("", name)]:
        _refuse(desk, "close", inp.instrument, inp.by, "nothing is held there" if inp.instrument else "nothing is held")
    for name in held:
        if inp.instrument in ("", name):
            _close(desk, name, inp)


def _close(desk: Context, name: str, inp: CloseAsked) -> None:
    held, market = desk.state.held(name), desk.markets.get(name)
    quote = market.touch() if market else None
    best = None if quote is None else quote.bid if held > 0 else quote.ask
    price = best if inp.price is None else inp.price
    if price is None:
        side = "bid" if held > 0 else "ask"
        _refuse(desk, "close", name, inp.by, f"there is no {side} to leave at now; give a price to rest at")
        return
    proposal = Proposal(
        instrument=name,
        action="close",
        side="sell" if held > 0 else "buy",
        price=price,
        # At a price of the person's own it rests until it is filled or cancelled.
        time_in_force="ioc" if inp.price is None else "gtc",
        reason=shown(f"{inp.by} asked: {inp.reason}"),
    )
    # A person is told about each refusal, also where it is the last one over again.
    desk.refused.pop(warrants.idea_of(BY, name, proposal), None)
    proposing.consider(desk, BY, proposal, by_person=True)


def _obstacle(plan: Plan, inp: AdoptionAsked) -> str | None:
    if not inp.by.strip() or not inp.reason.strip():
        return "it needs the name of a person and a reason"
    if plan.empty:
        return "our books equal the venue's already"
    if not plan.is_named(inp.digest):
        return f"the differences are not those that were shown; {AGAIN}"
    return "; ".join(plan.obstacles[:3]) or None


def _adopt(desk: Context, order: OpenOrder, by: str, *, why: str) -> None:
    """Count it as ours, and ask the venue to take it off."""
    instrument = _instruments(desk)[order.instrument]
    desk.emit(adoption.adopted_order(desk.state, instrument, order, shown(by)))
    desk.emit(CancelReleased(order_id=order.order_id, by=shown(by), why=why))


def _list(desk: Context, name: str) -> None:
    """An instrument stands in the ledger before anything that names it."""
    market = desk.markets.get(name)
    if market is not None and desk.state.find_instrument(name) is None:
        desk.emit(InstrumentListed(instrument=market.instrument))


def _instruments(desk: Context) -> dict[str, Instrument]:
    known = {name: market.instrument for name, market in desk.markets.items()}
    return {**desk.state.archive.instruments, **known, **desk.state.instruments}


def priced(desk: Context, plan: Plan) -> tuple[tuple[PositionAdopted, ...], int]:
    """The positions with what each would bring now, and how much more the account would be worth in all."""
    moved, marked, known = plan.cash_theirs - plan.cash, [], _instruments(desk)
    for one in plan.positions:
        name, instrument = one.instrument, known.get(one.instrument)
        ours, theirs = Position(one.held, one.spent), Position(one.qty, one.cost)
        last = desk.state.marks.get(name)
        before = account.valued(desk, name, instrument, ours, last=last).value if one.held else 0
        after = account.valued(desk, name, instrument, theirs, last=None) if one.qty else account.NOTHING
        moved += after.value - before
        marked.append(structs.replace(one, mark=after.mark))
    return tuple(marked), moved


def _refuse(desk: Context, act: Act, subject: str, by: str, why: str) -> None:
    desk.emit(ActRefused(act=act, subject=shown(subject), by=shown(by), why=why))
