"""An idea on its way through the gate: the proposal, what the desk measured for it, and the size it was cut to."""

from assent.desk import brackets, exposure, futures, sizing
from assent.desk.market import Market
from assent.desk.state import Look, State
from assent.model import ids
from assent.model.constitution import Constitution
from assent.model.fees import fee_estimate, fee_worst
from assent.model.instruments import Future, Instrument, price_fits
from assent.model.intents import Intent, Proposal, QuoteTaken
from assent.model.orders import Side
from assent.model.units import MICRO, mul_down, share_down, share_up


class Candidate:
    """Everything that a rule may read. Built once per idea; an `Intent` is made of it only when it is recorded."""

    __slots__ = (
        "cut",
        "edge",
        "fee",
        "look",
        "market",
        "now",
        "oca_group",
        "opens",
        "price",
        "proposal",
        "qty",
        "quote",
        "risk_cap",
        "side",
        "state",
        "strategy",
        "without_stop",
        "worst_loss",
    )

    def __init__(
        self,
        *,
        state: State,
        now: int,
        strategy: str,
        proposal: Proposal,
        market: Market | None,
        quote: QuoteTaken | None,
        look: Look | None = None,
    ) -> None:
        self.state = state
        self.now = now
        self.strategy = strategy
        self.proposal = proposal
        self.market = market
        self.quote = quote
        # At a last look the size is what was assented to: nothing is cut, each cap's own rule says no.
        self.look = look
        self.opens = proposal.action == "open"
        self.side: Side = proposal.side
        self.price = proposal.price
        self.qty = 0
        self.risk_cap: int | None = None
        # The rule whose cap left no allowed size, where it is not the risk per trade.
        self.cut = ""
        self.fee = 0
        self.worst_loss: int | None = None
        self.edge: int | None = None
        self.oca_group = proposal.oca_group
        # A future that nothing bounds: judged by a count of contracts instead.
        self.without_stop = False
        if market is not None and price_fits(market.instrument, self.price):
            _SIZERS[proposal.action](self)

    def score(self, name: str) -> int | None:
        """A score of the proposal; of several by one name the lowest, since the others may be mistakes."""
        return min((score.ppm for score in self.proposal.scores if score.name == name), default=None)

    def intent(self, ledger_id: str) -> Intent:
        """The recorded form, named by the next decision number."""
        proposal = self.proposal
        decision = self.state.decisions + 1
        intent_id = ids.intent_id(ledger_id, self.strategy, proposal.instrument, self.side, decision)
        return Intent(
            intent_id=intent_id,
            code=ids.human_code(intent_id),
            strategy=self.strategy,
            decision=decision,
            action=proposal.action,
            instrument=proposal.instrument,
            side=self.side,
            type=proposal.type,
            price=self.price,
            qty=self.qty,
            time_in_force=proposal.time_in_force,
            fee=self.fee,
            worst_loss=self.worst_loss or 0,
            fair=proposal.fair,
            edge=self.edge,
            stop_price=proposal.stop_price,
            post_only=proposal.post_only,
            expires_ts=None if (life := self._life()) is None else self.now + life,
            order_id=proposal.order_id,
            parent=proposal.parent,
            oca_group=self.oca_group,
            protective=proposal.protective,
            exits=proposal.exits,
            scores=proposal.scores,
            reason=proposal.reason,
        )

    def _life(self) -> int | None:
        """How long it may rest: what opens never longer than this run allows."""
        life, belts = self.proposal.life_ns, self.state.belts
        if belts is None or belts.order_life_max is None or not self.opens or self.proposal.time_in_force != "gtc":
            return life
        return belts.order_life_max if life is None else min(life, belts.order_life_max)


def _size_open(candidate: Candidate) -> None:
    proposal, market = candidate.proposal, candidate.market
    seal = candidate.state.seal
    if market is None or seal is None:
        return
    instrument = market.instrument
    stop_price = proposal.exits.stop_price if proposal.exits else None
    if type(instrument) is Future and stop_price is None:
        _size_without_stop(candidate, instrument, seal.constitution)
        return
    candidate.risk_cap = sizing.risk_cap(
        seal.constitution, candidate.state, instrument, side=candidate.side, price=candidate.price, fair=proposal.fair
    )
    if candidate.look is not None:
        candidate.qty = candidate.look.intent.qty
    else:
        candidate.qty = sizing.fixed_risk(
            instrument,
            side=candidate.side,
            price=candidate.price,
            stop_price=stop_price,
            cap=candidate.risk_cap,
            qty_max=proposal.qty_max,
        )
        if candidate.qty:
            _cut_to_order_caps(candidate, instrument, seal.constitution)
    # The numbers of the smallest size explain a refusal for lack of any that fits.
    judged = candidate.qty or instrument.quantities.least
    candidate.fee = fee_worst(instrument, candidate.side, candidate.price, judged)
    candidate.worst_loss = exposure.entry_loss(
        instrument, side=candidate.side, price=candidate.price, qty=judged, stop_price=stop_price
    )
    candidate.edge = edge_at(candidate, instrument, candidate.price, judged)


def _size_without_stop(candidate: Candidate, instrument: Future, limits: Constitution) -> None:
    """As many contracts as the owner allows without a stop; where none are allowed, nothing bounds the loss.

    The count stands in place of the amount per trade. What else caps a trade still does, on the whole notional.
    """
    state, side, price, fair = candidate.state, candidate.side, candidate.price, candidate.proposal.fair
    candidate.without_stop = True
    candidate.risk_cap = sizing.relative_cap(limits, state, instrument, side=side, price=price, fair=fair)
    if candidate.look is not None:
        candidate.qty = candidate.look.intent.qty
    else:
        _cut_to_room(candidate, instrument, limits)
    judged = candidate.qty or instrument.quantities.least
    candidate.fee = fee_worst(instrument, side, price, judged)
    if limits.unprotected_contracts_max:
        candidate.worst_loss = futures.loss_without_stop(state, instrument, side=side, price=price, qty=judged)
    candidate.edge = edge_at(candidate, instrument, candidate.price, judged)


def _cut_to_room(candidate: Candidate, instrument: Future, limits: Constitution) -> None:
    state, side = candidate.state, candidate.side
    candidate.qty = futures.room_without_stop(state, instrument, side=side, qty_max=candidate.proposal.qty_max)
    if candidate.qty:
        _cut_to_order_caps(candidate, instrument, limits)
    elif limits.unprotected_contracts_max and not futures.room_without_stop(state, instrument, side=side, qty_max=None):
        candidate.cut = "stop_missing"


def edge_at(candidate: Candidate, instrument: Instrument, price: int, judged: int) -> int | None:
    """Money that one contract promises at this price, after the fee to get in."""
    fair = candidate.proposal.fair
    if fair is None:
        return None
    gain = fair - price if candidate.side == "buy" else price - fair
    if type(instrument) is Future:
        gain = mul_down(gain, instrument.multiplier)
    expected = fee_estimate(instrument, candidate.side, price, judged)
    return gain - share_up(expected, judged, MICRO)


def _cut_to_order_caps(candidate: Candidate, instrument: Instrument, constitution: Constitution) -> None:
    """Down to what one order may hold and be worth; the cap that leaves nothing says so."""
    qty, price = candidate.qty, candidate.price
    if qty > constitution.order_qty_max:
        qty = instrument.quantities.down(constitution.order_qty_max)
        candidate.cut = "" if qty else "order_qty"
    if qty and exposure.notional(instrument, candidate.side, price, qty) > constitution.order_notional_max:
        unit = exposure.notional(instrument, candidate.side, price, MICRO)
        qty = instrument.quantities.down(share_down(MICRO, unit, constitution.order_notional_max))
        candidate.cut = "" if qty else "order_notional"
    candidate.qty = qty


def _size_close(candidate: Candidate) -> None:
    """Give back what is held and not already on its way out; the proposal may ask for less."""
    proposal, market = candidate.proposal, candidate.market
    if market is None:
        return
    held = candidate.state.held(proposal.instrument)
    if held == 0 or (held > 0) == (candidate.side == "buy"):
        return
    leaving = sum(
        order.open_qty
        for order in candidate.state.orders.values()
        if order.order.instrument == proposal.instrument
        and order.order.side == candidate.side
        and order.order.parent is None
    )
    wanted = max(0, abs(held) - leaving)
    if proposal.qty_max is not None:
        wanted = min(wanted, proposal.qty_max)
    candidate.qty = market.instrument.quantities.down(wanted)
    if candidate.qty:
        candidate.fee = fee_worst(market.instrument, candidate.side, candidate.price, candidate.qty)
    candidate.worst_loss = candidate.fee
    # The legs of a bracket give way to this order, contract for contract.
    candidate.oca_group = brackets.group(candidate.state, proposal.instrument)


def _size_nothing(candidate: Candidate) -> None:
    """Cancels and claims move no quantity of their own."""
    candidate.worst_loss = 0


_SIZERS = {"open": _size_open, "close": _size_close, "cancel": _size_nothing, "claim": _size_nothing}
