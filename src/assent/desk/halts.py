"""Halts: one voice stops, and each cause knows what it takes to go on.

The level is the strictest of the halts that stand. What a human must reset takes a name, a reason, books that match
the venue's, and no order whose fate is unknown.
"""

from assent.desk import worth
from assent.desk.state import Halt, State
from assent.model.facts import HaltCleared, HaltRaised, ResumeRefused, StrategyStopped
from assent.model.levels import CAUSES, Level
from assent.model.text import shown


def halt_raised(state: State, ts: int, fact: HaltRaised) -> None:
    state.halts[fact.cause] = Halt(
        cause=fact.cause, level=fact.level, by=fact.by, detail=fact.detail, raised_ts=ts, raised_seq=state.seq
    )
    _set_level(state)


def halt_cleared(state: State, _ts: int, fact: HaltCleared) -> None:
    state.halts.pop(fact.cause, None)
    worth.halt_cleared(state, fact.cause)
    # Each of the two frees its own: a strategy that kills the process is not let go with one that raised an error.
    if fact.cause == "strategy_repeats":
        state.stopped = {name: why for name, why in state.stopped.items() if why != "strategy_repeats"}
    elif fact.cause == "strategy_stopped":
        state.stopped = {name: why for name, why in state.stopped.items() if why == "strategy_repeats"}
    _set_level(state)


def strategy_stopped(state: State, _ts: int, fact: StrategyStopped) -> None:
    state.stopped[fact.strategy] = fact.reason


def resume_refused(_state: State, _ts: int, _fact: ResumeRefused) -> None:
    """Recorded for people; nothing changes."""


def resume_obstacle(state: State, cause: str, *, by: str, reason: str) -> str | None:
    """Why this halt cannot be cleared now by this person, or None."""
    halt = state.halts.get(cause)
    if halt is None:
        return f"no halt `{shown(cause)}` stands"
    if not by.strip() or not reason.strip():
        return "a resume needs the name of a person and a reason"
    if CAUSES[cause].reset != "human":
        ends = "once its cause has gone quiet" if CAUSES[cause].reset == "clear_for" else "with the calendar"
        return f"`{cause}` clears by itself {ends}"
    unknown = [order.order.order_id for order in state.orders.values() if order.status == "unknown"]
    if unknown:
        return f"order {unknown[0]} is still unknown; it must be resolved first"
    # By the ledger's order, not by time: a batch may share one instant.
    if state.unmatched or state.matched_seq < halt.raised_seq:
        return "our books have not been matched with the venue's since the halt"
    return None


def quiet_causes(state: State, last_seen: dict[str, int], now: int) -> list[str]:
    """Causes that clear by themselves and have not been seen for long enough."""
    quiet = []
    for cause, halt in state.halts.items():
        known = CAUSES[cause]
        since = max(last_seen.get(cause, 0), halt.raised_ts, state.started_ts)
        if known.reset == "clear_for" and now - since >= known.quiet_ns:
            quiet.append(cause)
    return quiet


def _set_level(state: State) -> None:
    state.level = Level(max((halt.level for halt in state.halts.values()), default=Level.TRADING))
