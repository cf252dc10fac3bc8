"""Starting, stopping, halting, resuming, and what each cycle of the clock brings about."""

from assent.desk import account, amending, exits, halts, intake, losses, norms, ranking
from assent.desk.context import Context
from assent.desk.orders import may_ask_cancel
from assent.desk.state import OrderState
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
    TimePassed,
)
from assent.model.instruments import Instrument, price_fits
from assent.model.levels import CAUSES, Level
from assent.model.text import shown
from assent.model.units import SECOND

# An order whose fate stays unknown for longer than this halts the desk for a person.
UNKNOWN_MAX = 120 * SECOND
KILL_SWITCH = "kill_switch_guard"
# What a person may ask to have cancelled: whatever is, or may be, on the venue's book.
CANCELLABLE = frozenset(("working", "unknown", "quarantined"))
A_PERSON = "a person asked"


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
    desk.emit(DeskStarted(build=inp.build, strategies=inp.strategies, plugins=inp.plugins))
    for order in list(desk.state.orders.values()):
        if order.status == "released":
            desk.emit(
                OrderUnknown(order_id=order.order.order_id, detail="the process ended before an outcome was recorded")
            )
            keep_promise(desk, order)


def desk_stopping(desk: Context, inp: DeskStopping) -> None:
    desk.emit(DeskStopped(why=inp.why))


def time_passed(desk: Context, _inp: TimePassed) -> None:
    """One cycle: overdue unknowns, expired orders, equity, halts that have gone quiet, then the strategies."""
    state, now = desk.state, desk.now
    for order in list(state.orders.values()):
        order_id = order.order.order_id
        if order.unknown_ts is not None and order.status == "unknown" and now - order.unknown_ts > UNKNOWN_MAX:
            raise_halt(desk, "unknown_overdue", by="desk", detail=f"order {order_id}")
        if order.status == "working":
            _renew_cancel(desk, order, state.find_instrument(order.order.instrument))
    clear_entries(desk)
    amending.clear_outdated(desk)
    intake.forget(desk)
    account.watch_books(desk)
    norms.sample(desk)
    account.mark_equity(desk)
    losses.watch(desk)
    for cause in halts.quiet_causes(state, desk.cause_seen, now):
        desk.emit(HaltCleared(cause=cause, by="desk", reason="quiet for long enough"))
    exits.cycle(desk)
    ranking.cycle(desk)


def halt_asked(desk: Context, inp: HaltAsked) -> None:
    cause = inp.cause if inp.cause in CAUSES else "operator"
    desk.cause_seen[cause] = desk.now
    if cause == "strategy_repeats":
        desk.emit(StrategyStopped(strategy=inp.by, reason=cause, detail=shown(inp.detail)))
    raise_halt(desk, cause, by=shown(inp.by), detail=shown(inp.detail))


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
        clear_entries(desk)


def resume_asked(desk: Context, inp: ResumeAsked) -> None:
    standing = desk.state.halts.values()
    wanted = [inp.cause] if inp.cause else [halt.cause for halt in standing if halt.reset == "human"]
    for cause in wanted:
        obstacle = halts.resume_obstacle(desk.state, cause, by=inp.by, reason=inp.reason)
        by, reason = shown(inp.by), shown(inp.reason)
        if obstacle:
            desk.emit(ResumeRefused(cause=shown(cause), by=by, why=obstacle))
        else:
            desk.emit(HaltCleared(cause=cause, by=by, reason=reason))


def cancel_asked(desk: Context, inp: CancelAsked) -> None:
    """A person may always cancel, at any level. What is still being sent is cancelled once it is known to be live."""
    for order in list(desk.state.orders.values()):
        order_id = order.order.order_id
        if inp.order_id not in ("", order_id):
            continue
        if order.status == "unknown":
            # The venue may refuse what it does not know yet: the wish stands until the order is seen to rest or ends.
            desk.emit(CancelKept(order_id=order_id, by=shown(inp.by)))
            keep_promise(desk, order)
        elif order.status in CANCELLABLE:
            desk.emit(CancelReleased(order_id=order_id, by=shown(inp.by), why=A_PERSON))
        elif order.status == "released" and order.cancel != "kept":
            desk.emit(CancelKept(order_id=order_id, by=shown(inp.by)))


def keep_promise(desk: Context, order: OrderState) -> None:
    """Carry out the cancel that waited for this order to be live, or perhaps live."""
    order_id = order.order.order_id
    if order.cancel == "kept" and order.status in CANCELLABLE and order_id in desk.state.orders:
        desk.emit(CancelReleased(order_id=order_id, by=order.cancel_by, why=A_PERSON))


def clear_off_grid(desk: Context, instrument: Instrument) -> None:
    """A new grid leaves the venue's old orders where they are: ours that do not lie on it any more are taken off."""
    for order in list(desk.state.orders.values()):
        if order.order.instrument == instrument.id and order.status in ("working", "quarantined"):
            _renew_cancel(desk, order, instrument)


def _renew_cancel(desk: Context, order: OrderState, instrument: Instrument | None) -> None:
    """Ask for what the clock, a person, a new grid or a strategy's end wants off, unless an answer is on its way.

    An entry of a strategy that does not run any more rests for nobody: no one would take it off, or leave again.
    """
    terms = order.order
    if not may_ask_cancel(order, desk.now):
        return
    if order.cancel_by:
        desk.emit(CancelReleased(order_id=terms.order_id, by=order.cancel_by, why=A_PERSON))
    elif terms.expires_ts is not None and desk.now >= terms.expires_ts:
        desk.emit(CancelReleased(order_id=terms.order_id, by="desk", why="its life is over"))
    elif terms.type == "limit" and instrument is not None and not price_fits(instrument, terms.price):
        desk.emit(CancelReleased(order_id=terms.order_id, by="desk", why="its price is off the market's new grid"))
    elif order.intent.action == "open" and terms.parent is None and order.intent.strategy not in desk.names:
        desk.emit(CancelReleased(order_id=terms.order_id, by="desk", why="its strategy does not run any more"))


def raise_halt(desk: Context, cause: str, *, by: str, detail: str) -> None:
    """Raise it once, and take what could still add risk off the book."""
    if cause in desk.state.halts:
        return
    known, reset = CAUSES[cause], halts.reset_of(desk.state, cause, desk.now)
    level = int(known.level)
    if reset != known.reset:
        detail = f"{detail}; it came back too often to be left to itself"
    desk.emit(HaltRaised(cause=cause, level=level, reset=reset, by=by, detail=detail))
    clear_entries(desk)


def clear_entries(desk: Context) -> None:
    """Below TRADING nothing may rest that could still add risk. Asked again when a cancel did not get through."""
    state = desk.state
    if state.level == Level.TRADING:
        return
    causes = ", ".join(state.halts)
    for order in list(state.orders.values()):
        entry = order.intent.action == "open"
        if entry and order.status in ("working", "quarantined") and may_ask_cancel(order, desk.now):
            desk.emit(CancelReleased(order_id=order.order.order_id, by="desk", why=f"halted: {causes}"))
