"""Only what the owner listed. Leaving a market is always within scope."""

from assent.desk.candidate import Candidate
from assent.model.constitution import in_scope
from assent.model.intents import Check


def scope(candidate: Candidate) -> Check:
    if not candidate.opens:
        return Check("scope", True)
    seal, market = candidate.state.seal, candidate.market
    if seal is None or market is None:
        return Check("scope", False)
    instrument = market.instrument
    return Check("scope", in_scope(seal.constitution, instrument.id, instrument.event, instrument.series))
