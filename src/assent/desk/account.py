"""Our money as the venue sees it: settlements, transfers, the comparison of books, the equity mark of each cycle."""

from typing import NamedTuple

from assent.desk import adoption, awaiting, exposure, intake, money, recall
from assent.desk.context import Context
from assent.desk.state import CASH, OrderState, Outcome, Position, State
from assent.model.facts import (
    AccountMatched,
    AccountSnapshot,
    CashMoved,
    DiscrepancyFound,
    EquityMarked,
    MarketSettled,
    SettlementCorrected,
)
from assent.model.inputs import AccountSeen, AccountUnavailable, CashSeen, SettlementSeen
from assent.model.instruments import BinaryContract, Instrument
from assent.model.orders import Mark
from assent.model.text import identity, shown
from assent.model.units import HOUR, MICRO, MINUTE, is_value

MATCH_RECORD_EVERY = HOUR
# How long orders in flight may keep the two books from being compared.
UNJUDGED_MAX = 5 * MINUTE
OPENING = "opening balance at the venue"
# Orders in these statuses, and those that wait for the venue's word, move money that one of the two books may not show
# yet.
IN_FLIGHT = frozenset(("released", "unknown"))


def settlement_seen(desk: Context, inp: SettlementSeen) -> None:
    """Record the outcome of what the ledger knows; a repeat of it is nothing new."""
    state = desk.state
    market = desk.markets.get(inp.instrument)
    if market:
        market.phase = "settled"
    instrument = state.find_instrument(inp.instrument)
    if instrument is None:
        return
    if not is_value(inp.value) or (type(instrument) is BinaryContract and not _payout_fits(inp)):
        intake.reject(desk, "market_data_not_positive", "settlement", f"{inp.instrument} {shown(inp.value)}")
        return
    booked = state.archive.outcomes.get(inp.instrument)
    if booked is None:
        _settle(desk, inp)
    elif booked.value != inp.value:
        _changed(desk, inp, booked)


def settle_leftover(desk: Context, name: str) -> None:
    """A fill that came after the settlement leaves a position that the venue has already paid for."""
    outcome = desk.state.archive.outcomes.get(name)
    if outcome is None or not desk.state.held(name):
        return
    _settle(
        desk,
        SettlementSeen(
            instrument=name, result=outcome.result, value=outcome.value, source_ts=outcome.venue_ts,
            received_ts=desk.now,
        ),
    )  # fmt: skip


def cash_seen(desk: Context, inp: CashSeen) -> None:
    if not is_value(inp.amount):
        intake.reject(desk, "malformed_input", "cash", shown(inp.amount))
        return
    transfer_id = identity(inp.transfer_id)
    if transfer_id in desk.state.archive.transfers:
        return
    desk.emit(CashMoved(amount=inp.amount, reference=shown(inp.reference), transfer_id=transfer_id))


def account_seen(desk: Context, inp: AccountSeen) -> None:
    """Compare the venue's books with ours. While an order is in flight the two may honestly differ: not judged."""
    state = desk.state
    if not is_value(inp.cash):
        intake.reject(desk, "malformed_input", "account", shown(inp.cash))
        return
    if desk.unavailable_since is not None:
        desk.unavailable_since, desk.readable_ts = None, desk.now
    awaiting.books_read(desk)
    order = in_flight(state)
    if order is not None:
        desk.books = None
        _not_judged(desk, order)
        return
    if state.matched_ts is None and state.cash == 0 and inp.cash > 0:
        desk.emit(CashMoved(amount=inp.cash, reference=OPENING))
    desk.books, desk.compared = inp, adoption.standing(state)
    found = adoption.differences(state, inp)
    if not found:
        _matched(desk, inp)
        return
    differ(desk, [(one.what, one.ours, one.theirs) for one in found], inp.source)


def account_unavailable(desk: Context, inp: AccountUnavailable) -> None:
    """Nobody can say what the venue holds for us: nothing is opened, and what was last known stands with its age."""
    state, known = desk.state, desk.state.matched
    desk.books = None
    awaiting.books_unread(desk)
    first = desk.unavailable_since is None
    if first:
        desk.unavailable_since = desk.now
    if known is not None and (first or desk.now - desk.unavailable_told >= MATCH_RECORD_EVERY):
        desk.unavailable_told = desk.now
        age = desk.now - max(desk.compared_ts, state.matched_ts or 0)
        desk.emit(
            AccountSnapshot(
                cash=known.cash, positions=known.positions, open_orders=known.open_orders, age=age,
                source=shown(inp.source),
            )
        )  # fmt: skip
    desk.cause_seen["account_unavailable"] = desk.now
    detail = f"{shown(inp.source)}: {shown(inp.detail)}"
    recall.raise_halt(desk, "account_unavailable", by="desk", detail=detail)


def watch_books(desk: Context) -> None:
    """Books that cannot be read, or not compared, are looked at rarely, but until they are the cause is not quiet."""
    if desk.unavailable_since is not None:
        desk.cause_seen["account_unavailable"] = desk.now
    if desk.unjudged_since is not None and desk.now - desk.unjudged_since > UNJUDGED_MAX:
        desk.cause_seen["books_overdue"] = desk.now


def differ(desk: Context, differences: list[tuple[str, int, int]], source: str) -> None:
    """Two books say different things: record each once, and stop for a person."""
    if differences == desk.last_differences and desk.state.unmatched and "discrepancy" in desk.state.halts:
        return
    desk.last_differences = differences
    for what, ours, theirs in differences:
        desk.emit(DiscrepancyFound(what=shown(what), ours=ours, theirs=theirs, source=shown(source)))
    what, ours, theirs = differences[0]
    recall.raise_halt(desk, "discrepancy", by="desk", detail=f"{shown(what)}: ours {ours}, the venue's {theirs}")


def _not_judged(desk: Context, order: OrderState) -> None:
    """An order in flight excuses a difference for a while, not for ever."""
    if desk.unjudged_since is None:
        desk.unjudged_since = desk.now
    elif desk.now - desk.unjudged_since > UNJUDGED_MAX:
        desk.cause_seen["books_overdue"] = desk.now
        detail = f"an order has been in flight all the time; now order {order.order.order_id} is {order.status}"
        recall.raise_halt(desk, "books_overdue", by="desk", detail=detail)


def in_flight(state: State) -> OrderState | None:
    """An order that is not answered yet, though perhaps filled already, or ended with fills still to come."""
    for order in state.orders.values():
        if order.status in IN_FLIGHT or awaiting.waits(order):
            return order
    return None


def _matched(desk: Context, inp: AccountSeen) -> None:
    """Record it when a start or a halt waits for it, when it says something new, and once an hour."""
    state = desk.state
    desk.last_differences, desk.unjudged_since, desk.compared_ts = [], None, desk.now
    holdings = tuple(sorted(inp.holdings, key=lambda holding: holding.instrument))
    holdings = tuple(holding for holding in holdings if holding.qty)
    fact = AccountMatched(cash=inp.cash, positions=holdings, open_orders=len(inp.open_orders), source=shown(inp.source))
    old = state.matched_ts is None or desk.now - state.matched_ts >= MATCH_RECORD_EVERY
    first = state.matched_seq <= state.started_seq
    if old or first or state.halts or state.unmatched or fact != state.matched:
        desk.emit(fact)


class Valued(NamedTuple):
    """What a position counts in equity, the mark behind it if there is one, and whether a price is missing."""

    value: int
    mark: int | None
    missing: bool


NOTHING = Valued(0, None, missing=False)


def valued(desk: Context, name: str, instrument: Instrument | None, position: Position, *, last: int | None) -> Valued:
    """What it would bring now; without a bid the last mark stands, and without that what was paid."""
    market = desk.markets.get(name)
    # Nothing was paid for a future: without a price it is worth what it was entered at, no more.
    paid = position.cost if type(instrument) is BinaryContract else 0
    if instrument is None or (market is not None and market.phase in ("closed", "determined", "settled")):
        return Valued(paid, None, missing=False)
    quote = market.touch() if market else None
    value = money.mark_value(instrument, position, bid=quote.bid, ask=quote.ask) if quote else None
    mark = last if value is None else value
    return Valued(paid if mark is None else mark, mark, missing=value is None)


def mark_equity(desk: Context) -> None:
    """Value the account at what it would bring now. Without a bid the last mark stands and entries wait."""
    state = desk.state
    total, missing = state.cash, ""
    marks: dict[str, int] = {}
    for name, position in state.positions.items():
        known = valued(desk, name, state.find_instrument(name), position, last=state.marks.get(name))
        total += known.value
        missing = name if known.missing else missing
        if known.mark is not None:
            marks[name] = known.mark
    if missing:
        desk.cause_seen["mark_missing"] = desk.now
        detail = f"no bid for the position in {missing}"
        recall.raise_halt(desk, "mark_missing", by="desk", detail=detail, new=False)
    if total != state.equity or marks != state.marks:
        listed = tuple(Mark(name, marks[name]) for name in sorted(marks))
        desk.emit(EquityMarked(equity=total, cash=state.cash, exposure=exposure.total_exposure(state), marks=listed))


def _settle(desk: Context, inp: SettlementSeen) -> None:
    state = desk.state
    position = state.positions.get(inp.instrument)
    instrument = state.find_instrument(inp.instrument)
    settled = state.archive.outcomes.get(inp.instrument)
    before = settled.qty if settled else 0
    payout = 0
    if position and instrument:
        payout = money.settlement_payout(instrument, position, value=inp.value, before=before)
    desk.emit(
        MarketSettled(
            instrument=inp.instrument,
            result=inp.result,
            value=inp.value,
            qty=position.qty if position else 0,
            payout=payout,
            venue_ts=inp.source_ts,
        )
    )


def _changed(desk: Context, inp: SettlementSeen, booked: Outcome) -> None:
    """The venue's newer word compensates what was paid; its older one, told again, is nothing new. Two words of the
    same time are a contradiction that no book can settle."""
    if inp.source_ts < booked.venue_ts:
        return
    if inp.source_ts == booked.venue_ts:
        what = f"settlement of {inp.instrument}"
        differ(desk, [(what, booked.value, inp.value)], "settlement")
        return
    instrument = desk.state.find_instrument(inp.instrument)
    if instrument is None:
        return
    entries = money.book_settlement_change(instrument, booked.qty, old=booked.value, new=inp.value)
    desk.emit(
        SettlementCorrected(
            instrument=inp.instrument,
            result=inp.result,
            value=inp.value,
            qty=booked.qty,
            payout=entries[CASH],
            venue_ts=inp.source_ts,
        )
    )
    detail = f"{inp.instrument}: {booked.result} at {booked.value} became {inp.result} at {inp.value}"
    recall.raise_halt(desk, "settlement_changed", by="desk", detail=detail)


def _payout_fits(inp: SettlementSeen) -> bool:
    if not 0 <= inp.value <= MICRO:
        return False
    if inp.result == "scalar":
        return True
    return (inp.result, inp.value) in (("yes", MICRO), ("no", 0))
