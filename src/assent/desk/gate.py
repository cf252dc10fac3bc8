"""The gate: every rule in force runs on every idea, no short cut, and each leaves a check with its numbers.

The primary reason is the first rule that says no, in the order of the table. A rule that breaks says no.
"""

from typing import NamedTuple

from assent.desk.candidate import Candidate
from assent.desk.rules import RULES, in_force, with_halts, with_look
from assent.model.intents import Check


class Verdict(NamedTuple):
    """All checks, and the primary reason: None when every rule agreed."""

    checks: tuple[Check, ...]
    reason: str | None


def judge(candidate: Candidate) -> Verdict:
    """Run all rules in force over one candidate. Without a seal nothing is off."""
    state, seal = candidate.state, candidate.state.seal
    house = RULES if seal is None else in_force(seal.constitution, RULES)
    if seal is not None and state.halts:
        house = with_halts(house, state, RULES)
    if candidate.look is not None and seal is not None:
        house = with_look(house, seal.constitution)
    checks = []
    reason = None
    for code, rule in house:
        try:
            check = rule(candidate)
        except Exception:  # boundary: a guard that breaks must refuse, whatever broke it
            check = Check(code, False)
        if not check.ok and reason is None:
            reason = code
        checks.append(check)
    return Verdict(tuple(checks), reason)
