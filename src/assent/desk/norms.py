"""How wide each market usually is: the median of one spread a cycle. Soft, so its absence refuses.

Only counted while a limit asks for it; after a start it takes some cycles until a norm is known.
"""

from assent.desk.context import Context
from assent.desk.market import Market
from assent.model.constitution import in_use

SAMPLES_LEAST = 12
SAMPLES_MOST = 100


def sample(desk: Context) -> None:
    """Note the spread of every market that has one now."""
    seal = desk.state.seal
    if seal is None or not in_use(seal.constitution, ("spread_ratio_max",)):
        return
    for market in desk.markets.values():
        quote = market.quote
        if quote is not None and quote.bid is not None and quote.ask is not None:
            market.spreads.append(quote.ask - quote.bid)
            del market.spreads[:-SAMPLES_MOST]


def normal_spread(market: Market) -> int | None:
    """The lower median, so that a tie is judged strictly; None while too few cycles were seen."""
    seen = market.spreads
    return sorted(seen)[(len(seen) - 1) // 2] if len(seen) >= SAMPLES_LEAST else None
