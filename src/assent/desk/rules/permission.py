"""May anything of this kind be released at all: the mode, the level, the strategy's own standing."""

from typing import get_args

from assent.desk.candidate import Candidate
from assent.model.intents import Action, Check
from assent.model.levels import ALLOWED

# Modes that have an order path bound. Observe has none, so nothing may be released in it.
RELEASING_MODES = frozenset(("paper", "dry-run", "live"))
# The strictest level that still allows an action: the limit that a check shows.
STRICTEST = {action: max(int(level) for level in ALLOWED if action in ALLOWED[level]) for action in get_args(Action)}


def mode(candidate: Candidate) -> Check:
    seal = candidate.state.seal
    return Check("mode", seal is not None and seal.mode in RELEASING_MODES)


def level(candidate: Candidate) -> Check:
    current = candidate.state.level
    action = candidate.proposal.action
    return Check("level", action in ALLOWED[current], int(current), STRICTEST[action])


def books_matched(candidate: Candidate) -> Check:
    """Nothing opens after a start before our books and the venue's have been found equal."""
    if not candidate.opens:
        return Check("books_matched", True)
    state = candidate.state
    return Check("books_matched", state.matched_seq > state.started_seq)


def strategy_stopped(candidate: Candidate) -> Check:
    return Check("strategy_stopped", candidate.strategy not in candidate.state.stopped)
