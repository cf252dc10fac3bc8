"""An intent that needs people's assent is asked about once, and reserves nothing while it waits.

The question covers the exact orders that a release would state, under one digest. While it stands the same idea is
only counted; a better one takes its place where the constitution names a step. What comes of the question is seen to
in `desk.assenting`.
"""

from typing import NamedTuple

from assent.desk import releasing, warrants
from assent.desk.candidate import Candidate
from assent.desk.context import BY, Context, Unanswered, Waiting
from assent.desk.looking import Key
from assent.desk.rules.last_look import dealt_at
from assent.desk.state import Asked
from assent.model.assents import ApprovalEnded, ApprovalRequested, Ending
from assent.model.binding import terms_digest
from assent.model.constitution import SUPERSEDE_NEVER
from assent.model.intents import Intent, QuoteTaken
from assent.model.orders import order_digest
from assent.model.units import MINUTE

# Why an idea that waits for people is not released yet.
REQUESTED = "approval_requested"
# An exit that nobody was asked about for this long was not due meanwhile: it begins to wait anew.
NOT_DUE = MINUTE


class Needed(NamedTuple):
    """What a release would rest on: so many people, or none for the reason that is given."""

    people: int
    assent: str


def needed(desk: Context, intent: Intent, *, by_halt: bool, by_person: bool) -> Needed:
    """Whom this intent has to wait for. `by_halt`: a halt's own procedure proposes it. What a person wants left is no
    exit of the desk's own, and never goes alone."""
    seal = desk.state.seal
    people = warrants.people_for(seal.constitution, intent) if seal is not None else 0
    if not people:
        return Needed(0, warrants.AUTONOMOUS)
    if by_halt and warrants.is_procedure(desk.state, intent):
        return Needed(0, warrants.BY_HALT)
    if seal is not None and not by_person and warrants.may_go_alone(seal.constitution, intent):
        waited = _waited(desk, intent.instrument)
        if waited is not None and desk.now - waited.since_ts >= seal.constitution.exits_auto_after:
            return Needed(0, warrants.AUTO_EXIT)
    return Needed(people, "")


def is_known(desk: Context, key: Key, candidate: Candidate) -> bool:
    """Whether people are asked about this idea already, or have just said no, or nothing, to it. Such an idea is
    counted and not recorded."""
    known = desk.waiting.get(key)
    if known is None:
        return False
    asked = desk.state.asked.get(known.intent_id)
    if asked is not None and _is_better(candidate, asked):
        end(desk, asked, "superseded", by=candidate.strategy)
        return False
    if asked is None and desk.now >= known.until_ts:
        del desk.waiting[key]
        return False
    known.repeats += 1
    return True


def ask(desk: Context, intent: Intent, quote: QuoteTaken | None, people: int, *, by_person: bool) -> None:
    """Once for each intent. Whether a person wants it left is not a sign that an exit is due."""
    seal = desk.state.seal
    if seal is None:
        return
    orders = _covered(desk, intent)
    until = desk.now + seal.constitution.approval_life
    if intent.expires_ts is not None:
        until = min(until, intent.expires_ts)
    desk.emit(
        ApprovalRequested(
            intent_id=intent.intent_id, code=intent.code, terms=terms_digest(seal, orders), orders=orders,
            people=people, price=dealt_at(quote, intent.side), expires_ts=until,
        )
    )  # fmt: skip
    desk.waiting[key_of(intent)] = Waiting(intent.intent_id)
    if intent.strategy == BY and not by_person:
        waited = _waited(desk, intent.instrument)
        since = desk.now if waited is None else waited.since_ts
        desk.unanswered[intent.instrument] = Unanswered(since, until + NOT_DUE)


def _waited(desk: Context, instrument: str) -> Unanswered | None:
    waited = desk.unanswered.get(instrument)
    return waited if waited is not None and desk.now < waited.until_ts else None


def end(desk: Context, asked: Asked, why: Ending, *, by: str, message_id: str = "") -> None:
    """Nobody is asked any more. What only expired may be asked about again: what leaves a position at once, the rest
    after as long again, since nobody seems to be there."""
    key, seal = key_of(asked.intent), desk.state.seal
    known = desk.waiting.pop(key, None) or desk.looked.pop(key, None)
    repeats = known.repeats if known else 0
    desk.emit(ApprovalEnded(intent_id=asked.intent.intent_id, why=why, by=by, repeats=repeats, message_id=message_id))
    if asked.intent.strategy == BY:
        desk.attempts.pop(asked.intent.instrument, None)
    if why != "superseded" and asked.intent.action != "close" and seal is not None:
        desk.waiting[key] = Waiting(asked.intent.intent_id, until_ts=desk.now + seal.constitution.approval_life)


def key_of(intent: Intent) -> Key:
    return warrants.idea_of(intent.strategy, intent.instrument, intent)


def _covered(desk: Context, intent: Intent) -> tuple[str, ...]:
    """The digests of what would leave; for a cancel of the order that would be taken off."""
    if intent.action != "cancel":
        return tuple(order_digest(order) for order in releasing.orders_of(desk.state, intent))
    order = desk.state.find_order(intent.order_id or "") or desk.state.would.get(intent.order_id or "")
    return (order_digest(order.order),) if order is not None else ()


def _is_better(candidate: Candidate, asked: Asked) -> bool:
    """Another price by the constitution's step, while not everybody has answered yet."""
    seal = candidate.state.seal
    step = SUPERSEDE_NEVER if seal is None else seal.constitution.supersede_step_min
    return step < SUPERSEDE_NEVER and not asked.complete and abs(candidate.price - asked.intent.price) >= step
