"""What the strategies propose at one cycle of the clock: heard together, ranked together, judged one after the other.

Each strategy is asked before any idea is judged, so all of them saw the same desk. What reduces comes before what
opens: cancels, then closes, then claims. Within each, the idea with the largest |edge| x confidence comes first, then
the one with the larger edge, then by a key made of what the idea is and of its cycle: never by the order in which
strategies are listed or say things. An edge that is not known counts as none. So does a confidence that is not stated,
and none counts for more than certainty: nobody gets ahead by leaving it out, or by shouting. The rules then see each
idea in the light of those before it, so when a cap is used up the rest is refused with that cap's code.
"""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from assent.desk import proposing
from assent.desk.context import Context
from assent.model import ids
from assent.model.decisions import Decision, decision_fault
from assent.model.facts import DecisionRecorded
from assent.model.intents import Proposal
from assent.model.units import MICRO

TURN = {"cancel": 0, "close": 1, "claim": 2, "open": 3}
# A strategy that wants each cycle on the record, and neither gave a reason nor proposed anything.
NOTHING_PROPOSED = "nothing_proposed"

_encoder = msgspec.json.Encoder()


class Idea(NamedTuple):
    """One proposal, and whose it is."""

    strategy: str
    proposal: Proposal


class Judged(NamedTuple):
    """What became of an idea: the reason it was refused for, or None."""

    idea: Idea
    reason: str | None


def cycle(desk: Context) -> None:
    """Ask every strategy that has cycles; judge what they propose, best first; record the decisions asked for."""
    said: dict[str, Decision] = {}
    for index, name, method in desk.hooks["on_cycle"]:
        desk.cell.value = index
        try:
            answer = method(desk.view)
        except BaseException as error:  # boundary: its owner's code may raise anything; see `a_fault`
            proposing.a_fault(error)
            proposing.stop(desk, name, "strategy_exception", error)
            continue
        heard = _heard(desk, name, answer)
        if heard is not None:
            said[name] = heard
    ideas = [Idea(name, proposal) for name, decision in said.items() for proposal in decision.proposals]
    judged = [Judged(idea, proposing.consider(desk, *idea)) for idea in ranked(desk, ideas)]
    for name in sorted(said):
        if name in desk.record_keepers:
            _record(desk, name, said[name], [one for one in judged if one.idea.strategy == name])


def ranked(desk: Context, ideas: list[Idea]) -> list[Idea]:
    """The ideas of one cycle in the order in which they are judged."""
    return sorted(ideas, key=lambda idea: _place(desk, idea)) if len(ideas) > 1 else ideas


def _place(desk: Context, idea: Idea) -> tuple[int, int, int, str]:
    candidate = proposing.candidate_of(desk, idea.strategy, idea.proposal)
    edge = abs(candidate.edge or 0)
    confidence = min(MICRO, max(0, candidate.score("confidence") or 0))
    seal = desk.state.seal
    key = ids.idea_key(
        seal.ledger_id if seal else "", idea.strategy, desk.now, _encoder.encode(idea.proposal).decode()
    )  # fmt: skip
    return TURN[idea.proposal.action], -edge * confidence, -edge, key


def _heard(desk: Context, strategy: str, answer: Decision | Iterable[object] | None) -> Decision | None:
    """What a strategy said, as a decision; None, and the strategy stopped, when any part of it is nonsense."""
    # Exactly this type: a subclass of its owner's would run his code wherever the desk reads a field.
    if type(answer) is Decision:
        decision, proposals = answer, answer.proposals
    else:
        decision, proposals = Decision(), () if answer is None else answer  # type: ignore[assignment]
    pairs = proposing.drawn(desk, strategy, proposals)
    if pairs is None:
        return None
    fault = decision_fault(decision) or next((one for _, one in pairs if one), None)
    if fault:
        proposing.stop(desk, strategy, "strategy_nonsense", fault)
        return None
    return Decision(decision.reason, decision.scores, tuple(proposal for proposal, _ in pairs))


def _record(desk: Context, strategy: str, said: Decision, judged: list[Judged]) -> None:
    """A trade is an order that was released. Without one, the first refusal is the reason; else what was said."""
    released = next((one for one in judged if one.reason is None and one.idea.proposal.action != "cancel"), None)
    refused = next((one for one in judged if one.reason is not None), None)
    shown = released or refused
    if released is not None:
        reason = said.reason or released.idea.proposal.reason
    elif refused is not None:
        reason = refused.reason or ""
    else:
        reason = said.reason or NOTHING_PROPOSED
    scores = said.scores or (shown.idea.proposal.scores if shown is not None else ())
    desk.emit(
        DecisionRecorded(
            strategy=strategy,
            decision="TRADE" if released is not None else "NO_TRADE",
            reason=reason,
            scores=tuple((score.name, score.ppm) for score in scores),
        )
    )
