"""Is what we know good enough to act on: an open market, a proven quote, an edge that survives the fees."""

from assent.desk.candidate import Candidate
from assent.model.intents import Check
from assent.model.units import MICRO


def market_open(candidate: Candidate) -> Check:
    if candidate.proposal.action == "cancel":
        return Check("market_open", True)
    market = candidate.market
    if market is None or candidate.proposal.instrument in candidate.state.archive.outcomes:
        return Check("market_open", False)
    return Check("market_open", market.phase == "open" and candidate.now < market.instrument.close_ts)


def quote_proof(candidate: Candidate) -> Check:
    """Age counts from our own clock, and from the last proof that the quote still stands."""
    if candidate.proposal.action in ("cancel", "claim"):
        return Check("quote_proof", True)
    seal, quote = candidate.state.seal, candidate.quote
    if seal is None or quote is None:
        return Check("quote_proof", False)
    age = candidate.now - quote.proven_ts
    limit = seal.constitution.quote_proof_age_max
    return Check("quote_proof", 0 <= age <= limit, age, limit)


def edge(candidate: Candidate) -> Check:
    if not candidate.opens:
        return Check("edge", True)
    seal = candidate.state.seal
    if seal is None or candidate.edge is None:
        return Check("edge", False)
    limit = seal.constitution.edge_min
    return Check("edge", candidate.edge >= limit, candidate.edge, limit)


def confidence(candidate: Candidate) -> Check:
    if not candidate.opens:
        return Check("confidence", True)
    seal = candidate.state.seal
    if seal is None:
        return Check("confidence", False)
    measured, limit = candidate.score("confidence"), seal.constitution.confidence_min
    return Check("confidence", measured is not None and limit <= measured <= MICRO, measured, limit)


def scores(candidate: Candidate) -> Check:
    """The first score that is missing or too low is shown; else the last that was asked for."""
    seal = candidate.state.seal
    if not candidate.opens:
        return Check("scores", True)
    if seal is None:
        return Check("scores", False)
    measured, limit = None, None
    for asked in seal.constitution.scores_min:
        measured, limit = candidate.score(asked.name), asked.ppm
        if measured is None or not limit <= measured <= MICRO:
            return Check("scores", False, measured, limit)
    return Check("scores", True, measured, limit)
