"""Does the order fit the instrument, and its worst loss the cap per trade."""

from assent.desk.candidate import Candidate
from assent.desk.orders import RESTING
from assent.model.exits import Exits, on_the_right_sides
from assent.model.instruments import BinaryContract, price_fits
from assent.model.intents import Check


def order_form(candidate: Candidate) -> Check:
    """A price on the grid, a kind that the instrument knows, something to close or to cancel where that is asked."""
    return Check("order_form", _FORMS[candidate.proposal.action](candidate))


def risk_per_trade(candidate: Candidate) -> Check:
    if not candidate.opens:
        return Check("risk_per_trade", True)
    seal, loss = candidate.state.seal, candidate.worst_loss
    if seal is None or loss is None:
        return Check("risk_per_trade", False)
    if candidate.without_stop:
        # A loss is known only where the owner allowed a count of contracts in place of this cap: `unprotected`.
        return Check("risk_per_trade", True)
    limit = seal.constitution.risk_per_trade_max
    return Check("risk_per_trade", candidate.qty > 0 and loss <= limit, loss, limit)


def _fits_grid(candidate: Candidate) -> bool:
    market, proposal = candidate.market, candidate.proposal
    if market is None or not price_fits(market.instrument, proposal.price):
        return False
    if proposal.life_ns is not None and (proposal.life_ns <= 0 or proposal.time_in_force != "gtc"):
        return False
    if proposal.qty_max is not None and proposal.qty_max <= 0:
        return False
    # Family ties are the desk's to make: an order that calls itself a child would pass for risk already judged.
    if proposal.parent is not None or proposal.oca_group is not None or proposal.protective:
        return False
    if proposal.exits is not None and not _exits_fit(candidate, proposal.exits):
        return False
    if proposal.type in ("stop", "stop_limit") and not _is_price(candidate, proposal.stop_price):
        return False
    if proposal.post_only and proposal.time_in_force in ("ioc", "fok"):
        return False
    # The event exchanges know limit orders only.
    return type(market.instrument) is not BinaryContract or proposal.type == "limit"


def _exits_fit(candidate: Candidate, exits: Exits) -> bool:
    """Only an entry has exits, on the grid and on their own sides of the entry."""
    prices = [price for price in (exits.stop_price, exits.target_price) if price is not None]
    if not candidate.opens or not all(_is_price(candidate, price) for price in prices):
        return False
    return on_the_right_sides(exits, candidate.side, candidate.price)


def _is_price(candidate: Candidate, price: int | None) -> bool:
    return price is not None and candidate.market is not None and price_fits(candidate.market.instrument, price)


def _close_fits(candidate: Candidate) -> bool:
    return _fits_grid(candidate) and candidate.qty > 0


def _cancel_fits(candidate: Candidate) -> bool:
    order = candidate.state.orders.get(candidate.proposal.order_id or "")
    return order is not None and order.status in RESTING and order.intent.strategy == candidate.strategy


def _claim_fits(_candidate: Candidate) -> bool:
    """Venues that pay out by themselves leave nothing to claim; the others come with their adapter."""
    return False


_FORMS = {"open": _fits_grid, "close": _close_fits, "cancel": _cancel_fits, "claim": _claim_fits}
