"""The port to Kalshi: one subaccount of one account, over its REST interface and its websocket.

It joins the parts beside it: the markets that are listed and quoted, the orders that are sent and found, the account's
fills and books. It decides nothing about trading, sends nothing by itself, and passes on what it learns as it learns
it. What does not fit the venue's own description is kept out and told, and stops new entries while cancels go on.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from assent.model.errors import AssentError
from assent.model.inputs import Evidence, Outcome, QuoteSeen, quote_fault
from assent.model.orders import Order
from assent.model.units import SECOND
from assent.venue.clock import Time
from assent.venue.kalshi import events, messages, wire_markets
from assent.venue.kalshi.account import Account
from assent.venue.kalshi.books import Bookkeeper
from assent.venue.kalshi.discovery import Discovery, Scope
from assent.venue.kalshi.fees import Member
from assent.venue.kalshi.groups import Groups
from assent.venue.kalshi.limits import LimitsRefused
from assent.venue.kalshi.lists import Lists
from assent.venue.kalshi.markets import Markets, Watcher
from assent.venue.kalshi.memory import Memory
from assent.venue.kalshi.orders import Orders
from assent.venue.kalshi.rest import KalshiHTTPError, Rest
from assent.venue.kalshi.telling import Telling, Unread, unread
from assent.venue.kalshi.wire import Rejection
from assent.venue.kalshi.wire_markets import Level
from assent.venue.kalshi.wire_requests import Terms
from assent.venue.port import Books, Ended, Permit, Sink, Unavailable

# What the connection has to be subscribed to beside the books.
CHANNELS: Final = ("fill", "user_orders", "market_lifecycle_v2", "order_group_updates")
DISCOVER_EVERY: Final = 30 * SECOND
# News of a market that may be ours brings the next walk forward, but no nearer than this.
DISCOVER_AGAIN: Final = 5 * SECOND
STATUS_EVERY: Final = 15 * SECOND
PAUSE: Final = SECOND
# What is lost of these is in what a walk looks at.
_WALKED: Final = frozenset({"market_lifecycle_v2", "order_group_updates"})


class Connection(Watcher, Protocol):
    """The websocket, kept alive."""

    async def run(self) -> None: ...


class KalshiVenue:
    """`ours` says whether the desk released an order under a client order id, `held` in which markets it has a position
    or an order; `permit` says why an order or a cancel may not leave, and is asked when it has had its turn and its
    connection, for what its bytes say: much may have happened since the desk handed it over. Fills and settlements from
    before `since_ts` are not asked for: they are not the desk's own, or it has them. `owed` says since when it knows
    that it has not all of them."""

    def __init__(  # noqa: PLR0913 - what it is made of, and what it may ask the desk
        self,
        rest: Rest,
        connection: Callable[[Callable[[events.Event], None]], Connection],
        clock: Time,
        *,
        name: str,
        scope: Scope,
        ours: Callable[[str], bool],
        held: Callable[[], Iterable[str]],
        permit: Permit = Permit(),  # noqa: B008 - it holds nothing that could change
        member: Member = "direct",
        terms: Terms | None = None,
        since_ts: int = 0,
        owed: Callable[[], int | None] = lambda: None,
    ) -> None:
        self.name = name
        self._rest = rest
        self._clock = clock
        self._scope = scope
        self._held = held
        terms = terms or Terms()
        subaccount = terms.subaccount or 0
        self._telling = Telling(name, clock)
        memory = Memory(ours)
        self._lists = Lists(rest, clock, subaccount=subaccount)
        self._account = Account(self._lists, memory, self._telling, subaccount=subaccount, since_ts=since_ts, owed=owed)
        self._discovery = Discovery(rest, clock, scope, venue=name, member=member)
        self._markets = Markets(self._telling)
        self._bookkeeper = Bookkeeper(
            self._lists, self._account, memory, self._discovery, self._telling, listed=self._markets.holds,
            settled=self._markets.settled,
        )  # fmt: skip
        self._groups = Groups(rest, self._telling, limit=terms.group_limit, subaccount=terms.subaccount)
        self._orders = Orders(
            rest, self._lists, memory, self._telling, terms, groups=self._groups, shard=self._markets.shard,
            paused=self._status_soon, ungrouped=self._walk_soon, permit=permit,
        )  # fmt: skip
        self._connection = connection(self._hear)
        self._status_due = 0
        self._walk_due = 0
        self._walked_ts = 0
        # Markets of which the stream said something that only their listing tells in full.
        self._changed: dict[str, None] = {}

    async def connect(self, sink: Sink, *, wanted: Callable[[str, str, str], bool]) -> None:
        """Raises AssentError where the venue cannot be read at all."""
        self._telling.connect(sink)
        self._markets.connect(wanted)
        status = await self._discovery.one("/exchange/status", wire_markets.exchange_status)
        if isinstance(status, Unread):
            raise AssentError(f"Kalshi cannot be read, so nothing was started: {status}; mend that, and start again")
        self._markets.status(status)
        await self._learn_limits()
        account = await self._tickers()
        if isinstance(account, Unread):
            self._telling.not_read(account)
            raise AssentError(f"Kalshi does not show the account, so nothing was started: {account}")
        self._markets.take_up(await self._discovery.walk((*self._held(), *account)), whole=True, quotes=True)
        await self._groups.ensure(self._markets.shards())
        self._walked_ts = self._clock.now()
        self._walk_due = self._walked_ts + DISCOVER_EVERY
        self._status_due = self._walked_ts + STATUS_EVERY

    async def feed(self) -> None:
        """Deliver what happens until cancelled."""
        self._markets.follow(self._connection)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._connection.run(), name="kalshi connection")
            group.create_task(self._account.live(), name="kalshi account")
            group.create_task(self._live(), name="kalshi markets")

    async def send(self, order: Order) -> Outcome:
        return await self._orders.send(order)

    async def cancel(self, order: Order, venue_order_id: str) -> Outcome:
        return await self._orders.cancel(order, venue_order_id)

    async def find(self, order: Order, since_ts: int) -> Evidence | Ended | None:
        return await self._orders.find(order, since_ts)

    async def look(self, instrument: str) -> QuoteSeen | Unavailable:
        """The top of one book, by one request; what the venue has of it now, whatever the stream said."""
        listed = self._markets.instrument(instrument)
        if listed is None:
            return Unavailable(f"{instrument} is not listed here")
        path = f"/markets/{instrument}/orderbook"
        try:
            book = wire_markets.orderbook(await self._rest.read(path, [("depth", 1)], lane="query"))
        except KalshiHTTPError as error:
            return Unavailable(str(error))
        if isinstance(book, Rejection):
            self._telling.not_read(unread(path, book))
            return Unavailable(f"{path}: {book.code} at {book.path}: {book.detail}")
        now = self._clock.now()
        (bid, bid_qty), (ask, ask_qty) = _best(book.bids), _best(book.asks)
        quote = QuoteSeen(instrument, bid, bid_qty, ask, ask_qty, now, now)
        fault = quote_fault(listed, quote)
        return quote if fault is None else Unavailable(f"{path}: {fault}")

    async def reset_belts(self) -> None:
        await self._groups.reset()

    async def books(self) -> Books | Unavailable:
        return await self._bookkeeper.read()

    # ------------------------------------------------------------------------------------------------------- coming up

    async def _learn_limits(self) -> None:
        """The account's own limits; while they cannot be had, the documented ones of the lowest tier stand."""
        try:
            refused = await self._rest.learn_limits()
        except KalshiHTTPError as error:
            self._telling.not_read(unread("the account's limits", error))
            return
        if refused is not None:
            why = refused.why if isinstance(refused, LimitsRefused) else f"{refused.path}: {refused.detail}"
            self._telling.kept_out(refused.code, why)

    async def _tickers(self) -> list[str] | Unread:
        """The markets in which the account has something."""
        resting = await self._lists.resting()
        positions = await self._lists.positions()
        if isinstance(resting, Unread):
            return resting
        if isinstance(positions, Unread):
            return positions
        return [row.ticker for row in resting] + [row.ticker for row in positions]

    # --------------------------------------------------------------------------------------------------- what happens

    async def _live(self) -> None:
        """Walk, look at what changed, and ask whether the exchange trades, each at its time, until cancelled."""
        while True:
            await self._clock.sleep(PAUSE)
            now = self._clock.now()
            if now >= self._status_due:
                await self._read_status()
            if now >= self._walk_due:
                await self._walk()
            elif self._changed:
                changed, self._changed = list(self._changed), {}
                self._markets.take_up(await self._discovery.by_ticker(changed))

    async def _read_status(self) -> None:
        self._status_due = self._clock.now() + STATUS_EVERY
        status = await self._discovery.one("/exchange/status", wire_markets.exchange_status)
        if isinstance(status, Unread):
            self._telling.not_read(status)
        else:
            self._markets.status(status)

    async def _walk(self) -> None:
        """What is new enters, and what is listed is looked at again: the venue is silent about much of it."""
        self._walked_ts = self._clock.now()
        self._walk_due = self._walked_ts + DISCOVER_EVERY
        self._changed.clear()
        self._markets.take_up(await self._discovery.walk((*self._held(), *self._markets.names())), whole=True)
        await self._groups.ensure(self._markets.shards())

    def _walk_soon(self) -> None:
        self._walk_due = min(self._walk_due, self._walked_ts + DISCOVER_AGAIN)

    def _status_soon(self) -> None:
        self._status_due = 0

    def _hear(self, event: events.Event) -> None:
        """What the stream learned, in its order."""
        match event:
            case events.QuoteKnown():
                self._markets.quote(event)
            case events.QuoteLost():
                self._markets.lost(event)
            case events.Proven():
                self._markets.proven(event)
            case events.PhaseKnown():
                self._markets.phase(event)
            case events.Told():
                self._told(event)
            case events.Missed():
                self._missed(event)
            case events.Broken():
                detail = event.detail.removeprefix(f"{event.type}: ")
                self._telling.broken(f"the websocket's {event.type}", Rejection(event.code, "", detail))
            case events.KeptOut():
                self._telling.kept_out(event.code, event.detail)

    def _told(self, event: events.Told) -> None:
        message = event.message
        if isinstance(message, messages.Fill):
            self._account.fill(message, event.received_ts)
        elif isinstance(message, messages.OrderUpdate):
            self._account.order(message, event.received_ts)
        elif isinstance(message, messages.Lifecycle):
            self._lives(message)
        elif isinstance(message, messages.GroupUpdate):
            if self._groups.heard(message):
                self._walk_soon()
        elif isinstance(message, messages.EventListed) and self._may_be_ours(message.event, message.series):
            self._walk_soon()

    def _lives(self, message: messages.Lifecycle) -> None:
        """Value, grid and times are taken from the listing; the message says when to ask."""
        if self._markets.holds(message.ticker):
            self._changed[message.ticker] = None
        elif message.event_type in ("created", "activated") and self._may_be_ours(message.ticker, ""):
            self._walk_soon()

    def _may_be_ours(self, name: str, series: str) -> bool:
        """A hint, no more: names begin with their series by habit alone. The walk knows."""
        scope = self._scope
        begins = tuple(f"{prefix}-" for prefix in (*scope.series, *scope.events))
        return series in scope.series or name in (*scope.events, *scope.markets) or name.startswith(begins)

    def _missed(self, event: events.Missed) -> None:
        if event.channel in _WALKED:
            self._walk_soon()
        else:
            self._account.missed(event.channel)


def _best(levels: tuple[Level, ...]) -> tuple[int, int] | tuple[None, None]:
    return (levels[0].price, levels[0].qty) if levels else (None, None)
