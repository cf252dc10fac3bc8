"""Clearing: where every micro of money moves, and the numbered record of what happened.

Fills, fees, closed orders and settlements pass through here and nowhere else, so that one audit can count all
the money of the exchange. It must never decide whether something may trade.
"""

from assent.exchange.accounts import Account, History, Order, need, revenue_of
from assent.exchange.corrections import Leg, Trade, correct_leg, payout, resettle, row
from assent.exchange.fees import DIRECT_PRECISION, fill_cost, trade_fee
from assent.exchange.groups import Group
from assent.exchange.types import (
    Audit,
    CloseReason,
    Event,
    ExchangeError,
    Fill,
    FillCorrected,
    Filled,
    OrderClosed,
    Settled,
    Settlement,
    Traded,
    Transferred,
)


class EventLog:
    """Events in one numbered sequence without holes; `drain` hands them over once."""

    __slots__ = ("events", "seq")

    def __init__(self, first_number: int) -> None:
        self.seq = first_number - 1
        self.events: list[Event] = []

    def next(self) -> int:
        self.seq += 1
        return self.seq

    def drain(self) -> list[Event]:
        events, self.events = self.events, []
        return events


class Clearing:
    __slots__ = ("accounts", "deposits", "log", "matched_groups", "settled", "trades")

    def __init__(self, log: EventLog) -> None:
        self.log = log
        self.accounts: dict[str, Account] = {}
        self.deposits = 0
        # Order groups that have matched since somebody last looked at their limits.
        self.matched_groups: dict[str, tuple[Account, Group]] = {}
        # Trades of members who may ask about their past, and who was paid for what: both may be corrected.
        self.trades: dict[str, Trade] = {}
        self.settled: dict[str, dict[str, int]] = {}

    def open_account(
        self, account_id: str, cash: int, history: History | None = None, precision: int = DIRECT_PRECISION
    ) -> None:
        if account_id in self.accounts:
            raise ExchangeError(f"account {account_id!r} is open already")
        if cash < 0 or cash % precision:
            raise ExchangeError(f"account {account_id!r} cannot open with {cash}: not a multiple of {precision}")
        self.accounts[account_id] = Account(account_id, cash, history, precision)
        self.deposits += cash

    def account(self, account_id: str) -> Account:
        account = self.accounts.get(account_id)
        if account is None:
            raise ExchangeError(f"no account {account_id!r} is open here")
        return account

    def transfer(self, account: Account, amount: int, reference: str, ts: int) -> Transferred:
        """The owner's own money comes in, or goes out. Whether it may was asked before."""
        seq = self.log.next()
        moved = Transferred(account.account_id, f"X{seq}", amount, reference, ts, seq)
        account.cash += amount
        self.deposits += amount
        if account.history is not None:
            account.history.transfers.append(moved)
        self.log.events.append(moved)
        return moved

    def trade(self, taker: Order, maker: Order, qty: int, ts: int) -> None:
        """Two orders have met at the maker's price; both quantities are already reduced."""
        price, terms = maker.price, taker.terms
        seq = self.log.next()
        trade_id = f"T{seq}"
        self.log.events.append(Traded(trade_id, terms.market, price, qty, terms.side, ts, seq))
        taker_fee = self._fill(taker, trade_id, qty, price, is_taker=True, ts=ts)
        maker_fee = self._fill(maker, trade_id, qty, price, is_taker=False, ts=ts)
        if taker.account.history is not None or maker.account.history is not None:
            self.trades[trade_id] = Trade(trade_id, price, qty, (Leg(taker, taker_fee), Leg(maker, maker_fee)))
        if not maker.remaining:
            self.close_order(maker, "executed", ts)

    def close_order(self, order: Order, reason: CloseReason, ts: int) -> None:
        """The order has left the book, or never reached it."""
        account, terms = order.account, order.terms
        account.unrest(order)
        order.status = "executed" if reason == "executed" else "canceled"
        order.reason = reason
        order.updated_ts = ts
        if account.history is None:
            return
        account.history.orders[order.order_id] = order.view()
        filled = order.qty - order.remaining
        self.log.events.append(
            OrderClosed(
                account=account.account_id,
                order_id=order.order_id,
                client_order_id=terms.client_order_id,
                market=terms.market,
                filled=filled,
                cancelled=terms.qty - filled,
                reason=reason,
                ts=ts,
                seq=self.log.next(),
            )
        )

    def settle(self, told: Settled) -> None:
        """Pay every position. A payout is floored to the member's precision; the rest is a settlement fee."""
        market, value = told.market, told.value
        settled = self.settled[market] = {}
        for account in self.accounts.values():
            position = account.positions.pop(market, 0)
            if not position:
                continue
            settled[account.account_id] = position
            paid, fee = payout(position, value, account.precision)
            account.cash += paid
            account.fees_paid += fee
            if account.history is not None:
                account.history.settlements.append(
                    Settlement(market, told.result, value, position, paid, fee, told.ts, told.seq)
                )

    def resettle(self, told: Settled, old_value: int) -> None:
        """The venue's newer word about a market that was paid."""
        for account_id, position in self.settled[told.market].items():
            resettle(self.accounts[account_id], position, old_value, told)

    def correct(self, trade: Trade, price: int, qty: int, value: int | None, ts: int) -> None:
        """Make a trade what it really was; `value` is what its market has paid, if it has."""
        market = trade.legs[0].order.terms.market
        settled = None if value is None else (self.settled[market], value)
        legs = tuple(correct_leg(leg, trade, price, qty, settled) for leg in trade.legs)
        new = self.trades[trade.trade_id] = Trade(trade.trade_id, price, qty, legs)
        for leg in legs:
            account = leg.order.account
            if account.history is not None:
                corrected = row(leg, new, ts, self.log.next())
                account.history.corrections.append(corrected)
                self.log.events.append(FillCorrected(account.account_id, corrected, ts, corrected.seq))

    def open_interest(self, market: str) -> int:
        return sum(max(0, account.positions.get(market, 0)) for account in self.accounts.values())

    def audit(self) -> Audit:
        """Count all the money. Each open pair of contracts is one dollar of collateral."""
        accounts = self.accounts.values()
        return Audit(
            deposits=self.deposits,
            cash=sum(account.cash for account in accounts),
            collateral=sum(max(0, position) for account in accounts for position in account.positions.values()),
            fees=sum(account.fees_paid for account in accounts),
        )

    def _fill(self, order: Order, trade_id: str, qty: int, price: int, *, is_taker: bool, ts: int) -> int:
        account, terms = order.account, order.terms
        signed_qty = qty if order.is_buy else -qty
        revenue = revenue_of(account.positions.get(terms.market, 0), signed_qty, price)
        coefficient, multiplier = order.fee_rate
        trade = trade_fee(coefficient, multiplier, qty, price) if coefficient else 0
        cost = fill_cost(revenue, trade, order.accumulated, account.precision)
        account.move(terms.market, signed_qty)
        account.rest(order, need(order, 0))
        fee = cost.fee
        if account.cash + cost.cash < account.gross_held:
            # Rounding over many small fills may exceed the fee that was held; it never eats other collateral.
            fee = max(0, min(fee, account.cash + revenue - account.held()))
        account.cash += revenue - fee
        account.fees_paid += fee
        order.fees += fee
        order.accumulated = cost.accumulated
        order.updated_ts = ts
        order.last_change = "trade"
        if account.history is None:
            return fee
        if terms.group is not None:
            group = account.history.groups[terms.group]
            group.count(qty, ts)
            self.matched_groups[group.name] = (account, group)
        fill = Fill(
            fill_id=trade_id,
            order_id=order.order_id,
            client_order_id=terms.client_order_id,
            market=terms.market,
            side=terms.side,
            price=price,
            qty=qty,
            fee=fee,
            is_taker=is_taker,
            cash=revenue - fee,
            ts=ts,
            seq=self.log.next(),
        )
        account.history.fills.append(fill)
        self.log.events.append(Filled(account.account_id, fill, ts, fill.seq))
        return fee
