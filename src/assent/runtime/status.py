"""How a desk stands, as plain data: what `status`, the control socket, the live view and a console all show.

Pure: from the durable state alone, so a desk that runs and one that is read from its ledger answer alike. Amounts are
whole micros and times whole nanoseconds; nothing is rounded or dropped on the way to JSON.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from msgspec import structs

from assent.desk.asked_rows import asked_rows
from assent.desk.exposure import busy_instruments, instrument_exposure, orders_by_instrument, total_exposure
from assent.desk.state import Look, OrderState, State
from assent.desk.story import in_words
from assent.ledger.chain import Head
from assent.model.belts import Belts
from assent.model.constitution import LIMITS, LISTS, in_use
from assent.model.instruments import Instrument
from assent.model.levels import ALLOWED, CAUSES, Level, Reset
from assent.model.reasons import sentence
from assent.model.units import MINUTE
from assent.runtime.kill_switch import KillSwitch

Status = dict[str, Any]

RESETS: Final[Mapping[Reset, str]] = {
    "human": "a named person: assent halt resume --by NAME --reason REASON",
    "next_day": "by itself, in the next day (UTC)",
    "next_week": "by itself, in the next week (UTC, from Monday)",
    "next_month": "by itself, in the next month (UTC)",
    "clear_for": "by itself, once its cause has stayed away for",
    "switch": "the owner: clear the variable, remove the file",
}


def status_of(state: State, *, settings_name: str, path: Path, head: Head, running: bool, pid: int | None) -> Status:
    """One object that says how the desk stands. `pid` is that of the running process, None when there is none."""
    seal = state.seal
    return {
        "running": running,
        "pid": pid if running else None,
        "name": settings_name,
        "venue": seal.venue if seal else "",
        "environment": seal.environment if seal else "",
        "mode": seal.mode if seal else "",
        "account": seal.account if seal else "",
        "ledger": {
            "id": seal.ledger_id if seal else "",
            "path": str(path),
            "records": head.seq,
            "head": head.hash.hex(),
            "ts": head.ts,
        },
        "constitution": seal.constitution_digest if seal else "",
        "level": Level(state.level).name,
        "allowed": sorted(ALLOWED[state.level]),
        "halts": [_halt(state, cause) for cause in state.halts],
        "cash": state.cash,
        "reserved": state.reserved(),
        "equity": state.equity,
        "exposure": total_exposure(state),
        "accounts": dict(state.accounts),
        "matched_ts": state.matched_ts,
        "limits": _limits(state),
        "positions": [_position(state, name) for name in sorted(state.positions)],
        "orders": [order_row(order, state.find_instrument(order.order.instrument)) for order in state.orders.values()],
        "would": [order_row(order, state.find_instrument(order.order.instrument)) for order in state.would.values()],
        "looks": [_look(state, look) for look in state.looks.values()],
        "intents": [structs.asdict(row) for row in asked_rows(state)],
        "approval_mandatory": seal.constitution.approval_mandatory if seal else False,
        "stopped": [
            {"strategy": name, "reason": reason, "sentence": sentence(reason)}
            for name, reason in sorted(state.stopped.items())
        ],
        "rejections": dict(sorted(state.rejections.items())),
    }


def switch_status(switch: KillSwitch, environment: Mapping[str, str]) -> Status:
    """How the owner's kill switch stands for whoever reads it, and where it was looked for."""
    found = switch.read(environment)
    return {
        "set": found.is_set,
        "detail": found.detail,
        "allows_exits": switch.allows_exits,
        "variable": switch.variable,
        "env_file": str(switch.env_file) if switch.env_file else None,
        "file": str(switch.sentinel),
    }


def order_row(order: OrderState, instrument: Instrument | None) -> dict[str, Any]:
    """One order, open or ended."""
    terms, intent, belts = order.order, order.intent, order.belts or Belts()
    return {
        "order_id": terms.order_id,
        "intent_id": intent.intent_id,
        "code": intent.code,
        "strategy": intent.strategy,
        "action": intent.action,
        "words": in_words(intent, instrument),
        "instrument": terms.instrument,
        "side": terms.side,
        "type": terms.type,
        "time_in_force": terms.time_in_force,
        "price": terms.price,
        "qty": terms.qty,
        "filled": order.filled,
        "open_qty": order.open_qty,
        "status": order.status,
        "cancel": order.cancel,
        "venue_order_id": order.venue_order_id,
        "released_ts": order.released_ts,
        "unknown_ts": order.unknown_ts,
        "expires_ts": terms.expires_ts,
        "post_only": terms.post_only,
        "reduce_only": terms.reduce_only,
        "cancel_on_pause": belts.cancel_on_pause,
        "group_limit": belts.group_limit,
    }


def _look(state: State, look: Look) -> dict[str, Any]:
    """An intent that waits for the venue's fresh quote."""
    intent = look.intent
    return {
        "intent_id": intent.intent_id,
        "code": intent.code,
        "strategy": intent.strategy,
        "words": in_words(intent, state.find_instrument(intent.instrument)),
        "instrument": intent.instrument,
        "price": intent.price,
        "qty": intent.qty,
        "asked_ts": look.asked_ts,
    }


def _halt(state: State, cause: str) -> dict[str, Any]:
    halt, known = state.halts[cause], CAUSES[cause]
    how = RESETS[halt.reset]
    return {
        "cause": cause,
        "level": Level(halt.level).name,
        "sentence": known.sentence,
        "detail": halt.detail,
        "by": halt.by,
        "since_ts": halt.raised_ts,
        "reset": halt.reset,
        "reset_how": f"{how} {known.quiet_ns // MINUTE} minutes" if halt.reset == "clear_for" else how,
        "quiet_ns": known.quiet_ns,
    }


# Limits of which something is used up while the desk stands; the others bound one decision at a time.
MEASURES: Final[Mapping[str, Callable[[State], int]]] = {
    "total_exposure_max": total_exposure,
    "open_positions_max": lambda state: len(busy_instruments(state)),
}


def _limits(state: State) -> list[dict[str, Any]]:
    """Every limit of the constitution in force that is one number and not off, and how much of it is used now."""
    if state.seal is None:
        return []
    constitution = state.seal.constitution
    return [
        {
            "key": limit.key,
            "sentence": limit.sentence,
            "measured": MEASURES[limit.key](state) if limit.key in MEASURES else None,
            "limit": getattr(constitution, limit.key),
            "unit": limit.kind,
        }
        for limit in LIMITS
        if limit.kind not in LISTS and not (limit.optional and not in_use(constitution, (limit.key,)))
    ]


def _position(state: State, name: str) -> dict[str, Any]:
    position, instrument = state.positions[name], state.find_instrument(name)
    orders = orders_by_instrument(state).get(name, [])
    return {
        "instrument": name,
        "title": instrument.title if instrument else "",
        "event": instrument.event if instrument else "",
        "side": "yes" if position.qty > 0 else "no",
        "qty": position.qty,
        "cost": position.cost,
        "exposure": instrument_exposure(state, name, orders),
        "close_ts": instrument.close_ts if instrument else None,
    }
