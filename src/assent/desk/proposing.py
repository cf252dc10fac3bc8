"""From a strategy's idea to an intent, released or refused.

A strategy is its owner's code from last night: whatever it raises or returns, the desk lives. An idea that is refused
for the same reasons again is only counted; it is recorded when something about the refusal changes. Ideas at an event
are judged as they come; those of a cycle together, in `desk.ranking`.
"""

from collections.abc import Iterable
from itertools import islice

from assent.desk import approving, looking, observing, recall, releasing, superseding, warrants
from assent.desk.candidate import Candidate
from assent.desk.context import Context, Refusal
from assent.desk.gate import Verdict, judge
from assent.desk.rules.last_look import dealt_at
from assent.desk.state import OrderState
from assent.model.facts import (
    CancelReleased,
    InstrumentListed,
    IntentProposed,
    IntentRefused,
    StrategyStopped,
)
from assent.model.intents import Intent, Proposal, proposal_fault
from assent.model.text import shown

PROPOSALS_MAX = 64


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
    for proposal, fault in drawn(desk, strategy, proposals) or ():
        if fault:
            stop(desk, strategy, "strategy_nonsense", fault)
            return
        consider(desk, strategy, proposal)


def drawn(desk: Context, strategy: str, proposals: Iterable[object]) -> list[tuple[Proposal, str | None]] | None:
    """What a strategy returned, each with what is wrong with it; None when it broke or never ended, and was stopped."""
    try:
        taken = list(islice(proposals, PROPOSALS_MAX + 1))
        faults = [proposal_fault(proposal) for proposal in taken]
    except BaseException as error:  # boundary: its owner's objects may raise anything; see `a_fault`
        a_fault(error)
        stop(desk, strategy, "strategy_exception", error)
        return None
    if len(taken) > PROPOSALS_MAX:
        stop(desk, strategy, "strategy_nonsense", f"more than {PROPOSALS_MAX} proposals at once")
        return None
    return list(zip(taken, faults, strict=True))  # type: ignore[arg-type]


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
    recall.raise_halt(desk, "strategy_stopped", by="desk", detail=f"{strategy}: {detail}"[:200])


def _said(error: BaseException) -> str:
    """An error's kind and own words, unless saying them breaks as well."""
    try:
        return f"{type(error).__name__}: {error}"
    except BaseException as second:  # boundary: the error's own code answers here; see `a_fault`
        a_fault(second)
        return "an error whose message cannot be shown"


def candidate_of(desk: Context, strategy: str, proposal: Proposal) -> Candidate:
    """The idea with what the desk measures for it now."""
    market = desk.markets.get(proposal.instrument)
    quote = desk.streams.taken(market) if market else None
    return Candidate(state=desk.state, now=desk.now, strategy=strategy, proposal=proposal, market=market, quote=quote)


def consider(
    desk: Context, strategy: str, proposal: Proposal, *, by_halt: bool = False, by_person: bool = False
) -> str | None:
    """One idea through the gate: released with all its exits, or not, for the reason that is returned; one that waits
    for people or for its last look is not released yet. `by_halt`: a halt's own procedure asks for it; `by_person`: a
    person does, in the desk's name."""
    candidate = candidate_of(desk, strategy, proposal)
    verdict = judge(candidate)
    # A name that no venue listed is one with all others like it: strategies can make up more than a desk can keep.
    name = proposal.instrument if candidate.market is not None else ""
    key = warrants.idea_of(strategy, name, proposal)
    if verdict.reason is not None:
        older = superseding.replaced(candidate, verdict)
        if older is None:
            _refuse(desk, key, candidate, verdict)
        else:
            _supersede(desk, key, candidate, verdict, older)
        return verdict.reason
    desk.refused.pop(key, None)
    if desk.looked and looking.is_known(desk, key, candidate):
        return looking.REQUESTED
    if desk.waiting and not by_halt and approving.is_known(desk, key, candidate):
        return approving.REQUESTED
    intent = _record(desk, candidate)
    desk.emit(IntentProposed(intent=intent, checks=verdict.checks, quote=candidate.quote))
    people, assent = approving.needed(desk, intent, by_halt=by_halt, by_person=by_person)
    if people:
        approving.ask(desk, intent, candidate.quote, people, by_person=by_person)
        return approving.REQUESTED
    if intent.action == "cancel":
        cancel(desk, intent)
    elif looking.is_due(candidate):
        looking.ask(desk, key, intent, dealt_at(candidate.quote, intent.side))
        return looking.REQUESTED
    else:
        releasing.release(desk, intent, assent)
    return None


def cancel(desk: Context, intent: Intent) -> None:
    """Take the order that the intent names off the book."""
    order_id = intent.order_id or ""
    if order_id in desk.state.would:
        observing.cancel(desk, order_id, intent.reason)
    else:
        desk.emit(CancelReleased(order_id=order_id, by=intent.strategy, why=intent.reason))


def _refuse(desk: Context, key: looking.Key, candidate: Candidate, verdict: Verdict) -> None:
    """Record the refusal, or count it when it is the last one over again."""
    last = desk.refused.get(key)
    if last is not None and last.failing == _failing(verdict):
        last.repeats += 1
    else:
        _state_refusal(desk, key, candidate, verdict)


def _supersede(desk: Context, key: looking.Key, candidate: Candidate, verdict: Verdict, older: OrderState) -> None:
    """The older order is taken off; the idea itself stays refused until nothing of that order rests."""
    intent = _state_refusal(desk, key, candidate, verdict)
    desk.emit(
        CancelReleased(
            order_id=older.order.order_id,
            by=candidate.strategy,
            why=f"superseded by the idea with code {intent.code}",
            superseded_by=intent.intent_id,
        )
    )


def _state_refusal(desk: Context, key: looking.Key, candidate: Candidate, verdict: Verdict) -> Intent:
    last = desk.refused.get(key)
    desk.refused[key] = Refusal(_failing(verdict))
    intent = _record(desk, candidate)
    desk.emit(
        IntentRefused(
            intent=intent,
            reason=verdict.reason or "",
            checks=verdict.checks,
            quote=candidate.quote,
            repeats=last.repeats if last else 0,
        )
    )
    return intent


def _failing(verdict: Verdict) -> tuple[str, ...]:
    return tuple(check.rule for check in verdict.checks if not check.ok)


def _record(desk: Context, candidate: Candidate) -> Intent:
    """Name the intent; its instrument is listed before it."""
    market, state = candidate.market, desk.state
    if market is not None and state.find_instrument(market.instrument.id) != market.instrument:
        desk.emit(InstrumentListed(instrument=market.instrument))
    return candidate.intent(state.seal.ledger_id if state.seal else "")
