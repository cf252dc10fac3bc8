"""What a release rests on: whether people had to be asked, whether enough of them said yes to exactly these orders.

The fold asks here, so a ledger in which an order left without the assent that its constitution asks for does not fold;
and so does the permit, of what is about to leave.
"""

from typing import Final

from assent.desk.state import DESK, Asked, Grant, OrderState, State, Warrant
from assent.model import ids
from assent.model.assents import ApprovalEnded, ApprovalRequested, AssentDenied, AssentGiven
from assent.model.binding import terms_digest
from assent.model.constitution import Constitution
from assent.model.errors import InvariantBroken, require
from assent.model.facts import Fact, LedgerOpened
from assent.model.intents import Intent, Proposal
from assent.model.orders import DIFFERS, Order, order_digest
from assent.model.policy import AUTO_NEVER, people_needed, person_of

# Nobody had to be asked.
AUTONOMOUS: Final = "autonomous"
# An exit that nobody answered for as long as the constitution waits.
AUTO_EXIT: Final = "exits_auto_after"
# What a halt itself does to bring the position to safety; nobody is waited for then, even where approval is mandatory.
BY_HALT: Final = "halt_procedure"
PROCEDURES: Final = frozenset(("unprotected",))


def people_for(limits: Constitution, intent: Intent) -> int:
    """How many people must say yes before this intent may be carried out."""
    return people_needed(limits.approvals, intent.action, intent.worst_loss) if limits.approvals else 0


def may_go_alone(limits: Constitution, intent: Intent) -> bool:
    """Whether this exit is of the kind that may leave without an answer, once it has waited for long enough: the desk's
    own, which deals at once or not at all."""
    allowed = limits.exits_auto_after != AUTO_NEVER and not limits.approval_mandatory
    return allowed and intent.strategy == DESK and intent.action == "close" and intent.time_in_force == "ioc"


def idea_of(strategy: str, instrument: str, terms: Proposal | Intent) -> tuple[str, str, str, str]:
    """By what an idea is known again. To leave now, as the desk's own exits do, is another one than to rest at a price
    that a person named: neither a question about the one nor a no to it keeps the other from being asked about."""
    rests = strategy == DESK and terms.action == "close" and terms.time_in_force != "ioc"
    return strategy, instrument, f"{terms.action} at rest" if rests else terms.action, terms.side


def is_procedure(state: State, intent: Intent) -> bool:
    """Whether this leaves a position as a halt that stands asks for."""
    return intent.strategy == DESK and intent.action == "close" and not PROCEDURES.isdisjoint(state.halts)


def assent_of(state: State, intent: Intent) -> str:
    """By whose assent this intent is released now."""
    asked = state.asked.get(intent.intent_id)
    return AUTONOMOUS if asked is None else asked.terms


def stands(state: State, intent: Intent) -> bool:
    """Whether a release of this intent would still rest on what it was proposed under: people may have said yes under
    other limits, or nobody was asked where the limits in force ask somebody."""
    seal, asked = state.seal, state.asked.get(intent.intent_id)
    if seal is None:
        return False
    if asked is None:
        return not people_for(seal.constitution, intent)
    return asked.complete and terms_digest(seal, asked.orders) == asked.terms


def fault(seal: LedgerOpened, order: OrderState, digest: str) -> str | None:
    """Why an order with this digest is not the one that was released and assented to, or None.

    What would be sent must be what was released, to the last field: as the ledger says it, as it stands in memory, and
    under the id that is the name of just that."""
    if not digest == order.digest == order_digest(order.order) or order.order.order_id != _name(seal, order.order):
        return DIFFERS
    warrant = order.warrant
    if warrant is None:
        return None
    if digest not in warrant.orders or terms_digest(seal, warrant.orders) != warrant.terms:
        return "assent_changed"
    return None


def _name(seal: LedgerOpened, order: Order) -> str:
    """The id that belongs to these terms of this intent's attempt, and to no others."""
    return ids.client_order_id(
        seal.ledger_id, seal.venue, seal.account, order.intent_id, order.attempt,
        order.instrument, order.side, order.price, order.qty,
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------- for the fold


def requested(state: State, ts: int, fact: ApprovalRequested) -> None:
    intent, seal = state.proposed[fact.intent_id], state.seal
    require(fact.people > 0 and fact.intent_id not in state.asked, "asked_for_nothing", intent_id=fact.intent_id)
    whole = (
        seal is not None
        and fact.people == people_for(seal.constitution, intent)
        and fact.terms == terms_digest(seal, fact.orders)
        and fact.code == intent.code
        and fact.expires_ts <= ts + seal.constitution.approval_life
    )
    require(whole, "asked_for_something_else", intent_id=fact.intent_id, people=fact.people)
    state.asked[fact.intent_id] = Asked(
        intent, fact.code, fact.terms, fact.orders, fact.people, fact.price, ts, fact.expires_ts
    )


def given(state: State, ts: int, fact: AssentGiven) -> None:
    """Distinct permitted people, before the end, to exactly these terms, each answer once, with all that it takes."""
    seal, asked = state.seal, state.asked[fact.intent_id]
    valid = (
        seal is not None
        and ts < asked.expires_ts
        and fact.terms == asked.terms
        and not asked.complete
        and person_of(seal.constitution.approvers, fact.identity) == fact.person
        and all(grant.person != fact.person for grant in asked.grants)
        and fact.message_id not in state.archive.answers
        and (fact.factor or asked.intent.worst_loss < seal.constitution.second_factor_from)
    )
    require(valid, "assent_not_valid", intent_id=fact.intent_id, identity=fact.identity)
    asked.grants = (*asked.grants, Grant(fact.person, fact.identity, ts))
    state.archive.answers[fact.message_id] = fact.intent_id
    state.archive.note(fact)


def denied(state: State, ts: int, fact: AssentDenied) -> None:
    intent = state.asked[fact.intent_id].intent
    state.archive.denied[idea_of(intent.strategy, intent.instrument, intent)] = fact.intent_id, ts
    state.archive.answers[fact.message_id] = fact.intent_id
    over(state, fact.intent_id, "denied", fact)


def ended(state: State, _ts: int, fact: ApprovalEnded) -> None:
    if fact.message_id:
        state.archive.answers[fact.message_id] = fact.intent_id
    over(state, fact.intent_id, fact.why, fact)


def over(state: State, intent_id: str, how: str, fact: Fact) -> None:
    """Nobody is asked any more; whatever waited for it is over as well."""
    asked = state.asked.pop(intent_id, None)
    state.proposed.pop(intent_id, None)
    state.looks.pop(intent_id, None)
    if asked is not None:
        state.archive.asked[intent_id] = asked.code, how
        state.archive.note(fact)


def cancel_released(state: State, order_id: str, fact: Fact) -> None:
    """Whoever takes an order off the book, nobody need be asked about its cancel any more."""
    for asked in list(state.asked.values()):
        if asked.intent.action == "cancel" and asked.intent.order_id == order_id:
            over(state, asked.intent.intent_id, "released", fact)


def warrant_of(
    state: State, intent: Intent, *, digest: str, assent: str, parent: OrderState | None, fact: Fact
) -> Warrant | None:
    """What this release rests on; a release that rests on nothing breaks the ledger."""
    seal = state.seal
    if seal is None:
        raise InvariantBroken("released_before_the_seal", intent_id=intent.intent_id)
    if parent is not None:
        covered = parent.warrant is None or (digest in parent.warrant.orders and assent == parent.warrant.terms)
        require(covered, "released_without_assent", intent_id=intent.intent_id, assent=assent)
        return parent.warrant
    asked = state.asked.get(intent.intent_id)
    if asked is None:
        needed = people_for(seal.constitution, intent)
        alone = assent == AUTO_EXIT and may_go_alone(seal.constitution, intent)
        alone = alone or (assent == BY_HALT and is_procedure(state, intent))
        require(not needed or alone, "released_without_assent", intent_id=intent.intent_id, assent=assent)
        return None
    bound = assent == asked.terms == terms_digest(seal, asked.orders) and digest in asked.orders
    require(bound and asked.complete, "released_without_assent", intent_id=intent.intent_id, assent=assent)
    over(state, intent.intent_id, "released", fact)
    return Warrant(asked.terms, asked.orders, asked.grants)
