"""May anything of this kind be released at all: the kill switch, the mode, the level, the strategy's own standing."""

from typing import get_args

from assent.desk import halts
from assent.desk.candidate import Candidate
from assent.model.inputs import Mode
from assent.model.intents import Action, Check
from assent.model.levels import ALLOWED

# In observe as well: what comes of an idea there is a would-be order, which no code can send.
MODES = frozenset(get_args(Mode))
# The strictest level that still allows an action: the limit that a check shows.
STRICTEST = {action: max(int(level) for level in ALLOWED if action in ALLOWED[level]) for action in get_args(Action)}


def mode(candidate: Candidate) -> Check:
    seal = candidate.state.seal
    return Check("mode", seal is not None and seal.mode in MODES)


def kill_switch(candidate: Candidate) -> Check:
    return _halted("kill_switch_guard", candidate)


def level(candidate: Candidate) -> Check:
    """All halts but those that have a rule of their own to say no for them."""
    return _halted("level", candidate)


def books_matched(candidate: Candidate) -> Check:
    """Nothing opens after a start before our books and the venue's have been found equal."""
    if not candidate.opens:
        return Check("books_matched", True)
    state = candidate.state
    return Check("books_matched", state.matched_seq > state.started_seq)


def hold(candidate: Candidate) -> Check:
    """A strategy that says HOLD wants its idea on the record, not at the venue. Leaving is never held."""
    return Check("hold", not (candidate.opens and candidate.proposal.hold))


def _halted(code: str, candidate: Candidate) -> Check:
    current, action = halts.spoken_for(candidate.state, code, candidate.now), candidate.proposal.action
    return Check(code, action in ALLOWED[current], int(current), STRICTEST[action])


def strategy_stopped(candidate: Candidate) -> Check:
    return Check("strategy_stopped", candidate.strategy not in candidate.state.stopped)
