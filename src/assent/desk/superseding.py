"""A better idea in place of an order of one's own that still rests: taken off first, and never two at once.

A strategy has one order at a time to open in a market. When it proposes another on the same side, the resting one
gives way only if the constitution names a step and asks nobody about a strategy's cancels, the prices differ by at
least that step, and every rule would agree if the resting order were gone. Then that order's cancel is released and
nothing else: the new idea is refused, as it would be anyway, and the strategy proposes it again once the venue has said
that nothing of the old one rests.
"""

import copy

from assent.desk.candidate import Candidate
from assent.desk.gate import Verdict, judge
from assent.desk.orders import may_ask_cancel
from assent.desk.state import OrderState, State
from assent.model.constitution import SUPERSEDE_NEVER
from assent.model.policy import people_needed


def replaced(candidate: Candidate, verdict: Verdict) -> OrderState | None:
    """The resting order that this refused idea may take off the book, or None."""
    seal, proposal = candidate.state.seal, candidate.proposal
    if seal is None or not candidate.opens or seal.constitution.supersede_step_min >= SUPERSEDE_NEVER:
        return None
    if people_needed(seal.constitution.approvals, "cancel", 0):
        return None  # it would be a cancel of the strategy's own that nobody was asked about
    if all(check.ok or check.rule != "one_open_intent" for check in verdict.checks):
        return None
    older = _resting(candidate)
    if older is None or abs(older.order.price - proposal.price) < seal.constitution.supersede_step_min:
        return None
    idea = Candidate(
        state=_without(candidate.state, older), now=candidate.now, strategy=candidate.strategy, proposal=proposal,
        market=candidate.market, quote=candidate.quote,
    )  # fmt: skip
    return older if judge(idea).reason is None else None


def _resting(candidate: Candidate) -> OrderState | None:
    """The strategy's one opening order in this market, if it rests on this side and no cancel of it is on its way."""
    own = [
        order
        for order in candidate.state.orders.values()
        if order.order.instrument == candidate.proposal.instrument
        and order.intent.strategy == candidate.strategy
        and order.intent.action == "open"
        and order.order.parent is None
    ]
    if len(own) != 1 or own[0].order.side != candidate.side or own[0].status != "working":
        return None
    return own[0] if may_ask_cancel(own[0], candidate.now) else None


def _without(state: State, gone: OrderState) -> State:
    """The state as it would be without this order, and without the legs of its bracket unless some of it has filled:
    to judge by, never to fold into."""
    other, parent = copy.copy(state), None if gone.filled else gone.order.order_id
    other.orders = {
        name: order
        for name, order in state.orders.items()
        if order is not gone and (parent is None or order.order.parent != parent)
    }
    return other
