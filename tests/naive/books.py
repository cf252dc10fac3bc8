"""One account, read from its ledger's facts alone: lists of what happened, and sums over them.

It keeps two drawers per market, one for YES and one for NO, a list of releases, of marks, of transfers. It knows the
documents, not the desk: nothing here may import `assent.desk`, nor the helpers for rounding and fees.
"""

from copy import copy
from itertools import product
from typing import Any, NamedTuple

from tests.naive.arithmetic import ONE, cost_of, down, due, late_due, most_fee, up, worth_of

HOUR = 3_600 * 10**9
DAY = 24 * HOUR
CANCEL_AGAIN = 60 * 10**9


class Drawer:
    """Contracts of one side of one market, and what was paid for them."""

    def __init__(self) -> None:
        self.qty = 0
        self.paid = 0


class Placed:
    """One order: what was asked, the most it may cost in fees, and what became of it."""

    def __init__(self, intent: Any, terms: Any, fee: int) -> None:
        self.intent, self.terms, self.fee = intent, terms, fee
        self.filled = 0
        # What the venue says was ever filled, once it says that nothing rests.
        self.total: int | None = None
        self.over = self.odd = self.denied = False
        # What corrections took back: the venue's count of what was ever filled still holds it.
        self.busted = 0
        # Its market has ended: nothing of it rests, but what was filled before may still be told.
        self.outlived = False
        # Whether the venue is known to have it, or nobody knows; how the last cancel of it stands, since when.
        self.known = self.lost = False
        self.cancel, self.cancel_ts = "", 0
        # A person has asked for a cancel while it was being sent.
        self.wanted_off = False

    @property
    def rest(self) -> int:
        """What may still fill. An order that lives on after its end is odd, and counts again."""
        if self.over and not self.odd:
            return 0
        return max(0, (self.terms.qty if self.total is None else self.total - self.busted) - self.filled)

    @property
    def rest_fee(self) -> int:
        """The most that the fees of its rest can be."""
        return up(self.fee * self.rest, self.terms.qty)

    @property
    def may_be_cancelled(self) -> bool:
        """On the venue's book, or perhaps on its way to it."""
        return self.rest > 0 and self.total is None and not self.odd and not (self.known and self.outlived)

    @property
    def status(self) -> str:
        """What an order is called while something of it may still fill."""
        if self.odd or self.total is not None:
            return "quarantined" if self.odd else "closing"
        if self.known:
            return "closing" if self.outlived else "working"
        return "unknown" if self.lost else "released"

    def may_ask_cancel(self, now: int) -> bool:
        """Not while an answer is awaited; a minute after the venue refused."""
        return self.cancel != "asked" and (self.cancel != "refused" or now - self.cancel_ts >= CANCEL_AGAIN)

    def look(self) -> None:
        if not self.odd:
            self.over = self.over or self.filled >= self.terms.qty
            self.over = self.over or (self.total is not None and self.filled + self.busted >= self.total)

    def told_rest(self, filled: int, remaining: int) -> None:
        self.known = True
        if remaining == 0 and (self.odd or not self.over):
            self.total = max(filled, self.filled + self.busted)
        self.look()


class Nobodys:
    """What stands behind an order that was found at the venue: no idea, and the desk answers for it."""

    action, strategy = "open", "desk"


class Looked(NamedTuple):
    """Since when an intent waits for its last look, and at which price there was somebody to deal with before."""

    ts: int
    price: int | None


class Question(NamedTuple):
    """What people are asked: under which code, to which terms and orders, how many of them, since when and until when;
    and who has said yes so far."""

    code: str
    terms: str
    orders: tuple[str, ...]
    people: int
    price: int | None
    ts: int
    expires_ts: int
    yes: list[str]

    @property
    def enough(self) -> bool:
        return len(self.yes) >= self.people


class Halt(NamedTuple):
    """How strict it is, who ends it, since when, after how many records, and until when a person has set it aside."""

    level: int
    reset: str
    ts: int
    place: int
    aside_until: int = 0


class Books:
    """See the module's first lines. `read` takes one record; everything else only looks."""

    def __init__(self) -> None:
        self.count = 0
        # What is sealed, its mode, and the limits in force with their digest.
        self.seal: Any = None
        self.mode = self.limits_digest = ""
        self.limits: Any = None
        # Questions that stand, those that are over (intent, code, how), the answers that were taken, and the last no to
        # each idea.
        self.asked: dict[str, Question] = {}
        self.answered: list[tuple[str, str, str]] = []
        self.taken: set[str] = set()
        self.noes: dict[tuple[str, ...], int] = {}
        self.started = self.matched = self.differed = self.started_ts = 0
        self.shown: Any = None
        self.listed: dict[str, Any] = {}
        # In what each market ended, by a word of when, and the signed quantity that was paid out.
        self.ended: dict[str, int] = {}
        self.ended_ts: dict[str, int] = {}
        self.paid_out: dict[str, int] = {}
        self.intents: dict[str, Any] = {}
        # The most that the fees of each could be when it was judged. Terms that are better when it leaves, long after
        # people were asked, change nothing of that; under worse ones it does not leave.
        self.held_back: dict[str, int] = {}
        self.orders: dict[str, Placed] = {}
        # In observe: what would rest. Nothing of it is at stake.
        self.would: dict[str, Placed] = {}
        self.looks: dict[str, Looked] = {}
        self.fills: dict[str, Any] = {}
        self.drawers: dict[tuple[str, str], Drawer] = {}
        self.cash = self.realised = self.fees = self.deposits = self.adjustments = 0
        # Markets of which somebody took the venue's word for what is held.
        self.taken_over: set[str] = set()
        # Executions that were accepted or resolved, and move nothing when they are told.
        self.noted: set[str] = set()
        self.recognised: dict[str, list[int]] = {}
        self.transfers: list[tuple[int, int]] = []
        self.named: set[str] = set()
        self.marks: list[tuple[int, int, int]] = []
        self.peaks: list[tuple[int, int]] = []
        self.bids: dict[str, int] = {}
        # When, where, worth, and whether it was to open.
        self.releases: list[tuple[int, str, int, bool]] = []
        self.halts: dict[str, Halt] = {}
        # When each cause was raised, since a person last ended it.
        self.raised: dict[str, list[int]] = {}
        self.stopped: dict[str, str] = {}
        self.running: dict[str, int] = {}
        self.streak = 0
        self.lost_ts: int | None = None
        self._known: dict[str, int] = {}

    def read(self, ts: int, fact: Any) -> None:
        self.count += 1
        self._known.clear()
        reader = getattr(self, "read_" + type(fact).__name__, None)
        if reader is not None:
            reader(ts, fact)

    # --- what was said ------------------------------------------------------------------------------------------

    def read_LedgerOpened(self, _ts: int, fact: Any) -> None:  # noqa: N802 - a reader is named for its fact
        self.seal, self.mode, self.limits, self.limits_digest = (
            fact, fact.mode, fact.constitution, fact.constitution_digest,
        )  # fmt: skip

    def read_ConstitutionChanged(self, _ts: int, fact: Any) -> None:  # noqa: N802
        self.limits, self.limits_digest = fact.constitution, fact.digest

    def read_DeskStarted(self, ts: int, _fact: Any) -> None:  # noqa: N802
        self.started, self.started_ts = self.count, ts

    def read_AccountMatched(self, _ts: int, fact: Any) -> None:  # noqa: N802
        self.matched, self.shown = self.count, fact

    def read_DiscrepancyFound(self, _ts: int, _fact: Any) -> None:  # noqa: N802
        self.differed = self.count

    def read_InstrumentListed(self, _ts: int, fact: Any) -> None:  # noqa: N802
        self.listed[fact.instrument.id] = fact.instrument

    def read_IntentProposed(self, _ts: int, fact: Any) -> None:  # noqa: N802
        intent = fact.intent
        self.intents[intent.intent_id] = intent
        if intent.action in ("open", "close"):
            listed = self.listed[intent.instrument]
            self.held_back[intent.intent_id] = most_fee(listed, intent.side, intent.price, intent.qty)

    def read_StrategyStopped(self, _ts: int, fact: Any) -> None:  # noqa: N802
        self.stopped[fact.strategy] = fact.reason

    def read_HaltRaised(self, ts: int, fact: Any) -> None:  # noqa: N802
        self.halts[fact.cause] = Halt(fact.level, fact.reset, ts, self.count)
        self.raised.setdefault(fact.cause, []).append(ts)

    def read_HaltCleared(self, _ts: int, fact: Any) -> None:  # noqa: N802
        halt = self.halts.pop(fact.cause, None)
        if halt is not None and halt.reset == "human":
            self.raised.pop(fact.cause)
        if fact.cause in ("strategy_repeats", "strategy_stopped"):
            repeats = fact.cause == "strategy_repeats"
            self.stopped = {name: why for name, why in self.stopped.items() if (why == "strategy_repeats") != repeats}
        if fact.cause == "drawdown":
            equity = self.equity()
            self.peaks = [] if equity is None else [(self.count, equity)]
        if fact.cause == "loss_streak":
            self.streak = 0

    def read_HaltOverridden(self, _ts: int, fact: Any) -> None:  # noqa: N802
        self.halts[fact.cause] = self.halts[fact.cause]._replace(aside_until=fact.until_ts)

    def read_OverrideEnded(self, _ts: int, fact: Any) -> None:  # noqa: N802
        self.halts[fact.cause] = self.halts[fact.cause]._replace(aside_until=0)

    # --- people -------------------------------------------------------------------------------------------------

    def read_ApprovalRequested(self, ts: int, fact: Any) -> None:  # noqa: N802
        self.asked[fact.intent_id] = Question(
            fact.code, fact.terms, fact.orders, fact.people, fact.price, ts, fact.expires_ts, []
        )

    def read_AssentGiven(self, _ts: int, fact: Any) -> None:  # noqa: N802
        self.asked[fact.intent_id].yes.append(fact.person)
        self.taken.add(fact.message_id)

    def read_AssentDenied(self, ts: int, fact: Any) -> None:  # noqa: N802
        intent = self.intents[fact.intent_id]
        self.noes[intent.strategy, intent.instrument, intent.action, intent.side] = ts
        self.taken.add(fact.message_id)
        self._answered(fact.intent_id, "denied")

    def read_ApprovalEnded(self, _ts: int, fact: Any) -> None:  # noqa: N802
        self.taken |= {fact.message_id} - {""}
        self._answered(fact.intent_id, fact.why)

    def _answered(self, intent_id: str, how: str) -> None:
        """Nobody is asked any more, if anybody was; a look that waited for it is over as well."""
        self.looks.pop(intent_id, None)
        asked = self.asked.pop(intent_id, None)
        if asked is not None:
            self.answered.append((intent_id, asked.code, how))

    def _cancelled(self, order_id: str) -> None:
        """Whoever takes an order off, nobody is asked about its cancel any more."""
        for name in list(self.asked):
            if (self.intents[name].action, self.intents[name].order_id) == ("cancel", order_id):
                self._answered(name, "released")

    # --- orders -------------------------------------------------------------------------------------------------

    def read_OrderReleased(self, ts: int, fact: Any) -> None:  # noqa: N802
        terms, intent = fact.order, self.intents[fact.order.intent_id]
        self.orders[terms.order_id] = Placed(intent, terms, self.held_back[terms.intent_id])
        worth = worth_of(terms.side, terms.price, terms.qty)
        self.releases.append((ts, terms.instrument, worth, intent.action == "open"))
        self._answered(terms.intent_id, "released")

    def read_WouldRelease(self, ts: int, fact: Any) -> None:  # noqa: N802
        terms, intent = fact.order, self.intents[fact.order.intent_id]
        self.would[terms.order_id] = Placed(intent, terms, 0)
        self.releases.append((ts, terms.instrument, worth_of(terms.side, terms.price, terms.qty), True))
        self._answered(terms.intent_id, "released")

    def read_WouldOrderEnded(self, _ts: int, fact: Any) -> None:  # noqa: N802
        del self.would[fact.order_id]
        self._cancelled(fact.order_id)

    def read_LookRequested(self, ts: int, fact: Any) -> None:  # noqa: N802
        assert fact.intent_id not in self.looks
        self.looks[fact.intent_id] = Looked(ts, fact.price)

    def read_IntentSkipped(self, _ts: int, fact: Any) -> None:  # noqa: N802
        assert fact.intent_id in self.looks or fact.intent_id in self.asked
        self._answered(fact.intent_id, "skipped")

    def read_OrderAccepted(self, _ts: int, fact: Any) -> None:  # noqa: N802
        order = self.orders[fact.order_id]
        order.odd = order.odd or order.denied
        order.told_rest(fact.filled, fact.remaining)

    def read_OrderRefused(self, _ts: int, fact: Any) -> None:  # noqa: N802
        order = self.orders[fact.order_id]
        order.over = order.denied = True

    read_OrderNotSent = read_OrderRefused  # noqa: N815

    def read_OrderUnknown(self, _ts: int, fact: Any) -> None:  # noqa: N802
        self.orders[fact.order_id].lost = True

    def read_CancelReleased(self, ts: int, fact: Any) -> None:  # noqa: N802
        order = self.orders[fact.order_id]
        order.cancel, order.cancel_ts = "asked", ts
        self._cancelled(fact.order_id)

    def read_CancelKept(self, ts: int, fact: Any) -> None:  # noqa: N802
        order = self.orders[fact.order_id]
        order.cancel, order.cancel_ts, order.wanted_off = "kept", ts, True

    def read_CancelEnded(self, _ts: int, fact: Any) -> None:  # noqa: N802
        self.orders[fact.order_id].cancel = fact.result

    def read_OrderResolved(self, ts: int, fact: Any) -> None:  # noqa: N802
        if hasattr(fact.finding, "remaining"):
            self.orders[fact.order_id].told_rest(fact.finding.filled, fact.finding.remaining)
        else:
            self.read_OrderRefused(ts, fact)

    def read_OrderClosed(self, _ts: int, fact: Any) -> None:  # noqa: N802
        order = self.orders[fact.order_id]
        order.total = fact.filled
        order.look()

    def read_OrderQuarantined(self, _ts: int, fact: Any) -> None:  # noqa: N802
        self.orders[fact.order_id].odd = True

    # --- money --------------------------------------------------------------------------------------------------

    def read_CashMoved(self, _ts: int, fact: Any) -> None:  # noqa: N802
        assert fact.transfer_id not in self.named, f"transfer {fact.transfer_id} is booked twice"
        self.named |= {fact.transfer_id} - {""}
        self.cash += fact.amount
        self.deposits -= fact.amount
        self.transfers.append((self.count, fact.amount))

    def read_FillBooked(self, ts: int, fact: Any) -> None:  # noqa: N802
        fill = fact.fill
        assert fill.fill_id not in self.fills, f"fill {fill.fill_id} is booked twice"
        self.fills[fill.fill_id] = (fill.order_id, fill.instrument, fill.side, fill.price, fill.qty, fill.fee)
        before = self.held(fill.instrument)
        earned = self._trade(fill.instrument, fill.side, fill.price, fill.qty, fill.fee)
        self._count_trade(ts, fill.instrument, before, earned)
        order = self.orders[fill.order_id]
        order.odd = order.odd or order.over
        order.filled += fill.qty
        order.known = True
        order.look()

    def read_FillCorrected(self, ts: int, fact: Any) -> None:  # noqa: N802
        new = fact.correction
        order_id, name, side, price, qty, fee = self.fills[new.fill_id]
        before, spent = self.held(name), self.realised + self.fees
        changed = (order_id, name, side, new.price, new.qty, new.fee)
        if name in self.ended or name in self.taken_over:
            # It was paid out as it was: the difference is a trade of its own, and is paid out next. Where a person took
            # the venue's word for what is held, the fills do not add up to it, so it is a trade of its own as well.
            self._trade(name, "sell" if side == "buy" else "buy", price, qty, -fee)
            self._trade(name, side, new.price, new.qty, new.fee)
            self.fills[new.fill_id] = changed
        else:
            self._replay(name, -1)
            self.fills[new.fill_id] = changed
            self._replay(name, 1)
        self._count_trade(ts, name, before, spent - self.realised - self.fees)
        order = self.orders[order_id]
        order.filled += new.qty - qty
        order.busted = max(0, order.busted + qty - new.qty)
        order.look()

    def read_MarketSettled(self, ts: int, fact: Any) -> None:  # noqa: N802
        name, before = fact.instrument, self.held(fact.instrument)
        yes, no = (self.drawers.pop((name, side), None) or Drawer() for side in ("buy", "sell"))
        earlier = self.paid_out.get(name, 0)
        brought, exact = (
            late_due(self.listed[name], fact.value, earlier, before, to_step=to_step) for to_step in (True, False)
        )
        assert (before, brought) == (fact.qty, fact.payout), f"{name} settled for another position or payout"
        self.cash += brought
        self.realised += yes.paid + no.paid - exact
        # What the venue keeps by its rounding is a fee.
        self.fees += exact - brought
        self._count_trade(ts, name, before, brought - yes.paid - no.paid)
        self.ended[name], self.ended_ts[name], self.paid_out[name] = fact.value, fact.venue_ts, earlier + before
        for order in self.orders.values():
            order.outlived = order.outlived or order.terms.instrument == name

    def read_SettlementCorrected(self, _ts: int, fact: Any) -> None:  # noqa: N802
        name, qty = fact.instrument, self.paid_out[fact.instrument]
        paid, exact = (
            due(self.listed[name], fact.value, qty, to_step=to_step)
            - due(self.listed[name], self.ended[name], qty, to_step=to_step)
            for to_step in (True, False)
        )
        assert (qty, paid) == (fact.qty, fact.payout), f"{name} was paid anew for another position or payout"
        assert fact.venue_ts > self.ended_ts[name], f"{name} was paid anew by an older word"
        self.cash += paid
        self.realised -= exact
        self.fees += exact - paid
        self.ended[name], self.ended_ts[name] = fact.value, fact.venue_ts

    def read_BooksAdopted(self, _ts: int, fact: Any) -> None:  # noqa: N802
        """Out of the drawers and into them by the venue's word; what that is worth less or more is nobody's trade."""
        assert fact.cash_before == self.cash, "another cash was taken over"
        spent = 0
        for one in fact.positions:
            name, held, paid, qty, cost = one.instrument, one.held, one.spent, one.qty, one.cost
            old = [self.drawers.pop((name, side), None) or Drawer() for side in ("buy", "sell")]
            assert (held, paid) == (old[0].qty - old[1].qty, old[0].paid + old[1].paid), f"{name} was another position"
            if qty:
                drawer = self.drawers[name, "buy" if qty > 0 else "sell"] = Drawer()
                drawer.qty, drawer.paid = abs(qty), cost
            spent += cost - paid
            self.taken_over.add(name)
            self.bids.pop(name, None)
            if qty and one.mark is not None:
                self.bids[name] = one.mark
            if not qty:
                self.running.pop(name, None)
            elif held * qty <= 0:
                self.running[name] = 0
        self.noted |= {fill.fill_id for fill in fact.fills}
        self.adjustments -= fact.cash - self.cash + spent
        self.cash = fact.cash
        if fact.moved > 0:
            self.transfers.append((self.count, fact.moved))

    def read_FillRecognised(self, _ts: int, fact: Any) -> None:  # noqa: N802
        """A person's word stands for it: of the same order, at the same price, and no more of it than was said."""
        fill = fact.fill
        assert fill.fill_id not in self.fills, f"fill {fill.fill_id} is booked and recognised"
        said = [one for one in self.fills.values() if one[0] == fill.order_id]
        told = self.recognised.setdefault(fill.order_id, [])
        told.append(fill.qty)
        assert [one[3] for one in said] == [fill.price], f"{fill.fill_id} was never resolved"
        assert sum(told) <= said[0][4], f"more of {fill.order_id} was recognised than resolved"
        self.noted.add(fill.fill_id)

    def read_OrderAdopted(self, _ts: int, fact: Any) -> None:  # noqa: N802
        terms, old = fact.order, self.orders.get(fact.order.order_id)
        fee = most_fee(self.listed[terms.instrument], terms.side, terms.price, terms.qty)
        order = self.orders[terms.order_id] = Placed(old.intent if old else Nobodys(), terms, fee)
        order.filled, order.busted, order.known = fact.filled, (old.busted if old else 0), True

    def _replay(self, name: str, sign: int) -> None:
        """Put all fills of a market into empty drawers and count what that moves, or take it back out of the books."""
        for side in ("buy", "sell"):
            self.drawers.pop((name, side), None)
        cash, realised, fees = self.cash, self.realised, self.fees
        for _, where, side, price, qty, fee in self.fills.values():
            if where == name:
                self._trade(name, side, price, qty, fee)
        if sign < 0:
            self.cash, self.realised, self.fees = (
                2 * cash - self.cash,
                2 * realised - self.realised,
                2 * fees - self.fees,
            )

    def read_EquityMarked(self, ts: int, fact: Any) -> None:  # noqa: N802
        self.marks.append((self.count, ts, fact.equity))
        self.peaks.append((self.count, fact.equity))
        self.bids = {mark.instrument: mark.value for mark in fact.marks}

    def _trade(self, name: str, side: str, price: int, qty: int, fee: int) -> int:
        """Give back what lies in the other drawer, then put the rest into this one; what was earned."""
        mine = self.drawers.setdefault((name, side), Drawer())
        other = self.drawers.setdefault((name, "sell" if side == "buy" else "buy"), Drawer())
        back = min(qty, other.qty)
        brought = down((ONE - cost_of(side, price)) * back, ONE)
        basis = other.paid if back == other.qty else up(other.paid * back, other.qty)
        other.qty, other.paid = other.qty - back, other.paid - basis
        cost = worth_of(side, price, qty - back)
        mine.qty, mine.paid = mine.qty + qty - back, mine.paid + cost
        self.cash += brought - cost - fee
        self.realised += basis - brought
        self.fees += fee
        return brought - basis - fee

    def _count_trade(self, ts: int, name: str, before: int, earned: int) -> None:
        """A trade lasts until nothing is held, or until it is the other side that is."""
        after, result = self.held(name), self.running.pop(name, 0) + earned
        over = (before > 0 >= after) or (before < 0 <= after)
        if over and result < 0:
            self.streak, self.lost_ts = self.streak + 1, ts
        elif over:
            self.streak = 0
        if after:
            self.running[name] = 0 if over else result

    # --- looking ------------------------------------------------------------------------------------------------

    @property
    def level(self) -> int:
        return max((halt.level for halt in self.halts.values()), default=0)

    def held(self, name: str) -> int:
        return self._qty(name, "buy") - self._qty(name, "sell")

    def held_on(self, name: str, side: str) -> Drawer:
        return self.drawers.get((name, side)) or Drawer()

    def _qty(self, name: str, side: str) -> int:
        drawer = self.drawers.get((name, side))
        return drawer.qty if drawer else 0

    def accounts(self) -> dict[str, int]:
        return {
            "cash": self.cash, "positions": sum(drawer.paid for drawer in self.drawers.values()),
            "realised": self.realised, "fees": self.fees, "deposits": self.deposits,
            "adjustments": self.adjustments,
        }  # fmt: skip

    def positions(self) -> dict[str, tuple[int, int]]:
        """Signed quantity and what was paid, by market."""
        held = {}
        for (name, side), drawer in self.drawers.items():
            if drawer.qty:
                held[name] = (drawer.qty if side == "buy" else -drawer.qty, drawer.paid)
        return held

    def open_orders(self, name: str | None = None) -> list[Placed]:
        orders = self.orders.values()
        if name is None:
            return [order for order in orders if order.rest]
        return [order for order in orders if order.terms.instrument == name and order.rest]

    def without(self, gone: Placed) -> "Books":
        """The same books as if one order had never been; to look at, not to read on with."""
        other = copy(self)
        other.orders = {name: order for name, order in self.orders.items() if order is not gone}
        other._known = {}
        return other

    def reserved(self) -> int:
        return sum(
            worth_of(order.terms.side, order.terms.price, order.rest) + order.rest_fee
            for order in self.open_orders()
            if order.intent.action == "open"
        )

    def worst_at(self, name: str, payout: int) -> int:
        """The least that one market can bring when its YES pays this: every subset of its open orders is tried."""
        yes, no = self.held_on(name, "buy"), self.held_on(name, "sell")
        held = down(yes.qty * payout, ONE) + down(no.qty * (ONE - payout), ONE) - yes.paid - no.paid
        orders = self.open_orders(name)
        results = [self._result(order, payout) for order in orders]
        return min(
            held + sum(result for result, filled in zip(results, chosen, strict=True) if filled)
            for chosen in product((False, True), repeat=len(orders))
        )

    def _result(self, order: Placed, payout: int) -> int:
        """What an order's rest brings when it fills: cash now against cash at the end, each rounded against us."""
        price, rest, fee = order.terms.price, order.rest, order.rest_fee
        if order.terms.side == "buy":
            return down(payout * rest, ONE) - up(price * rest, ONE) - fee
        return down(price * rest, ONE) - up(payout * rest, ONE) - fee

    def exposure(self, name: str) -> int:
        """The most that one market can lose. Looked up again while nothing has been read since."""
        if name not in self._known:
            self._known[name] = max(0, *(-self.worst_at(name, payout) for payout in (0, ONE)))
        return self._known[name]

    def busy(self) -> list[str]:
        """Markets in which something is held, or on its way."""
        names = {name: None for (name, _), drawer in self.drawers.items() if drawer.qty}
        return list(names | {order.terms.instrument: None for order in self.open_orders()})

    def total(self, belongs: Any = lambda _: True) -> int:
        return sum(self.exposure(name) for name in self.busy() if belongs(self.listed[name]))

    def floor(self) -> int:
        """What will have been earned in all when everything ends at its worst."""
        return -self.realised - self.fees - sum(self.exposure(name) for name in self.busy())

    def equity(self) -> int | None:
        """The last mark, and what the owner has moved since."""
        return None if not self.marks else self.marks[-1][2] + self.moved_since(self.marks[-1][0])

    def moved_since(self, place: int) -> int:
        return sum(amount for at, amount in self.transfers if at > place)
