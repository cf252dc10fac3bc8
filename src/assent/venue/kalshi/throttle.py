"""When a request may leave: token buckets as Kalshi keeps them, and four lanes in a fixed order of importance.

Promises: never more than the venue's own buckets would let through; within a lane and a bucket, first come, first
sent; a waiting cancel is never overtaken by a submission, nor a query by a request for data, and both find tokens put
by for them. When the venue pushes back, its bucket closes for a bounded time, shortly for cancels and queries and
longer for the rest; afterwards one request at a time tries the water, and what has waited leaves at the pace of the
refill, not in a burst. Queues are bounded: what does not fit is refused with a reason.

No clock and no waiting here: `now` is an argument, chance is handed in, and the same calls give the same answers.
"""

from collections import deque
from collections.abc import Iterator
from random import Random
from typing import Final, Literal, NamedTuple

from assent.model.errors import require
from assent.model.units import MICRO, SECOND
from assent.venue.kalshi.limits import Bucket, Limits

Lane = Literal["cancel", "query", "submit", "data"]

# In this order they are served.
LANES: Final[tuple[Lane, ...]] = ("cancel", "query", "submit", "data")
WRITES: Final = frozenset({"cancel", "submit"})
# These find tokens put by for them, and doors that close for a short time only.
URGENT: Final = frozenset({"cancel", "query"})
WAITING_MAX: Final[dict[Lane, int]] = {"cancel": 1_000, "query": 500, "submit": 100, "data": 500}
SHARDS_MAX: Final = 16

# Of each bucket we use this much: requests that left evenly arrive bunched, and the venue counts at its own door.
USED_PPM: Final = 900_000
# Tokens that only the urgent lane of a bucket may take (ten cancels, ten looks at one order), but no more than a
# quarter of a small bucket.
PUT_BY: Final = 20

CLOSED_MIN_URGENT: Final = SECOND // 20
CLOSED_MAX_URGENT: Final = SECOND
CLOSED_MIN: Final = SECOND // 4
CLOSED_MAX: Final = 30 * SECOND
# Until one request was answered again, the next of a lane that is not urgent tries its luck only so much later.
PROBE_GAP: Final = SECOND
STRIKES_MAX: Final = 16
# The read bucket among the write buckets, which bear their shard's number.
_READ: Final = -1


class Ticket(NamedTuple):
    """A request's place in its lane. `bills` are the buckets that it draws its cost from."""

    number: int
    lane: Lane
    cost: int
    bills: tuple[int, ...]


class Granted(NamedTuple):
    """Send this one now, and tell what came of it."""

    ticket: Ticket
    ts: int


class Later(NamedTuple):
    """Nothing may leave before this time; ask again then, or when something was added."""

    ts: int


class Busy(NamedTuple):
    """The request was not taken in; nothing of it is kept."""

    code: str
    why: str


class Throttle:
    """The buckets and lanes of one account. Buckets start empty: who ran before us may just have emptied them."""

    def __init__(self, limits: Limits, chance: Random, now: int) -> None:
        self._limits = limits
        self._chance = chance
        self._lanes: dict[Lane, deque[Ticket]] = {lane: deque() for lane in LANES}
        self._buckets = {_READ: _Bucket(limits.read, now), 0: _Bucket(limits.write, now)}
        self._number = 0

    def ask(self, lane: Lane, cost: int, now: int, shard: int | None = 0) -> Ticket | Busy:
        """A place in the lane. A write without a shard is routed by the venue and drawn from every shard's bucket."""
        require(cost >= 0, "kalshi_cost_negative", cost=cost)
        queue = self._lanes[lane]
        if len(queue) >= WAITING_MAX[lane]:
            return Busy("throttle_full", f"{len(queue)} requests wait in the {lane} lane; no more are taken in")
        if lane in WRITES and shard is not None and not self._knows(shard, now):
            return Busy("throttle_shard", f"shard {shard} is not one of the {SHARDS_MAX} that are kept apart")
        bills = self._bills(lane, shard)
        most = min(self._buckets[bill].most(urgent=lane in URGENT) for bill in bills)
        if cost > most:
            return Busy("throttle_cost", f"the request costs {cost} tokens and {most} fit at once; make it smaller")
        self._number += 1
        ticket = Ticket(self._number, lane, cost, bills)
        queue.append(ticket)
        return ticket

    def take(self, now: int) -> Granted | Later | None:
        """The next request that may leave now, or when to ask again, or None if nothing waits."""
        for bucket in self._buckets.values():
            bucket.advance(now)
        # A request that must wait keeps its buckets from everything behind it, in its lane and in those below.
        held: set[int] = set()
        soonest: int | None = None
        for ticket in self._in_order():
            if held.issuperset(self._buckets):
                break
            if held.isdisjoint(ticket.bills):
                ready = max(self._buckets[bill].ready(ticket, now) for bill in ticket.bills)
                if ready <= now:
                    return self._grant(ticket, now)
                soonest = ready if soonest is None else min(soonest, ready)
            held.update(ticket.bills)
        return None if soonest is None else Later(soonest)

    def drop(self, ticket: Ticket) -> bool:
        """Give up a place; whether it was still waiting."""
        try:
            self._lanes[ticket.lane].remove(ticket)
        except ValueError:
            return False
        return True

    def pushed_back(self, sent: Granted, now: int, retry_after: int = 0) -> None:
        """The venue said: too many requests. A time that it asks for is kept to, within our own bound."""
        for bill in sent.ticket.bills:
            self._buckets[bill].push_back(sent.ts, now, retry_after, self._chance)

    def answered(self, sent: Granted) -> None:
        """The venue dealt with the request, whatever it said: the way is free again."""
        for bill in sent.ticket.bills:
            self._buckets[bill].heal(sent)

    def adopt(self, limits: Limits, now: int) -> list[Ticket]:
        """Go on under the account's live limits; hands back what waits and can never leave under them."""
        self._limits = limits
        for name, bucket in self._buckets.items():
            bucket.advance(now)
            bucket.resize(limits.read if name == _READ else limits.write)
        stuck = [ticket for ticket in self._in_order() if ticket.cost > self._most(ticket)]
        for ticket in stuck:
            self.drop(ticket)
        return stuck

    def waiting(self, lane: Lane) -> int:
        return len(self._lanes[lane])

    def _in_order(self) -> Iterator[Ticket]:
        for lane in LANES:
            yield from self._lanes[lane]

    def _grant(self, ticket: Ticket, now: int) -> Granted:
        self._lanes[ticket.lane].remove(ticket)
        for bill in ticket.bills:
            self._buckets[bill].spend(ticket, now)
        return Granted(ticket, now)

    def _most(self, ticket: Ticket) -> int:
        return min(self._buckets[bill].most(urgent=ticket.lane in URGENT) for bill in ticket.bills)

    def _knows(self, shard: int, now: int) -> bool:
        if shard not in self._buckets and 0 < shard < SHARDS_MAX:
            self._buckets[shard] = _Bucket(self._limits.write, now)
        return shard >= 0 and shard in self._buckets

    def _bills(self, lane: Lane, shard: int | None) -> tuple[int, ...]:
        if lane not in WRITES:
            return (_READ,)
        return (shard,) if shard is not None else tuple(sorted(name for name in self._buckets if name != _READ))


class _Door:
    """What a push-back closes, for one kind of lane at one bucket."""

    __slots__ = ("closed_max", "closed_min", "open_ts", "shut_ts", "strikes")

    def __init__(self, closed_min: int, closed_max: int) -> None:
        self.closed_min = closed_min
        self.closed_max = closed_max
        self.strikes = 0
        self.shut_ts = -1
        self.open_ts = 0

    def shut(self, sent_ts: int, now: int, retry_after: int, chance: Random) -> None:
        """Requests that were under way together are one push-back, not many."""
        wait = max(0, retry_after)
        if sent_ts > self.shut_ts:
            wait = max(wait, min(self.closed_min << self.strikes, self.closed_max))
            self.strikes = min(self.strikes + 1, STRIKES_MAX)
            self.shut_ts = now
        # Somebody else who was pushed back in the same moment must not come back in the same moment.
        wait = min(wait + chance.randrange(wait // 4 + 1), self.closed_max)
        self.open_ts = max(self.open_ts, now + wait)


class _Bucket:
    """One bucket of the venue's as we keep it: smaller than the real one. Tokens are counted in billionths, so that
    the refill of a nanosecond is a whole number."""

    __slots__ = ("_capacity", "_doors", "_put_by", "_rate", "_tokens", "_ts")

    def __init__(self, real: Bucket, now: int) -> None:
        self._tokens = 0
        self._ts = now
        self._doors = {True: _Door(CLOSED_MIN_URGENT, CLOSED_MAX_URGENT), False: _Door(CLOSED_MIN, CLOSED_MAX)}
        self.resize(real)

    def resize(self, real: Bucket) -> None:
        self._rate = max(1, real.rate * USED_PPM // MICRO)
        self._capacity = real.capacity * USED_PPM // MICRO
        self._put_by = min(PUT_BY, self._capacity // 4)
        self._tokens = min(self._tokens, self._capacity * SECOND)

    def most(self, *, urgent: bool) -> int:
        """The dearest request that can ever leave."""
        return self._capacity - (0 if urgent else self._put_by)

    def advance(self, now: int) -> None:
        """Let flow what has flowed; nothing does while even the urgent wait, or they would leave as a burst.

        A clock that was set back brings no tokens, and keeps no door shut for longer.
        """
        since = max(self._ts, self._doors[True].open_ts)
        if now > since:
            self._tokens = min(self._tokens + (now - since) * self._rate, self._capacity * SECOND)
        elif now < self._ts:
            for door in self._doors.values():
                door.open_ts = min(door.open_ts, now + door.closed_max)
                door.shut_ts = min(door.shut_ts, now)
        self._ts = now

    def ready(self, ticket: Ticket, now: int) -> int:
        """The first moment at which this request may leave, if nobody else takes anything."""
        urgent = ticket.lane in URGENT
        lacking = (ticket.cost + (0 if urgent else self._put_by)) * SECOND - self._tokens
        flowing = max(now, self._doors[True].open_ts)
        return max(flowing - (-lacking // self._rate), self._doors[urgent].open_ts, now)

    def spend(self, ticket: Ticket, now: int) -> None:
        self._tokens -= ticket.cost * SECOND
        door = self._doors[ticket.lane in URGENT]
        if door.strikes and ticket.lane not in URGENT:
            door.open_ts = now + PROBE_GAP

    def push_back(self, sent_ts: int, now: int, retry_after: int, chance: Random) -> None:
        """The venue's bucket was emptier than ours: ours starts again from nothing."""
        self.advance(now)
        if sent_ts > self._doors[True].shut_ts:
            self._tokens = 0
        for door in self._doors.values():
            door.shut(sent_ts, now, retry_after, chance)

    def heal(self, sent: Granted) -> None:
        """An answer to what was sent before the door shut says nothing about now."""
        urgent = sent.ticket.lane in URGENT
        healed = [self._doors[True]] if urgent else list(self._doors.values())
        for door in healed:
            if door.strikes and sent.ts > door.shut_ts:
                door.strikes = 0
                if door is self._doors[False]:
                    # What was saved up while the door was shut would leave as a burst now.
                    self._tokens = min(self._tokens, self._put_by * SECOND)
                    door.open_ts = sent.ts
