"""Double entry: what a fill, a settlement or a transfer does to a position and to the six accounts.

The accounts sum to zero after every record: deposits (negative) are the source of cash, positions hold what was paid
for what we still own, realised (negative when we gained) and fees explain the rest; adjustments are what a person
accepted of the venue's books without any of these to explain it.
"""

from collections.abc import Iterable

import msgspec

from assent.desk.state import ADJUSTMENTS, CASH, DEPOSITS, FEES, POSITIONS, REALISED, Position
from assent.model.errors import InvariantBroken
from assent.model.instruments import BinaryContract, Future, Instrument, QuadraticFee
from assent.model.orders import Fill, Side
from assent.model.units import MICRO, down_to_step, mul_down, mul_up, share_up


class Booking(msgspec.Struct, frozen=True, gc=False):
    """A new position and the entries that go with it."""

    position: Position
    entries: dict[str, int]


def book_fill(instrument: Instrument, position: Position, *, side: Side, price: int, qty: int, fee: int) -> Booking:
    """First close what is held on the other side, then open the rest. Costs round up, proceeds down."""
    held = position.qty
    closing = min(qty, abs(held)) if held and (held > 0) != (side == "buy") else 0
    opening = qty - closing
    basis = position.cost if closing == abs(held) else share_up(closing, abs(held), position.cost)
    proceeds = exit_value(instrument, held, price, closing, basis)
    cost = entry_cost(instrument, side, price, opening)
    paid_in_cash = type(instrument) is BinaryContract
    signed = qty if side == "buy" else -qty
    entries = {
        CASH: proceeds - (cost if paid_in_cash else basis) - fee,
        POSITIONS: cost - basis if paid_in_cash else 0,
        REALISED: basis - proceeds,
        FEES: fee,
    }
    return _balanced(Booking(Position(qty=held + signed, cost=position.cost - basis + cost), entries))


def book_fills(instrument: Instrument, fills: Iterable[Fill]) -> Booking:
    """One fill after the other from nothing: the position that they add up to, and all that they moved."""
    position, entries = Position(), {CASH: 0, POSITIONS: 0, REALISED: 0, FEES: 0}
    for fill in fills:
        if fill.qty:
            booking = book_fill(instrument, position, side=fill.side, price=fill.price, qty=fill.qty, fee=fill.fee)
            position, moved = booking.position, booking.entries
        else:
            moved = {CASH: -fill.fee, FEES: fill.fee}
        entries = {name: amount + moved.get(name, 0) for name, amount in entries.items()}
    return Booking(position, entries)


def book_settlement(instrument: Instrument, position: Position, *, value: int, before: int = 0) -> Booking:
    """The venue pays `value` for each contract (price of the last settlement for a future); nothing is left.

    `before` is what was settled of this market already. What the venue's own step takes from the payout is a fee.
    """
    payout = settlement_payout(instrument, position, value=value, before=before)
    if type(instrument) is not BinaryContract:
        return _balanced(Booking(Position(), {CASH: payout, REALISED: -payout}))
    owed = _owed(position.qty, value, before, step=1)
    basis = position.cost
    entries = {CASH: payout, POSITIONS: -basis, REALISED: basis - owed, FEES: owed - payout}
    return _balanced(Booking(Position(), entries))


def settlement_payout(instrument: Instrument, position: Position, *, value: int, before: int = 0) -> int:
    """Cash that a settlement at `value` moves to us, `before` having been paid out at the same value already."""
    held = position.qty
    if type(instrument) is BinaryContract:
        return _owed(held, value, before, step=_payout_step(instrument, value))
    return exit_value(instrument, held, value, abs(held), position.cost) - position.cost


def book_settlement_change(instrument: Instrument, qty: int, *, old: int, new: int) -> dict[str, int]:
    """The venue paid `old` for each of the signed `qty` contracts and now says that it is `new`: the difference."""
    if type(instrument) is Future:
        gain = mul_down(mul_down(new - old, instrument.multiplier), qty)
        return {CASH: gain, REALISED: -gain}
    paid = _total(new, qty, _payout_step(instrument, new)) - _total(old, qty, _payout_step(instrument, old))
    owed = _total(new, qty, 1) - _total(old, qty, 1)
    return {CASH: paid, REALISED: -owed, FEES: owed - paid}


def _owed(held: int, value: int, before: int, *, step: int) -> int:
    """What `held` brings on top of `before`. The venue nets first and rounds the market's total once; so do we, however
    many late fills it is settled in. Each YES that meets a NO is a whole dollar."""
    after = before + held
    pairs = max(0, -held) + max(0, -before) - max(0, -after)
    return pairs + _total(value, after, step) - _total(value, before, step)


def _total(value: int, qty: int, step: int) -> int:
    """What a signed total is paid: down to the venue's step."""
    return down_to_step(mul_down(value if qty > 0 else MICRO - value, abs(qty)), step)


def _payout_step(instrument: Instrument, value: int) -> int:
    """Whole dollars and nothing are paid exactly; a scalar payout is floored to the step of the venue's balances."""
    fees = instrument.fees
    return fees.balance_step if type(fees) is QuadraticFee and 0 < value < MICRO else 1


def book_transfer(amount: int) -> dict[str, int]:
    """The owner's own money in or out."""
    return {CASH: amount, DEPOSITS: -amount}


def book_adoption(cash: int, cost: int) -> dict[str, int]:
    """Cash and the cost of what is held became the venue's: nothing was traded, so nothing was gained or lost."""
    return {CASH: cash, POSITIONS: cost, ADJUSTMENTS: -cash - cost}


def mark_value(instrument: Instrument, position: Position, *, bid: int | None, ask: int | None) -> int | None:
    """What the position would bring now: at the bid when long, at the ask when short; None without that side."""
    if not position.qty:
        return 0
    price = bid if position.qty > 0 else ask
    if price is None:
        return None
    value = exit_value(instrument, position.qty, price, abs(position.qty), position.cost)
    return value if type(instrument) is BinaryContract else value - position.cost


def post(accounts: dict[str, int], entries: dict[str, int]) -> None:
    """Add the entries; the sum of all accounts must stay zero."""
    for name, amount in entries.items():
        accounts[name] += amount
    if sum(accounts.values()) != 0:
        raise InvariantBroken("accounts_do_not_sum_to_zero", accounts=dict(accounts))


def entry_cost(instrument: Instrument, side: Side, price: int, qty: int) -> int:
    """What a position of this size costs: money paid for a binary contract, entry notional for a future."""
    if not qty:
        return 0
    if type(instrument) is Future:
        return mul_up(mul_up(price, instrument.multiplier), qty)
    return mul_up(price if side == "buy" else MICRO - price, qty)


def exit_value(instrument: Instrument, held: int, price: int, qty: int, basis: int) -> int:
    """What giving back `qty` of a position brings. For a future: its basis plus the gain."""
    if not qty:
        return 0
    if type(instrument) is Future:
        if held > 0:
            return mul_down(mul_down(price, instrument.multiplier), qty)
        return 2 * basis - mul_up(mul_up(price, instrument.multiplier), qty)
    return mul_down(price if held > 0 else MICRO - price, qty)


def _balanced(booking: Booking) -> Booking:
    if sum(booking.entries.values()) != 0:
        raise InvariantBroken("booking_does_not_balance", entries=booking.entries)
    return booking
