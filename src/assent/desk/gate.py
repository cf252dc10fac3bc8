"""The gate: every rule runs on every idea, no short cut, and each leaves a check with its numbers.

The primary reason is the first rule that says no, in the order of the table. A rule that breaks says no.
"""

from typing import NamedTuple

from assent.desk.candidate import Candidate
from assent.desk.rules import RULES
from assent.model.intents import Check


class Verdict(NamedTuple):
    """All checks, and the primary reason: None when every rule agreed."""

    checks: tuple[Check, ...]
    reason: str | None


def judge(candidate: Candidate) -> Verdict:
    """Run all rules over one candidate."""
    checks = []
    reason = None
    for code, rule in RULES:
        try:
            check = rule(candidate)
        except Exception:  # boundary: a guard that breaks must refuse, whatever broke it
            check = Check(code, False)
        if not check.ok and reason is None:
            reason = code
        checks.append(check)
    return Verdict(tuple(checks), reason)
