"""Halts: one voice stops, and each cause knows what it takes to go on.

The level is the strictest of the halts that stand. What a human must reset takes a name, a reason, books that match
the venue's, and no order whose fate is unknown. A cause that clears by itself but keeps coming back is raised for a
person in the end; how often it came is folded from facts, so that a restart does not forget it.
"""

from assent.desk import worth
from assent.desk.state import Halt, State
from assent.model.facts import HaltCleared, HaltRaised, ResumeRefused, StrategyStopped
from assent.model.levels import CAUSES, LATCHES, Latch, Level, Reset
from assent.model.text import shown


def halt_raised(state: State, ts: int, fact: HaltRaised) -> None:
    state.halts[fact.cause] = Halt(
        cause=fact.cause, level=fact.level, reset=fact.reset, by=fact.by, detail=fact.detail, raised_ts=ts,
        raised_seq=state.seq,
    )  # fmt: skip
    latch = LATCHES.get(fact.cause)
    if latch:
        state.raised[fact.cause] = [*_times(state, fact.cause, latch, ts), ts]
    _set_level(state)


def halt_cleared(state: State, _ts: int, fact: HaltCleared) -> None:
    halt = state.halts.pop(fact.cause, None)
    if halt is not None and halt.reset == "human":
        state.raised.pop(fact.cause, None)  # a person has looked: it begins anew
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


def reset_of(state: State, cause: str, now: int) -> Reset:
    """What will end this halt if it is raised now: its own reset, or a person where it came too often."""
    latch = LATCHES.get(cause)
    if latch and len(_times(state, cause, latch, now)) + 1 >= latch.times:
        return "human"
    return CAUSES[cause].reset


def spoken_for(state: State, rule: str) -> Level:
    """The strictest level among the halts for which this rule says no."""
    if not state.halts:
        return Level.TRADING
    levels = (halt.level for halt in state.halts.values() if CAUSES[halt.cause].rule == rule)
    return Level(max(levels, default=Level.TRADING))


def resume_obstacle(state: State, cause: str, *, by: str, reason: str, factor: bool) -> str | None:
    """Why this halt cannot be cleared now by this person, or None."""
    halt = state.halts.get(cause)
    if halt is None:
        return f"no halt `{shown(cause)}` stands"
    if not by.strip() or not reason.strip():
        return "a resume needs the name of a person and a reason"
    if halt.reset != "human":
        return f"`{cause}` clears by itself {_ENDS.get(halt.reset, 'with the calendar')}"
    if not factor and state.seal is not None and state.seal.constitution.second_factor_to_resume:
        return "the constitution asks for a second factor to end a halt"
    unknown = [order.order.order_id for order in state.orders.values() if order.status == "unknown"]
    if unknown:
        return (
            f"order {unknown[0]} is still unknown; it must be resolved first, by evidence or by `assent orders resolve`"
        )
    # By the ledger's order, not by time: a batch may share one instant.
    if state.unmatched:
        return "our books have not been matched with the venue's since they differed; see `assent reconcile show`"
    if state.matched_seq < halt.raised_seq:
        return "our books have not been matched with the venue's since the halt"
    return None


def quiet_causes(state: State, last_seen: dict[str, int], now: int) -> list[str]:
    """Causes that clear by themselves and have not been seen for long enough."""
    quiet = []
    for cause, halt in state.halts.items():
        since = max(last_seen.get(cause, 0), halt.raised_ts, state.started_ts)
        if halt.reset == "clear_for" and now - since >= CAUSES[cause].quiet_ns:
            quiet.append(cause)
    return quiet


_ENDS: dict[Reset, str] = {
    "clear_for": "once its cause has gone quiet",
    "switch": "once the switch is clear again",
}


def _times(state: State, cause: str, latch: Latch, now: int) -> list[int]:
    """When it was raised within the latch's time: never more than it takes to latch."""
    return [ts for ts in state.raised.get(cause, ()) if now - ts < latch.within_ns][-(latch.times - 1) :]


def _set_level(state: State) -> None:
    state.level = Level(max((halt.level for halt in state.halts.values()), default=Level.TRADING))
