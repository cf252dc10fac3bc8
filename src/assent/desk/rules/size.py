"""Does the order fit the instrument, and its worst loss the cap per trade."""

from assent.desk import exposure
from assent.desk.candidate import Candidate
from assent.desk.orders import RESTING, WOULD_REST
from assent.model.exits import Exits, on_the_right_sides
from assent.model.instruments import BinaryContract, price_fits
from assent.model.intents import Check

# What is at the venue, may be, or in observe would be.
CANCELLABLE = RESTING | {WOULD_REST}


def order_form(candidate: Candidate) -> Check:
    """A price on the grid, a kind that the instrument knows, something to close or to cancel where that is asked."""
    return Check("order_form", _FORMS[candidate.proposal.action](candidate))


def risk_per_trade(candidate: Candidate) -> Check:
    if not candidate.opens:
        return Check("risk_per_trade", True)
    loss, limit = candidate.worst_loss, candidate.risk_cap
    if candidate.state.seal is None or loss is None or limit is None:
        return Check("risk_per_trade", False)
    # Where another cap left no size, that cap's own rule refuses.
    sized = candidate.qty > 0 or candidate.cut != ""
    return Check("risk_per_trade", sized and loss <= limit, loss, limit)


def order_qty(candidate: Candidate) -> Check:
    if not candidate.opens:
        return Check("order_qty", True)
    seal, market = candidate.state.seal, candidate.market
    if seal is None or market is None:
        return Check("order_qty", False)
    limit, judged = seal.constitution.order_qty_max, candidate.qty or market.instrument.quantities.least
    return Check("order_qty", candidate.cut != "order_qty" and judged <= limit, judged, limit)


def order_notional(candidate: Candidate) -> Check:
    if not candidate.opens:
        return Check("order_notional", True)
    seal, market = candidate.state.seal, candidate.market
    if seal is None or market is None:
        return Check("order_notional", False)
    judged = candidate.qty or market.instrument.quantities.least
    worth = exposure.notional(market.instrument, candidate.side, candidate.price, judged)
    limit = seal.constitution.order_notional_max
    return Check("order_notional", candidate.cut != "order_notional" and worth <= limit, worth, limit)


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
    """Only an entry has exits, on the grid, on their own sides of the entry, and not over before it begins."""
    market, ahead = candidate.market, exits.ahead_ns
    if market is None or not candidate.opens:
        return False
    for price in (exits.stop_price, exits.target_price):
        if price is not None and not price_fits(market.instrument, price):
            return False
    if ahead is not None and candidate.now >= market.instrument.close_ts - ahead:
        return False
    return on_the_right_sides(exits, candidate.side, candidate.price)


def _is_price(candidate: Candidate, price: int | None) -> bool:
    return price is not None and candidate.market is not None and price_fits(candidate.market.instrument, price)


def _close_fits(candidate: Candidate) -> bool:
    return _fits_grid(candidate) and candidate.qty > 0


def _cancel_fits(candidate: Candidate) -> bool:
    state, order_id = candidate.state, candidate.proposal.order_id or ""
    order = state.orders.get(order_id) or state.would.get(order_id)
    own = order is not None and order.status in CANCELLABLE and order.intent.strategy == candidate.strategy
    return own and order.order.instrument == candidate.proposal.instrument  # type: ignore[union-attr]


def _claim_fits(_candidate: Candidate) -> bool:
    """Venues that pay out by themselves leave nothing to claim; the others come with their adapter."""
    return False


def _open_fits(candidate: Candidate) -> bool:
    """An entry is not protective, and does not eat a position that a resting exit is already giving back."""
    if candidate.proposal.protective or not _fits_grid(candidate):
        return False
    state, name = candidate.state, candidate.proposal.instrument
    held = state.held(name)
    if held == 0 or (held > 0) == (candidate.side == "buy"):
        return True
    return not any(order.order.instrument == name and order.intent.action == "close" for order in state.orders.values())


_FORMS = {"open": _open_fits, "close": _close_fits, "cancel": _cancel_fits, "claim": _claim_fits}
