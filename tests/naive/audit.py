"""A desk that is watched: after every record its numbers against the naive books, before every verdict ours.

The desk is the real one; only its `emit` is listened to. Each proposal is overheard as its strategy says it, judged by
the naive rules on the naive books as they stand, and compared with what the desk then records of it, or does not.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from msgspec import structs
from tests.naive import arithmetic, assents, halts, looks, market, periods
from tests.naive.asking import Asking
from tests.naive.books import Books
from tests.naive.halts import Faults
from tests.naive.idea import Idea
from tests.naive.market import Seen
from tests.naive.overriding import Overriding
from tests.naive.rules import gives_way, judge

from assent.desk import exposure
from assent.desk.desk import Desk
from assent.desk.halts import level_at
from assent.desk.state import DESK
from assent.model.assents import AssentSeen
from assent.model.decisions import Decision
from assent.model.facts import Fact, HaltRaised, decode_fact, encode_fact, kind_of
from assent.model.inputs import (
    DeskStarting,
    FillSeen,
    Input,
    KillSwitchSeen,
    LookAnswered,
    ResumeAsked,
    SettlementSeen,
    TimePassed,
)
from assent.model.intents import Proposal

FEE_TOLERANCE = 10_000
# An order that is being sent, and one of which nothing rests, have nothing to cancel.
WAITS = ("released", "closing")


class Mismatch(AssertionError):
    """The desk and the naive reading of its ledger say different things."""


def same(what: str, desks: Any, ours: Any, *about: object) -> None:
    """`about` is written out only where it is needed: that is once in a million comparisons, and long."""
    if desks != ours:
        raise Mismatch(f"{told(what, about)}: the desk says {desks}, the naive reading {ours}")


def so(what: str, holds: object, *about: object) -> None:
    if not holds:
        raise Mismatch(told(what, about))


def told(what: str, about: tuple[object, ...]) -> str:
    return " ".join(map(str, (what, *about)))


class Overheard:
    """A strategy as it is, each of its proposals under a number of its own."""

    def __init__(self, strategy: Any, audit: "Audit") -> None:
        self.name = strategy.name
        self.audit = audit
        self.records_decisions = getattr(strategy, "records_decisions", False)
        for hook in ("on_quote", "on_bar", "on_forecast", "on_cycle"):
            if hasattr(strategy, hook):
                setattr(self, hook, self._listening(getattr(strategy, hook)))

    def _listening(self, hook: Any) -> Any:
        def listened(*args: Any) -> Any:
            said = hook(*args)
            if isinstance(said, Decision):
                return structs.replace(said, proposals=tuple(self.audit.overhear(self.name, said.proposals)))
            return self.audit.overhear(self.name, said) if isinstance(said, list | tuple) else said

        return listened


class Watched(Desk):
    """The desk itself, with somebody reading each record as it is stated."""

    def __init__(self, strategies: Sequence[Any], audit: "Audit") -> None:
        self.audit = audit
        super().__init__(strategies)

    def emit(self, fact: Fact) -> None:
        super().emit(fact)
        self.audit.stated(self)


class Audit:
    """See the module's first lines."""

    def __init__(self) -> None:
        self.books, self.seen, self.faults = Books(), Seen(), Faults()
        self.asking = Asking(self.books, self.seen)
        self.overriding = Overriding(self.books)
        self.input: Any = None
        self.records: list[tuple[int, Fact]] = []
        # Proposals that were said in this step and of which no fact has spoken yet: by whom, and what.
        self.open: dict[str, tuple[str, Any]] = {}
        self.quiet: dict[str, bool] = {}
        # Those of them that pass, and are only counted while people are asked, or the venue is.
        self.counted: set[str] = set()
        # Which rules refused an idea last, by strategy, market, action and side.
        self.last: dict[tuple[str, ...], tuple[str, ...]] = {}
        self.numbers = 0
        self.told = 0
        self.now = 0
        self.counts: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.passed: Counter[str] = Counter()
        self.primary: Counter[str] = Counter()
        self.fee_due: tuple[str, int] | None = None
        # The cancel that has to follow at once: of which order, and for which newer intent.
        self.cancel_due: tuple[str, str] | None = None
        # What has to follow at once on an idea that passed: which record, for which intent.
        self.due: tuple[str, str] | None = None
        # When a look at an idea came to nothing, by strategy, market, action and side.
        self.in_vain: dict[tuple[str, ...], int] = {}
        # What all of it can come to at the worst, after the last record.
        self.floor = 0

    # --- one step -----------------------------------------------------------------------------------------------

    def step(self, desk: Desk, ts: int, inp: Input) -> list[Fact]:
        """Hand one input to the desk, and watch."""
        self.now, self.told, self.input = ts, 0, inp
        self.open, self.quiet, self.counted = {}, {}, set()
        norms = self._limits is not None and self._limits.spread_ratio_max != type(self._limits)().spread_ratio_max
        self.seen.read(inp, norms=norms)
        self.faults.read(inp, ts, unpriced=market.unpriced(self.books, self.seen))
        standing = set(self.books.halts)
        factor = type(inp) is ResumeAsked and inp.factor
        going = {cause for cause in standing if halts.may_be_resumed(self.books, cause, factor=factor)}
        self.asking.step(ts, inp, self.seen)
        self.overriding.step(ts, inp)
        if type(inp) is TimePassed:
            over = self.seen.sweep(self.books, ts)
            self.last = {key: failing for key, failing in self.last.items() if key[1] not in over}
        name = getattr(inp, "instrument", "")
        was, word = self.books.ended.get(name), self.books.ended_ts.get(name, 0)
        before = len(self.records)
        facts = list(desk.handle(ts, inp))
        same("the facts of a step", facts, [fact for _, fact in self.records[before:]])
        self._agreed(self.asking.after)
        self._agreed(self.overriding.after)
        self._expect_silence()
        so("every proposal was judged or known:", all(self.quiet.get(number) for number in self.open), self.open)
        if type(inp) is TimePassed:
            self._cycle(facts)
        if type(inp) is KillSwitchSeen:
            switched = self.books.halts.get(halts.SWITCH)
            level = None if not inp.is_set else 1 if inp.exits else 2
            same("the kill switch", switched and switched.level, level)
        if type(inp) is ResumeAsked and not inp.cause and inp.by.strip() and inp.reason.strip():
            same("the halts that a person ends", standing - set(self.books.halts), going)
        kinds = {kind_of(fact) for fact in facts}
        # What a correction opens again is left to the next cycle.
        lowered = bool(kinds & {"HaltRaised", "OverrideEnded"})
        if type(inp) is TimePassed or (lowered and "FillCorrected" not in kinds):
            self._taken_off(cycle=type(inp) is TimePassed)
        self._kept_waiting()
        if type(inp) is SettlementSeen and inp.instrument in self.books.listed:
            expected = inp.value if was is None or inp.source_ts > word else was
            same(f"in what {inp.instrument} ended", self.books.ended.get(inp.instrument), expected)
        if type(inp) is FillSeen and inp.fill.order_id in self.books.orders:
            known = {*self.books.fills, *self.books.noted}
            so(f"fill {inp.fill.fill_id} is booked, or settled by a person", inp.fill.fill_id in known)
            order = self.books.orders[inp.fill.order_id]
            so("what is filled beyond its order is odd", order.odd or order.filled <= order.terms.qty)
        so("a fee that differs was told", self.fee_due is None)
        so("an order that gives way is cancelled", self.cancel_due is None)
        so(f"an idea that passed has its {self.due}", self.due is None)
        self._looked(inp)
        return facts

    def _looked(self, inp: Input) -> None:
        """After a step no look waits that was answered, is overdue, or was asked before the process started."""
        books = self.books
        if type(inp) is LookAnswered:
            so("a look ends with its answer", inp.intent_id not in books.looks)
        if type(inp) is TimePassed:
            so("no look is overdue", all(self.now - one.ts < looks.ANSWER for one in books.looks.values()))
        if type(inp) is DeskStarting:
            so("no look outlives its process", not books.looks)
            self.in_vain = {}

    def overhear(self, strategy: str, said: Iterable[Any]) -> list[Any]:
        heard = []
        for proposal in said:
            self.numbers += 1
            number = f"#{self.numbers}"
            if hasattr(proposal, "reason"):
                heard.append(structs.replace(proposal, reason=number))
                self.open[number] = (strategy, heard[-1])
            else:
                heard.append(proposal)
        return heard

    def stated(self, desk: Desk) -> None:
        """Read what the desk has stated since, in its order; then compare."""
        facts = desk._facts
        while self.told < len(facts):
            fact = facts[self.told]
            self.told += 1
            self._agreed(self.asking.expect, fact)
            self._agreed(self.overriding.expect, fact)
            self._expect(fact)
            allowed = self._may_lose(fact)
            self.records.append((self.now, fact))
            self._agreed(self.books.read, self.now, fact)
            floor = self.books.floor()
            if allowed is not None:
                so("nothing but a release lowers the worst end, here by and at",
                   floor >= self.floor - allowed, self.floor - floor, fact)  # fmt: skip
            self.floor = floor
            self.counts[kind_of(fact)] += 1
            if kind_of(fact) == "OrderReleased":
                self._released(fact)
            if kind_of(fact) == "WouldRelease":
                self._would_be_released()
        self._compare(desk)

    @staticmethod
    def _agreed(look: Callable[..., None], *args: Any) -> None:
        """What the naive reading finds wrong by itself."""
        try:
            look(*args)
        except AssertionError as wrong:
            raise Mismatch(str(wrong)) from None

    @property
    def _limits(self) -> Any:
        return self.books.limits

    # --- what must be said --------------------------------------------------------------------------------------

    def _expect(self, fact: Any) -> None:
        kind = kind_of(fact)
        if self.cancel_due is not None or getattr(fact, "superseded_by", ""):
            same(
                "what gives way",
                (kind, fact.order_id, fact.superseded_by),
                ("CancelReleased", *(self.cancel_due or ())),
            )
            self.cancel_due = None
        self._expect_next(fact)
        if kind in ("IntentProposed", "IntentRefused"):
            self._judged(fact, refused=kind == "IntentRefused")
        elif kind == "EquityMarked":
            total, marks = market.marked(self.books, self.seen)
            same(
                "the equity mark", (fact.equity, fact.cash, fact.exposure), (total, self.books.cash, self.books.total())
            )
            same("the marks", {mark.instrument: mark.value for mark in fact.marks}, marks)
        elif kind == "AccountMatched":
            same("the cash that both books show", fact.cash, self.books.cash)
            theirs = {holding.instrument: holding.qty for holding in fact.positions if holding.qty}
            same(
                "the positions that both books show", theirs, {n: qty for n, (qty, _) in self.books.positions().items()}
            )
        elif kind == "AccountSnapshot":
            shown = self.books.shown
            same("what was last known", (fact.cash, fact.positions), (shown.cash, shown.positions))
        elif kind == "StrategyStopped":
            # What it said beside its nonsense is not heard any more.
            self.open = {number: said for number, said in self.open.items() if said[0] != fact.strategy}
        elif kind == "FeeDiffered":
            same("the fee that differs", (fact.fill_id, fact.estimated), self.fee_due)
            self.fee_due = None
        elif kind == "FillBooked":
            fill = fact.fill
            due = arithmetic.fee_of(
                self.books.listed[fill.instrument], fill.side, fill.price, fill.qty, taker=fill.taker
            )
            self.fee_due = None if 0 <= due - fill.fee <= FEE_TOLERANCE else (fill.fill_id, due)
        elif kind == "HaltRaised":
            self._halted(fact)
        elif kind == "HaltCleared":
            self._lifted(fact)

    def _expect_next(self, fact: Any) -> None:
        """What an idea that passed leads to, at once or after its look."""
        kind = kind_of(fact)
        if self.due is not None and kind != "StateMarked":
            order = getattr(fact, "order", None)
            same("what follows on an idea", (kind, order.intent_id if order else fact.intent_id), self.due)
            self.due = None
            if kind == "LookRequested":
                intent = self.books.intents[fact.intent_id]
                price = looks.to_deal_at(self.seen.quotes[intent.instrument], intent.side)
                same("the price before a look", (fact.instrument, fact.price), (intent.instrument, price))
        elif type(self.input) is AssentSeen:
            self._assented(fact)
        elif kind == "LookRequested":
            so("a look is asked for where an idea has just passed", holds=False)
        elif kind == "ApprovalRequested":
            so("people are asked where an idea has just passed", holds=False)
        elif kind in ("OrderReleased", "WouldRelease"):
            self._look_passed(fact)
        elif kind == "IntentSkipped":
            self._skipped(fact)

    def _assented(self, fact: Any) -> None:
        """What follows on enough answers is told by `asking`; here only what it leaves behind."""
        kind = kind_of(fact)
        if kind == "LookRequested":
            price, name = self.books.asked[fact.intent_id].price, self.books.intents[fact.intent_id].instrument
            same("the price that people were asked beside", (fact.instrument, fact.price), (name, price))
        elif kind == "IntentSkipped":
            intent = self.books.intents[fact.intent_id]
            self.in_vain[self._key(intent.strategy, intent)] = self.now
            self.primary[fact.reason] += 1

    def _halted(self, fact: Any) -> None:
        """With the level and the end that the pages tell of; once, but for a switch that says something else now."""
        books, cause = self.books, fact.cause
        exits = type(self.input) is KillSwitchSeen and self.input.exits
        same(f"the halt {cause}", (fact.level, fact.reset), halts.due(books, cause, self.now, with_exits=exits))
        anew = cause in (halts.SWITCH, self.overriding.anew)
        so(f"{cause} is raised once", anew or cause not in books.halts)
        if cause == halts.SWITCH:
            so("the switch halts when it is set", type(self.input) is KillSwitchSeen and self.input.is_set)
        elif cause == "mark_missing" and fact.by == "desk":
            so("something held has no bid", market.unpriced(books, self.seen))

    def _lifted(self, fact: Any) -> None:
        """By whom it has to be, and not before it may."""
        cause, books = fact.cause, self.books
        reset = books.halts[cause].reset
        if reset == halts.WRITTEN["person"]:
            so(f"{cause} is ended by a named person", type(self.input) is ResumeAsked and fact.by == self.input.by)
            so(f"{cause} may be ended", halts.may_be_resumed(books, cause, factor=self.input.factor))
            return
        same(f"who ends {cause}", fact.by, "desk")
        if reset == halts.WRITTEN["switch"]:
            so("the switch is clear", type(self.input) is KillSwitchSeen and not self.input.is_set)
        elif reset == halts.WRITTEN["quiet"]:
            so(f"{cause} has been quiet", self.faults.over(books, cause, self.now))
        else:
            period = periods.CALENDAR[cause]
            over = periods.period_of(period, self.now) > periods.period_of(period, books.halts[cause].ts)
            so(f"{cause} is lifted in a new {period}", over)

    def _judged(self, fact: Any, *, refused: bool) -> None:
        """The desk has spoken of one proposal: with our checks, our numbers, our reason and our size?"""
        self._expect_silence()
        own = fact.intent.strategy == DESK
        number = "" if own else fact.intent.reason
        strategy, proposal = (DESK, self._own(fact.intent)) if own else self.open[number]
        idea, checks, failing = self._judge(strategy, proposal)
        same("the checks of", [(c.rule, c.ok, c.measured, c.limit) for c in fact.checks], checks, proposal)
        same("a refusal", refused, bool(failing))
        same(
            "the quote it rests on", fact.quote and structs.astuple(fact.quote), self.seen.evidence(proposal.instrument)
        )
        intent, size = fact.intent, idea.size
        same("the size", (intent.qty, intent.fee, intent.worst_loss, intent.edge),
             (size.qty, size.fee, size.loss or 0, size.edge))  # fmt: skip
        key = self._key(strategy, proposal)
        # What was said after it of the same idea comes after it as well, and has to be heard again.
        later = list(self.open)[list(self.open).index(number) + 1 :] if number else []
        for other in later:
            if other in self.counted and self._key(*self.open[other]) == key:
                self.quiet.pop(other, None)
        self.open.pop(number, None)
        self.refused.update(failing)
        self.passed.update(code for code, ok, *_ in checks if ok)
        if refused:
            same("the primary reason", fact.reason, failing[0])
            older = gives_way(idea, failing)
            if older is not None:
                self.cancel_due = older.terms.order_id, fact.intent.intent_id
                self.counts["superseded"] += 1
            new = own or older is not None or self.last.get(key) != failing
            so("a refusal that says nothing new is not recorded", new)
            self.primary[fact.reason] += 1
            self.last[key] = failing
        else:
            self.last.pop(key, None)
            so("the same idea does not wait twice", not self._is_known(idea, key))
            if self.asking.people(intent):
                self.due = "ApprovalRequested", intent.intent_id
            elif intent.action != "cancel":
                release = "WouldRelease" if self.books.mode == "observe" else "OrderReleased"
                self.due = "LookRequested" if looks.is_due(idea) else release, intent.intent_id

    @staticmethod
    def _own(intent: Any) -> Proposal:
        """What the desk has proposed by itself, as far as its record says it: an exit, of all that is held."""
        return Proposal(
            intent.instrument, action=intent.action, side=intent.side, price=intent.price, type=intent.type,
            time_in_force=intent.time_in_force, reason=intent.reason,
        )  # fmt: skip

    def _is_known(self, idea: Idea, key: tuple[str, ...]) -> bool:
        """Whether an idea that passes waits already, or would ask again a moment after a look in vain."""
        if self.asking.is_known(key, idea.proposal.price):
            return True
        if idea.action != "open":
            return False
        waiting = {self._key(one.strategy, one) for one in map(self.books.intents.get, self.books.looks) if one}
        lately = self.now - self.in_vain.get(key, -looks.AGAIN) < looks.AGAIN
        return key in waiting or (lately and looks.is_due(idea))

    def _answer(self, fact_of: str, intent_id: str) -> tuple[Any, looks.Answered]:
        """The naive verdict on the look that this input answers."""
        so(f"{fact_of} follows on an answer", type(self.input) is LookAnswered and self.input.intent_id == intent_id)
        intent, looked = self.books.intents[intent_id], self.books.looks[intent_id]
        return intent, looks.answered(self.books, self.seen, self.now, intent, looked, self.input.quote)

    def _look_passed(self, fact: Any) -> None:
        """Released at the answer: nothing says no, and it is the order that was recorded."""
        intent, found = self._answer("a release", fact.order.intent_id)
        same("what says no to a release at its look", [code for code, ok, *_ in found.checks if not ok], [])
        so("a release rests on what it was proposed under", assents.still_stands(self.books, intent))
        recorded = (intent.instrument, intent.side, intent.price, intent.qty, intent.expires_ts)
        order = fact.order
        same("the order", (order.instrument, order.side, order.price, order.qty, order.expires_ts), recorded)
        so("in time", self.now - self.books.looks[intent.intent_id].ts < looks.ANSWER)
        self.counts["looks passed"] += 1

    def _skipped(self, fact: Any) -> None:
        intent, looked = self.books.intents[fact.intent_id], self.books.looks[fact.intent_id]
        self.in_vain[self._key(intent.strategy, intent)] = self.now
        self.primary[fact.reason] += 1
        overdue = self.now - looked.ts >= looks.ANSWER
        if type(self.input) is DeskStarting or overdue:
            restart = type(self.input) is DeskStarting
            same("why it was skipped", fact.reason, "skipped_restart" if restart else "skipped_unanswered")
            return
        so("a look that is skipped was answered", type(self.input) is LookAnswered)
        if intent.instrument not in self.seen.listed:
            same("a market that is gone", fact.reason, "market_open")
        elif self.input.quote is None:
            same("a venue that cannot answer", fact.reason, "skipped_unavailable")
        elif not assents.still_stands(self.books, intent):
            same("limits that have changed", fact.reason, "assent_changed")
        else:
            _, found = self._answer("a skip", fact.intent_id)
            same("the checks of a look", [(c.rule, c.ok, c.measured, c.limit) for c in fact.checks], found.checks)
            same("why it was skipped", fact.reason, next(code for code, ok, *_ in found.checks if not ok))
            same("the fresh quote", fact.quote and structs.astuple(fact.quote), found.quote)

    def _judge(self, strategy: str, proposal: Any) -> tuple[Idea, list[Any], tuple[str, ...]]:
        idea = Idea(self.books, self.seen, self.now, strategy, proposal)
        checks = judge(idea)
        return idea, checks, tuple(code for code, ok, *_ in checks if not ok)

    def _expect_silence(self) -> None:
        """Which of the proposals not spoken of would only repeat a refusal, as things stand now."""
        for number, (strategy, proposal) in self.open.items():
            if not self.quiet.get(number):
                idea, _, failing = self._judge(strategy, proposal)
                key = self._key(strategy, proposal)
                if failing:
                    self.quiet[number] = self.last.get(key) == failing and gives_way(idea, failing) is None
                elif self._is_known(idea, key):
                    self.quiet[number] = True
                    self.counted.add(number)
                    self.last.pop(key, None)

    def _key(self, strategy: str, proposal: Any) -> tuple[str, ...]:
        """By what an idea is known again. Names that nobody listed are all the same."""
        name = proposal.instrument if proposal.instrument in self.seen.listed else ""
        return strategy, name, proposal.action, proposal.side

    def _may_lose(self, fact: Any) -> int | None:
        """By how much a record may lower the worst end: a release by its own worst, all others by nothing. None where
        the venue breaks what it had said, which raises an alarm: then the money is what it is."""
        kind, books = kind_of(fact), self.books
        if kind == "OrderReleased":
            terms = fact.order
            fee, leaves = books.held_back[terms.intent_id], books.intents[terms.intent_id].action == "close"
            return fee if leaves else arithmetic.worth_of(terms.side, terms.price, terms.qty) + fee
        if kind in ("FillCorrected", "OrderQuarantined", "SettlementCorrected", "BooksAdopted", "OrderAdopted"):
            return None
        if kind == "MarketSettled":
            # An order that rests on beyond its market's end is still counted for either outcome.
            return None if books.open_orders(fact.instrument) else 0
        if kind == "OrderAccepted":
            return None if books.orders[fact.order_id].denied else 0
        if kind == "FillBooked":
            fill, order = fact.fill, books.orders[fact.fill.order_id]
            kept = order.rest >= fill.qty and not order.over
            # By the terms of its release: a venue that raises its fees takes more than was held back.
            held_back = arithmetic.down(order.fee * fill.qty, order.terms.qty)
            return 0 if kept and fill.fee <= held_back else None
        return 0

    # --- what must hold -----------------------------------------------------------------------------------------

    def _compare(self, desk: Desk) -> None:
        books, state = self.books, desk.state
        ours = books.accounts()
        same("the accounts", state.accounts, ours)
        same("the sum of the accounts", sum(ours.values()), 0)
        same("the positions", {name: (p.qty, p.cost) for name, p in state.positions.items()}, books.positions())
        asked = {
            name: (one.code, one.terms, one.orders, one.people, one.price, one.asked_ts, one.expires_ts,
                   [grant.person for grant in one.grants])
            for name, one in state.asked.items()
        }  # fmt: skip
        same("what people are asked", asked, {name: tuple(one) for name, one in books.asked.items()})
        same("which looks wait", list(state.looks), list(books.looks))
        same("what would rest", list(state.would), list(books.would))
        resting = {name: order.rest for name, order in books.orders.items() if order.rest}
        same("what may still fill", {name: order.open_qty for name, order in state.orders.items()}, resting)
        statuses = {name: order.status for name, order in books.orders.items() if order.rest}
        same("how the orders stand", {name: order.status for name, order in state.orders.items()}, statuses)
        same("the level", int(state.level), books.level)
        same("the level now", int(level_at(state, self.now)), halts.level(books, self.now))
        same("the worst case", exposure.total_exposure(state), books.total())
        same("the reserve", state.reserved(), books.reserved())
        same("the equity", state.equity, books.marks[-1][2] if books.marks else None)
        same("the streak", (state.worth.streak, state.worth.loss_ts), (books.streak, books.lost_ts))

    def _released(self, fact: Any) -> None:
        """At a release every cap holds with the new order among the open ones, counted as an owner would."""
        books, limits, terms = self.books, self._limits, fact.order
        order = books.orders[terms.order_id]
        twins = [other for other in books.orders.values() if other.terms.intent_id == terms.intent_id]
        so("an intent has one order", twins == [order])
        listed = books.listed[terms.instrument]
        if order.intent.action == "close":
            leaving = sum(o.rest for o in books.open_orders(terms.instrument) if o.terms.side == terms.side)
            other = "sell" if terms.side == "buy" else "buy"
            so("exits never exceed what is held", leaving <= books.held_on(terms.instrument, other).qty)
            so("nothing but a way out below trading", halts.level(books, self.now) <= 1)
            return
        so("nothing is opened under a halt", halts.level(books, self.now) == 0)
        so("the total holds", books.total() <= limits.total_exposure_max)
        so("the market's cap holds", books.exposure(terms.instrument) <= limits.market_exposure_max)
        in_series = books.total(lambda other: other.series == listed.series)
        so("the series' cap holds", in_series <= limits.series_exposure_max)
        if listed.series not in limits.trust_exclusive:
            in_event = books.total(lambda other: other.event == listed.event)
            so("the event's cap holds", in_event <= limits.event_exposure_max)
        so("the cash covers all that is reserved", books.cash >= books.reserved() + limits.buying_power_min)
        cycle = [one for one in books.releases if one[0] > self.now - limits.cycle_length]
        so("the orders of a cycle hold", len(cycle) <= limits.orders_per_cycle_max)
        so("the notional of a cycle holds", sum(one[2] for one in cycle) <= limits.notional_per_cycle_max)
        entered = {*books.positions(), *(o.terms.instrument for o in books.open_orders() if o.intent.action == "open")}
        so("the positions hold", len(entered) <= limits.open_positions_max)
        self.counts["entries"] += 1

    def _would_be_released(self) -> None:
        """In observe what counts orders holds as well, and nothing is at stake."""
        books, limits = self.books, self._limits
        so("nothing would be opened under a halt", halts.level(books, self.now) == 0)
        so("nothing was released", not books.orders)
        cycle = [one for one in books.releases if one[0] > self.now - limits.cycle_length]
        so("the orders of a cycle hold", len(cycle) <= limits.orders_per_cycle_max)
        so("the notional of a cycle holds", sum(one[2] for one in cycle) <= limits.notional_per_cycle_max)
        self.counts["would be entries"] += 1

    def _cycle(self, facts: list[Fact]) -> None:
        """After a cycle the account is marked, and what was crossed has halted; nothing else has."""
        books = self.books
        total, marks = market.marked(books, self.seen)
        same("the mark after a cycle", (total, marks), (books.marks[-1][2] if books.marks else None, books.bids))
        due = periods.crossed(books, self._limits, self.now)
        so(f"what was crossed has halted: {due}", due <= set(books.halts))
        raised = {fact.cause for fact in facts if type(fact) is HaltRaised}
        so(f"what has halted was crossed: {raised}", raised & {*periods.CALENDAR, "drawdown"} <= due)
        so("what has no bid halts", "mark_missing" in books.halts or not market.unpriced(books, self.seen))
        for cause, halt in books.halts.items():
            period, ts = periods.CALENDAR.get(cause), halt.ts
            quiet = cause not in halts.UNSEEN and self.faults.over(books, cause, self.now)
            so(f"{cause} ends once it has been quiet", not quiet)
            if period is not None and cause not in due:
                so(
                    f"{cause} ends with its {period}",
                    periods.period_of(period, ts) == periods.period_of(period, self.now),
                )

    def _taken_off(self, *, cycle: bool) -> None:
        """What has no place at the venue any more has a cancel on its way: below trading all that opens; after a cycle
        also what a person wants off, what has outlived itself, and what lies beside its market's grid."""
        for order in self.books.open_orders():
            terms, asked = order.terms, not order.may_ask_cancel(self.now)
            resting = order.known and order.may_be_cancelled
            entry = order.intent.action == "open" and (resting or order.odd)
            free = halts.level(self.books, self.now) == 0
            so(f"under a halt order {terms.order_id} is cancelled", asked or not entry or free)
            if cycle and resting and not asked:
                so(f"order {terms.order_id} that a person wanted off is cancelled", not order.wanted_off)
                expired = terms.expires_ts is not None and terms.expires_ts <= self.now
                so(f"order {terms.order_id} that has outlived itself is cancelled", not expired)
                listed = self.books.listed[terms.instrument]
                so(f"order {terms.order_id} beside the grid is cancelled", arithmetic.on_grid(listed, terms.price))

    def _kept_waiting(self) -> None:
        """A cancel that waits for its order waits no longer than until it may be there."""
        for order in self.books.open_orders():
            so(f"the kept cancel of {order.terms.order_id} is sent", order.cancel != "kept" or order.status in WAITS)

    # --- a restart ----------------------------------------------------------------------------------------------

    def restart(self, strategies: Sequence[Any], old: Desk) -> Watched:
        """Another process with the same ledger, read from its bytes: the same state, and the same naive books."""
        kept = [(ts, decode_fact(kind_of(fact), 1, encode_fact(fact))) for ts, fact in self.records]
        desk = Watched(strategies, self)
        desk.restore(kept)
        same("the restored state", desk.state.digest(), old.state.digest())
        again = Books()
        for ts, fact in kept:
            again.read(ts, fact)
        same("the naive books, read again", (again.accounts(), again.positions(), again.reserved(), again.total()),
             (self.books.accounts(), self.books.positions(), self.books.reserved(), self.books.total()))  # fmt: skip
        same("the looks, read again", again.looks, self.books.looks)
        same("the questions, read again", (again.asked, again.taken), (self.books.asked, self.books.taken))
        self.asking.restart()
        self.seen, self.faults, self.last, self.in_vain = Seen(), Faults(), {}, {}
        return desk
