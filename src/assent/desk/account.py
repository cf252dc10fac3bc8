"""Our money as the venue sees it: settlements, transfers, the comparison of books, the equity mark of each cycle."""

from typing import TYPE_CHECKING

from assent.desk import control, exposure, fold, intake, money
from assent.desk.state import State
from assent.model.facts import (
    AccountMatched,
    CashMoved,
    DiscrepancyFound,
    EquityMarked,
    MarketSettled,
)
from assent.model.inputs import AccountSeen, CashSeen, SettlementSeen
from assent.model.instruments import BinaryContract
from assent.model.text import shown
from assent.model.units import HOUR, MICRO

if TYPE_CHECKING:
    from assent.desk.desk import Desk

MATCH_RECORD_EVERY = HOUR
OPENING = "opening balance at the venue"
# Orders in these statuses move money that one of the two books may not show yet.
IN_FLIGHT = frozenset(("released", "unknown", "closing"))


def settlement_seen(desk: "Desk", inp: SettlementSeen) -> None:
    """Record the outcome of what the ledger knows; a repeat of it is nothing new."""
    state = desk.state
    market = desk.markets.get(inp.instrument)
    if market:
        market.phase = "settled"
    instrument = state.find_instrument(inp.instrument)
    if instrument is None or inp.instrument in state.archive.outcomes:
        return
    if type(instrument) is BinaryContract and not _payout_fits(inp):
        intake.reject(desk, "market_data_not_positive", "settlement", f"{inp.instrument} {inp.result} {inp.value}")
        return
    _settle(desk, inp)


def settle_leftover(desk: "Desk", name: str) -> None:
    """A fill that came after the settlement leaves a position that the venue has already paid for."""
    outcome = desk.state.archive.outcomes.get(name)
    if outcome is None or not desk.state.held(name):
        return
    _settle(
        desk,
        SettlementSeen(
            instrument=name, result=outcome.result, value=outcome.value, source_ts=0, received_ts=desk.now
        ),
    )  # fmt: skip


def cash_seen(desk: "Desk", inp: CashSeen) -> None:
    desk.emit(CashMoved(amount=inp.amount, reference=shown(inp.reference)))


def account_seen(desk: "Desk", inp: AccountSeen) -> None:
    """Compare the venue's books with ours. While an order is in flight the two may honestly differ: not judged."""
    state = desk.state
    if any(order.status in IN_FLIGHT for order in state.orders.values()):
        return
    if state.matched_ts is None and state.cash == 0 and inp.cash > 0:
        desk.emit(CashMoved(amount=inp.cash, reference=OPENING))
    differences = _differences(state, inp)
    if not differences:
        _matched(desk, inp)
        return
    for what, ours, theirs in differences:
        desk.emit(DiscrepancyFound(what=what, ours=ours, theirs=theirs, source=inp.source))
    what, ours, theirs = differences[0]
    control.raise_halt(desk, "discrepancy", by="desk", detail=f"{what}: ours {ours}, the venue's {theirs}")


def _matched(desk: "Desk", inp: AccountSeen) -> None:
    """Record it when it says something new, when a halt waits for it, and once an hour."""
    state = desk.state
    holdings = tuple(sorted(inp.holdings, key=lambda holding: holding.instrument))
    fact = AccountMatched(cash=inp.cash, positions=holdings, open_orders=len(inp.open_orders), source=inp.source)
    old = state.matched_ts is None or desk.now - state.matched_ts >= MATCH_RECORD_EVERY
    if old or state.halts or state.unmatched or fact != desk.last_match:
        desk.last_match = fact
        desk.emit(fact)


def mark_equity(desk: "Desk") -> None:
    """Value the account at what it would bring now. Without a bid the last mark stands and entries wait."""
    state = desk.state
    total, missing = state.cash, ""
    for name, position in state.positions.items():
        instrument, market = state.find_instrument(name), desk.markets.get(name)
        if instrument is None or (market is not None and market.phase not in ("open", "paused")):
            total += position.cost
            continue
        quote = market.quote if market else None
        value = money.mark_value(instrument, position, bid=quote.bid, ask=quote.ask) if quote else None
        if value is None:
            missing = name
            value = market.bid_mark if market and market.bid_mark is not None else position.cost
        elif market:
            market.bid_mark = value
        total += value
    if missing:
        desk.cause_seen["mark_missing"] = desk.now
        control.raise_halt(desk, "mark_missing", by="desk", detail=f"no bid for the position in {missing}")
    if total != state.equity:
        desk.emit(EquityMarked(equity=total, cash=state.cash, exposure=exposure.total_exposure(state)))


def _settle(desk: "Desk", inp: SettlementSeen) -> None:
    state = desk.state
    position = state.positions.get(inp.instrument)
    instrument = state.find_instrument(inp.instrument)
    payout = money.settlement_payout(instrument, position, value=inp.value) if position and instrument else 0
    desk.emit(
        MarketSettled(
            instrument=inp.instrument,
            result=inp.result,
            value=inp.value,
            qty=position.qty if position else 0,
            payout=payout,
        )
    )


def _payout_fits(inp: SettlementSeen) -> bool:
    fixed = {"yes": MICRO, "no": 0}
    return fixed.get(inp.result, inp.value) == inp.value and 0 <= inp.value <= MICRO


def _differences(state: State, inp: AccountSeen) -> list[tuple[str, int, int]]:
    found = []
    if inp.cash != state.cash:
        found.append(("cash", state.cash, inp.cash))
    ours = {holding.instrument: holding.qty for holding in fold.holdings(state)}
    theirs = {holding.instrument: holding.qty for holding in inp.holdings if holding.qty}
    names = sorted({**ours, **theirs})
    pairs = [(name, ours.get(name, 0), theirs.get(name, 0)) for name in names]
    found.extend((f"position {name}", held, listed) for name, held, listed in pairs if held != listed)
    known = {order.order.order_id for order in state.orders.values() if order.status == "working"}
    resting = set(inp.open_orders)
    found.extend((f"order {order_id} is open here only", 1, 0) for order_id in sorted(known - resting))
    found.extend((f"order {order_id} is open there only", 0, 1) for order_id in sorted(resting - known))
    return found
