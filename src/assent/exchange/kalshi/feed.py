"""What happens at the exchange, told to every connection that wants it.

The levels of a book are told the moment they change, so that a snapshot and the changes around it always fit; all the
rest is told once the box has remembered it. An order, a position or a market that changed several times within one step
of the box is told once, as it then stands. Only this module knows who must hear what; it never keeps anybody waiting.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from assent.exchange.kalshi import channels, messages
from assent.exchange.kalshi.box import Box
from assent.exchange.kalshi.connection import Connection, text_of
from assent.exchange.kalshi.errors import Row
from assent.exchange.kalshi.shards import member_of
from assent.exchange.kalshi.statement import Holding
from assent.exchange.levels import LevelChanged
from assent.exchange.types import (
    CloseMoved,
    Determined,
    Event,
    FillCorrected,
    Filled,
    GridChanged,
    GroupChanged,
    MarketChanged,
    OrderClosed,
    Settled,
    TopChanged,
    Traded,
)

Body = Callable[[], Row]


class Feed:
    """All connections of one box."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._connections: dict[Connection, None] = {}
        self._watches_levels = False
        # Members' orders that the step has touched.
        self._orders: dict[tuple[str, str], None] = {}
        box.observe(self._told)

    def join(self, connection: Connection) -> None:
        """Tell this one too. The exchange tells its levels from the first connection on."""
        if not self._watches_levels:
            self._box.exchange.watch_levels(self._level)
            self._watches_levels = True
        self._connections[connection] = None

    def leave(self, connection: Connection) -> None:
        del self._connections[connection]

    def count(self, account: str) -> int:
        """How many connections a member has."""
        return sum(each.account == account for each in self._connections)

    # --- books -----------------------------------------------------------------------------------------

    def _level(self, change: LevelChanged) -> None:
        """Amidst the core's work: nothing may be asked of it here that changes it."""
        if not self._connections:
            return
        if change.account in self._box.histories:
            self._orders[change.account, change.order_id] = None
        if not change.change:
            return
        written: dict[tuple[bool, bool], str] = {}
        for connection in self._connections:
            subscription = connection.wanting(channels.BOOKS, change.market)
            if subscription is None:
                continue
            scale, own = subscription.yes_price, member_of(change.cause.account.account_id) == connection.account
            if (scale, own) not in written:
                written[scale, own] = text_of(messages.delta(change, yes_price=scale, own=own))
            connection.put(subscription, "orderbook_delta", written[scale, own])

    # --- everything else -------------------------------------------------------------------------------

    def _told(self, happened: Sequence[Event]) -> None:
        if not self._connections:
            self._orders.clear()
            return
        positions = self._positions_after(happened)
        for each in happened:
            if isinstance(each, Traded):
                self._tell(channels.TRADES, "trade", partial(messages.trade, each), market=each.market)
            elif isinstance(each, Filled):
                self._tell_fill(each, positions[each.seq])
            elif isinstance(each, OrderClosed):
                self._orders[each.account, each.order_id] = None
            elif isinstance(each, GroupChanged):
                self._tell(channels.GROUPS, "order_group_updates", partial(messages.group, each), account=each.account)
            else:
                self._tell_of_market(each)
        self._tell_tickers(happened)
        self._tell_orders()
        self._tell_positions(happened)

    def _tell_fill(self, event: Filled, position: int) -> None:
        told = event.fill
        self._orders[event.account, told.order_id] = None
        body = partial(messages.fill, self._box, told, position)
        self._tell(channels.FILLS, "fill", body, market=told.market, account=event.account)

    def _tell_of_market(self, event: Event) -> None:
        """Opening and closing on time are told by nobody: they were announced with the listing."""
        body: Body | None = None
        if isinstance(event, MarketChanged):
            self._tell_status(event)
        elif isinstance(event, CloseMoved):
            body = partial(messages.close_moved, event.market, event.close_ts)
        elif isinstance(event, GridChanged):
            body = partial(messages.regridded, event.market, event.price_bands)
        elif isinstance(event, Determined):
            body = partial(messages.determined, event)
        elif isinstance(event, Settled):
            body = partial(messages.settled, event.market, event.ts)
        if body is not None:
            self._tell(channels.LIFECYCLE, "market_lifecycle_v2", body)

    def _tell_status(self, event: MarketChanged) -> None:
        view = self._box.exchange.market(event.market)
        if view is None:
            return
        if event.status == "initialized":
            siblings = (each.spec for each in self._box.exchange.markets() if each.spec.event == view.spec.event)
            if next(siblings).ticker == event.market:
                self._tell(channels.LIFECYCLE, "event_lifecycle", partial(messages.event_listed, self._box, view))
            self._tell(channels.LIFECYCLE, "market_lifecycle_v2", partial(messages.listed, self._box, view))
            for connection in self._connections:
                # Who has asked for its book before it was listed has waited until now.
                subscription = connection.wanting(channels.BOOKS, event.market)
                if subscription is not None:
                    connection.put_snapshot(subscription, event.market)
        elif event.status == "inactive" or (event.status == "active" and event.ts != view.spec.open_ts):
            body = partial(messages.paused, event.market, inactive=event.status == "inactive")
            self._tell(channels.LIFECYCLE, "market_lifecycle_v2", body)

    def _tell_tickers(self, happened: Sequence[Event]) -> None:
        for market in dict.fromkeys(each.market for each in happened if isinstance(each, TopChanged | Traded)):
            view = self._box.exchange.market(market)
            if view is not None:
                self._tell(channels.TICKER, "ticker", partial(messages.ticker, self._box, view), market=market)

    def _tell_orders(self) -> None:
        for account, order_id in self._orders:
            view = self._box.histories[account].view(order_id)
            body = partial(messages.order, self._box, account, view)
            self._tell(channels.ORDERS, "user_order", body, market=view.market, account=account)
        self._orders.clear()

    def _tell_positions(self, happened: Iterable[Event]) -> None:
        statements = self._box.statements
        touched: dict[tuple[str, str], None] = {}
        for each in happened:
            if isinstance(each, Filled):
                touched[each.account, each.fill.market] = None
            elif isinstance(each, FillCorrected):
                touched[each.account, each.corrected.market] = None
            elif isinstance(each, Settled):
                for account, statement in statements.items():
                    paid = statement.paid.get(each.market)
                    if paid is not None and paid.settlement.seq == each.seq:
                        touched[account, each.market] = None
        for account, market in touched:
            paid = statements[account].paid.get(market)
            # Of fills that were all taken back, nothing is left.
            holding = paid.holding if paid is not None else statements[account].holdings.get(market, Holding())
            body = partial(messages.position, account, market, holding, settled=paid is not None)
            self._tell(channels.POSITIONS, "market_position", body, market=market, account=account)

    def _positions_after(self, happened: Sequence[Event]) -> dict[int, int]:
        """What was held after each fill, by its number: counted back from what is held in the end."""
        held: dict[tuple[str, str], int] = {}
        after: dict[int, int] = {}
        for each in reversed(happened):
            if isinstance(each, Filled):
                key = (each.account, each.fill.market)
                after[each.seq] = held.setdefault(key, self._held(*key))
                held[key] -= each.fill.qty if each.fill.side == "buy" else -each.fill.qty
        return after

    def _held(self, account: str, market: str) -> int:
        """What is held, or was held when the market paid."""
        statement = self._box.statements[account]
        paid = statement.paid.get(market)
        return paid.settlement.position if paid is not None else statement.holdings.get(market, Holding()).position

    def _tell(
        self, channel: str, kind: str, body: Body, *, market: str | None = None, account: str | None = None
    ) -> None:
        """Whoever has subscribed hears it; with an `account`, only that member."""
        text, member = "", member_of(account) if account is not None else None
        for connection in self._connections:
            subscription = connection.wanting(channel, market)
            if subscription is not None and member in (None, connection.account):
                text = text or text_of(body())
                connection.put(subscription, kind, text)
