"""What one member's fills add up to: costs of each order, and cost, turnover and gain of each position.

The core moves the money and keeps the positions; these sums are what the venue writes beside them. Cost is the average
of what is held: YES at its price, NO at a dollar less it, and what a fill closes leaves at that average.

What the venue shows once it has corrected a trade or taken it back is not known. Here a corrected fill stands as it is
now, under its old id and time; a taken-back one is gone; every sum, a settlement included, is as if it had always been
so. The counts of the order stay what they were, since nothing comes back onto the book.
"""

from typing import NamedTuple

import msgspec

from assent.exchange.accounts import History
from assent.exchange.corrections import payout
from assent.exchange.fees import DIRECT_PRECISION
from assent.exchange.types import MICRO, Fill, Settlement


class OrderCosts:
    """What an order has cost as taker and as maker."""

    __slots__ = ("maker_cost", "maker_fees", "taker_cost", "taker_fees")

    def __init__(self) -> None:
        self.taker_cost = self.maker_cost = self.taker_fees = self.maker_fees = 0


class Holding:
    """One market of one member: `position` signed, `cost` of what is held, the rest since the beginning."""

    __slots__ = ("cost", "fees", "position", "realized", "traded", "traded_qty", "updated_ts")

    def __init__(self) -> None:
        self.position = self.cost = self.realized = self.fees = self.updated_ts = 0
        self.traded = self.traded_qty = 0


class Paid(NamedTuple):
    """A market that has paid this member: the latest word about it, and what was held until then."""

    settlement: Settlement
    holding: Holding


class Until(NamedTuple):
    """How much of a member's history counts: the lengths of its lists at some moment."""

    fills: int
    settlements: int
    corrections: int

    @classmethod
    def now(cls, history: History) -> "Until":
        return cls(len(history.fills), len(history.settlements), len(history.corrections))


NOTHING_YET = Until(0, 0, 0)


class Statement:
    """All sums of one member, and `fills`: each execution as it stands now, by its event number."""

    def __init__(self, precision: int = DIRECT_PRECISION) -> None:
        self._precision = precision
        self._until = NOTHING_YET
        self._clear()

    def take_up(self, history: History, until: Until) -> None:
        """Add what is new in the member's lists, in the sequence in which it happened."""
        before, self._until = self._until, until
        if until == before:
            return
        if until.corrections != before.corrections:
            self._clear()
            before = NOTHING_YET
        new: list[Fill | Settlement] = [
            *history.fills[before.fills : until.fills],
            *history.settlements[before.settlements : until.settlements],
        ]
        truths = {row.fill_id: row for row in history.corrections[: until.corrections]}
        for row in sorted(new, key=_seq):
            if isinstance(row, Settlement):
                self._settle(row, corrected=bool(truths))
                continue
            truth = truths.get(row.fill_id)
            if truth is None:
                self._fill(row)
            elif truth.qty:
                self._fill(msgspec.structs.replace(row, price=truth.price, qty=truth.qty, fee=truth.fee))

    def _clear(self) -> None:
        self.fills: dict[int, Fill] = {}
        self.orders: dict[str, OrderCosts] = {}
        self.holdings: dict[str, Holding] = {}
        self.paid: dict[str, Paid] = {}

    def _fill(self, fill: Fill) -> None:
        self.fills[fill.seq] = fill
        spent = cost_of(fill.qty if fill.side == "buy" else -fill.qty, fill.price)
        costs = self.orders.setdefault(fill.order_id, OrderCosts())
        if fill.is_taker:
            costs.taker_cost += spent
            costs.taker_fees += fill.fee
        else:
            costs.maker_cost += spent
            costs.maker_fees += fill.fee
        holding = self.holdings.setdefault(fill.market, Holding())
        _move(holding, fill.qty if fill.side == "buy" else -fill.qty, fill.price)
        holding.traded += spent
        holding.traded_qty += fill.qty
        holding.fees += fill.fee
        holding.updated_ts = fill.ts

    def _settle(self, settlement: Settlement, *, corrected: bool) -> None:
        """The position leaves for the settlements. A later word about the same market replaces the earlier one."""
        before = self.paid.get(settlement.market)
        if corrected:
            settlement = self._as_it_stands(settlement, before)
        if before is not None:
            holding = before.holding
            holding.realized += settlement.payout - before.settlement.payout
            holding.fees += settlement.fee - before.settlement.fee
        else:
            holding = self.holdings.pop(settlement.market, Holding())
            holding.realized += settlement.payout - holding.cost
            holding.fees += settlement.fee
        holding.updated_ts = settlement.ts
        self.paid[settlement.market] = Paid(settlement, holding)

    def _as_it_stands(self, settlement: Settlement, before: Paid | None) -> Settlement:
        """What the position that is left after all corrections was paid."""
        held = self.holdings.get(settlement.market) or Holding()
        position = held.position if before is None else before.settlement.position
        paid, fee = payout(position, settlement.value, self._precision)
        return msgspec.structs.replace(settlement, position=position, payout=paid, fee=fee)


def cost_of(signed_qty: int, price: int) -> int:
    """What these contracts cost at this YES price: YES if positive, NO if negative. Always whole micros."""
    return signed_qty * price // MICRO if signed_qty > 0 else -signed_qty * (MICRO - price) // MICRO


def _move(holding: Holding, signed_qty: int, price: int) -> None:
    position = holding.position
    closing = min(abs(position), abs(signed_qty)) if position * signed_qty < 0 else 0
    if closing:
        freed = holding.cost * closing // abs(position)
        # Closing YES sells it at the price; closing NO sells that at a dollar less the price.
        received = cost_of(closing if position > 0 else -closing, price)
        holding.realized += received - freed
        holding.cost -= freed
    opening = abs(signed_qty) - closing
    if opening:
        holding.cost += cost_of(opening if signed_qty > 0 else -opening, price)
    holding.position += signed_qty


def _seq(row: Fill | Settlement) -> int:
    return row.seq
