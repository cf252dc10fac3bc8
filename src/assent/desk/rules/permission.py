"""May anything of this kind be released at all: the mode, the level, the strategy's own standing."""

from assent.desk.candidate import Candidate
from assent.model.intents import Check
from assent.model.levels import ALLOWED

# Modes that have an order path bound. Observe has none, so nothing may be released in it.
RELEASING_MODES = frozenset(("paper", "dry-run", "live"))


def mode(candidate: Candidate) -> Check:
    seal = candidate.state.seal
    return Check("mode", seal is not None and seal.mode in RELEASING_MODES)


def level(candidate: Candidate) -> Check:
    current = candidate.state.level
    action = candidate.proposal.action
    strictest = max((at for at, allowed in ALLOWED.items() if action in allowed), default=None)
    return Check("level", action in ALLOWED[current], int(current), None if strictest is None else int(strictest))


def strategy_stopped(candidate: Candidate) -> Check:
    return Check("strategy_stopped", candidate.strategy not in candidate.state.stopped)
