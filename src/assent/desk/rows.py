"""What a desk has open, row by row, as plain values: orders, looks, halts, positions.

Pure and from the durable state alone, so that a status, a console and a copy of a ledger say the same. Amounts are
whole micros and times whole nanoseconds; nothing is rounded or formatted here.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from assent.desk.exposure import instrument_exposure
from assent.desk.state import Halt, Look, OrderState, State
from assent.desk.story import in_words
from assent.model.belts import Belts
from assent.model.instruments import Instrument
from assent.model.intents import Action
from assent.model.levels import CAUSES, Level, Reset
from assent.model.orders import OrderType, Side, TimeInForce
from assent.model.reasons import sentence
from assent.model.units import MINUTE

RESETS: Final[Mapping[Reset, str]] = {
    "human": "a named person: assent halt resume --by NAME --reason REASON",
    "next_day": "by itself, in the next day (UTC)",
    "next_week": "by itself, in the next week (UTC, from Monday)",
    "next_month": "by itself, in the next month (UTC)",
    "clear_for": "by itself, once its cause has stayed away for",
    "switch": "the owner: clear the variable, remove the file",
}


class OrderRow(msgspec.Struct, frozen=True, kw_only=True):
    """One order, open or ended, with what holds at the venue for it when this process is gone."""

    order_id: str
    intent_id: str
    code: str
    strategy: str
    action: Action
    words: str
    instrument: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    price: int
    qty: int
    filled: int
    open_qty: int
    status: str
    cancel: str
    venue_order_id: str
    released_ts: int
    unknown_ts: int | None
    expires_ts: int | None
    post_only: bool
    reduce_only: bool
    cancel_on_pause: bool
    group_limit: int


class LookRow(msgspec.Struct, frozen=True, kw_only=True):
    """An intent that waits for the venue's fresh quote."""

    intent_id: str
    code: str
    strategy: str
    words: str
    instrument: str
    price: int
    qty: int
    asked_ts: int


class HaltRow(msgspec.Struct, frozen=True, kw_only=True):
    """A halt that stands, and what ends it. `overridable`: a person may set it aside for a while; the last three say
    until when somebody has, who and why, and are None where nobody has now."""

    cause: str
    level: str
    sentence: str
    detail: str
    by: str
    since_ts: int
    reset: Reset
    reset_how: str
    quiet_ns: int
    overridable: bool
    overridden_until_ts: int | None
    overridden_by: str | None
    overridden_why: str | None


class StoppedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A strategy that is not called any more."""

    strategy: str
    reason: str
    sentence: str


class PositionRow(msgspec.Struct, frozen=True, kw_only=True):
    """What is held of one instrument, what it cost, and the most that can still be lost there."""

    instrument: str
    title: str
    event: str
    side: Literal["yes", "no"]
    qty: int
    cost: int
    exposure: int
    close_ts: int | None


def order_row(order: OrderState, instrument: Instrument | None) -> OrderRow:
    terms, intent, belts = order.order, order.intent, order.belts or Belts()
    return OrderRow(
        order_id=terms.order_id,
        intent_id=intent.intent_id,
        code=intent.code,
        strategy=intent.strategy,
        action=intent.action,
        words=in_words(intent, instrument),
        instrument=terms.instrument,
        side=terms.side,
        type=terms.type,
        time_in_force=terms.time_in_force,
        price=terms.price,
        qty=terms.qty,
        filled=order.filled,
        open_qty=order.open_qty,
        status=order.status,
        cancel=order.cancel,
        venue_order_id=order.venue_order_id,
        released_ts=order.released_ts,
        unknown_ts=order.unknown_ts,
        expires_ts=terms.expires_ts,
        post_only=terms.post_only,
        reduce_only=terms.reduce_only,
        cancel_on_pause=belts.cancel_on_pause,
        group_limit=belts.group_limit,
    )


def order_rows(state: State) -> list[OrderRow]:
    """What may still fill, in the order of its release."""
    return [order_row(order, state.find_instrument(order.order.instrument)) for order in state.orders.values()]


def would_rows(state: State) -> list[OrderRow]:
    """In observe: what would rest."""
    return [order_row(order, state.find_instrument(order.order.instrument)) for order in state.would.values()]


def look_row(state: State, look: Look) -> LookRow:
    intent = look.intent
    return LookRow(
        intent_id=intent.intent_id,
        code=intent.code,
        strategy=intent.strategy,
        words=in_words(intent, state.find_instrument(intent.instrument)),
        instrument=intent.instrument,
        price=intent.price,
        qty=intent.qty,
        asked_ts=look.asked_ts,
    )


def halt_rows(state: State, now: int) -> list[HaltRow]:
    """Every halt that stands, whether it holds the level now or not."""
    return [_halt_row(halt, now) for halt in state.halts.values()]


def _halt_row(halt: Halt, now: int) -> HaltRow:
    known, how, override = CAUSES[halt.cause], RESETS[halt.reset], halt.overridden(now)
    return HaltRow(
        cause=halt.cause,
        level=Level(halt.level).name,
        sentence=known.sentence,
        detail=halt.detail,
        by=halt.by,
        since_ts=halt.raised_ts,
        reset=halt.reset,
        reset_how=f"{how} {known.quiet_ns // MINUTE} minutes" if halt.reset == "clear_for" else how,
        quiet_ns=known.quiet_ns,
        overridable=known.overridable,
        overridden_until_ts=override.until_ts if override else None,
        overridden_by=override.by if override else None,
        overridden_why=override.reason if override else None,
    )


def stopped_rows(state: State) -> list[StoppedRow]:
    return [
        StoppedRow(strategy=name, reason=reason, sentence=sentence(reason))
        for name, reason in sorted(state.stopped.items())
    ]


def position_row(state: State, name: str, orders: list[OrderState]) -> PositionRow:
    """`orders`: those that may still fill on this instrument."""
    position, instrument = state.positions[name], state.find_instrument(name)
    return PositionRow(
        instrument=name,
        title=instrument.title if instrument else "",
        event=instrument.event if instrument else "",
        side="yes" if position.qty > 0 else "no",
        qty=position.qty,
        cost=position.cost,
        exposure=instrument_exposure(state, name, orders),
        close_ts=instrument.close_ts if instrument else None,
    )


def told(row: msgspec.Struct) -> dict[str, Any]:
    """The row for JSON."""
    return msgspec.structs.asdict(row)
