"""What the venue's own lists say of our account: each read whole, or not at all.

Older rows live in a second tier. Which of them do is said by the cut-off, which is read first; a list that may reach
behind it is read from both tiers. One row that cannot be read spoils a list of what the account holds: what is missing
from it would be missing from our books.
"""

from collections.abc import Callable
from typing import Final, NamedTuple, TypeVar

from assent.model.text import shown
from assent.model.units import DAY, MINUTE, SECOND
from assent.venue.clock import Time
from assent.venue.kalshi import wire_account, wire_orders
from assent.venue.kalshi.paging import Incomplete
from assent.venue.kalshi.rest import KalshiHTTPError, Query, Rest
from assent.venue.kalshi.telling import Unread, unread
from assent.venue.kalshi.throttle import Lane
from assent.venue.kalshi.wire import Page, Rejection
from assent.venue.kalshi.wire_account import Balance, Cutoff, Position, Settlement
from assent.venue.kalshi.wire_orders import ListedFill, ListedOrder

T = TypeVar("T")

LIMIT: Final = 1_000
# A cut-off moves while we read; what is so close behind it may lie in either tier.
CUTOFF_MARGIN: Final = DAY
CUTOFF_EVERY: Final = 10 * MINUTE


class Holdings(NamedTuple):
    """What the account is made of, read one after the other: not yet known to be of one moment."""

    resting: tuple[ListedOrder, ...]
    fills: tuple[ListedFill, ...]
    positions: tuple[Position, ...]
    settlements: tuple[Settlement, ...]
    balance: Balance


class Lists:
    """One subaccount's lists."""

    def __init__(self, rest: Rest, clock: Time, *, subaccount: int) -> None:
        self._rest = rest
        self._clock = clock
        self._cutoff: Cutoff | None = None
        self._cutoff_due = 0
        self._subaccount = subaccount

    async def holdings(self, since_ts: int) -> Holdings | Unread:
        """Resting orders, fills and settlements since a time, positions, and cash, in a fixed sequence."""
        resting = await self.resting()
        if isinstance(resting, Unread):
            return resting
        fills = await self.fills(since_ts)
        if isinstance(fills, Unread):
            return fills
        positions = await self.positions()
        if isinstance(positions, Unread):
            return positions
        settlements = await self._whole(
            "/portfolio/settlements", [("min_ts", since_ts // SECOND)], wire_account.settlement_page
        )
        if isinstance(settlements, Unread):
            return settlements
        balance = await self._one("/portfolio/balance", wire_account.balance, [("subaccount", self._subaccount)])
        if isinstance(balance, Unread):
            return balance
        return Holdings(resting, fills, positions, settlements, balance)

    async def resting(self) -> tuple[ListedOrder, ...] | Unread:
        """Every order on the book."""
        rows = await self._whole("/portfolio/orders", [("status", "resting")], wire_orders.order_page)
        return rows if isinstance(rows, Unread) else _each(rows, lambda row: row.order_id)

    async def positions(self) -> tuple[Position, ...] | Unread:
        """Every market in which something is held and not yet paid out."""
        return await self._whole("/portfolio/positions", [("count_filter", "position")], wire_account.position_page)

    async def fills(self, since_ts: int) -> tuple[ListedFill, ...] | Unread:
        """Every fill since this time, of both tiers where it lies so far back."""
        query: Query = [("min_ts", since_ts // SECOND)]
        live = await self._whole("/portfolio/fills", query, wire_orders.fill_page)
        old = await self._old("/historical/fills", since_ts, [], wire_orders.fill_page, lambda cut: cut.fills_ts)
        if isinstance(live, Unread):
            return live
        if isinstance(old, Unread):
            return old
        return _each((*(row for row in old if self._is_ours(row)), *live), lambda row: row.fill_id)

    async def orders(self, since_ts: int, ticker: str = "") -> tuple[ListedOrder, ...] | Unread:
        """Every order, on one market where it is named, that rests or ended since this time."""
        query: Query = [("ticker", ticker)] if ticker else []
        live = await self._whole("/portfolio/orders", query, wire_orders.order_page, lane="query")
        old = await self._old("/historical/orders", since_ts, query, wire_orders.order_page, lambda cut: cut.orders_ts)
        if isinstance(live, Unread):
            return live
        if isinstance(old, Unread):
            return old
        return _each((*(row for row in old if self._is_ours(row)), *live), lambda row: row.order_id)

    async def order(self, order_id: str) -> ListedOrder | Unread | None:
        """One order by the venue's id; None where the venue does not find it, which is no proof of anything."""
        found = await self._one(f"/portfolio/orders/{order_id}", wire_orders.order, lane="query")
        if isinstance(found, Unread) and found.status == 404:
            return None
        if isinstance(found, ListedOrder) and found.order_id != order_id:
            return Unread("one order", f"{order_id} was asked for and {found.order_id} came")
        return found

    async def model_ts(self) -> int | Unread:
        """Up to when what happened is in the lists."""
        return await self._one("/exchange/user_data_timestamp", wire_account.read_model_ts, lane="query", signed=False)

    def _is_ours(self, row: ListedOrder | ListedFill) -> bool:
        """The older tier's lists know no filter by subaccount."""
        return row.subaccount in (None, self._subaccount)

    async def _old(
        self,
        path: str,
        since_ts: int,
        query: Query,
        read_page: Callable[[bytes], Page[T] | Rejection],
        of: Callable[[Cutoff], int],
    ) -> tuple[T, ...] | Unread:
        """The older tier's rows, if any of the time asked for can lie there."""
        cutoff = await self._cut()
        if isinstance(cutoff, Unread):
            return cutoff
        if since_ts > of(cutoff) + CUTOFF_MARGIN:
            return ()
        return await self._whole(path, query, read_page)

    async def _cut(self) -> Cutoff | Unread:
        """Kept for a while: by how much it moves meanwhile is within the margin."""
        if self._cutoff is None or self._clock.now() >= self._cutoff_due:
            cutoff = await self._one("/historical/cutoff", wire_account.cutoff, signed=False)
            if isinstance(cutoff, Unread):
                return cutoff
            self._cutoff, self._cutoff_due = cutoff, self._clock.now() + CUTOFF_EVERY
        return self._cutoff

    async def _whole(
        self, path: str, query: Query, read_page: Callable[[bytes], Page[T] | Rejection], *, lane: Lane = "data"
    ) -> tuple[T, ...] | Unread:
        asked: Query = [*query, ("limit", LIMIT)]
        if not path.startswith("/historical"):
            asked = [*asked, ("subaccount", self._subaccount)]
        try:
            rows = await self._rest.pages(path, asked, read_page, lane=lane)
        except KalshiHTTPError as error:
            return unread(path, error)
        if isinstance(rows, Incomplete):
            return unread(path, rows)
        if rows.rejected:
            return unread(path, rows.rejected[0])
        return rows.rows

    async def _one(
        self,
        path: str,
        read: Callable[[bytes], T | Rejection],
        query: Query = (),
        *,
        lane: Lane = "data",
        signed: bool = True,
    ) -> T | Unread:
        try:
            found = read(await self._rest.read(path, query, lane=lane, signed=signed))
        except KalshiHTTPError as error:
            return unread(shown(path), error)
        return unread(shown(path), found) if isinstance(found, Rejection) else found


def _each(rows: tuple[T, ...], key: Callable[[T], str]) -> tuple[T, ...]:
    """Each once: a row that shifted while the pages were walked came twice, and its later reading holds."""
    return tuple({key(row): row for row in rows}.values())
