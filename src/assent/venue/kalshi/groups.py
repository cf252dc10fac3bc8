"""The order group that every order of ours stands in: the venue's own brake, which works when this process does not.

When more is matched within fifteen seconds than the group allows, the venue takes all its orders off and takes no more.
Then a person must look; their resume, and nothing else, resets it. A group lies on one shard, so there is one for each.
A group has no name: one of our limit on a shard is ours, found again by listing after each start. While there is none
no order leaves.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from msgspec import structs

from assent.model.orders import DIFFERS
from assent.model.units import format_qty
from assent.venue.kalshi import readback, wire, wire_groups
from assent.venue.kalshi.messages import GroupUpdate
from assent.venue.kalshi.rest import Answered, KalshiHTTPError, NotLeft, Rest, Written
from assent.venue.kalshi.telling import Telling, unread
from assent.venue.kalshi.wire import Rejection
from assent.venue.kalshi.wire_groups import GROUPS_PATH, Group
from assent.venue.transport import Leaving, Stays

TRIGGERED: Final = "order_group_triggered"
MISSING: Final = "order_group_missing"
# What the venue says to an order for a group that was triggered, or that is not there.
FULL: Final = "exceeded_order_group_risk_limit"
NOT_FOUND: Final = "order_group_not_found"


class Groups:
    """One subaccount's. `limit` in micro-contracts; 0: orders stand in no group, and nothing is asked of the venue."""

    def __init__(self, rest: Rest, telling: Telling, *, limit: int, subaccount: int | None) -> None:
        self._rest = rest
        self._telling = telling
        self._limit = limit
        self._subaccount = subaccount
        self._ours: dict[int, Group] = {}
        self._resets = 0

    @property
    def wanted(self) -> bool:
        return self._limit > 0

    def of(self, shard: int | None) -> str:
        """The id of the group on this shard; nothing where orders stand in none."""
        group = self._ours.get(shard or 0)
        return group.group_id if group else ""

    def obstacle(self, shard: int | None) -> str | None:
        """Why no order may leave for this shard, or None."""
        if not self.wanted:
            return None
        group = self._ours.get(shard or 0)
        if group is None:
            return MISSING
        return TRIGGERED if group.triggered else None

    async def ensure(self, shards: Iterable[int | None]) -> None:
        """Look how the groups stand, and make what is missing. What cannot be had now is asked for again."""
        if not self.wanted:
            return
        resets = self._resets
        listed = await self._list()
        if listed is None or self._resets != resets:
            return  # a list from before a reset would tell of it as triggered
        for shard in dict.fromkeys(each or 0 for each in (*self._ours, *shards)):
            known = self._ours.get(shard)
            found = self._found(listed, shard, known)
            if found is None:
                self._ours.pop(shard, None)
                found = await self._create(shard)
            if found is not None:
                self._ours[shard] = found
                if found.triggered and not (known and known.triggered):
                    self._halt(found, "is listed as triggered")

    def heard(self, told: GroupUpdate) -> bool:
        """News of a group; whether the groups must be looked at anew."""
        group = next((each for each in self._ours.values() if each.group_id == told.order_group_id), None)
        if group is None:
            return False
        if told.event_type == "triggered":
            self._close(group, "was triggered")
        return told.event_type in ("deleted", "limit_updated")

    def refused(self, shard: int | None, code: str) -> bool:
        """What a refusal of an order says of its group; whether the groups must be looked at anew."""
        group = self._ours.get(shard or 0)
        if group is not None and code == FULL:
            self._close(group, "takes no order")
        if group is not None and code == NOT_FOUND:
            del self._ours[shard or 0]
        return code == NOT_FOUND

    async def reset(self) -> None:
        """A person has resumed: open what was triggered. What stays closed halts anew."""
        for shard, group in list(self._ours.items()):
            if not group.triggered:
                continue
            path = wire_groups.reset_path(group.group_id, exchange_index=shard, subaccount=self._subaccount)
            if isinstance(path, Rejection):
                self._halt(group, f"cannot be reset: {path.detail}")
                continue
            self._resets += 1
            reader = partial(readback.reset_group, group_id=group.group_id, shard=shard, subaccount=self._subaccount)
            written = await self._rest.write(
                "PUT", path, b"{}", lane="query", shard=shard, withheld=partial(_only_as_meant, reader)
            )
            self._resets += 1
            self._must_be_as_meant(written)
            if isinstance(written, Answered) and written.status == 200:
                self._ours[shard] = structs.replace(group, triggered=False)
            else:
                self._halt(group, f"could not be reset: {_said(written)}; resume again to try again")

    def _found(self, listed: tuple[Group, ...], shard: int, known: Group | None) -> Group | None:
        """The group of this shard among those listed; of several with our limit, the one that was ours already. A list
        may be older than the news that it was triggered."""
        like = [group for group in listed if group.limit == self._limit and group.exchange_index == shard]
        same = next((group for group in like if known and group.group_id == known.group_id), None)
        if same is not None and known is not None:
            return structs.replace(same, triggered=same.triggered or known.triggered)
        return like[0] if like else None

    async def _list(self) -> tuple[Group, ...] | None:
        query = [] if self._subaccount is None else [("subaccount", self._subaccount)]
        try:
            listed = wire_groups.groups(await self._rest.read(GROUPS_PATH, query, lane="query"))
        except KalshiHTTPError as error:
            self._telling.not_read(unread(GROUPS_PATH, error))
            return None
        if isinstance(listed, Rejection):
            self._telling.not_read(unread(GROUPS_PATH, listed))
            return None
        return listed

    async def _create(self, shard: int) -> Group | None:
        """One more. Made and not answered, it is found by the next listing."""
        body = wire_groups.create(self._limit, exchange_index=shard, subaccount=self._subaccount)
        if isinstance(body, Rejection):
            self._telling.kept_out(body.code, body.detail)
            return None
        reader = partial(readback.make_group, limit=self._limit, shard=shard, subaccount=self._subaccount)
        written = await self._rest.write(
            "POST", f"{GROUPS_PATH}/create", body, lane="query", shard=shard, withheld=partial(_only_as_meant, reader)
        )
        self._must_be_as_meant(written)
        made = wire_groups.created(written.body) if isinstance(written, Answered) and written.status == 201 else None
        if isinstance(made, str):
            return Group(made, self._limit, triggered=False, exchange_index=shard)
        self._telling.kept_out("venue_unreadable", f"no order group on shard {shard}: {_said(written)}")
        return None

    def _must_be_as_meant(self, written: Written) -> None:
        if isinstance(written, NotLeft) and written.why == DIFFERS:
            self._telling.halt("invariant_broken", f"an order group, about to leave in other bytes: {written.detail}")

    def _close(self, group: Group, how: str) -> None:
        self._ours[group.exchange_index] = structs.replace(group, triggered=True)
        self._halt(group, how)

    def _halt(self, group: Group, how: str) -> None:
        limit = f"{format_qty(group.limit)} contracts in 15 seconds"
        self._telling.halt(TRIGGERED, f"order group {group.group_id} ({limit}, shard {group.exchange_index}) {how}")


def _only_as_meant(reader: Callable[[Leaving], str], leaving: Leaving) -> Stays | None:
    fault = reader(leaving)
    return Stays(DIFFERS, fault) if fault else None


def _said(written: Written) -> str:
    """What came of a write, for people."""
    if not isinstance(written, Answered):
        return written.why
    said = wire.error(written.body)
    return f"{written.status} {said.code} {said.details}".strip()
