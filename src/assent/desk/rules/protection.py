"""Is a future protected as it must be: by a stop, or by a count of contracts in its place; by one bracket at a time."""

from assent.desk import brackets, futures
from assent.desk.candidate import Candidate
from assent.model.instruments import Future
from assent.model.intents import Check
from assent.model.units import MICRO


def stop_missing(candidate: Candidate) -> Check:
    """Counts the contracts that would stand without a stop when everything on its way has filled."""
    seal, market = candidate.state.seal, candidate.market
    if not candidate.without_stop or seal is None or market is None:
        return Check("stop_missing", True)
    limit = seal.constitution.unprotected_contracts_max * MICRO
    standing = futures.standing(candidate.state, market.instrument.id, candidate.side)
    measured = standing + (candidate.qty or market.instrument.quantities.least)
    return Check("stop_missing", candidate.cut != "stop_missing" and measured <= limit, measured, limit)


def one_bracket(candidate: Candidate) -> Check:
    """While legs of a bracket stand, one more entry would make them leave more or less than what is held."""
    market, state = candidate.market, candidate.state
    if not candidate.opens or market is None or type(market.instrument) is not Future:
        return Check("one_bracket", True)
    standing = len(brackets.legs(state, market.instrument.id))
    held = state.held(market.instrument.id)
    turns = candidate.proposal.exits is not None and held != 0 and (held > 0) != (candidate.side == "buy")
    return Check("one_bracket", standing == 0 and not turns, standing + turns, 0)
