"""Sends orders and cancels, each once, and says what became of them; looks for those whose fate is not known.

What may be concluded stands in `outcomes.py` and `evidence.py`; here it is asked for. A write that may have left is
never written again, and one leaves only if its bytes, read back by `readback.py` in the moment in which they go, say
exactly what was released. Where the venue's answer to one is not about our order, or cannot be, it
is unknown like a lost one.
"""

from collections.abc import Callable
from typing import Final

import msgspec

from assent.model.inputs import Absent, Accepted, Evidence, NotSent, Outcome, Refused, Unknown
from assent.model.orders import DIFFERS, Order, order_digest
from assent.model.reasons import REASONS
from assent.model.text import shown
from assent.model.units import SECOND
from assent.venue.kalshi import evidence, outcomes, readback, wire, wire_orders, wire_requests
from assent.venue.kalshi.groups import MISSING, Groups
from assent.venue.kalshi.lists import Lists
from assent.venue.kalshi.memory import Memory
from assent.venue.kalshi.outcomes import Meaning
from assent.venue.kalshi.rest import Answered, Lost, NotLeft, Rest, Written
from assent.venue.kalshi.telling import AUTH_STATUSES, Telling, Unread
from assent.venue.kalshi.wire import Rejection
from assent.venue.kalshi.wire_orders import ListedOrder
from assent.venue.kalshi.wire_requests import Terms
from assent.venue.port import Ended, Permit
from assent.venue.transport import Leaving, Stays, Withheld

# An order that has not left by then was decided on what is old by now.
LEAVE_WITHIN: Final = 2 * SECOND
# A list that still shows what a write has changed is asked again so often, so far apart.
LAG_TRIES: Final = 4
LAG_PAUSE: Final = SECOND


class Orders:
    """One subaccount's orders. `shard` says where a market lies, `paused` is called when the venue says it pauses,
    `ungrouped` when it does not know our order group. `permit` says why an order, or a cancel, may not leave any more:
    it is asked when its bytes are about to, for what these say."""

    def __init__(
        self,
        rest: Rest,
        lists: Lists,
        memory: Memory,
        telling: Telling,
        terms: Terms,
        *,
        groups: Groups,
        shard: Callable[[str], int | None],
        paused: Callable[[], None],
        ungrouped: Callable[[], None],
        permit: Permit,
    ) -> None:
        self._rest = rest
        self._lists = lists
        self._memory = memory
        self._telling = telling
        self._terms = terms
        self._groups = groups
        self._shard = shard
        self._paused = paused
        self._ungrouped = ungrouped
        self._permit = permit

    async def send(self, order: Order) -> Outcome:
        """Submit once."""
        now, name, shard = self._telling.now(), order.order_id, self._shard(order.instrument)
        obstacle = self._groups.obstacle(shard)
        if obstacle is not None:
            return NotSent(obstacle)
        terms = self._terms_of(order)
        body = wire_requests.create(order, terms, now=now)
        if isinstance(body, Rejection):
            return NotSent(body.code)
        memory = self._memory
        memory.sending[name] = None
        memory.signed[name] = now + LEAVE_WITHIN
        try:
            written = await self._rest.write(
                "POST", wire_requests.ORDERS_PATH, body, lane="submit", shard=shard,
                not_after=now + LEAVE_WITHIN, withheld=self._only_as_released(order, terms),
            )  # fmt: skip
            if isinstance(written, Answered | Lost):
                memory.signed[name] = written.signed_ts
            outcome = await self._sent(order, written)
            if not isinstance(outcome, Unknown):
                memory.forget_search(name)
            return outcome
        finally:
            memory.sending.pop(name, None)
            memory.moved(0, 0)

    async def cancel(self, order: Order, venue_order_id: str) -> Outcome:
        """Ask once to take it off the book. Its executed count is told only when it is certain."""
        order_id = venue_order_id or self._id_of(order)
        if not order_id:
            listed = await self._listed(order, self._telling.now())
            if not isinstance(listed, ListedOrder):
                return Unknown("the venue's id of this order is not known, and no list shows it")
            order_id = listed.order_id
        terms = self._terms_of(order)
        path = wire_requests.cancel_path(order_id, order, terms)
        if isinstance(path, Rejection):
            return NotSent(path.code)
        written = await self._rest.write(
            "DELETE", path, lane="cancel", shard=self._shard(order.instrument),
            withheld=self._only_as_asked(order, order_id, terms),
        )  # fmt: skip
        self._memory.moved(0, 0)
        if not isinstance(written, Answered):
            return _unanswered(written)
        said = wire.error(written.body)
        meaning = outcomes.of_cancel(written.status, said.code)
        if meaning == "taken":
            return await self._cancelled(order, order_id, written)
        if meaning == "gone":
            return await self._gone(order, order_id)
        return self._no(f"a cancel of {order.order_id}", written, meaning)

    async def find(self, order: Order, since_ts: int) -> Evidence | Ended | None:
        """What the venue's records say of it."""
        if order.order_id in self._memory.sending:
            return None
        order_id = self._id_of(order)
        listed: ListedOrder | Unread | None = await self._lists.order(order_id) if order_id else None
        if listed is None:
            return await self._search(order, since_ts)
        if isinstance(listed, Unread):
            self._telling.not_read(listed)
            return None
        return self._judged(order, listed, since_ts)

    # ----------------------------------------------------------------------------------------------- the last moment

    def _only_as_released(self, order: Order, terms: Terms) -> Withheld:
        def withheld(leaving: Leaving) -> Stays | None:
            shard = self._shard(order.instrument)
            obstacle = self._groups.obstacle(shard)
            if obstacle is None and self._groups.of(shard) != terms.order_group:
                obstacle = MISSING
            if obstacle is not None:
                return Stays(obstacle)
            read = readback.order(leaving, order, terms)
            if isinstance(read, str):
                return Stays(DIFFERS, read)
            refused = self._permit.order(order.order_id, self._telling.now(), order_digest(read))
            return Stays(refused) if refused else None

        return withheld

    def _only_as_asked(self, order: Order, order_id: str, terms: Terms) -> Withheld:
        def withheld(leaving: Leaving) -> Stays | None:
            read = readback.cancel(leaving, terms)
            if isinstance(read, str):
                return Stays(DIFFERS, read)
            if read != (order_id, order.instrument):
                return Stays(DIFFERS, f"it takes off {read.order_id}, and {order_id} was meant")
            refused = self._permit.cancel(order.order_id, read.order_id, read.instrument)
            return Stays(refused) if refused else None

        return withheld

    # ------------------------------------------------------------------------------------------- answers to a create

    async def _sent(self, order: Order, written: Written) -> Outcome:
        if not isinstance(written, Answered):
            return _unanswered(written)
        meaning = outcomes.of_create(written.status, wire.error(written.body).code)
        if meaning == "taken":
            return self._placed(order, written)
        if meaning == "exists":
            return await self._whose(order, written)
        if self._groups.refused(self._shard(order.instrument), wire.error(written.body).code):
            self._ungrouped()
        said = self._no(f"the order {order.order_id}", written, meaning)
        order_id = self._memory.order_id(order.order_id)
        if order_id and not isinstance(said, Unknown):
            # The stream was quicker: a copy of our request was taken, and this is what another copy was told.
            return Unknown(f"refused, though the venue has told of {order_id} under this id: {written.status}")
        return said

    def _placed(self, order: Order, written: Answered) -> Outcome:
        what = f"the answer to the order {order.order_id}"
        placed = wire_orders.placed(written.body)
        if isinstance(placed, Rejection):
            self._telling.broken(what, placed)
            return Unknown(f"taken, in words that cannot be read: {placed.code} at {placed.path}")
        fault = evidence.placed_fault(order, placed)
        if fault is not None:
            self._telling.broken(what, Rejection("contradiction", "", fault))
            return Unknown(f"the answer is not about this order: {fault}")
        memory = self._memory
        name = memory.name(placed.order_id, order.order_id)
        memory.moved(placed.ts, self._telling.now())
        if placed.remaining:
            memory.rests(name, placed.order_id, order.instrument)
        return Accepted(placed.order_id, placed.filled, placed.remaining)

    async def _whose(self, order: Order, written: Answered) -> Outcome:
        """An order stands under our id: ours, if a second copy of our request came first, or somebody else's."""
        listed = await self._listed(order, written.signed_ts)
        if not isinstance(listed, ListedOrder):
            return Unknown("the venue says that an order stands under this id, and no list shows it yet")
        fault = self._fault(order, listed, written.signed_ts)
        if fault is not None:
            self._foreign(order, listed, fault)
            if evidence.difference(order, listed) is not None:
                return Refused("order_already_exists", fault)
            # Ours in everything but its age: clocks that differ make it that too, and then it lives.
            return Unknown(f"{listed.order_id} stands under this id: {fault}")
        found = self._found(order, listed)
        return Accepted(listed.order_id, found.filled, 0) if isinstance(found, Ended) else found

    # ------------------------------------------------------------------------------------------- answers to a cancel

    async def _cancelled(self, order: Order, order_id: str, written: Answered) -> Outcome:
        """What rested is off; what did not rest of the order was executed, if we have heard of it. An answer that is
        about another order, or says anything else, is advice: the order itself is asked."""
        what = f"the answer to a cancel of {order.order_id}"
        cancelled = wire_orders.cancelled(written.body)
        if isinstance(cancelled, Rejection):
            self._telling.broken(what, cancelled)
            return await self._gone(order, order_id)
        self._memory.moved(cancelled.ts, self._telling.now())
        if evidence.is_found(order) and cancelled.order_id == order_id:
            # Its size may have been changed by whoever sent it: only its own record says what was executed.
            return await self._gone(order, order_id)
        executed = order.qty - cancelled.reduced_by
        ours = cancelled.order_id == order_id and cancelled.client_order_id in ("", order.order_id)
        if not ours or executed < self._memory.executed(order_id):
            fault = (
                f"it names {cancelled.order_id} and {cancelled.reduced_by} taken off, of {order_id} over {order.qty}"
            )
            self._telling.broken(what, Rejection("contradiction", "", fault))
            return await self._gone(order, order_id)
        if executed > self._memory.executed(order_id):
            # More than we heard of: its fills are on their way, or a person had made the order smaller at the venue.
            # A count that no fill ever reaches would keep the books from being compared for ever.
            return await self._gone(order, order_id)
        self._memory.ended(order.order_id)
        return Accepted(order_id, executed, 0)

    async def _gone(self, order: Order, order_id: str) -> Outcome:
        """Nothing rests any more, it seems. Only the order's own record says how much was executed."""
        for attempt in range(LAG_TRIES):
            if attempt:
                await self._telling.sleep(LAG_PAUSE)
            listed = await self._lists.order(order_id)
            if isinstance(listed, Unread):
                self._telling.not_read(listed)
            elif listed is not None and evidence.difference(order, listed) is None:
                found = self._found(order, listed)
                if isinstance(found, Ended):
                    return Accepted(order_id, found.filled, 0)
        return Unknown("the venue no longer knows an order to cancel, and no record says how it ended")

    # ------------------------------------------------------------------------------------------------- the search

    async def _search(self, order: Order, since_ts: int) -> Evidence | Ended | None:
        """The order by the lists, and what its absence from them is worth: it takes several, at several times."""
        signed_ts = evidence.latest_signature(self._memory.signed.get(order.order_id), since_ts)
        model_ts = 0
        for place in range(evidence.LISTS_NEEDED):
            if place:
                await self._telling.sleep(evidence.LISTS_APART)
            read = await self._lists.model_ts()  # first: the lists come from a model that is no older
            listed = await self._listed(order, since_ts)
            if isinstance(listed, ListedOrder):
                return self._judged(order, listed, since_ts)
            if isinstance(read, Unread):
                self._telling.not_read(read)
                return None
            model_ts = read
            # What the venue once named is not absent, whatever its lists say.
            named = bool(self._memory.order_id(order.order_id))
            if named or isinstance(listed, Unread) or evidence.may_still_arrive(model_ts, signed_ts):
                return None
            fills = await self._lists.fills(since_ts - evidence.SKEW)
            if isinstance(fills, Unread):
                self._telling.not_read(fills)
                return None
            if evidence.orphan(order, since_ts, fills, listed) is not None:
                return None
        self._memory.forget_search(order.order_id)
        return Absent(
            f"signed no later than {signed_ts}; {evidence.LISTS_NEEDED} complete lists do not hold it, the last of a"
            f" model of {model_ts}, and no fill is of it"
        )

    async def _listed(self, order: Order, since_ts: int) -> ListedOrder | tuple[ListedOrder, ...] | Unread:
        """The order under our client id, or the complete list that does not hold it."""
        rows = await self._lists.orders(since_ts, order.instrument)
        if isinstance(rows, Unread):
            self._telling.not_read(rows)
            return rows
        found = [row for row in rows if row.client_order_id == order.order_id]
        for row in found[1:]:
            self._foreign(order, row, f"{found[0].order_id} stands there as well")
        return found[0] if found else rows

    def _judged(self, order: Order, listed: ListedOrder, since_ts: int) -> Evidence | Ended | None:
        fault = self._fault(order, listed, since_ts)
        if fault is None:
            return self._found(order, listed)
        self._foreign(order, listed, fault)
        return None

    def _found(self, order: Order, listed: ListedOrder) -> Accepted | Ended:
        memory = self._memory
        name = memory.name(listed.order_id, order.order_id)
        found = evidence.finding(listed, memory.executed(listed.order_id))
        memory.forget_search(name)
        if isinstance(found, Accepted) and found.remaining:
            memory.rests(name, listed.order_id, listed.ticker)
        else:
            memory.ended(name)
        return found

    def _fault(self, order: Order, listed: ListedOrder, since_ts: int) -> str | None:
        fault = evidence.difference(order, listed)
        if fault is None and not evidence.is_found(order) and evidence.older_than_release(listed, since_ts):
            return f"it was created at {listed.created_ts}, before {since_ts}"
        return fault

    # ------------------------------------------------------------------------------------------------------ the rest

    def _no(self, what: str, written: Answered, meaning: Meaning) -> Outcome:
        """Any answer but yes."""
        said = wire.error(written.body)
        if meaning in ("auth", "late") or written.status in AUTH_STATUSES:
            self._telling.refused_key(what, written.status, f"{said.code} {said.details}".strip())
        if meaning == "contract":
            self._telling.broken(what, Rejection("legacy_shape", "", f"{written.status} {said.code} {said.details}"))
        if meaning == "paused":
            self._paused()
        if meaning == "pushed_back":
            return NotSent("too_many_requests")
        if meaning in ("auth", "late", "contract", "paused", "refused"):
            return Refused(said.code, said.details or said.message)
        return Unknown(shown(f"{written.status} {said.code} {said.details}".strip()))

    def _id_of(self, order: Order) -> str:
        """The venue's id of an order, or nothing."""
        return order.order_id if evidence.is_found(order) else self._memory.order_id(order.order_id)

    def _foreign(self, order: Order, listed: ListedOrder, fault: str) -> None:
        detail = f"{listed.order_id} stands at the venue under our id {order.order_id} and is not ours: {fault}"
        self._telling.halt("foreign_fill", detail)

    def _terms_of(self, order: Order) -> Terms:
        """Routed directly where the venue says where the market lies, and in that shard's group."""
        shard, group = self._shard(order.instrument), self._groups.of(self._shard(order.instrument))
        index = self._terms.exchange_index if shard is None else shard
        return msgspec.structs.replace(self._terms, exchange_index=index, order_group=group)


def _unanswered(written: NotLeft | Lost) -> Outcome:
    if isinstance(written, Lost):
        return Unknown(shown(written.why))
    # What a network says differs from machine to machine; the reason of a refusal has a stable name.
    return NotSent(written.why, written.detail) if written.why in REASONS else NotSent("not_connected")
