"""Buy what is worth more than it costs: expected value against the executable price after fees.

At each quote: when the estimate says that YES is worth at least `edge_min` more than the ask and its fee, propose to
buy at the ask; the same for NO at the bid. What is held is given back when the market pays `exit_edge` more than the
estimate, fee included; else it is kept to settlement. The displayed size is the most that is asked for.
"""

from assent.desk.strategy import Proposals, View
from assent.model.fees import fee_per_contract
from assent.model.inputs import QuoteSeen
from assent.model.intents import Proposal
from assent.model.orders import Side
from assent.model.units import HOUR, MICRO, MINUTE, SECOND
from assent.strategy.estimates import ESTIMATES, Estimate
from assent.strategy.options import Option, Options, filled

OPTIONS: tuple[Option, ...] = (
    Option(
        "estimate", "choice", 0, 0, "forecast", '"forecast"',
        "Where the probability comes from.", tuple(ESTIMATES),
    ),
    Option(
        "edge_min", "price", 0, MICRO, 30_000, '"0.03"',
        "Least expected gain per contract, after the fee, at which it proposes to open.",
    ),
    Option(
        "exit_edge", "price", 0, MICRO, 20_000, '"0.02"',
        "How much more than the estimate the market must pay, after the fee, to give a position back.",
    ),
    Option(
        "forecast_age_max", "duration", SECOND, 24 * HOUR, 20 * MINUTE, '"20m"',
        "Oldest forecast that it believes.",
    ),
)  # fmt: skip


class Threshold:
    """See the module's first lines."""

    def __init__(self, name: str, estimate: Estimate, *, edge_min: int, exit_edge: int) -> None:
        self.name = name
        self.estimate = estimate
        self.edge_min = edge_min
        self.exit_edge = exit_edge

    def on_quote(self, view: View, quote: QuoteSeen) -> Proposals:
        fair = self.estimate.probability_ppm(view, quote.instrument)
        if fair is None:
            return None
        held = view.held(quote.instrument)
        if held:
            return self._leave(view, quote, fair, held)
        return self._enter(view, quote, fair)

    def _enter(self, view: View, quote: QuoteSeen, fair: int) -> Proposals:
        name, ask, bid = quote.instrument, quote.ask, quote.bid
        if ask is not None and fair - ask >= self.edge_min + self._fee(view, name, ask):
            return self._propose(name, "buy", ask, quote.ask_qty, fair)
        if bid is not None and bid - fair >= self.edge_min + self._fee(view, name, bid):
            return self._propose(name, "sell", bid, quote.bid_qty, fair)
        return None

    def _leave(self, view: View, quote: QuoteSeen, fair: int, held: int) -> Proposals:
        side: Side = "sell" if held > 0 else "buy"
        price, shown = (quote.bid, quote.bid_qty) if held > 0 else (quote.ask, quote.ask_qty)
        # What is already on its way out would only be refused.
        if price is None or view.busy(quote.instrument):
            return None
        gain = price - fair if held > 0 else fair - price
        if gain - self._fee(view, quote.instrument, price) < self.exit_edge:
            return None
        return [
            Proposal(
                instrument=quote.instrument, action="close", side=side, price=price, fair=fair, qty_max=shown,
                reason="the market pays more than it is worth to us",
            )
        ]  # fmt: skip

    def _propose(self, name: str, side: Side, price: int, shown: int | None, fair: int) -> Proposals:
        return [
            Proposal(
                instrument=name, side=side, price=price, fair=fair, qty_max=shown,
                reason="worth more than it costs",
            )
        ]  # fmt: skip

    @staticmethod
    def _fee(view: View, name: str, price: int) -> int:
        instrument = view.instrument(name)
        return fee_per_contract(instrument.fees, price) if instrument else MICRO


def build(name: str, options: Options) -> Threshold:
    """A strategy from its checked options; what is missing takes its default."""
    chosen = filled(OPTIONS, options)
    estimate = ESTIMATES[str(chosen["estimate"])](int(chosen["forecast_age_max"]))
    return Threshold(name, estimate, edge_min=int(chosen["edge_min"]), exit_edge=int(chosen["exit_edge"]))
