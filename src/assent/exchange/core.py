"""The matching core: accounts, markets, and the one place where an order meets a book.

Synchronous and pure: time is an argument, nothing is random, no money is rounded outside `fees.py`. What happens
is written as events in one numbered sequence and handed over by `drain()`. Expected refusals are values; an
exception means that the caller broke the contract.
"""

import heapq
from collections.abc import Callable, Iterable

from assent.exchange.accounts import Account, History, Order, need
from assent.exchange.admission import admit, paused, refuse_at_the_book, refuse_transfer, wrong_parameters
from assent.exchange.amending import note_change, refuse_amendment, take_over
from assent.exchange.clearing import Clearing, EventLog
from assent.exchange.fees import DIRECT_PRECISION
from assent.exchange.grid import PRICE_UNIT
from assent.exchange.grouping import Grouping
from assent.exchange.groups import GroupCommand, GroupView
from assent.exchange.levels import TellsLevels
from assent.exchange.markets import Market
from assent.exchange.questions import Questions
from assent.exchange.types import (
    MICRO,
    Accepted,
    Amended,
    Amendment,
    Cancelled,
    CloseMoved,
    CloseReason,
    Decreased,
    Determined,
    Event,
    ExchangeChanged,
    ExchangeError,
    ExchangeStatus,
    ForecastPublished,
    GridChanged,
    MarketChanged,
    MarketSpec,
    NewOrder,
    PriceBand,
    Rejected,
    Result,
    Settled,
    TopChanged,
    Transferred,
)


class Exchange(Questions, TellsLevels):
    """`first_number` is where order ids and event numbers begin, so that no two days share one."""

    def __init__(self, *, first_number: int = 1) -> None:
        self.now = 0
        self.status: ExchangeStatus = "open"
        self._log = EventLog(first_number)
        self._clearing = Clearing(self._log)
        self._grouping = Grouping(self._clearing, self._drop)
        self._markets: dict[str, Market] = {}
        self._order_number = first_number - 1
        self._due: list[tuple[int, int, Callable[[int], None]]] = []
        self._due_number = 0

    # --- surroundings ----------------------------------------------------------------------------------

    def open_account(
        self, account_id: str, cash: int, history: History | None = None, precision: int = DIRECT_PRECISION
    ) -> None:
        self._clearing.open_account(account_id, cash, history, precision)

    def list_market(self, now: int, spec: MarketSpec) -> None:
        self.advance(now)
        if spec.ticker in self._markets:
            raise ExchangeError(f"market {spec.ticker} is listed already")
        if spec.open_ts < now:
            raise ExchangeError(f"market {spec.ticker} would open at {spec.open_ts}, before now ({now})")
        market = self._markets[spec.ticker] = Market(spec, now)
        self._tell_levels_of(market)
        self._emit_status(market, now)
        self._at(spec.open_ts, lambda ts: self._open(market, ts))
        self._at(spec.close_ts, lambda ts: self._close_if_due(market, ts))

    def pause(self, now: int, *, whole: bool) -> None:
        """No market takes orders any more; with `whole` nothing is done at all, not even cancelling."""
        self._become(now, "paused" if whole else "trading_paused")
        for market in self._markets.values():
            self._cancel_on_pause(market, now)

    def resume(self, now: int) -> None:
        """What rested before the pause rests on."""
        self._become(now, "open")

    def move_close(self, now: int, ticker: str, close_ts: int) -> None:
        """Earlier or later than it was listed. A market may be reopened in time, never after its close."""
        self.advance(now)
        market = self._market(ticker)
        if close_ts < now:
            raise ExchangeError(f"market {ticker} cannot close at {close_ts}: it is {now} already")
        market.move_close(close_ts)
        self._log.events.append(CloseMoved(ticker, close_ts, now, self._log.next()))
        self._at(close_ts, lambda ts: self._close_if_due(market, ts))

    def pause_market(self, now: int, ticker: str) -> None:
        """No new orders; resting ones stay unless they asked to go now, may be cancelled, and will not survive the
        reopening."""
        self.advance(now)
        market = self._market(ticker)
        market.become("inactive")
        self._emit_status(market, now)
        self._cancel_on_pause(market, now)

    def resume_market(self, now: int, ticker: str) -> None:
        self.advance(now)
        market = self._market(ticker)
        market.become("active")
        self._emit_status(market, now)
        self._clear(market, "reopen_cancel", now)

    def set_price_bands(self, now: int, ticker: str, bands: tuple[PriceBand, ...]) -> None:
        self.advance(now)
        self._market(ticker).regrid(bands)
        self._log.events.append(GridChanged(ticker, bands, now, self._log.next()))

    def determine(self, now: int, ticker: str, result: Result, value: int) -> None:
        """The result is in; the settlement timer starts. A market determined early closes early."""
        self.advance(now)
        market = self._market(ticker)
        market.must_allow(result, value)
        self._close(market, now)
        market.decide(result, value)
        self._emit_status(market, now)
        self._log.events.append(Determined(ticker, result, value, now, self._log.next()))
        self._at(now + market.spec.settlement_timer_ns, lambda ts: self._settle(market, ts))

    def amend(self, now: int, ticker: str, result: Result, value: int) -> None:
        """The result was another one. Before it is paid that is only said; afterwards it is compensated."""
        self.advance(now)
        market = self._market(ticker)
        market.must_allow(result, value)
        if market.status not in ("determined", "settled") or market.value is None:
            raise ExchangeError(f"market {ticker} is {market.status}: there is no result to amend")
        old, market.result, market.value = market.value, result, value
        if market.status == "determined":
            self._log.events.append(Determined(ticker, result, value, now, self._log.next()))
            return
        told = Settled(ticker, result, value, now, self._log.next())
        market.settled_ts = now
        self._log.events.append(told)
        self._clearing.resettle(told, old)
        self._call_margin(now)

    def correct_trade(self, now: int, trade_id: str, price: int, qty: int) -> None:
        """What a trade really was: another price, a smaller quantity, or with none nothing. Both sides are corrected;
        what was taken from an order by it does not come back onto the book."""
        self.advance(now)
        trade = self._clearing.trades.get(trade_id)
        if trade is None:
            raise ExchangeError(f"no trade {trade_id!r} of a member with a history is known here")
        market = self._market(trade.legs[0].order.terms.market)
        if qty < 0 or qty > trade.qty or qty % market.spec.qty_step:
            raise ExchangeError(f"trade {trade_id} was {trade.qty}; it cannot have been {qty}")
        if not 0 < price < MICRO or price % PRICE_UNIT:
            raise ExchangeError(f"trade {trade_id}: {price} is not a price")
        self._clearing.correct(trade, price, qty, market.value if market.status == "settled" else None, now)
        self._call_margin(now)

    def publish_forecast(self, now: int, ticker: str, probability_ppm: int, source: str) -> None:
        self.advance(now)
        self._log.events.append(ForecastPublished(ticker, probability_ppm, source, now, self._log.next()))

    # --- time ------------------------------------------------------------------------------------------

    def advance(self, now: int) -> None:
        """Let everything happen that was due: openings, expiries, closes, settlements, each at its own time."""
        if now < self.now:
            raise ExchangeError(f"time runs forwards here: it is {self.now}, the caller said {now}")
        due = self._due
        while due and due[0][0] <= now:
            ts, _, happen = heapq.heappop(due)
            self.now = ts
            happen(ts)
        self.now = now

    def next_due_ts(self) -> int | None:
        return self._due[0][0] if self._due else None

    def drain(self) -> list[Event]:
        return self._log.drain()

    # --- orders ----------------------------------------------------------------------------------------

    def submit(self, now: int, account_id: str, new: NewOrder) -> Accepted | Rejected:
        self.advance(now)
        account = self._clearing.account(account_id)
        if self.status != "open":
            return wrong_parameters(new, now) or paused(self.status)
        market = admit(new, account, self._markets, now)
        if isinstance(market, Rejected):
            return market
        order = self._draft(now, account, market, new)
        refusal = refuse_at_the_book(market, account, order)
        if refusal is not None:
            return refusal
        if account.history is not None:
            account.history.remember(order)
        self._execute(market, order, now)
        remaining = order.remaining if order.status == "resting" else 0
        return Accepted(order.order_id, new.client_order_id, order.qty - order.remaining, remaining, now)

    def cancel(self, now: int, account_id: str, order_id: str) -> Cancelled | Rejected:
        order = self._resting(now, account_id, order_id)
        if isinstance(order, Rejected):
            return order
        market = self._markets[order.terms.market]
        market.book.home_of(order).remove(order)
        self._clearing.close_order(order, "user_cancel", now)
        note_change(order, "cancel", now)
        self._emit_top(market, now)
        return Cancelled(order_id, order.terms.client_order_id, order.remaining, now)

    def decrease(
        self, now: int, account_id: str, order_id: str, *, by: int | None = None, to: int | None = None
    ) -> Decreased | Rejected:
        """Let less of an order rest, by so much or to so much; nothing left is a cancel."""
        order = self._resting(now, account_id, order_id)
        if isinstance(order, Rejected):
            return order
        market = self._markets[order.terms.market]
        wanted = order.remaining - by if by is not None else to
        if wanted is None or not 0 <= wanted < order.remaining or wanted % market.spec.qty_step:
            return Rejected("invalid_order_size", f"{order.remaining} rests; it cannot decrease to {wanted}")
        if not wanted:
            self.cancel(now, account_id, order_id)
            return Decreased(order_id, order.terms.client_order_id, 0, now)
        order.qty -= order.remaining - wanted
        market.book.home_of(order).reduce(order, order.remaining - wanted)
        order.account.rest(order, need(order, 0))
        order.updated_ts, order.last_change = now, "decrease"
        note_change(order, "decrease", now)
        self._emit_top(market, now)
        return Decreased(order_id, order.terms.client_order_id, wanted, now)

    def amend_order(self, now: int, account_id: str, order_id: str, new: Amendment) -> Amended | Rejected:
        """Another price, total, expiry or client id for a resting order, which keeps its own id. It keeps its place in
        the queue as long as its price stays and it does not grow; otherwise it comes anew, and may trade at once."""
        order = self._resting(now, account_id, order_id)
        if isinstance(order, Rejected):
            return order
        if self.status != "open":
            return paused(self.status)
        market = self._markets[order.terms.market]
        refusal = refuse_amendment(order, market, new, now)
        if refusal is not None:
            return refusal
        filled, rested = order.qty - order.remaining, order.remaining
        less = rested - (new.qty - filled)
        moves = new.price != order.price or less < 0
        if moves:
            market.book.home_of(order).remove(order)
        else:
            order.qty -= less
            market.book.home_of(order).reduce(order, less)
        take_over(order, new)
        order.updated_ts, order.last_change = now, "amend"
        if moves:
            order.fee_rate = market.taker_rate if market.book.crosses(order) else market.maker_rate
            self._execute(market, order, now)
        else:
            order.account.rest(order, need(order, 0))
            self._expire_at(market, order)
            self._emit_top(market, now)
        note_change(order, "amend", now)
        remaining = order.remaining if order.status == "resting" else 0
        traded = order.qty - order.remaining - filled
        return Amended(order_id, order.terms.client_order_id, traded, remaining, rested != remaining, now)

    def command_group(self, now: int, account_id: str, command: GroupCommand) -> GroupView | Rejected:
        """What a member asks of its order groups."""
        self.advance(now)
        if self.status == "paused":
            return paused(self.status)
        return self._grouping.command(self._clearing.account(account_id), command, now)

    def transfer(self, now: int, account_id: str, amount: int, reference: str) -> Transferred | Rejected:
        """Move the owner's own money in (positive) or out; what resting orders hold cannot leave."""
        self.advance(now)
        account = self._clearing.account(account_id)
        refusal = refuse_transfer(account, amount, reference)
        return self._clearing.transfer(account, amount, reference, now) if refusal is None else refusal

    def _resting(self, now: int, account_id: str, order_id: str) -> Order | Rejected:
        self.advance(now)
        if self.status == "paused":
            return paused(self.status)
        order = self._clearing.account(account_id).resting.get(order_id)
        return order or Rejected("not_found", f"no order {order_id!r} of account {account_id!r} rests")

    def _draft(self, now: int, account: Account, market: Market, new: NewOrder) -> Order:
        self._order_number += 1
        order = Order(f"O{self._order_number}", account, new, market.maker_rate, now)
        if market.book.crosses(order):
            order.fee_rate = market.taker_rate
        if new.reduce_only:
            position = account.positions.get(new.market, 0)
            order.qty = order.remaining = min(new.qty, max(0, -position if order.is_buy else position))
        return order

    def _execute(self, market: Market, order: Order, ts: int) -> None:
        account, terms = order.account, order.terms
        # While it matches, the taker holds collateral for its rest: no fee may eat what the next fill has to pay.
        account.rest(order, need(order, 0))
        met_itself = self._match(market, order, ts)
        if order.remaining and not met_itself and terms.tif == "gtc":
            self._rest(market, order)
        else:
            self._clearing.close_order(order, _why_closed(order, met_itself=met_itself), ts)
        self._emit_top(market, ts)
        if self._clearing.matched_groups:
            self._grouping.strike(ts)

    def _match(self, market: Market, taker: Order, ts: int) -> bool:
        """Trade in priority until nothing crosses. True if the taker met an order of its own account and stopped."""
        opposite = market.book.opposite_of(taker)
        worst = taker.price * opposite.sign
        while taker.remaining and opposite.keys and opposite.keys[-1] >= worst:
            maker = next(iter(opposite.levels[opposite.keys[-1]].orders.values()))
            if maker.account is taker.account:
                if taker.terms.self_trade == "cancel_taker":
                    return True
                opposite.remove(maker)
                self._clearing.close_order(maker, "self_trade_cancel", ts)
                continue
            qty = min(taker.remaining, maker.remaining)
            opposite.trade(maker, taker, qty)
            market.last_price = maker.price
            market.volume += qty
            self._clearing.trade(taker, maker, qty, ts)
        return False

    def _rest(self, market: Market, order: Order) -> None:
        if order.fee_rate is not market.maker_rate:
            order.fee_rate = market.maker_rate
            order.account.rest(order, need(order, 0))
        market.book.home_of(order).add(order)
        self._expire_at(market, order)

    def _expire_at(self, market: Market, order: Order) -> None:
        if order.terms.expires_ts is not None:
            self._at(order.terms.expires_ts, lambda ts: self._expire(market, order, ts))

    # --- what falls due --------------------------------------------------------------------------------

    def _at(self, ts: int, happen: Callable[[int], None]) -> None:
        self._due_number += 1
        heapq.heappush(self._due, (ts, self._due_number, happen))

    def _open(self, market: Market, ts: int) -> None:
        if market.status == "initialized":
            market.become("active")
            self._emit_status(market, ts)

    def _close_if_due(self, market: Market, ts: int) -> None:
        """A close that was moved meanwhile is not due at its old time."""
        if ts == market.spec.close_ts:
            self._close(market, ts)

    def _close(self, market: Market, ts: int) -> None:
        if market.status in ("initialized", "active", "inactive"):
            market.become("closed")
            self._emit_status(market, ts)
            self._clear(market, "close_cancel", ts)

    def _expire(self, market: Market, order: Order, ts: int) -> None:
        """An expiry that was amended meanwhile is not due at its old time."""
        if order.status == "resting" and order.terms.expires_ts == ts:
            market.book.home_of(order).remove(order)
            self._clearing.close_order(order, "expiry_cancel", ts)
            self._emit_top(market, ts)

    def _clear(self, market: Market, reason: CloseReason, ts: int) -> None:
        self._drop(market.book.orders(), reason, ts)

    def _cancel_on_pause(self, market: Market, ts: int) -> None:
        self._drop([order for order in market.book.orders() if order.terms.cancel_on_pause], "pause_cancel", ts)

    def _call_margin(self, ts: int) -> None:
        """Whose cash does not hold its orders any more, after money was taken back, has none on the book."""
        for account in self._clearing.accounts.values():
            if account.resting and account.cash < account.held():
                self._drop(list(account.resting.values()), "margin_cancel", ts)

    def _drop(self, orders: Iterable[Order], reason: CloseReason, ts: int) -> None:
        """Take resting orders off their books at once, and tell of each book when all of them are gone."""
        markets: dict[str, Market] = {}
        for order in orders:
            market = markets[order.terms.market] = self._markets[order.terms.market]
            market.book.home_of(order).remove(order)
            self._clearing.close_order(order, reason, ts)
        for market in markets.values():
            self._emit_top(market, ts)

    def _settle(self, market: Market, ts: int) -> None:
        result, value = market.result, market.value
        if result is None or value is None:
            raise ExchangeError(f"market {market.spec.ticker} would settle without a result")
        market.become("settled")
        market.settled_ts = ts
        self._emit_status(market, ts)
        told = Settled(market.spec.ticker, result, value, ts, self._log.next())
        self._log.events.append(told)
        self._clearing.settle(told)

    # --- telling ---------------------------------------------------------------------------------------

    def _become(self, now: int, status: ExchangeStatus) -> None:
        self.advance(now)
        if self.status == status:
            raise ExchangeError(f"the exchange is {status} already")
        self.status = status
        self._log.events.append(ExchangeChanged(status, now, self._log.next()))

    def _emit_status(self, market: Market, ts: int) -> None:
        self._log.events.append(MarketChanged(market.spec.ticker, market.status, ts, self._log.next()))

    def _emit_top(self, market: Market, ts: int) -> None:
        top = market.book.top()
        if top == market.top:
            return
        market.top = top
        log = self._log
        log.seq += 1
        log.events.append(TopChanged(market.spec.ticker, *top, ts, log.seq))


def _why_closed(order: Order, *, met_itself: bool) -> CloseReason:
    if met_itself:
        return "self_trade_cancel"
    if order.remaining:
        return "ioc_cancel"
    return "executed" if order.qty == order.terms.qty else "reduce_only_cancel"
