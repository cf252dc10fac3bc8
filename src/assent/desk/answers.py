"""What the venue says of our orders: answers, evidence, fills and corrections, in any order and any number of times.

A fill always moves the money, whatever we believed of its order. What the order's life does not know puts the order
into quarantine and halts; it is never dropped and never read as something else.
"""

from msgspec import structs

from assent.desk import account, brackets, exits, intake, recall, resolving
from assent.desk.context import Context
from assent.desk.orders import ENDED, OVER, may
from assent.desk.state import OrderState
from assent.model.facts import (
    CancelEnded,
    Fact,
    FeeDiffered,
    FillBooked,
    FillCorrected,
    OrderAccepted,
    OrderClosed,
    OrderNotSent,
    OrderQuarantined,
    OrderRefused,
    OrderResolved,
    OrderUnknown,
)
from assent.model.fees import fee_estimate
from assent.model.inputs import (
    Absent,
    Accepted,
    CancelAnswered,
    CorrectionSeen,
    Evidence,
    EvidenceSeen,
    FillSeen,
    NotSent,
    OrderClosedSeen,
    Refused,
    SendAnswered,
    Unknown,
)
from assent.model.orders import DIFFERS, Correction, Fill, Order
from assent.model.settling import FillRecognised
from assent.model.text import identity, shown
from assent.model.units import is_value

# The venue pays its rounding back in steps of one cent; within that a difference is its own arithmetic.
FEE_TOLERANCE = 10_000
# Corrections that came before their fill and wait for it.
EARLY_MAX = 1_000
# Of what was found in bytes that stayed.
DETAIL_MAX = 200
# Executions of others that one acceptance can name.
FOREIGN_MAX = 1_000


def send_answered(desk: Context, inp: SendAnswered) -> None:
    order, outcome = desk.state.find_order(inp.order_id), inp.outcome
    if order is None:
        intake.reject(desk, "not_released", "answer", inp.order_id)
        _must_be_as_released(desk, inp)
        return
    if type(outcome) is Accepted:
        _accepted(desk, order, outcome)
    elif type(outcome) is Refused:
        fact = OrderRefused(order_id=inp.order_id, code=shown(outcome.code), detail=shown(outcome.detail))
        _live(desk, order, "refuse", fact)
    elif type(outcome) is NotSent:
        not_sent = OrderNotSent(
            order_id=inp.order_id, reason=shown(outcome.reason), detail=shown(outcome.detail, DETAIL_MAX)
        )
        _live(desk, order, "not_send", not_sent)
        _must_be_as_released(desk, inp)
    elif type(outcome) is Unknown and may(order.status, "lose"):
        desk.emit(OrderUnknown(order_id=inp.order_id, detail=shown(outcome.detail)))
    recall.keep_promise(desk, order)


def evidence_seen(desk: Context, inp: EvidenceSeen) -> None:
    """Only an order whose fate is unknown is settled by evidence."""
    order = desk.state.orders.get(inp.order_id)
    if order is None or order.status != "unknown":
        return
    found = inp.finding
    finding: Evidence = (
        Accepted(shown(found.venue_order_id), found.filled, found.remaining)
        if type(found) is Accepted
        else Absent(shown(found.evidence))  # type: ignore[union-attr]
    )
    desk.emit(OrderResolved(order_id=inp.order_id, finding=finding, source=shown(inp.source)))
    recall.keep_promise(desk, order)
    exits.parent_ended(desk, order)
    exits.child_rests(desk, order)


def cancel_answered(desk: Context, inp: CancelAnswered) -> None:
    order = desk.state.orders.get(inp.order_id)
    if order is None or not order.cancel:
        return
    outcome = inp.outcome
    if type(outcome) is Accepted and outcome.remaining:
        detail = f"{outcome.remaining} still rest"
        desk.emit(CancelEnded(order_id=inp.order_id, result="refused", detail=detail))
    elif type(outcome) is Accepted:
        _close(desk, order, "cancelled", outcome.filled)
    elif type(outcome) is Refused:
        desk.emit(CancelEnded(order_id=inp.order_id, result="refused", detail=shown(outcome.code)))
    elif type(outcome) is NotSent:
        said = f"{outcome.reason}: {outcome.detail}" if outcome.detail else outcome.reason
        desk.emit(CancelEnded(order_id=inp.order_id, result="not_sent", detail=shown(said, DETAIL_MAX)))
        _must_be_as_released(desk, inp)
    elif type(outcome) is Unknown:
        desk.emit(CancelEnded(order_id=inp.order_id, result="unknown", detail=shown(outcome.detail)))


def order_closed_seen(desk: Context, inp: OrderClosedSeen) -> None:
    order = desk.state.orders.get(inp.order_id)
    if order is not None:
        _close(desk, order, inp.why, inp.filled)


def fill_seen(desk: Context, inp: FillSeen) -> None:
    """Book it once, by the venue's identity."""
    fill, state = inp.fill, desk.state
    if fill.fill_id in state.archive.fills or fill.fill_id in state.archive.noted:
        return
    inert = identity(fill.fill_id)
    if inert != fill.fill_id:
        fill_seen(desk, FillSeen(structs.replace(fill, fill_id=inert), inp.received_ts))
        return
    if not (is_value(fill.price) and is_value(fill.qty) and is_value(fill.fee) and fill.qty > 0 < fill.price):
        intake.reject(desk, "market_data_not_positive", "fill", fill.fill_id)
        return
    order = state.find_order(fill.order_id)
    if order is None or order.order.instrument != fill.instrument or order.order.side != fill.side:
        _somebody_elses(desk, fill)
        return
    if not order.order.intent_id and fill.venue_ts < state.opened_ts:
        return  # of an order that was found at the venue, from before this ledger
    if resolving.is_booked(state, fill):
        desk.early_corrections.pop(fill.fill_id, None)
        desk.emit(FillRecognised(fill=fill))
        return
    late = order.status in OVER
    overfilled = order.filled + fill.qty > order.order.qty or brackets.leaves_too_much(state, order, fill)
    desk.emit(FillBooked(fill=fill))
    _compare_fee(desk, fill)
    if late or overfilled:
        _quarantine(desk, fill.order_id, "overfill" if overfilled else "late_fill")
    _look_strange(desk, order.order, fill)
    early = desk.early_corrections.pop(fill.fill_id, None)
    if early is not None:
        correction_seen(desk, early)
    account.settle_leftover(desk, fill.instrument)
    if order.cancel == "kept":
        recall.keep_promise(desk, order)


def correction_seen(desk: Context, inp: CorrectionSeen) -> None:
    """Book what the fill really was. One that comes before its fill waits for it, in memory alone: after a restart
    the venue's books bring both again (see `venue.port.Books`)."""
    correction = inp.correction
    inert = identity(correction.fill_id)
    if inert != correction.fill_id:
        inp = CorrectionSeen(structs.replace(correction, fill_id=inert), inp.received_ts)
        correction = inp.correction
    if not _can_be_true(correction):
        intake.reject(desk, "market_data_not_positive", "correction", correction.fill_id)
        return
    old = desk.state.archive.fills.get(correction.fill_id)
    if correction.fill_id in desk.state.archive.noted:
        # Nothing of it is booked under this name: what it changes shows when the books are compared.
        intake.reject(desk, "foreign_fill", "correction", correction.fill_id)
        return
    if old is None:
        _wait_for_its_fill(desk, inp)
        return
    known = (old.price, old.qty, old.fee) == (correction.price, correction.qty, correction.fee)
    # A newer word that says the same is noted, or an older one that is told after it would be believed.
    if correction.venue_ts < old.venue_ts or (known and correction.venue_ts == old.venue_ts):
        return
    desk.emit(FillCorrected(correction=correction))
    _look_unopened(desk, old.instrument)
    order = desk.state.find_order(old.order_id)
    if order is not None:
        if order.filled > order.order.qty and correction.qty > old.qty:
            _quarantine(desk, old.order_id, "overfill")
        _look_strange(desk, order.order, desk.state.archive.fills[old.fill_id])
    account.settle_leftover(desk, old.instrument)


def _must_be_as_released(desk: Context, inp: SendAnswered | CancelAnswered) -> None:
    """Bytes that were about to leave said something else than the ledger: a bug of ours, memory that fails, or somebody
    who tampers. Nothing left, but whatever it is may do it again, so a person must look."""
    outcome = inp.outcome
    if type(outcome) is NotSent and outcome.reason == DIFFERS:
        what = outcome.detail or "its digest is another"
        detail = shown(f"order {inp.order_id} was about to leave in other bytes: {what}", DETAIL_MAX)
        recall.raise_halt(desk, "invariant_broken", by="desk", detail=detail)


def _accepted(desk: Context, order: OrderState, outcome: Accepted) -> None:
    order_id = order.order.order_id
    if order.status in ("filled", "closed", "working") and order.venue_order_id:
        _must_be_the_same(desk, order, shown(outcome.venue_order_id))
        return
    contradicts = order.status in ("refused", "not_sent", "absent", "quarantined")
    desk.emit(
        OrderAccepted(
            order_id=order_id,
            venue_order_id=shown(outcome.venue_order_id),
            filled=outcome.filled,
            remaining=outcome.remaining,
        )
    )
    exits.child_rests(desk, order)
    if contradicts:
        desk.emit(OrderQuarantined(order_id=order_id, reason="late_fill"))
        recall.raise_halt(desk, "late_fill", by="desk", detail=f"late acceptance: order {order_id}")


def _must_be_the_same(desk: Context, order: OrderState, venue_order_id: str) -> None:
    """An order of ours that the venue has under two of its names may be filled twice: a person must look."""
    if venue_order_id and venue_order_id != order.venue_order_id:
        what = f"order {order.order.order_id} is at the venue as {order.venue_order_id} and as {venue_order_id}"
        account.differ(desk, [(what, 1, 2)], "answer")


def _live(desk: Context, order: OrderState, event: str, fact: Fact) -> None:
    """State the fact where the order's life knows the event; else a repeat, or a contradiction for people."""
    if may(order.status, event):
        desk.emit(fact)
        exits.parent_ended(desk, order)
    elif order.status not in ENDED:
        intake.reject(desk, "already_answered", "answer", order.order.order_id)


def _close(desk: Context, order: OrderState, why: str, filled: int) -> None:
    if may(order.status, "close") and order.venue_filled is None:
        most = max(filled, order.filled + order.busted)
        desk.emit(OrderClosed(order_id=order.order.order_id, why=shown(why), filled=most))
        exits.parent_ended(desk, order)


def _somebody_elses(desk: Context, fill: Fill) -> None:
    """Nothing of it is booked: the venue's books will differ by it, and a person must say that they may. What the venue
    dates from before this ledger is the account's past and stands in its first books already."""
    if fill.venue_ts < desk.state.opened_ts:
        return
    if len(desk.foreign) < FOREIGN_MAX:
        names = {"order_id": identity(fill.order_id), "instrument": identity(fill.instrument)}
        desk.foreign[fill.fill_id] = structs.replace(fill, **names)
    _foreign(desk, f"{fill.fill_id} on {shown(fill.instrument)} is of no order of ours")


def _foreign(desk: Context, detail: str) -> None:
    """The first stops the desk; the others, told again and again by every poll, are counted."""
    if "foreign_fill" in desk.state.halts:
        intake.reject(desk, "foreign_fill", "fill", detail)
    else:
        recall.raise_halt(desk, "foreign_fill", by="desk", detail=detail)


def _wait_for_its_fill(desk: Context, inp: CorrectionSeen) -> None:
    """Of several the newest counts. More than can wait are corrections of somebody else's fills."""
    fill_id, waiting = inp.correction.fill_id, desk.early_corrections
    intake.reject(desk, "foreign_fill", "correction", fill_id)
    early = waiting.get(fill_id)
    if early is None and len(waiting) >= EARLY_MAX:
        recall.raise_halt(desk, "foreign_fill", by="desk", detail=f"{EARLY_MAX} corrections before {fill_id}")
    elif early is None or early.correction.venue_ts <= inp.correction.venue_ts:
        waiting[fill_id] = inp


def _can_be_true(correction: Correction) -> bool:
    """A fill taken back may name no price; one that stands has a price and a quantity."""
    price, qty = correction.price, correction.qty
    if not (is_value(price) and is_value(qty) and is_value(correction.fee)):
        return False
    return price >= 0 if qty == 0 else qty > 0 < price


def _quarantine(desk: Context, order_id: str, reason: str) -> None:
    desk.emit(OrderQuarantined(order_id=order_id, reason=reason))
    recall.raise_halt(desk, "late_fill", by="desk", detail=f"{reason}: order {order_id}")


def _look_strange(desk: Context, order: Order, fill: Fill) -> None:
    """A fill that stands, as told first or as corrected, beyond what its order allowed: a person must look."""
    if fill.qty and (fill.fee < -FEE_TOLERANCE or _worse_than_asked(order, fill)):
        detail = f"{fill.fill_id}: {fill.qty} at {fill.price}, fee {fill.fee}; asked {order.price}"
        recall.raise_halt(desk, "strange_fill", by="desk", detail=detail)


def _look_unopened(desk: Context, name: str) -> None:
    """After a correction more may be held than entries ever brought: exits had left what they did not bring. No rule
    has judged that, and no exit stands for it, so a person must look."""
    state, held = desk.state, desk.state.held(name)
    if not held or name in state.archive.outcomes:
        return
    side = "buy" if held > 0 else "sell"
    entries = [fill for fill in state.archive.fills.values() if (fill.instrument, fill.side) == (name, side)]
    orders = [state.find_order(fill.order_id) for fill in entries]
    brought = sum(f.qty for f, o in zip(entries, orders, strict=True) if o is not None and o.intent.action == "open")
    if abs(held) > brought:
        detail = f"corrected fills left {held} in {name}, and entries brought {brought} of it"
        recall.raise_halt(desk, "strange_fill", by="desk", detail=detail)


def _worse_than_asked(order: Order, fill: Fill) -> bool:
    """A limit is a promise of the venue; a fill beyond it says that one of us is wrong."""
    if order.type not in ("limit", "stop_limit"):
        return False
    return fill.price > order.price if order.side == "buy" else fill.price < order.price


def _compare_fee(desk: Context, fill: Fill) -> None:
    instrument = desk.state.find_instrument(fill.instrument)
    if instrument is None:
        return
    estimated = fee_estimate(instrument, fill.side, fill.price, fill.qty, maker=not fill.taker)
    if not 0 <= estimated - fill.fee <= FEE_TOLERANCE:
        desk.emit(FeeDiffered(fill_id=fill.fill_id, charged=fill.fee, estimated=estimated))
