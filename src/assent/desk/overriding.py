"""Setting one halt aside for a while: asked by a person, over by the clock, by a person or by new trouble.

Nothing is decided here but whether it may be and when it is over. What the level allows meanwhile is asked of the halts
at each idea and at each send, with the time of that moment, so that an override which nobody has ended yet lets nothing
through after its time.
"""

from assent.desk import halts, recall
from assent.desk.context import Context
from assent.model.overrides import HaltOverridden, OverrideAsked, OverrideEndAsked, OverrideEnded, OverrideRefused
from assent.model.text import shown


def override_asked(desk: Context, inp: OverrideAsked) -> None:
    obstacle = halts.override_obstacle(
        desk.state, inp.cause, by=inp.by, reason=inp.reason, life=inp.life_ns, factor=inp.factor, now=desk.now
    )
    cause, by = shown(inp.cause), shown(inp.by)
    if obstacle:
        desk.emit(OverrideRefused(cause=cause, by=by, reason=obstacle))
    else:
        _end_overdue(desk, inp.cause)
        desk.emit(HaltOverridden(cause=cause, by=by, reason=shown(inp.reason), until_ts=desk.now + inp.life_ns))


def end_asked(desk: Context, inp: OverrideEndAsked) -> None:
    """Whoever asks: it is the stricter side."""
    halt, by = desk.state.halts.get(inp.cause), shown(inp.by)
    if not inp.by.strip():
        desk.emit(OverrideRefused(cause=shown(inp.cause), by=by, reason="override_unnamed"))
    elif halt is None or halt.overridden(desk.now) is None:
        desk.emit(OverrideRefused(cause=shown(inp.cause), by=by, reason="override_none"))
    else:
        desk.emit(OverrideEnded(cause=inp.cause, why="asked", by=by, detail=shown(inp.reason)))
        recall.clear_entries(desk)


def cycle(desk: Context) -> None:
    """Once a cycle, before entries that no level allows any more are called back: write down what time has ended."""
    for cause in list(desk.state.halts):
        _end_overdue(desk, cause)


def _end_overdue(desk: Context, cause: str) -> None:
    halt = desk.state.halts[cause]
    if halt.override is not None and halt.overridden(desk.now) is None:
        desk.emit(OverrideEnded(cause=cause, why="time", by="desk", detail=""))
