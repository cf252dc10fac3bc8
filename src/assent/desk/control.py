"""Starting, stopping, halting, resuming, and what a person wants cancelled."""

from assent.desk import adopting, halts, recall
from assent.desk.context import Context
from assent.desk.orders import A_PERSON
from assent.model.facts import (
    CancelKept,
    CancelReleased,
    DeskStarted,
    DeskStopped,
    HaltCleared,
    HaltRaised,
    LedgerOpened,
    OrderUnknown,
    ResumeRefused,
    StrategyStopped,
)
from assent.model.inputs import (
    CancelAsked,
    DeskStarting,
    DeskStopping,
    HaltAsked,
    KillSwitchSeen,
    LedgerOpening,
    ResumeAsked,
)
from assent.model.levels import CAUSES, Level
from assent.model.settling import ActRefused
from assent.model.text import shown

KILL_SWITCH = "kill_switch_guard"
# What a person reads before deciding says what, where and why.
DETAIL_MAX = 300


def ledger_opening(desk: Context, inp: LedgerOpening) -> None:
    desk.emit(
        LedgerOpened(
            ledger_id=inp.ledger_id,
            mode=inp.mode,
            venue=inp.venue,
            environment=inp.environment,
            account=inp.account,
            constitution=inp.constitution,
            constitution_digest=inp.constitution.digest(),
            build=inp.build,
        )
    )


def desk_starting(desk: Context, inp: DeskStarting) -> None:
    """A release whose outcome was never recorded may have been sent: it is unknown, never refused."""
    desk.emit(
        DeskStarted(
            build=inp.build, strategies=inp.strategies, plugins=inp.plugins, narrowed=inp.narrowed, belts=inp.belts
        )
    )  # fmt: skip
    for order in list(desk.state.orders.values()):
        if order.status == "released":
            desk.emit(
                OrderUnknown(order_id=order.order.order_id, detail="the process ended before an outcome was recorded")
            )
            recall.keep_promise(desk, order)


def desk_stopping(desk: Context, inp: DeskStopping) -> None:
    desk.emit(DeskStopped(why=inp.why))


def halt_asked(desk: Context, inp: HaltAsked) -> None:
    cause = inp.cause if inp.cause in CAUSES else "operator"
    desk.cause_seen[cause] = desk.now
    if cause == "strategy_repeats":
        desk.emit(StrategyStopped(strategy=inp.by, reason=cause, detail=shown(inp.detail)))
    recall.raise_halt(desk, cause, by=shown(inp.by), detail=shown(inp.detail, DETAIL_MAX))


def kill_switch_seen(desk: Context, inp: KillSwitchSeen) -> None:
    """The halt stands exactly as long as the switch is set. One that is set for another reason, or allows something
    else than before, is raised anew, so that the record says why it stands."""
    halt = desk.state.halts.get(KILL_SWITCH)
    if not inp.is_set:
        if halt is not None:
            desk.emit(HaltCleared(cause=KILL_SWITCH, by="desk", reason="the switch is clear"))
        return
    known, detail = CAUSES[KILL_SWITCH], shown(inp.detail, 200)
    level = int(Level.REDUCING if inp.exits else known.level)
    if halt is None or (halt.level, halt.detail) != (level, detail):
        desk.emit(HaltRaised(cause=KILL_SWITCH, level=level, reset=known.reset, by="owner", detail=detail))
        recall.clear_entries(desk)


def resume_asked(desk: Context, inp: ResumeAsked) -> None:
    standing = desk.state.halts.values()
    wanted = [inp.cause] if inp.cause else [halt.cause for halt in standing if halt.reset == "human"]
    for cause in wanted:
        obstacle = halts.resume_obstacle(desk.state, cause, by=inp.by, reason=inp.reason, factor=inp.factor)
        by, reason = shown(inp.by), shown(inp.reason)
        if obstacle:
            desk.emit(ResumeRefused(cause=shown(cause), by=by, why=obstacle))
        else:
            desk.emit(HaltCleared(cause=cause, by=by, reason=reason))


def cancel_asked(desk: Context, inp: CancelAsked) -> None:
    """A person may always cancel, at any level, also what this desk never released. What is still being sent is
    cancelled once it is known to be live."""
    ours = False
    for order in list(desk.state.orders.values()):
        order_id = order.order.order_id
        if inp.order_id not in ("", order_id, order.venue_order_id):
            continue
        ours = True
        if order.status == "unknown":
            # The venue may refuse what it does not know yet: the wish stands until the order is seen to rest or ends.
            desk.emit(CancelKept(order_id=order_id, by=shown(inp.by)))
            recall.keep_promise(desk, order)
        elif order.status in recall.CANCELLABLE:
            desk.emit(CancelReleased(order_id=order_id, by=shown(inp.by), why=A_PERSON))
        elif order.status == "released" and order.cancel != "kept":
            desk.emit(CancelKept(order_id=order_id, by=shown(inp.by)))
    if inp.order_id and (ours or adopting.cancel_foreign(desk, inp.order_id, inp.by)):
        return
    if not inp.order_id:
        adopting.cancel_foreign(desk, "", inp.by)
    elif desk.state.find_order(inp.order_id) is None:
        why = "neither this desk nor the venue's books know an open order by that name"
        desk.emit(ActRefused(act="cancel", subject=shown(inp.order_id), by=shown(inp.by), why=why))
