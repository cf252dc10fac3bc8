"""Our orders and fills as the venue tells of them, made into the desk's inputs.

The private channels carry no numbers, so what is lost on them cannot be seen: after each new subscription, and whenever
something may have been missed, the lists are read from the last moment that is known to be whole. The desk takes the
same fill any number of times; what must not happen is that one is never told.
"""

from collections.abc import Callable, Iterable
from typing import Final

from assent.model.inputs import Accepted, EvidenceSeen, FillSeen, OrderClosedSeen, SendAnswered
from assent.model.orders import Fill
from assent.model.units import MINUTE, SECOND
from assent.venue.kalshi import evidence, messages, wire_orders
from assent.venue.kalshi.lists import Lists
from assent.venue.kalshi.memory import Memory
from assent.venue.kalshi.telling import Telling, Unread
from assent.venue.kalshi.wire_markets import BOOK_SIDES
from assent.venue.kalshi.wire_orders import ListedFill, ListedOrder
from assent.venue.port import Ended

# How far behind its own matching the venue's lists may be: what is younger may be missing from them.
LAG_MAX: Final = 10 * MINUTE
# After so long a row that the lists do not explain will not be explained any more.
EXPLAINED_WITHIN: Final = 2 * MINUTE
NAMELESS_MAX: Final = 1_000
# So many orders are asked for by themselves; for more the whole list is read.
ONE_BY_ONE: Final = 5
PAUSE: Final = SECOND


class Account:
    """What happens to the account, told once it is known whose order it is about. `owed` says since when something may
    have been executed that the venue has counted and not told; None where nothing is."""

    def __init__(
        self, lists: Lists, memory: Memory, telling: Telling, *, subaccount: int, since_ts: int,
        owed: Callable[[], int | None] = lambda: None,
    ) -> None:  # fmt: skip
        self._lists = lists
        self._memory = memory
        self._telling = telling
        self._subaccount = subaccount
        # Every fill and settlement before this is known to have been told.
        self.since_ts = since_ts
        self._owed = owed
        self._nameless: dict[str, messages.Fill] = {}
        # What may have been missed, and orders of which it is not certain how they ended.
        self._missed_fills = False
        self._missed_orders = False
        self._doubtful: dict[str, tuple[str, int]] = {}

    @property
    def asked_from(self) -> int:
        """From when on the lists are asked for: by the venue's clock our first fills may be older than our first
        record. What is owed is asked for however old it is by now."""
        owed = self._owed()
        return (self.since_ts if owed is None else min(self.since_ts, owed)) - evidence.SKEW

    @property
    def unexplained(self) -> bool:
        """Whether a fill still waits until it is known whose order it is of."""
        return bool(self._nameless)

    def missed(self, channel: str) -> None:
        """What came on this channel may have passed us by."""
        self._missed_fills |= channel == "fill"
        self._missed_orders |= channel == "user_orders"

    def fill(self, told: messages.Fill, now: int) -> None:
        """A fill from the stream. Without a client order id it may be of an order that has not been answered yet."""
        if told.subaccount != self._subaccount:
            return
        self._memory.moved(told.source_ts, now)
        self._memory.filled(told.order_id, told.trade_id, told.qty)
        known = self._memory.known_name(told.order_id)
        if told.client_order_id or known is not None:
            name = known or self._memory.name(told.order_id, told.client_order_id)
            self._telling.put("venue", FillSeen(_fill(told, name), now))
        elif len(self._nameless) < NAMELESS_MAX:
            self._nameless[told.trade_id] = told
        else:
            self._missed_fills = True

    def order(self, told: messages.OrderUpdate, now: int) -> None:
        """How an order stands now, from the stream, which may be late or out of sequence: only an end counts."""
        if told.subaccount != self._subaccount:
            return
        memory = self._memory
        memory.moved(max(told.created_ts, told.updated_ts), now)
        name = memory.name(told.order_id, told.client_order_id)
        if told.status == "resting":
            if told.remaining and name not in memory.sending:
                self.rests(name, told.order_id, told.ticker, told.filled, told.remaining)
            return
        memory.ended(name)
        whole = told.remaining == 0 and told.filled <= told.initial
        executed = max(told.filled, memory.executed(told.order_id))
        if whole and (told.status == "canceled" or told.filled == told.initial) and executed <= told.initial:
            self._telling.put("venue", OrderClosedSeen(name, told.reason or told.status, executed, now))
        else:
            self._doubtful[name] = (told.order_id, now)

    async def live(self) -> None:
        """Fill the holes as they show, until cancelled."""
        while True:
            await self._telling.sleep(PAUSE)
            await self.mend()

    async def mend(self) -> None:
        """Whatever may have been missed is asked for; what cannot be read now is asked for the next time."""
        # What is missed while the lists are read is missing from them: it has to be asked for once more.
        if self._missed_fills:
            self._missed_fills = False
            if not await self._read_fills():
                self._missed_fills = True
        if self._missed_orders:
            self._missed_orders = False
            if not await self._read_orders():
                self._missed_orders = True
        for name, (order_id, since_ts) in list(self._doubtful.items()):
            # What nobody explains in time, the comparison of the books will stumble over.
            if await self.look_at(name, order_id) or self._telling.now() > since_ts + EXPLAINED_WITHIN:
                self._doubtful.pop(name, None)
        for told in list(self._nameless.values()):
            await self._explain(told)

    async def look_at(self, name: str, order_id: str) -> bool:
        """Read one order that no longer rests, and tell its end. Whether the venue's answer settled it."""
        listed = await self._lists.order(order_id)
        if isinstance(listed, Unread):
            self._telling.not_read(listed)
            return False
        if listed is None:
            return False
        return self.tell_end(name, listed)

    def tell_end(self, name: str, listed: ListedOrder) -> bool:
        """Tell how a listed order ended, if it has."""
        found = evidence.finding(listed, self._memory.executed(listed.order_id))
        if not isinstance(found, Ended):
            return False
        self._memory.ended(name)
        self._telling.put("venue", OrderClosedSeen(name, found.why, found.filled, self._telling.now()))
        return True

    def rests(self, name: str, order_id: str, ticker: str, filled: int, remaining: int) -> None:
        """Something is on the book. That one of ours is there is told once: the desk may have been answered that it is
        not, where somebody on the way sent our request twice and gave us the second answer."""
        memory = self._memory
        if name != order_id and name not in memory.resting:
            accepted = Accepted(order_id, max(filled, memory.executed(order_id)), remaining)
            now = self._telling.now()
            # To an order whose fate is unknown it is evidence, to any other the venue's answer.
            self._telling.put("venue", EvidenceSeen(name, accepted, self._telling.name, now))
            self._telling.put("venue", SendAnswered(name, accepted, now))
        memory.rests(name, order_id, ticker)

    async def vanished(self, resting: Iterable[ListedOrder]) -> bool | Unread:
        """Tell the end of what was on the book and is no longer listed there. Whether there was any such."""
        listed = {row.order_id for row in resting}
        gone = [(name, was) for name, was in self._memory.resting.items() if was.order_id not in listed]
        for name, was in gone:
            if not await self.look_at(name, was.order_id) and name in self._memory.resting:
                return Unread("orders", f"{was.order_id} rests no more, and how it ended cannot be read yet")
        return bool(gone)

    async def named(self, fills: Iterable[ListedFill], model_ts: int) -> list[Fill] | Unread:
        """The fills under the desk's names of their orders. What no list explains by then is somebody else's."""
        rows = list(fills)
        names = await self._names_of(rows)
        if isinstance(names, Unread):
            return names
        made: list[Fill] = []
        for row in rows:
            name = names.get(row.order_id) or self._memory.known_name(row.order_id)
            if name is None:
                found = await self._name_of(row.order_id, row.ticker, row.ts)
                if isinstance(found, Unread):
                    return found
                if found is None and model_ts < row.ts + EXPLAINED_WITHIN:
                    return Unread("fills", f"{row.fill_id} is of {row.order_id}, which no list shows yet")
                name = found or row.order_id
            if name == row.order_id and row.ts < self.since_ts:
                continue  # somebody else's, from before: the account's past
            self._memory.filled(row.order_id, row.fill_id, row.qty)
            made.append(wire_orders.fill(row, name))
        return made

    async def _read_fills(self) -> bool:
        """Tell every fill since the last moment that is known to be whole."""
        model_ts = await self._lists.model_ts()
        if isinstance(model_ts, Unread):
            self._telling.not_read(model_ts)
            return False
        fills = await self._lists.fills(self.asked_from)
        if isinstance(fills, Unread):
            self._telling.not_read(fills)
            return False
        named = await self.named(fills, model_ts)
        if isinstance(named, Unread):
            return False
        now = self._telling.now()
        for fill in named:
            self._telling.put("venue", FillSeen(fill, now))
        # The list may still lack what is younger than it is: the next books bring that, and later lists overlap.
        return True

    async def _read_orders(self) -> bool:
        """Tell what rests unheard, and the end of every order that ended so."""
        resting = await self._lists.resting()
        if isinstance(resting, Unread):
            self._telling.not_read(resting)
            return False
        for row in resting:
            name = self._memory.name(row.order_id, row.client_order_id)
            if name not in self._memory.sending:
                self.rests(name, row.order_id, row.ticker, row.filled, row.remaining)
        return not isinstance(await self.vanished(resting), Unread)

    async def _explain(self, told: messages.Fill) -> None:
        """Whose order a fill is of that came without a client order id."""
        name = self._memory.known_name(told.order_id)
        if name is None:
            found = await self._name_of(told.order_id, told.ticker, told.source_ts)
            if isinstance(found, Unread):
                self._telling.not_read(found)
                return
            if found is None and self._telling.now() < told.source_ts + EXPLAINED_WITHIN:
                return
            name = found or told.order_id
        self._nameless.pop(told.trade_id, None)
        self._telling.put("venue", FillSeen(_fill(told, name), self._telling.now()))

    async def _names_of(self, fills: list[ListedFill]) -> dict[str, str] | Unread:
        """The names of many orders that are not known, as after a restart, by one list instead of one by one."""
        unknown = {row.order_id for row in fills if self._memory.known_name(row.order_id) is None}
        if len(unknown) <= ONE_BY_ONE:
            return {}
        rows = await self._lists.orders(min(row.ts for row in fills))
        if isinstance(rows, Unread):
            return rows
        return {row.order_id: self._memory.name(row.order_id, row.client_order_id) for row in rows}

    async def _name_of(self, order_id: str, ticker: str, ts: int) -> str | Unread | None:
        """By the order itself, or by the market's whole list, where an old one is."""
        listed = await self._lists.order(order_id)
        if isinstance(listed, Unread):
            return listed
        if listed is not None:
            return self._memory.name(order_id, listed.client_order_id)
        rows = await self._lists.orders(ts, ticker)
        if isinstance(rows, Unread):
            return rows
        for row in rows:
            self._memory.name(row.order_id, row.client_order_id)
        return self._memory.known_name(order_id)


def _fill(told: messages.Fill, name: str) -> Fill:
    return Fill(
        fill_id=told.trade_id,
        order_id=name,
        instrument=told.ticker,
        side=BOOK_SIDES[told.side],
        price=told.price,
        qty=told.qty,
        fee=told.fee,
        taker=told.taker,
        venue_ts=told.source_ts,
    )
