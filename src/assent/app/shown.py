"""What a running desk shows of itself, and its summary at the end."""

import os

from assent.app.switch import switch_of
from assent.app.wiring import Rooms
from assent.config import Settings
from assent.runtime.status import Status, status_of, switch_status


def running_status(settings: Settings, rooms: Rooms, *, running: bool) -> Status:
    status = status_of(
        rooms.runtime.desk.state,
        settings_name=settings.name,
        path=settings.ledger_path,
        head=rooms.runtime.loop.head,
        running=running,
        pid=os.getpid(),
        now=rooms.around.clock.now(),
    )
    status["kill_switch"] = switch_status(switch_of(settings), os.environ)
    status["ready"] = rooms.runtime.ready
    status["now_ts"] = rooms.around.clock.now()
    status["trades"] = rooms.tally.trades
    status["refusals"] = dict(sorted(rooms.tally.refusals.items()))
    status["quotes"] = rooms.runtime.loop.quotes
    if rooms.shadow is not None:
        status["shadow"] = rooms.shadow.summary()
    status["last_facts"] = list(rooms.tally.last)
    return status


def summary_of(settings: Settings, rooms: Rooms, why: str) -> Status:
    """The status at the end, and what came of the run."""
    summary = running_status(settings, rooms, running=False)
    summary["ended"] = why
    summary["settled"] = rooms.tally.settled
    summary["fees"] = rooms.runtime.desk.state.accounts["fees"]
    exchange = rooms.around.exchange
    if exchange is not None:
        balance = exchange.balance()
        summary["exchange"] = {"cash": balance.cash, "fees": balance.fees_paid, "positions": exchange.positions()}
    return summary
