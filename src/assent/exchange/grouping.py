"""The keeping of order groups: what members ask of them, and striking those that are full.

A limit is looked at when an order has done all its matching: one order that sweeps a book, or is swept, may carry its
group past the limit. What is triggered then is the whole group, at once.
"""

from collections.abc import Callable, Iterable
from typing import Any

from assent.exchange.accounts import Account, History, Order
from assent.exchange.clearing import Clearing
from assent.exchange.groups import (
    GROUPS_MAX,
    CreateGroup,
    DeleteGroup,
    Group,
    GroupCommand,
    GroupView,
    LimitGroup,
    ResetGroup,
    TriggerGroup,
    wrong_command,
)
from assent.exchange.types import CloseReason, ExchangeError, GroupChanged, GroupEvent, Rejected

Drop = Callable[[Iterable[Order], CloseReason, int], None]


class Grouping:
    """`drop` takes orders off their books: the core's work."""

    def __init__(self, clearing: Clearing, drop: Drop) -> None:
        self._clearing = clearing
        self._drop = drop
        self._doings: dict[type, Callable[[Account, Group, Any, int], None]] = {
            LimitGroup: self._limit,
            TriggerGroup: self._trigger,
            ResetGroup: self._reset,
            DeleteGroup: self._delete,
        }

    def command(self, account: Account, command: GroupCommand, now: int) -> GroupView | Rejected:
        """Do what a member asks; the group as it then stands, or stood when it was deleted."""
        history = account.history
        if history is None:
            raise ExchangeError(f"account {account.account_id!r} has no history, so it can have no order groups")
        wrong = wrong_command(command)
        if wrong is not None:
            return wrong
        if isinstance(command, CreateGroup):
            return self._create(account, history, command.limit, now)
        group = history.groups.get(command.group)
        if group is None:
            return Rejected("order_group_not_found", f"{account.account_id!r} has no order group {command.group!r}")
        self._doings[type(command)](account, group, command, now)
        if isinstance(command, DeleteGroup):
            del history.groups[group.name]
        return group.view()

    def strike(self, ts: int) -> None:
        """Trigger every group that has matched more than its limit since somebody last looked."""
        matched, self._clearing.matched_groups = self._clearing.matched_groups, {}
        for account, group in matched.values():
            if group.is_over(ts):
                self._trigger(account, group, None, ts)

    def _create(self, account: Account, history: History, limit: int, now: int) -> GroupView | Rejected:
        if len(history.groups) >= GROUPS_MAX:
            return Rejected("invalid_parameters", f"there are {GROUPS_MAX} order groups already; delete one first")
        group = Group(f"G{self._clearing.log.seq + 1}", limit)
        history.groups[group.name] = group
        self._tell(account, group, "created", now)
        return group.view()

    def _limit(self, account: Account, group: Group, command: LimitGroup, now: int) -> None:
        group.limit = command.limit
        self._tell(account, group, "limit_updated", now)
        if group.is_over(now):
            self._trigger(account, group, None, now)

    def _trigger(self, account: Account, group: Group, _: object, now: int) -> None:
        """A second time changes nothing: no order of the group can rest."""
        if not group.triggered:
            group.triggered = True
            self._tell(account, group, "triggered", now)
            self._cancel_orders(account, group, now)

    def _reset(self, account: Account, group: Group, _: object, now: int) -> None:
        group.reset()
        self._tell(account, group, "reset", now)

    def _delete(self, account: Account, group: Group, _: object, now: int) -> None:
        self._cancel_orders(account, group, now)
        self._tell(account, group, "deleted", now)

    def _cancel_orders(self, account: Account, group: Group, ts: int) -> None:
        own = [order for order in account.resting.values() if order.terms.group == group.name]
        self._drop(own, "group_cancel", ts)

    def _tell(self, account: Account, group: Group, what: GroupEvent, ts: int) -> None:
        log = self._clearing.log
        log.events.append(GroupChanged(account.account_id, group.name, what, group.limit, ts, log.next()))
