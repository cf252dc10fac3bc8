"""Halts: one voice stops, and each cause knows what it takes to go on.

The level is the strictest of the halts that stand and are not overridden at that moment. What a human must reset takes
a name, a reason, books that match the venue's, and no order whose fate is unknown. A cause that clears by itself but
keeps coming back is raised for a person in the end; how often it came is folded from facts, so that a restart does not
forget it.
"""

from assent.desk import worth
from assent.desk.state import Halt, Override, State
from assent.model.errors import require
from assent.model.facts import HaltCleared, HaltRaised, ResumeRefused, StrategyStopped
from assent.model.levels import CAUSES, LATCHES, OVERRIDE_MAX, Latch, Level, Reset
from assent.model.overrides import HaltOverridden, OverrideEnded
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


def halt_overridden(state: State, ts: int, fact: HaltOverridden) -> None:
    """By a named person, for a cause that may be, for as long as may be, and never one override on top of another."""
    halt = state.halts.get(fact.cause)
    valid = (
        halt is not None
        and CAUSES[fact.cause].overridable
        and bool(fact.by)
        and 0 < fact.until_ts - ts <= OVERRIDE_MAX
        and halt.overridden(ts) is None
    )
    require(valid, "override_not_valid", cause=fact.cause, by=fact.by, until_ts=fact.until_ts)
    halt.override = Override(fact.by, fact.reason, ts, fact.until_ts)  # type: ignore[union-attr]


def override_ended(state: State, _ts: int, fact: OverrideEnded) -> None:
    state.halts[fact.cause].override = None


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


def level_at(state: State, now: int) -> Level:
    """What the desk may do now: nothing that a halt forbids which is not overridden at this very moment."""
    if state.level == Level.TRADING:
        return Level.TRADING
    return Level(max((halt.level for halt in holding(state, now)), default=Level.TRADING))


def holding(state: State, now: int) -> list[Halt]:
    """The halts that hold the level now."""
    return [halt for halt in state.halts.values() if halt.overridden(now) is None]


def spoken_for(state: State, rule: str, now: int) -> Level:
    """The strictest level among the halts that hold now and for which this rule says no."""
    if not state.halts:
        return Level.TRADING
    levels = (halt.level for halt in holding(state, now) if CAUSES[halt.cause].rule == rule)
    return Level(max(levels, default=Level.TRADING))


# Why a resume is refused that everything else would allow: whoever asks has the means to answer it.
FACTOR_ASKED = "the constitution asks for a second factor to end a halt"


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
        return FACTOR_ASKED
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


def override_obstacle(
    state: State, cause: str, *, by: str, reason: str, life: int, factor: bool, now: int
) -> str | None:
    """The code of why this person may not set this halt aside now, or None. The second factor is asked for whatever the
    constitution says. Books that differ and orders whose fate nobody knows have no end by a clock, so nothing is let go
    beside them, whichever halt it was."""
    halt = state.halts.get(cause)
    unsettled = bool(state.unmatched) or any(order.status == "unknown" for order in state.orders.values())
    obstacles = (
        ("override_unnamed", not by.strip() or not reason.strip()),
        ("override_not_halted", halt is None),
        ("override_forbidden", halt is not None and not CAUSES[cause].overridable),
        ("override_too_long", not 0 < life <= OVERRIDE_MAX),
        ("second_factor_missing", not factor),
        ("override_stands", halt is not None and halt.overridden(now) is not None),
        ("override_unsettled", unsettled),
    )
    return next((code for code, stands in obstacles if stands), None)


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
