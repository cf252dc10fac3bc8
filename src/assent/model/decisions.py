"""What a strategy decided in one cycle, when it wants that on the record, trade or no trade."""

import msgspec

from assent.model.intents import Proposal, Score, is_text, scores_fault
from assent.model.text import shown


class Decision(msgspec.Struct, frozen=True, gc=False):
    """An answer of `on_cycle` that says more than its proposals: why, and how the strategy's own scores stood."""

    reason: str = ""
    scores: tuple[Score, ...] = ()
    proposals: tuple[Proposal, ...] = ()


def decision_fault(decision: Decision) -> str | None:
    """Why this decision cannot be recorded, or None. Its proposals are judged one by one, as any others."""
    if not is_text(decision.reason):
        return f"a decision's reason is {shown(decision.reason, 60)}, not printable text"
    return scores_fault(decision.scores)
