"""A small file that says that we live: replaced whole at each cycle, for whoever watches from outside."""

import json
import os
from pathlib import Path

from assent.desk.exposure import total_exposure
from assent.desk.halts import level_at
from assent.desk.state import State
from assent.model.errors import AssentError

FILE_NAME = "heartbeat.json"


def beat(state_dir: Path, state: State, *, ts: int, status: str, speed: int) -> None:
    """Write it beside and rename it over the old one, so that a reader never sees half of it. `speed`: how many times
    as fast as real time the desk's clock runs, so that whoever watches can carry its time on."""
    content = {
        "ts": ts,
        "speed": speed,
        "status": status,
        "pid": os.getpid(),
        "level": level_at(state, ts).name,
        "bankroll": state.equity if state.equity is not None else state.cash,
        "cash": state.cash,
        "exposure": total_exposure(state),
        "open_positions": len(state.positions),
        "open_orders": len(state.orders),
        "records": state.seq,
        "rejections": sum(state.rejections.values()),
    }
    fresh = state_dir / (FILE_NAME + ".new")
    try:
        fresh.write_text(json.dumps(content) + "\n", encoding="utf-8")
        fresh.replace(state_dir / FILE_NAME)
    except OSError as error:
        raise AssentError(
            f"the heartbeat {state_dir / FILE_NAME} cannot be written: {error.strerror}; whoever watches would think"
            " us dead, and the ledger would be next; free space or mend the disk, then start again"
        ) from error
