"""How a desk stands, as plain data: what `status`, the control socket, the live view and a console all show.

Pure: from the durable state alone, so a desk that runs and one that is read from its ledger answer alike. Amounts are
whole micros and times whole nanoseconds; nothing is rounded or dropped on the way to JSON.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assent.desk import halts
from assent.desk.asked_rows import asked_rows
from assent.desk.exposure import orders_by_instrument, total_exposure
from assent.desk.gauges import gauges
from assent.desk.rows import halt_rows, look_row, order_rows, position_row, stopped_rows, told, would_rows
from assent.desk.state import State
from assent.ledger.chain import Head
from assent.model.constitution import LIMITS, LISTS, in_use
from assent.model.levels import ALLOWED
from assent.runtime.kill_switch import KillSwitch

Status = dict[str, Any]


def status_of(
    state: State, *, settings_name: str, path: Path, head: Head, running: bool, pid: int | None, now: int | None = None
) -> Status:
    """One object that says how the desk stands. `pid` is that of the running process, None when there is none. `now` is
    the desk's own time for which it is said, that of its last record where none is given."""
    seal, orders = state.seal, orders_by_instrument(state)
    ts = head.ts if now is None else max(now, head.ts)
    level = halts.level_at(state, ts)
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
        "level": level.name,
        "allowed": sorted(ALLOWED[level]),
        "halts": [told(row) for row in halt_rows(state, ts)],
        "cash": state.cash,
        "reserved": state.reserved(),
        "equity": state.equity,
        "exposure": total_exposure(state),
        "accounts": dict(state.accounts),
        "matched_ts": state.matched_ts,
        "limits": _limits(state, ts),
        "positions": [told(position_row(state, name, orders.get(name, []))) for name in sorted(state.positions)],
        "orders": [told(row) for row in order_rows(state)],
        "would": [told(row) for row in would_rows(state)],
        "looks": [told(look_row(state, look)) for look in state.looks.values()],
        "intents": [told(row) for row in asked_rows(state)],
        "approval_mandatory": seal.constitution.approval_mandatory if seal else False,
        "stopped": [told(row) for row in stopped_rows(state)],
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


def _limits(state: State, now: int) -> list[dict[str, Any]]:
    """Every limit of the constitution in force that is one number and not off. Where something is used up while the
    desk stands: how much of it now, its share in parts per million, and where; the others bound one decision."""
    if state.seal is None:
        return []
    constitution, used = state.seal.constitution, {gauge.key: gauge for gauge in gauges(state, now)}
    return [
        {
            "key": limit.key,
            "sentence": limit.sentence,
            "measured": used[limit.key].measured if limit.key in used else None,
            "share": used[limit.key].share if limit.key in used else None,
            "of": used[limit.key].of if limit.key in used else "",
            "limit": getattr(constitution, limit.key),
            "unit": limit.kind,
        }
        for limit in LIMITS
        if limit.kind not in LISTS and not (limit.optional and not in_use(constitution, (limit.key,)))
    ]
