"""Order groups: a member's own limit on how much a set of orders may match within fifteen seconds.

What a member may ask of a group stands here as data, so that a journal can remember it. More matched than the limit
says, or a word of the member, triggers the group: all its orders are cancelled, and new ones are refused until it is
reset. The core strikes; a group must never know orders or money.
"""

from collections import deque

import msgspec

from assent.exchange.types import MICRO, QTY_STEP, SECOND, Rejected

WINDOW = 15 * SECOND
LIMIT_MAX = 1_000_000 * MICRO
GROUPS_MAX = 100_000


class CreateGroup(msgspec.Struct, frozen=True, tag=True):
    """`limit` in micro-contracts."""

    limit: int


class LimitGroup(msgspec.Struct, frozen=True, tag=True):
    """A limit below what was just matched triggers the group at once."""

    group: str
    limit: int


class TriggerGroup(msgspec.Struct, frozen=True, tag=True):
    group: str


class ResetGroup(msgspec.Struct, frozen=True, tag=True):
    """What was matched is forgotten, and orders are taken again."""

    group: str


class DeleteGroup(msgspec.Struct, frozen=True, tag=True):
    """Its orders are cancelled."""

    group: str


GroupCommand = CreateGroup | LimitGroup | TriggerGroup | ResetGroup | DeleteGroup


def wrong_command(command: GroupCommand) -> Rejected | None:
    """What is wrong with it whatever the group: a wrong type, or a limit out of its bounds."""
    limit = QTY_STEP if isinstance(command, TriggerGroup | ResetGroup | DeleteGroup) else command.limit
    if type(limit) is not int or not QTY_STEP <= limit <= LIMIT_MAX or limit % QTY_STEP:
        return Rejected("invalid_parameters", f"a limit of {limit!r} is not from {QTY_STEP} to {LIMIT_MAX}")
    if not isinstance(command, CreateGroup) and not (type(command.group) is str and command.group.isascii()):
        return Rejected("invalid_parameters", f"{command.group!r} is no order group's name")
    return None


class GroupView(msgspec.Struct, frozen=True, gc=False):
    group: str
    limit: int
    triggered: bool


class Group:
    """What one group has matched lately. Never more rows than it had fills within the window."""

    __slots__ = ("_matched", "limit", "name", "triggered")

    def __init__(self, name: str, limit: int) -> None:
        self.name = name
        self.limit = limit
        self.triggered = False
        self._matched: deque[tuple[int, int]] = deque()

    @classmethod
    def of(cls, view: GroupView) -> "Group":
        """A group of an earlier day, of whose matches none counts any more."""
        group = cls(view.group, view.limit)
        group.triggered = view.triggered
        return group

    def count(self, qty: int, ts: int) -> None:
        self._forget(ts)
        self._matched.append((ts, qty))

    def matched(self, ts: int) -> int:
        """Contracts within the window that ends now."""
        self._forget(ts)
        return sum(qty for _, qty in self._matched)

    def is_over(self, ts: int) -> bool:
        return self.matched(ts) > self.limit

    def reset(self) -> None:
        self.triggered = False
        self._matched.clear()

    def view(self) -> GroupView:
        return GroupView(self.name, self.limit, self.triggered)

    def _forget(self, ts: int) -> None:
        while self._matched and self._matched[0][0] <= ts - WINDOW:
            self._matched.popleft()
