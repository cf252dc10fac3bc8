"""The constitution in force: how a recorded fact changes it, and why one may not.

The first record seals a constitution. A later one comes into force by a `ConstitutionChanged` and by nothing else: a
start may only tighten, anything looser needs a named person whose books match. The fold checks that again, so a
ledger in which limits loosen without a person does not fold. What it checks must hold for all time: a digest is of
bytes that an older version wrote, so it is compared and never worked out anew.
"""

import msgspec

from assent.desk.state import OrderState, State
from assent.model.change import BY_A_START, changes_between, verdict_of
from assent.model.errors import InvariantBroken, require
from assent.model.facts import ConstitutionChanged

# The mode in which nothing is ever released.
OBSERVE = "observe"
LOOSER = "a start may only tighten the limits; to loosen one takes a named person"


def constitution_changed(state: State, _ts: int, fact: ConstitutionChanged) -> None:
    """Put the new limits into force, if this fact follows from the limits before it."""
    seal = state.seal
    if seal is None:
        raise InvariantBroken("constitution_changed_before_the_seal", digest=fact.digest)
    require(fact.old_digest == seal.constitution_digest, "constitution_changed_from_another", old=fact.old_digest)
    changes = changes_between(seal.constitution, fact.constitution)
    named = fact.how == "amendment" and fact.by.strip() and fact.reason.strip()
    require(named or verdict_of(changes) in BY_A_START, "loosened_by_nobody", digest=fact.digest)
    state.seal = msgspec.structs.replace(seal, constitution=fact.constitution, constitution_digest=fact.digest)
    if any(change.becomes == "tighter" for change in changes):
        state.tightened_seq = state.seq


def amendment_obstacle(state: State, *, instead_of: str, by: str, reason: str, matched: bool) -> str | None:
    """Why this person may not change the limits now, or None: as for ending a halt, the books must be in order.

    `matched`: this process has found them equal itself, not only one before it.
    """
    if not by.strip() or not reason.strip():
        return "an amendment needs the name of a person and a reason"
    if state.seal is None or state.seal.constitution_digest != instead_of:
        return "the limits in force are not those that were shown; look at the difference again"
    open_ended = [order.order.order_id for order in state.orders.values() if order.status in ("released", "unknown")]
    if open_ended:
        return f"nobody knows yet what became of order {open_ended[0]}; it must be resolved first"
    if state.unmatched or not matched:
        return "our books have not been found equal to the venue's"
    return None


def outdated(state: State, order: OrderState) -> bool:
    """Whether it was released to open something before the limits were last tightened."""
    return order.intent.action == "open" and order.released_seq < state.tightened_seq
