"""From a strategy's idea to an intent, released or refused.

A strategy is its owner's code from last night: whatever it raises or returns, the desk lives. An idea that is refused
for the same reasons again is only counted; it is recorded when something about the refusal changes.
"""

from collections.abc import Iterable
from itertools import islice

from assent.desk import brackets, control
from assent.desk.candidate import Candidate
from assent.desk.context import Context, Refusal
from assent.desk.gate import Verdict, judge
from assent.model import ids
from assent.model.facts import (
    CancelReleased,
    InstrumentListed,
    IntentProposed,
    IntentRefused,
    OrderReleased,
    StrategyStopped,
)
from assent.model.intents import Intent, Proposal, proposal_fault
from assent.model.orders import Order, order_digest
from assent.model.text import shown

PROPOSALS_MAX = 64
AUTONOMOUS = "autonomous"


def ask(desk: Context, hook: str, *args: object) -> None:
    """Show something to every strategy that wants it."""
    for index, name, method in desk.hooks[hook]:
        desk.cell.value = index
        try:
            proposals = method(desk.view, *args)
        except BaseException as error:  # boundary: its owner's code may raise anything; see `a_fault`
            a_fault(error)
            stop(desk, name, "strategy_exception", error)
            continue
        if proposals is not None:
            take(desk, name, proposals)


def take(desk: Context, strategy: str, proposals: Iterable[object]) -> None:
    """Judge what a strategy returned, one by one."""
    try:
        taken = list(islice(proposals, PROPOSALS_MAX + 1))
        faults = [proposal_fault(proposal) for proposal in taken]
    except BaseException as error:  # boundary: its owner's objects may raise anything; see `a_fault`
        a_fault(error)
        stop(desk, strategy, "strategy_exception", error)
        return
    if len(taken) > PROPOSALS_MAX:
        stop(desk, strategy, "strategy_nonsense", f"more than {PROPOSALS_MAX} proposals at once")
        return
    for proposal, fault in zip(taken, faults, strict=True):
        if fault:
            stop(desk, strategy, "strategy_nonsense", fault)
            return
        consider(desk, strategy, proposal)  # type: ignore[arg-type]


def a_fault(error: BaseException) -> None:
    """Everything that a strategy raises is its own fault, sys.exit and a cancellation too; only a person interrupts."""
    if isinstance(error, KeyboardInterrupt):
        raise error


def stop(desk: Context, strategy: str, reason: str, error: BaseException | str) -> None:
    """Stop one strategy and lower the level; the desk lives."""
    if strategy in desk.state.stopped:
        return
    detail = shown(error if isinstance(error, str) else _said(error), 200)
    desk.emit(StrategyStopped(strategy=strategy, reason=reason, detail=detail))
    control.raise_halt(desk, "strategy_stopped", by="desk", detail=f"{strategy}: {detail}"[:200])


def _said(error: BaseException) -> str:
    """An error's kind and own words, unless saying them breaks as well."""
    try:
        return f"{type(error).__name__}: {error}"
    except BaseException as second:  # boundary: the error's own code answers here; see `a_fault`
        a_fault(second)
        return "an error whose message cannot be shown"


def consider(desk: Context, strategy: str, proposal: Proposal) -> None:
    """One idea through the gate: released with all its exits, or refused."""
    market = desk.markets.get(proposal.instrument)
    quote = desk.streams.taken(market) if market else None
    candidate = Candidate(
        state=desk.state, now=desk.now, strategy=strategy, proposal=proposal, market=market, quote=quote
    )
    verdict = judge(candidate)
    key = (strategy, proposal.instrument, proposal.action, proposal.side)
    if verdict.reason is not None:
        _refuse(desk, key, candidate, verdict)
        return
    desk.refused.pop(key, None)
    intent = _record(desk, candidate)
    desk.emit(IntentProposed(intent=intent, checks=verdict.checks, quote=quote))
    if intent.action == "cancel":
        desk.emit(CancelReleased(order_id=intent.order_id or "", by=strategy, why=intent.reason))
    else:
        _release(desk, intent)


def _refuse(desk: Context, key: tuple[str, str, str, str], candidate: Candidate, verdict: Verdict) -> None:
    failing = tuple(check.rule for check in verdict.checks if not check.ok)
    last = desk.refused.get(key)
    if last is not None and last.failing == failing:
        last.repeats += 1
        return
    desk.refused[key] = Refusal(failing)
    desk.emit(
        IntentRefused(
            intent=_record(desk, candidate),
            reason=verdict.reason or "",
            checks=verdict.checks,
            quote=candidate.quote,
            repeats=last.repeats if last else 0,
        )
    )


def _record(desk: Context, candidate: Candidate) -> Intent:
    """Name the intent; its instrument is listed before it."""
    market, state = candidate.market, desk.state
    if market is not None and state.find_instrument(market.instrument.id) != market.instrument:
        desk.emit(InstrumentListed(instrument=market.instrument))
    return candidate.intent(state.seal.ledger_id if state.seal else "")


def _release(desk: Context, intent: Intent) -> None:
    seal = desk.state.seal
    if seal is None:
        return
    order_id = ids.client_order_id(
        seal.ledger_id, seal.venue, seal.account, intent.intent_id, 1,
        intent.instrument, intent.side, intent.price, intent.qty,
    )  # fmt: skip
    order = Order(
        order_id=order_id,
        intent_id=intent.intent_id,
        attempt=1,
        instrument=intent.instrument,
        side=intent.side,
        type=intent.type,
        price=intent.price,
        qty=intent.qty,
        time_in_force=intent.time_in_force,
        stop_price=intent.stop_price,
        post_only=intent.post_only,
        reduce_only=intent.action == "close" and intent.time_in_force == "ioc",
        expires_ts=intent.expires_ts,
        parent=intent.parent,
        oca_group=intent.oca_group,
        protective=intent.protective,
    )
    desk.emit(OrderReleased(order=order, digest=order_digest(order), assent=AUTONOMOUS))
    if intent.exits is None:
        return
    instrument = desk.state.find_instrument(intent.instrument)
    if instrument is not None and brackets.known_to_venue(instrument):
        for leg in brackets.children(seal, order, intent):
            desk.emit(OrderReleased(order=leg, digest=order_digest(leg), assent=AUTONOMOUS))
