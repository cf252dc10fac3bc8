"""The venue's own books of us, as they were at one moment.

They come as five lists, read one after the other, while orders fill and the lists lag behind. So they are taken for
one moment only when a second reading found nothing moved, when the venue's model is not older than the last thing that
we know to have happened, and when nothing happened from the first reading to the end. Otherwise once more, and in the
end `Unavailable`: books that may be torn would be compared with ours and call for a person.
"""

from collections.abc import Callable
from typing import Final

from assent.model.books import HeldCost, OpenOrder
from assent.model.inputs import AccountSeen, Holding, SettlementSeen
from assent.model.instruments import BinaryContract
from assent.model.units import MICRO, SECOND
from assent.venue.kalshi.account import LAG_MAX, Account
from assent.venue.kalshi.discovery import Discovery
from assent.venue.kalshi.lists import Holdings, Lists
from assent.venue.kalshi.memory import Memory
from assent.venue.kalshi.telling import Telling, Unread
from assent.venue.kalshi.wire_account import Balance, Settlement
from assent.venue.kalshi.wire_markets import WORTH
from assent.venue.port import Books, Unavailable

# Readings go on as long as a caller may wait; a desk that trades all the time needs some of them.
ATTEMPTS: Final = 20
PAUSE: Final = SECOND // 2
_CENT: Final = MICRO // 100


class Bookkeeper:
    """Reads the books until they hold still. `listed`: whether the desk was told of a market; `settled`: whether it was
    told what that was worth."""

    def __init__(
        self,
        lists: Lists,
        account: Account,
        memory: Memory,
        discovery: Discovery,
        telling: Telling,
        *,
        listed: Callable[[str], bool],
        settled: Callable[[str], bool],
    ) -> None:
        self._listed = listed
        self._settled = settled
        # Markets beyond the scope in which the account has something, as they were described last.
        self._beyond: dict[str, BinaryContract] = {}
        self._lists = lists
        self._account = account
        self._memory = memory
        self._discovery = discovery
        self._telling = telling

    async def read(self) -> Books | Unavailable:
        why = ""
        for attempt in range(ATTEMPTS):
            if attempt:
                await self._telling.sleep(PAUSE)
            got = await self._attempt()
            if isinstance(got, Books):
                return got
            if isinstance(got, Unread):
                self._telling.not_read(got)
                return Unavailable(str(got))
            why = got
        return Unavailable(f"the books kept moving: {why}")

    async def _attempt(self) -> Books | Unread | str:
        """The books, or what cannot be read, or what moved meanwhile."""
        account, moves, since_ts = self._account, self._memory.moves, self._account.since_ts
        model_ts = await self._lists.model_ts()
        if isinstance(model_ts, Unread):
            return model_ts
        if model_ts < self._memory.moved_ts:
            return "the venue's lists do not show yet what we know to have happened"
        first = await self._lists.holdings(account.asked_from)
        if isinstance(first, Unread):
            return first
        told = await account.vanished(first.resting)
        if isinstance(told, Unread):
            return str(told)
        second = await self._lists.holdings(account.asked_from)
        if isinstance(second, Unread):
            return second
        if _still(first) != _still(second):
            return "the lists changed from one reading to the next"
        unpaid = next((row.ticker for row in second.positions if row.qty and self._settled(row.ticker)), None)
        if unpaid is not None:
            # The listing was quicker than the account: the desk has been told, and the account does not show it yet.
            return f"{unpaid} has settled, and the account still shows a position in it"
        fills = await account.named(second.fills, model_ts)
        if isinstance(fills, Unread):
            return str(fills)
        settlements = await self._settlements(second.settlements)
        if isinstance(settlements, Unread):
            return settlements
        cash = cash_of(second.balance)
        if isinstance(cash, Unread):
            return cash
        await self._describe(second)
        if self._memory.moves != moves or account.unexplained:
            return "an order or a fill came while the lists were read"
        # Nothing is awaited from here on: what is handed over is what the desk has been told up to now.
        account.since_ts = max(since_ts, model_ts - LAG_MAX)
        seen = self._seen(second, cash, model_ts)
        return Books(fills, settlements, seen, [], instruments=tuple(self._beyond.values()))

    def _seen(self, held: Holdings, cash: int, model_ts: int) -> AccountSeen:
        resting = []
        for row in held.resting:
            name = self._memory.name(row.order_id, row.client_order_id)
            self._account.rests(name, row.order_id, row.ticker, row.filled, row.remaining)
            resting.append(
                OpenOrder(name, row.order_id, row.ticker, row.side, row.price, row.remaining, filled=row.filled)
            )
        resting.sort(key=lambda order: order.order_id)
        positions = sorted((row for row in held.positions if row.qty), key=lambda row: row.ticker)
        return AccountSeen(
            cash=cash,
            holdings=tuple(Holding(row.ticker, row.qty) for row in positions),
            open_orders=tuple(order.order_id for order in resting),
            source=self._telling.name,
            source_ts=model_ts,
            received_ts=self._telling.now(),
            # What is held for nothing, or less, the venue has set off against something else: its loss is not that.
            costs=tuple(HeldCost(row.ticker, row.exposure) for row in positions if row.exposure > 0),
            resting=tuple(resting),
        )

    async def _describe(self, held: Holdings) -> None:
        """The markets in which the account has something and that the scope keeps out. One that nobody can describe
        now is asked for again; without it a person cannot take over what lies there."""
        names = {row.ticker for row in held.positions if row.qty} | {row.ticker for row in held.resting}
        names = {name for name in names if not self._listed(name)}
        self._beyond = {name: known for name, known in self._beyond.items() if name in names}
        missing = sorted(names - self._beyond.keys())
        if missing:
            found = await self._discovery.by_ticker(missing)
            self._beyond |= {listing.instrument.id: listing.instrument for listing in found.listings}

    async def _settlements(self, rows: tuple[Settlement, ...]) -> list[SettlementSeen] | Unread:
        """What a YES was worth. The row of a scalar outcome has it in whole cents only; its market says it exactly."""
        now, seen = self._telling.now(), []
        for row in rows:
            value = WORTH.get(row.result)
            if value is None:
                market = await self._discovery.market(row.ticker)
                if isinstance(market, Unread):
                    return market
                value = market.value
            if value is None:
                return Unread("settlements", f"{row.ticker} settled as {row.result}, and nobody says at what value")
            seen.append(SettlementSeen(row.ticker, row.result, value, row.ts, now))
        return seen


def cash_of(balance: Balance) -> int | Unread:
    """The cash of all shards. The top of the answer may speak of all of them or of the first one only."""
    if not balance.shards:
        return balance.balance
    total = sum(shard.balance for shard in balance.shards)
    first = next((shard.balance for shard in balance.shards if shard.exchange_index == 0), None)
    if total != balance.balance == first:
        return total  # to the last digit, so what the others hold is no rounding
    if abs(total - balance.balance) < _CENT * len(balance.shards):
        return balance.balance
    if first is not None and abs(first - balance.balance) < _CENT:
        return total
    return Unread("/portfolio/balance", f"the shards make {total} and the balance is {balance.balance}")


def _still(held: Holdings) -> tuple[object, ...]:
    """What must be the same twice; what a position is worth moves with its market."""
    positions = sorted((row.ticker, row.qty) for row in held.positions)
    return held.resting, held.fills, positions, held.settlements, held.balance.balance, held.balance.shards
