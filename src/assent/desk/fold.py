"""The only code that changes durable state: one function a fact, in one table.

A restart folds the ledger through this table; a running desk folds each fact through it as it emits it. There is no
other road, so what runs and what is restored cannot differ.
"""

from collections.abc import Callable, Iterable
from typing import Any

from assent.desk import adoption, brackets, charter, halts, money, orders, pace, warrants, worth
from assent.desk.state import Differing, Guard, Look, OrderState, Outcome, Position, State
from assent.model import facts, would
from assent.model.assents import ApprovalEnded, ApprovalRequested, AssentDenied, AssentGiven, AssentRefused
from assent.model.errors import InvariantBroken, require
from assent.model.facts import Fact, LedgerOpened
from assent.model.inputs import Holding
from assent.model.instruments import Instrument
from assent.model.orders import Fill, Side
from assent.model.overrides import HaltOverridden, OverrideEnded, OverrideRefused
from assent.model.settling import ActRefused, BooksAdopted, FillRecognised, OrderAdopted

_OPPOSITE: dict[Side, Side] = {"buy": "sell", "sell": "buy"}


def evolve(state: State, ts: int, fact: Fact) -> None:
    """Fold one fact into the state."""
    if ts < state.ts:
        raise InvariantBroken("time_went_back", ts=ts, last=state.ts)
    kind = type(fact)
    if (state.seal is None) is not (kind is LedgerOpened):
        raise InvariantBroken("seal_is_first_and_once", seq=state.seq)
    state.seq += 1
    state.ts = ts
    EVOLVE[kind](state, ts, fact)


def fold(records: Iterable[tuple[int, Fact]], state: State | None = None) -> State:
    """The state that these (ts, fact) pairs add up to."""
    folded = state or State()
    for ts, fact in records:
        evolve(folded, ts, fact)
    return folded


def _ledger_opened(state: State, ts: int, fact: facts.LedgerOpened) -> None:
    state.seal = fact
    state.opened_ts = ts


def _desk_started(state: State, ts: int, fact: facts.DeskStarted) -> None:
    state.narrowed = fact.narrowed
    state.belts = fact.belts
    state.started_ts = ts
    state.started_seq = state.seq


def _nothing(_state: State, _ts: int, _fact: Fact) -> None:
    """Recorded for people and for the proof; it moves nothing."""


def _instrument_listed(state: State, _ts: int, fact: facts.InstrumentListed) -> None:
    state.instruments[fact.instrument.id] = fact.instrument


def _input_rejected(state: State, _ts: int, fact: facts.InputRejected) -> None:
    state.rejections[fact.code] = fact.count


def _intent_proposed(state: State, _ts: int, fact: facts.IntentProposed) -> None:
    state.decisions = fact.intent.decision
    # A cancel is not waited for, but by people.
    if fact.intent.action != "cancel" or (state.seal and warrants.people_for(state.seal.constitution, fact.intent)):
        state.proposed[fact.intent.intent_id] = fact.intent


def _intent_refused(state: State, _ts: int, fact: facts.IntentRefused) -> None:
    state.decisions = fact.intent.decision


def _look_requested(state: State, ts: int, fact: facts.LookRequested) -> None:
    state.looks[fact.intent_id] = Look(state.proposed[fact.intent_id], fact.price, ts)


def _intent_skipped(state: State, _ts: int, fact: facts.IntentSkipped) -> None:
    del state.proposed[fact.intent_id]
    state.looks.pop(fact.intent_id, None)
    warrants.over(state, fact.intent_id, "skipped", fact)


def _cancel_released(state: State, ts: int, fact: facts.CancelReleased) -> None:
    orders.cancel_released(state, ts, fact)
    warrants.cancel_released(state, fact.order_id, fact)


def _would_order_ended(state: State, ts: int, fact: would.WouldOrderEnded) -> None:
    orders.would_order_ended(state, ts, fact)
    warrants.cancel_released(state, fact.order_id, fact)


def _order_released(state: State, ts: int, fact: facts.OrderReleased) -> None:
    if state.seal is None or state.seal.mode == charter.OBSERVE:
        raise InvariantBroken("released_in_observe", order_id=fact.order.order_id)
    orders.order_released(state, ts, fact)
    state.looks.pop(fact.order.intent_id, None)
    pace.count_release(state, ts, state.orders[fact.order.order_id])


def _would_release(state: State, ts: int, fact: would.WouldRelease) -> None:
    if state.seal is None or state.seal.mode != charter.OBSERVE:
        raise InvariantBroken("would_release_outside_observe", order_id=fact.order.order_id)
    orders.would_release(state, ts, fact)
    state.looks.pop(fact.order.intent_id, None)
    pace.count_release(state, ts, state.would[fact.order.order_id])


def _fill_booked(state: State, ts: int, fact: facts.FillBooked) -> None:
    fill, archive = fact.fill, state.archive
    if fill.fill_id in archive.fills:
        raise InvariantBroken("fill_booked_twice", fill_id=fill.fill_id)
    before = worth.standing(state, fill.instrument)
    _book(state, fill.instrument, side=fill.side, price=fill.price, qty=fill.qty, fee=fill.fee)
    worth.note_trade(state, ts, fill.instrument, before)
    archive.fills[fill.fill_id] = fill
    archive.note(fill)
    order = orders.step(state, fill.order_id, "fill")
    order.filled += fill.qty
    brackets.drop_guard(state, fill.instrument)
    _set_guard(state, ts, order)
    orders.end_if_done(state, order)


def _fill_corrected(state: State, ts: int, fact: facts.FillCorrected) -> None:
    """The books become what they would be had the fill been this from the beginning."""
    correction = fact.correction
    old = state.archive.fills[correction.fill_id]
    before = worth.standing(state, old.instrument)
    new = Fill(
        fill_id=old.fill_id, order_id=old.order_id, instrument=old.instrument, side=old.side,
        price=correction.price, qty=correction.qty, fee=correction.fee, taker=old.taker, venue_ts=correction.venue_ts,
    )  # fmt: skip
    if old.instrument in state.archive.outcomes or old.instrument in state.archive.adopted:
        _undo_and_book(state, old, new)
    else:
        _book_anew(state, old, new)
    worth.note_trade(state, ts, old.instrument, before)
    brackets.drop_guard(state, old.instrument)
    state.archive.fills[new.fill_id] = new
    _set_guard_again(state, ts, old.instrument)
    state.archive.note(new)
    order = state.find_order(old.order_id)
    require(order is not None, "correction_for_no_order", order_id=old.order_id)
    order.filled += correction.qty - old.qty  # type: ignore[union-attr]
    # The venue's count of what was executed does not shrink by a bust, nor grow when the bust is taken back.
    order.busted = max(0, order.busted + old.qty - correction.qty)  # type: ignore[union-attr]
    orders.end_if_done(state, order)  # type: ignore[arg-type]


def _market_settled(state: State, ts: int, fact: facts.MarketSettled) -> None:
    name = fact.instrument
    before = worth.standing(state, name)
    position = state.positions.pop(name, Position())
    instrument = _instrument(state, name)
    require(position.qty == fact.qty, "settled_another_position", held=position.qty, settled=fact.qty)
    settled = state.archive.outcomes.get(name)
    paid_out = settled.qty if settled else 0
    booking = money.book_settlement(instrument, position, value=fact.value, before=paid_out)
    money.post(state.accounts, booking.entries)
    worth.note_trade(state, ts, name, before)
    _note_outcome(state, name, Outcome(fact.result, fact.value, paid_out + fact.qty, fact.venue_ts))
    orders.end_with_market(state, name)
    state.guards.pop(name, None)
    listed = state.instruments.pop(name, None)
    if listed:
        state.archive.instruments[name] = listed


def _settlement_corrected(state: State, _ts: int, fact: facts.SettlementCorrected) -> None:
    """Pay the difference on all that was settled. The trades' results stay counted as they ended."""
    name = fact.instrument
    old = state.archive.outcomes[name]
    require(old.qty == fact.qty, "settled_another_position", held=old.qty, settled=fact.qty)
    entries = money.book_settlement_change(_instrument(state, name), fact.qty, old=old.value, new=fact.value)
    money.post(state.accounts, entries)
    _note_outcome(state, name, Outcome(fact.result, fact.value, fact.qty, fact.venue_ts))


def _note_outcome(state: State, name: str, outcome: Outcome) -> None:
    state.archive.outcomes[name] = outcome
    state.archive.note(outcome)


def _cash_moved(state: State, _ts: int, fact: facts.CashMoved) -> None:
    money.post(state.accounts, money.book_transfer(fact.amount))
    worth.move(state, fact.amount)
    if fact.transfer_id:
        state.archive.transfers[fact.transfer_id] = fact.amount
        state.archive.note(fact)


def _equity_marked(state: State, ts: int, fact: facts.EquityMarked) -> None:
    worth.mark(state, ts, fact.equity)
    state.marks = {mark.instrument: mark.value for mark in fact.marks}


def _account_matched(state: State, ts: int, fact: facts.AccountMatched) -> None:
    state.matched = fact
    state.matched_ts = ts
    state.matched_seq = state.seq
    state.unmatched = 0
    state.differing = {}


def _discrepancy_found(state: State, ts: int, fact: facts.DiscrepancyFound) -> None:
    state.unmatched += 1
    known = state.differing.get(fact.what)
    since_ts = ts if known is None else known.since_ts
    state.differing[fact.what] = Differing(fact.ours, fact.theirs, since_ts, fact.source)


def _fill_recognised(state: State, _ts: int, fact: FillRecognised) -> None:
    state.archive.noted[fact.fill.fill_id] = fact.fill
    state.archive.note(fact)


def _book(state: State, name: str, *, side: Side, price: int, qty: int, fee: int) -> None:
    position = state.positions.get(name) or Position()
    booking = money.book_fill(_instrument(state, name), position, side=side, price=price, qty=qty, fee=fee)
    money.post(state.accounts, booking.entries)
    _set_position(state, name, booking.position)


def _set_position(state: State, name: str, position: Position) -> None:
    if position.qty:
        state.positions[name] = position
    else:
        state.positions.pop(name, None)


def _book_anew(state: State, old: Fill, new: Fill) -> None:
    """All fills of the market again, in the order in which they came, one of them changed: taken back at its own price
    from an average cost, it would leave a gain that nobody made. Rare, so the walk over all fills may cost."""
    instrument = _instrument(state, old.instrument)
    fills = [fill for fill in state.archive.fills.values() if fill.instrument == old.instrument]
    before = money.book_fills(instrument, fills)
    after = money.book_fills(instrument, [new if fill is old else fill for fill in fills])
    money.post(state.accounts, {name: amount - before.entries[name] for name, amount in after.entries.items()})
    _set_position(state, old.instrument, after.position)


def _undo_and_book(state: State, old: Fill, new: Fill) -> None:
    """The market has paid and nothing is left of its position: the difference is one, and is paid out next. Or a person
    took the position over from the venue, so that all fills again would not give it."""
    _book(state, old.instrument, side=_OPPOSITE[old.side], price=old.price, qty=old.qty, fee=-old.fee)
    if new.qty or new.fee:
        _book(state, old.instrument, side=old.side, price=new.price, qty=new.qty, fee=new.fee)


def _set_guard(state: State, ts: int, order: OrderState) -> None:
    """From its first fill on, an entry's exits stand for the whole position; a later entry's replace them."""
    intent = order.intent
    if intent.exits is None:
        return
    standing = state.guards.get(order.order.instrument)
    if standing is not None and standing.intent_id == intent.intent_id:
        return
    held = state.held(intent.instrument)
    if not held or (held > 0) != (intent.side == "buy"):
        return
    watched = brackets.has_watch(_instrument(state, intent.instrument), intent.exits)
    state.guards[intent.instrument] = Guard(intent.intent_id, intent.side, intent.exits, ts, watched)


def _set_guard_again(state: State, ts: int, name: str) -> None:
    """A position that comes back, since what left it was corrected, has the exits of its last entry again."""
    held = state.held(name)
    if not held or name in state.guards:
        return
    side = "buy" if held > 0 else "sell"
    for fill in reversed(state.archive.fills.values()):
        order = state.find_order(fill.order_id) if (fill.instrument, fill.side) == (name, side) and fill.qty else None
        if order is not None and order.intent.action == "open":
            _set_guard(state, ts, order)
            return


def _instrument(state: State, name: str) -> Instrument:
    instrument = state.find_instrument(name)
    if instrument is None:
        raise InvariantBroken("instrument_never_listed", instrument=name)
    return instrument


def holdings(state: State) -> tuple[Holding, ...]:
    """Our positions as the venue would list them, by name."""
    return tuple(Holding(name, state.positions[name].qty) for name in sorted(state.positions))


# A fact's function takes exactly that fact's type, which the table's own type cannot say.
EVOLVE: dict[type, Callable[[State, int, Any], None]] = {
    facts.LedgerOpened: _ledger_opened,
    facts.ConstitutionChanged: charter.constitution_changed,
    facts.AmendmentRefused: _nothing,
    facts.DeskStarted: _desk_started,
    facts.DeskStopped: _nothing,
    facts.InstrumentListed: _instrument_listed,
    facts.InputRejected: _input_rejected,
    facts.IntentProposed: _intent_proposed,
    facts.IntentRefused: _intent_refused,
    facts.LookRequested: _look_requested,
    facts.IntentSkipped: _intent_skipped,
    facts.DecisionRecorded: _nothing,
    facts.OrderReleased: _order_released,
    would.WouldRelease: _would_release,
    would.AckSimulated: orders.ack_simulated,
    would.WouldOrderEnded: _would_order_ended,
    facts.OrderAccepted: orders.order_accepted,
    facts.OrderRefused: orders.order_refused,
    facts.OrderNotSent: orders.order_not_sent,
    facts.OrderUnknown: orders.order_unknown,
    facts.OrderResolved: orders.order_resolved,
    facts.OrderClosed: orders.order_closed,
    facts.OrderQuarantined: orders.order_quarantined,
    facts.CancelReleased: _cancel_released,
    facts.CancelEnded: orders.cancel_ended,
    facts.CancelKept: orders.cancel_kept,
    facts.FillBooked: _fill_booked,
    facts.FillCorrected: _fill_corrected,
    facts.FeeDiffered: _nothing,
    facts.MarketSettled: _market_settled,
    facts.SettlementCorrected: _settlement_corrected,
    facts.CashMoved: _cash_moved,
    facts.EquityMarked: _equity_marked,
    facts.AccountMatched: _account_matched,
    facts.AccountSnapshot: _nothing,
    facts.DiscrepancyFound: _discrepancy_found,
    BooksAdopted: adoption.books_adopted,
    OrderAdopted: adoption.order_adopted,
    FillRecognised: _fill_recognised,
    ActRefused: _nothing,
    ApprovalRequested: warrants.requested,
    AssentGiven: warrants.given,
    AssentDenied: warrants.denied,
    ApprovalEnded: warrants.ended,
    AssentRefused: _nothing,
    facts.StrategyStopped: halts.strategy_stopped,
    facts.HaltRaised: halts.halt_raised,
    facts.HaltCleared: halts.halt_cleared,
    facts.ResumeRefused: halts.resume_refused,
    HaltOverridden: halts.halt_overridden,
    OverrideEnded: halts.override_ended,
    OverrideRefused: _nothing,
    facts.StateMarked: _nothing,
}
