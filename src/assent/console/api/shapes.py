"""What the interface answers with, where it is not simply what the pages show as well.

Every answer about the desk says with `seq` which record it is as of, and `ts` when that record was written.
"""

from typing import Final

import msgspec

from assent.console.reading.book import Amended
from assent.console.reading.snapshot import Snapshot
from assent.console.reading.source import Source
from assent.console.reading.views import Beat, Card, Deployment, Held, Stake
from assent.desk.halt_history import PastHalt
from assent.desk.intent_rows import IntentRow
from assent.desk.rows import HaltRow, LookRow, OrderRow, StoppedRow
from assent.model.limit_rows import LimitRow

READABLE: Final = frozenset(("following", "empty", "busy"))


class AsOf(msgspec.Struct, frozen=True, kw_only=True):
    """Up to which record."""

    seq: int
    ts: int


class Status(AsOf, frozen=True, kw_only=True):
    """How the desk stands. `level` is None, and nothing is in `allowed`, while the ledger cannot be read (`source`
    says why). `beat_age`: how long ago the desk last said that it lives; None where it never did.
    `buying_power`: the cash that is free; `buying_power_floor`: below it nothing is opened, None where that is off."""

    deployment: Deployment
    mode: str
    level: str | None
    allowed: tuple[str, ...]
    halts: tuple[HaltRow, ...]
    stopped: tuple[StoppedRow, ...]
    approval_mandatory: bool
    buying_power: int
    buying_power_floor: int | None
    cash: int
    reserved: int
    equity: int | None
    exposure: int
    open_intents: int
    open_orders: int
    unknown_orders: int
    open_positions: int
    constitution: str
    version: str
    beat: Beat | None
    beat_age: int | None
    source: Source


class IntentsPage(AsOf, frozen=True, kw_only=True):
    """Newest first. `next`: the cursor of the page after this one, None at the end. `total`: all that were ever."""

    intents: tuple[IntentRow, ...]
    next: int | None
    total: int


class IntentTold(AsOf, frozen=True, kw_only=True):
    """One intent; `card` is what its approver must see, while it waits."""

    intent: IntentRow
    card: Card | None


class OrdersPage(AsOf, frozen=True, kw_only=True):
    """Newest first. `would`: what would rest in observe; `looks`: what waits for a fresh quote; neither is paged."""

    orders: tuple[OrderRow, ...]
    next: str | None
    total: int
    would: tuple[OrderRow, ...]
    looks: tuple[LookRow, ...]


class PositionsTold(AsOf, frozen=True, kw_only=True):
    """What is held. `unmarked`: so many have never had a bid, so they are not in `gain`."""

    positions: tuple[Held, ...]
    cost: int
    gain: int
    unmarked: int


class ExposureTold(AsOf, frozen=True, kw_only=True):
    """What may be lost, in all and under each name."""

    total: Stake
    markets: tuple[Stake, ...]
    events: tuple[Stake, ...]
    series: tuple[Stake, ...]
    themes: tuple[Stake, ...]


class HaltsTold(AsOf, frozen=True, kw_only=True):
    """The halts that stand, and those that ever did, newest first."""

    level: str
    halts: tuple[HaltRow, ...]
    stopped: tuple[StoppedRow, ...]
    history: tuple[PastHalt, ...]


class ConstitutionTold(AsOf, frozen=True, kw_only=True):
    """The limits in force, what this start keeps to besides, and how they came to be."""

    digest: str
    limits: tuple[LimitRow, ...]
    narrowed: dict[str, tuple[str, ...]]
    amended: tuple[Amended, ...]


def status_of(snapshot: Snapshot) -> Status:
    """From the first page's numbers and the limits in force."""
    overview, health, known = snapshot.overview, snapshot.health, is_whole(snapshot)
    worth, limits = overview.worth, {row.key: row for row in snapshot.constitution.rows}
    floor, mandatory = limits.get("buying_power_min"), limits.get("approval_mandatory")
    return Status(
        **as_of(snapshot),
        deployment=overview.deployment,
        mode=overview.deployment.mode,
        level=overview.level if known else None,
        allowed=overview.allowed if known else (),
        halts=overview.halts,
        stopped=overview.stopped,
        approval_mandatory=mandatory is not None and mandatory.value is True,
        buying_power=worth.cash - worth.reserved,
        buying_power_floor=None if floor is None or floor.off else floor.value,
        cash=worth.cash,
        reserved=worth.reserved,
        equity=worth.equity,
        exposure=worth.exposure,
        open_intents=overview.pending,
        open_orders=overview.open_orders,
        unknown_orders=overview.unknown_orders,
        open_positions=overview.open_positions,
        constitution=overview.deployment.constitution,
        version=health.version,
        beat=health.beat,
        beat_age=health.beat_age,
        source=snapshot.source,
    )


def is_whole(snapshot: Snapshot) -> bool:
    """Whether what is shown is all that there is, or was a moment ago."""
    return snapshot.source.standing in READABLE


def as_of(snapshot: Snapshot) -> dict[str, int]:
    return {"seq": snapshot.seq, "ts": snapshot.health.head_ts}
