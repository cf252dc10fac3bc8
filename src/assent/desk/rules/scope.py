"""Only what the owner listed. Leaving a market is always within scope."""

from assent.desk.candidate import Candidate
from assent.model.intents import Check


def scope(candidate: Candidate) -> Check:
    if not candidate.opens:
        return Check("scope", True)
    if candidate.market is None:
        return Check("scope", False)
    instrument = candidate.market.instrument
    return Check("scope", candidate.state.tradable(instrument.id, instrument.event, instrument.series))
