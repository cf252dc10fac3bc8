"""Whatever people, prices, limits, halts and crashes do, in any order: no order leaves without exactly its assent.

A real desk over the real chain of records. After each step its facts are committed as bytes; a restart folds them back
into another desk; a crash loses those of the last step. Beside it a plain reading of the committed facts keeps what
people have said, and judges each release and each permit by that alone. `ASSENT_ASSENTS` asks for more examples; run
with `-s` to see what happened.
"""

import os
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from msgspec import structs
from tests.desk.support import Scripted, buy, close, limits, sell
from tests.model.support import T0, a_market
from tests.naive import test_mutations as bugs

from assent.desk.desk import Desk
from assent.ledger.chain import Entry
from assent.ledger.memory import MemoryStore
from assent.model.assents import (
    ApprovalEnded,
    ApprovalRequested,
    AssentDenied,
    AssentGiven,
    AssentRefused,
    AssentSeen,
)
from assent.model.errors import InvariantBroken
from assent.model.facts import (
    SCHEMA_VERSION,
    CancelReleased,
    ConstitutionChanged,
    Fact,
    HaltCleared,
    HaltRaised,
    IntentProposed,
    IntentSkipped,
    LedgerOpened,
    LookRequested,
    OrderReleased,
    decode_fact,
    encode_fact,
    kind_of,
)
from assent.model.inputs import (
    Accepted,
    AccountSeen,
    AmendmentAsked,
    CancelAnswered,
    CashSeen,
    ConstitutionOffered,
    DeskStarting,
    FillSeen,
    HaltAsked,
    Holding,
    Input,
    InstrumentSeen,
    LedgerOpening,
    LookAnswered,
    NotSent,
    PhaseSeen,
    QuoteSeen,
    Refused,
    ResumeAsked,
    SendAnswered,
    TimePassed,
    Unknown,
)
from assent.model.intents import Intent, Proposal
from assent.model.levels import CAUSES
from assent.model.orders import Fill, Order, order_digest
from assent.model.policy import Band, Person
from assent.model.units import MICRO, SECOND

EXAMPLES = int(os.environ.get("ASSENT_ASSENTS", "200"))
STEPS = 50
MARKETS = (a_market(), a_market("KXTEST-26JAN05-B48.5"))
NAMES = tuple(market.id for market in MARKETS)
PEOPLE = (Person("ada", ("os:ada", "token:ada")), Person("ben", ("token:ben",)), Person("cal", ("os:cal",)))
IDENTITIES = ("os:ada", "token:ada", "token:ben", "os:cal")
BANDS = (Band("open", 0, 1), Band("open", MICRO, 2), Band("close", 0, 1), Band("cancel", 0, 2))
LIFE = 60 * SECOND
LIMITS = limits(
    approvals=BANDS, approvers=PEOPLE, approval_life=LIFE, denied_pause_min=SECOND, supersede_step_min=20_000,
    second_factor_from=MICRO, edge_min=10_000,
)  # fmt: skip
PERMIT_LIFE = 2 * SECOND
FORBIDDEN = {0: (), 1: ("open",), 2: ("open", "close", "claim"), 3: ("open", "close", "claim", "cancel")}

happened: Counter[str] = Counter()
which = st.integers(0, 7)
name_of = st.sampled_from(NAMES)
who = st.sampled_from(IDENTITIES)


WRONGS = ("forged", "another's terms", "another's code", "early", "no factor", "nobody", "lower case", "replayed")


def somebody_waits(machine: "Assents") -> bool:
    return bool(machine.reading.standing)


class Told(NamedTuple):
    """One question as the committed facts tell of it, and who has said yes to it."""

    asked: ApprovalRequested
    ts: int
    yes: dict[str, AssentGiven]


class Reading:
    """What the facts say, read without the desk. Every rule of what may leave stands here once."""

    def __init__(self) -> None:
        self.limits: Any = None
        self.limits_digest = ""
        self.halts: dict[str, int] = {}
        self.intents: dict[str, Intent] = {}
        self.told: dict[str, Told] = {}
        self.over: dict[str, str] = {}
        self.messages: set[str] = set()
        # By order: what was released, when, and under which limits.
        self.released: dict[str, tuple[OrderReleased, int, str]] = {}

    @property
    def level(self) -> int:
        return max(self.halts.values(), default=0)

    def forbids(self, action: str) -> bool:
        return action in FORBIDDEN[self.level]

    def needed(self, intent: Intent) -> int:
        reached = [b.people for b in self.limits.approvals if b.action == intent.action and b.loss <= intent.worst_loss]
        return max(reached, default=0)

    def read(self, ts: int, fact: Fact) -> None:  # noqa: C901 - one place for all that a fact may mean
        if isinstance(fact, LedgerOpened):
            self.limits, self.limits_digest = fact.constitution, fact.constitution_digest
        elif isinstance(fact, ConstitutionChanged):
            self.limits, self.limits_digest = fact.constitution, fact.digest
        elif isinstance(fact, HaltRaised):
            self.halts[fact.cause] = fact.level
        elif isinstance(fact, HaltCleared):
            del self.halts[fact.cause]
        elif isinstance(fact, IntentProposed):
            self.intents[fact.intent.intent_id] = fact.intent
        elif isinstance(fact, ApprovalRequested):
            assert fact.intent_id not in self.told
            assert fact.people == self.needed(self.intents[fact.intent_id]) > 0
            self.told[fact.intent_id] = Told(fact, ts, {})
        elif isinstance(fact, AssentGiven):
            self._yes(ts, fact)
        elif isinstance(fact, AssentDenied | ApprovalEnded | IntentSkipped):
            message = getattr(fact, "message_id", "")
            assert message not in self.messages
            self.messages |= {message} - {""}
            self._end(fact.intent_id, kind_of(fact))
        elif isinstance(fact, CancelReleased):
            for intent_id in [name for name in self.told if self.intents[name].order_id == fact.order_id]:
                if self.intents[intent_id].action == "cancel" and intent_id not in self.over:
                    self._by_assent(intent_id)
        elif isinstance(fact, OrderReleased):
            self._left(ts, fact)

    def _yes(self, ts: int, fact: AssentGiven) -> None:
        """I-28, I-29, I-32: by somebody of the people, in time, to these terms, once, and to nothing that is over."""
        told = self.told[fact.intent_id]
        assert [one.name for one in self.limits.approvers if fact.identity in one.identities] == [fact.person]
        assert fact.person not in told.yes
        assert fact.terms == told.asked.terms
        assert told.ts <= ts < told.asked.expires_ts
        assert fact.message_id not in self.messages
        assert fact.intent_id not in self.over
        assert not self.forbids(self.intents[fact.intent_id].action)
        assert fact.factor or self.intents[fact.intent_id].worst_loss < self.limits.second_factor_from
        self.messages.add(fact.message_id)
        told.yes[fact.person] = fact

    def _end(self, intent_id: str, how: str) -> None:
        assert intent_id not in self.over
        self.over[intent_id] = how
        happened[how] += 1

    def _by_assent(self, intent_id: str) -> None:
        """An order that would be cancelled may also go by somebody else's hand: then nobody has to have said yes."""
        told = self.told[intent_id]
        happened["cancels on assent"] += len(told.yes) >= told.asked.people
        self.over[intent_id] = "released"

    def _left(self, ts: int, fact: OrderReleased) -> None:
        """I-28, I-31: with a quorum for exactly these bytes under these limits, never twice, never under a halt."""
        intent = self.intents[fact.order.intent_id]
        assert fact.digest == order_digest(fact.order)
        assert not any(other.order.intent_id == intent.intent_id for other, *_ in self.released.values())
        assert intent.intent_id not in self.over
        assert not self.forbids(intent.action)
        told = self.told.get(intent.intent_id)
        if told is None:
            assert self.needed(intent) == 0
            assert fact.assent == "autonomous"
        else:
            assert len(told.yes) >= told.asked.people == self.needed(intent)
            assert (fact.digest,) == told.asked.orders
            assert fact.assent == told.asked.terms
            happened["released on assent"] += 1
            happened["on the assent of two"] += told.asked.people == 2
        self._end(intent.intent_id, "released")
        self.released[fact.order.order_id] = fact, ts, self.limits_digest

    @property
    def standing(self) -> list[str]:
        """Questions that are asked and not over."""
        return [name for name in self.told if name not in self.over]


class Assents(RuleBasedStateMachine):
    """See the module's first lines."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.messages = T0, 0
        self.ledger, self.reading = MemoryStore(), Reading()
        self.scripted = Scripted()
        self.desk = Desk((self.scripted,))
        self.sends: list[Order] = []
        self.looks: list[LookRequested] = []
        self.cancels: list[str] = []
        self.said: list[AssentSeen] = []
        self.fills = 0
        self.take(LedgerOpening("0" * 16, "paper", "sim", "sim", "acc", LIMITS, "build", self.now))
        self._start()
        self.take(CashSeen(1_000 * MICRO, "deposit", self.now))
        self._match()

    # --- the road of a step -------------------------------------------------------------------------------------

    def take(self, inp: Input) -> list[Fact]:
        happened["inputs"] += 1
        """One step: decided, committed as bytes, read, and only then carried out."""
        facts = list(self.desk.handle(self.now, inp))
        self.ledger.append([Entry(self.now, kind_of(fact), SCHEMA_VERSION, encode_fact(fact)) for fact in facts])
        for fact in facts:
            self.reading.read(self.now, fact)
        for fact in facts:
            if isinstance(fact, OrderReleased):
                self.sends.append(fact.order)
            elif isinstance(fact, LookRequested):
                self.looks.append(fact)
            elif isinstance(fact, CancelReleased):
                self.cancels.append(fact.order_id)
        return facts

    def _restored(self) -> Desk:
        desk = Desk((self.scripted,))
        desk.restore([(one.ts, decode_fact(one.kind, one.version, one.body)) for one in self.ledger.records()])
        return desk

    def _begin_again(self) -> None:
        """Another process: what was to be sent is unknown, what was to be looked at is not answered any more."""
        self.desk = self._restored()
        self.sends, self.looks, self.cancels = [], [], []
        self._start()
        self._match()

    def _start(self) -> None:
        self.take(DeskStarting("build", ("scripted",), self.now))
        for name in self.reading.standing:
            asked, _, yes = self.reading.told[name]
            assert self.now < asked.expires_ts
            assert len(yes) < asked.people
        for market in MARKETS:
            self.take(InstrumentSeen(market, self.now))
            self.take(PhaseSeen(market.id, "open", self.now, self.now))
            self._quote(market.id, 500_000)

    def _match(self) -> None:
        """The venue's books are as ours."""
        state = self.desk.state
        held = tuple(Holding(name, position.qty) for name, position in state.positions.items())
        resting = tuple(name for name, order in state.orders.items() if order.status == "working")
        self.take(AccountSeen(state.cash, held, resting, "sim", self.now, self.now))

    def _quote(self, name: str, ask: int) -> None:
        qty = 1_000 * MICRO
        self.take(QuoteSeen(name, ask - 10_000, qty, ask, qty, self.now, self.now))

    def _propose(self, proposal: Proposal) -> None:
        self.scripted.says = [proposal]
        self.take(TimePassed(self.now))

    def _asked(self, index: int) -> ApprovalRequested | None:
        standing = self.reading.standing
        return self.reading.told[standing[index % len(standing)]].asked if standing else None

    def _say(self, said: AssentSeen) -> list[Fact]:
        """Whatever is refused changes nothing but the record (I-30)."""
        before = {name: asked.grants for name, asked in self.desk.state.asked.items()}
        facts = self.take(said)
        self.said.append(said)
        if any(isinstance(fact, AssentRefused) for fact in facts):
            assert [kind_of(fact) for fact in facts] == ["AssentRefused"]
            assert {name: asked.grants for name, asked in self.desk.state.asked.items()} == before
            happened[facts[0].reason] += 1  # type: ignore[union-attr]
        return facts

    def _answer(self, asked: ApprovalRequested, identity: str, verdict: Any = "approve", **changes: Any) -> AssentSeen:
        self.messages += 1
        said = AssentSeen(
            verdict, asked.code, asked.terms, identity, "web", f"m-{self.messages}", self.now, factor=True, reason="so",
        )  # fmt: skip
        return structs.replace(said, **changes)

    # --- what people do -----------------------------------------------------------------------------------------

    @precondition(somebody_waits)
    @rule(index=which, by=who)
    def approve(self, index: int, by: str) -> None:
        asked = self._asked(index)
        if asked is not None:
            self._say(self._answer(asked, by))

    @rule(
        name=name_of, contracts=st.sampled_from((1, 3, 6)), outcome=st.sampled_from(("rest", "fill", "rest", "later"))
    )
    def trade(self, name: str, contracts: int, outcome: str) -> None:
        """An idea that is carried through: asked about, assented to, looked at, sent."""
        self.propose_yes(name, contracts, None)
        if self.reading.standing:
            self.approve_by_all_who_are_needed(-1, looks=True)
        if self.sends and outcome != "later":
            self.send_and_answer(outcome)

    @precondition(somebody_waits)
    @rule(index=which, looks=st.booleans())
    def approve_by_all_who_are_needed(self, index: int, *, looks: bool) -> None:
        asked = self._asked(index)
        for person in PEOPLE:
            if asked is not None and asked.intent_id not in self.reading.over:
                self._say(self._answer(asked, person.identities[0]))
        while looks and self.looks:
            self._answer_look(0)

    @precondition(somebody_waits)
    @rule(index=which, by=who, other=which)
    def approve_in_every_wrong_way(self, index: int, by: str, other: int) -> None:
        for wrong in WRONGS:
            asked, beside = self._asked(index), self._asked(other)
            if asked is not None and beside is not None:
                self._approve_wrongly(asked, beside, by, wrong)

    def _approve_wrongly(self, asked: ApprovalRequested, beside: ApprovalRequested, by: str, wrong: str) -> None:
        said, another = self._answer(asked, by), beside.intent_id != asked.intent_id
        used = next(iter(self.reading.messages), None)
        large = self.reading.intents[asked.intent_id].worst_loss >= self.reading.limits.second_factor_from
        # What is said instead, and whether it is surely wrong.
        changes, surely = {
            "forged": ({"terms": said.terms[::-1]}, True),
            "another's terms": ({"terms": beside.terms}, another),
            "another's code": ({"intent": beside.code}, another),
            "early": ({"received_ts": 0}, True),
            "no factor": ({"factor": False}, large),
            "nobody": ({"identity": "os:eve"}, True),
            "lower case": ({"intent": said.intent.lower()}, said.intent != said.intent.lower()),
            "replayed": ({} if used is None else {"message_id": used}, used is not None),
        }[wrong]
        if surely:
            assert kind_of(self._say(structs.replace(said, **changes))[0]) == "AssentRefused"

    @precondition(lambda self: self.said)
    @rule(index=which)
    def say_it_all_again(self, index: int) -> None:
        self._say(self.said[index % len(self.said)])

    @precondition(somebody_waits)
    @rule(index=which, by=who, verdict=st.sampled_from(("reject", "expire")))
    def end_it(self, index: int, by: str, verdict: str) -> None:
        asked = self._asked(index)
        if asked is not None:
            self._say(self._answer(asked, by, verdict, terms="whatever"))
            assert asked.intent_id not in self.desk.state.asked or self.now >= asked.expires_ts

    @rule(cause=st.sampled_from(("operator", "clock_jump")), lightly=st.integers(0, 2))
    def halt(self, cause: str, lightly: int) -> None:
        if lightly != 1:
            return
        self.take(HaltAsked(cause, "ann", "drill", self.now))

    @precondition(lambda self: self.reading.halts)
    @rule()
    def resume(self) -> None:
        happened["resumes"] += 1
        if "clock_jump" in self.reading.halts:
            self.now += 6 * 60 * SECOND
        for name in [name for name, order in self.desk.state.orders.items() if order.status == "unknown"]:
            self.take(SendAnswered(name, Refused("no", ""), self.now))
        self._match()
        self.take(ResumeAsked("", "ann", "looked", self.now))
        self.take(TimePassed(self.now))

    @rule(lightly=st.integers(0, 2))
    def tighten(self, lightly: int) -> None:
        limits = self.reading.limits
        if lightly == 1:
            told = self.take(ConstitutionOffered(structs.replace(limits, edge_min=limits.edge_min + 1), self.now))
            assert kind_of(told[0]) == "ConstitutionChanged"

    @precondition(lambda self: self.looks)
    @rule()
    def tighten_while_the_venue_is_asked(self) -> None:
        self.tighten(1)
        self._answer_look(0)

    @rule()
    def go_back_to_the_first_limits(self) -> None:
        self.take(AmendmentAsked(self.reading.limits_digest, LIMITS, "ann", "back", self.now))

    # --- ideas, prices and time ---------------------------------------------------------------------------------

    @rule(name=name_of, contracts=st.sampled_from((1, 3, 6)), life=st.sampled_from((None, None, 10)))
    def propose_yes(self, name: str, contracts: int, life: int | None) -> None:
        ask = self._ask_of(name)
        life_ns = None if life is None else life * SECOND
        self._propose(buy(instrument=name, price=ask, fair=ask + 90_000, qty_max=contracts * MICRO, life_ns=life_ns))

    @rule(name=name_of, contracts=st.sampled_from((1, 3, 6)))
    def propose_no(self, name: str, contracts: int) -> None:
        bid = self._ask_of(name) - 10_000
        self._propose(sell(instrument=name, price=bid, fair=bid - 90_000, qty_max=contracts * MICRO))

    def _ask_of(self, name: str) -> int:
        seen = self.desk.markets[name].quote
        return 500_000 if seen is None or seen.ask is None else seen.ask

    @precondition(lambda self: self.desk.state.positions)
    @rule(index=which)
    def propose_to_leave(self, index: int) -> None:
        names = list(self.desk.state.positions)
        name = names[index % len(names)]
        long = self.desk.state.held(name) > 0
        price = self._ask_of(name) - 10_000 if long else self._ask_of(name)
        self._propose(close(instrument=name, side="sell" if long else "buy", price=price))

    @precondition(lambda self: self._resting())
    @rule(index=which, agreed=st.booleans())
    def propose_a_cancel(self, index: int, *, agreed: bool) -> None:
        resting = self._resting()
        order = resting[index % len(resting)]
        self._propose(Proposal(order.instrument, action="cancel", price=order.price, order_id=order.order_id))
        if agreed and self.reading.standing:
            self.approve_by_all_who_are_needed(-1, looks=False)

    def _resting(self) -> list[Order]:
        return [order.order for order in self.desk.state.orders.values() if order.status == "working"]

    @rule(name=name_of, steps=st.integers(-6, 6))
    def move_the_price(self, name: str, steps: int) -> None:
        self._quote(name, min(900_000, max(100_000, self._ask_of(name) + steps * 10_000)))

    @rule(seconds=st.sampled_from((1, 1, 1, 2, 2, 3, 9, 59, 60)))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds * SECOND
        self.take(TimePassed(self.now))
        for name in NAMES:
            self._quote(name, self._ask_of(name))

    @precondition(somebody_waits)
    @rule(index=which, before=st.integers(0, 2), by=who)
    def answer_at_the_last_moment(self, index: int, before: int, by: str) -> None:
        asked = self._asked(index)
        if asked is not None and asked.expires_ts - before >= self.now:
            self.now = asked.expires_ts - before
            facts = self._say(self._answer(asked, by))
            assert before or kind_of(facts[0]) == "AssentRefused"

    # --- the venue ----------------------------------------------------------------------------------------------

    @precondition(lambda self: self.looks)
    @rule(moved=st.sampled_from((0, 0, 0, 1, -1, 7)), answered=st.sampled_from((True, True, True, False)))
    def answer_a_look(self, moved: int, *, answered: bool) -> None:
        self._answer_look(moved, answered=answered)

    def _answer_look(self, moved: int, *, answered: bool = True) -> None:
        look, qty = self.looks.pop(0), 1_000 * MICRO
        ask = self._ask_of(look.instrument) + moved * 10_000
        quote = QuoteSeen(look.instrument, ask - 10_000, qty, ask, qty, self.now, self.now) if answered else None
        self.take(LookAnswered(look.intent_id, quote, "" if answered else "down", self.now))

    @precondition(lambda self: self.sends)
    @rule(outcome=st.sampled_from(("fill", "fill", "rest", "refuse", "lose")))
    def send_and_answer(self, outcome: str) -> None:
        """Asked for its permit in the same step, as it is done where orders are sent."""
        order = self.sends.pop(0)
        obstacle = self.desk.permit(order.order_id, self.now, order_digest(order))
        happened["sent" if obstacle is None else "not sent"] += 1
        if obstacle is not None:
            answer: Any = NotSent(obstacle)
        elif outcome in ("fill", "rest"):
            left = 0 if outcome == "fill" else order.qty
            answer = Accepted("v-" + order.order_id[:8], order.qty - left, left)
        else:
            answer = Refused("no", "") if outcome == "refuse" else Unknown("silence")
        if obstacle is None and outcome == "fill":
            self.fills += 1
            fill = Fill(
                f"f-{self.fills}", order.order_id, order.instrument, order.side, order.price, order.qty, 0,
                taker=True, venue_ts=self.now,
            )  # fmt: skip
            self.take(FillSeen(fill, self.now))
        self.take(SendAnswered(order.order_id, answer, self.now))

    @precondition(lambda self: self.cancels)
    @rule(gone=st.booleans())
    def answer_a_cancel(self, *, gone: bool) -> None:
        order_id = self.cancels.pop(0)
        known = self.desk.state.find_order(order_id)
        filled = known.filled if known else 0
        answer: Any = Accepted("v-" + order_id[:8], filled, 0) if gone else Refused("not_found", "")
        self.take(CancelAnswered(order_id, answer, self.now))

    # --- the process --------------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from((0, 1, 60)))
    def restart(self, seconds: int) -> None:
        self.now += seconds * SECOND
        assert self._restored().state.digest() == self.desk.state.digest()
        happened["restarts with questions"] += bool(self.desk.state.asked)
        self._begin_again()

    @rule(index=which, by=who, verdict=st.sampled_from(("approve", "reject")))
    def crash_before_the_commit(self, index: int, by: str, verdict: str) -> None:
        asked = self._asked(index)
        self._crash_with(TimePassed(self.now) if asked is None else self._answer(asked, by, verdict))

    @precondition(lambda self: self.looks)
    @rule()
    def crash_with_the_answer_of_the_last_look(self) -> None:
        seen = self.desk.markets[self.looks[0].instrument].quote
        self._crash_with(LookAnswered(self.looks[0].intent_id, seen, "", self.now))

    def _crash_with(self, lost: Input) -> None:
        """A step is decided and dies with the process: as if it had never been asked."""
        facts = list(self.desk.handle(self.now, lost))
        happened["releases lost in a crash"] += any(isinstance(fact, OrderReleased) for fact in facts)
        happened["answers lost in a crash"] += isinstance(lost, AssentSeen)
        self._begin_again()

    # --- always -------------------------------------------------------------------------------------------------

    @invariant()
    def only_what_is_asked_and_not_over_waits(self) -> None:
        """I-32, and the desk's own account of who has said yes."""
        asked = self.desk.state.asked
        assert list(asked) == self.reading.standing
        for name, one in asked.items():
            assert [grant.person for grant in one.grants] == list(self.reading.told[name].yes)

    @invariant()
    def the_permit_agrees(self) -> None:
        """What may leave now was released a moment ago, under these limits, and nothing forbids it; and no other bytes
        leave under its name."""
        for order_id, (fact, ts, limits_digest) in self.reading.released.items():
            order = self.desk.state.find_order(order_id)
            assert order is not None
            action, expires = self.reading.intents[fact.order.intent_id].action, fact.order.expires_ts
            may = (
                order.status == "released"
                and not self.reading.forbids(action)
                and self.now - ts <= PERMIT_LIFE
                and (expires is None or self.now < expires)
                and (self.reading.limits_digest == limits_digest)
            )
            assert (self.desk.permit(order_id, self.now, fact.digest) is None) is may
            assert self.desk.permit(order_id, self.now, fact.digest[::-1]) is not None

    @invariant()
    def the_level_is_that_of_the_facts(self) -> None:
        assert int(self.desk.state.level) == self.reading.level
        assert set(self.reading.halts) <= set(CAUSES)


@cache
def lived() -> Counter[str]:
    """All examples, once; what happened in them."""
    happened.clear()
    run_state_machine_as_test(Assents, settings=settings(max_examples=EXAMPLES, stateful_step_count=STEPS))
    print(f"\n{EXAMPLES} lives of at most {STEPS} steps: {dict(happened.most_common())}")  # noqa: T201
    return Counter(happened)


def test_no_order_leaves_without_exactly_its_assent_whatever_happens() -> None:
    assert lived()["released on assent"] > EXAMPLES // 4


def test_every_way_of_answering_and_of_ending_has_happened() -> None:
    found = lived()
    for what in (
        "on the assent of two", "cancels on assent", "sent", "not sent", "AssentDenied", "ApprovalEnded",
        "IntentSkipped", "releases lost in a crash", "restarts with questions", "answers lost in a crash",
        "assent_twice", "assent_copied", "assent_late", "assent_early", "assent_replayed", "assent_not_permitted",
        "assent_changed", "assent_halted", "assent_ended", "assent_unknown", "second_factor_missing",
    ):  # fmt: skip
        assert found[what], what


@pytest.mark.parametrize(
    "bug",
    [
        bugs.an_assent_can_be_used_again, bugs.one_person_counts_twice, bugs.one_of_two_is_enough,
        bugs.a_yes_is_never_too_late, bugs.an_expired_question_survives_a_restart, bugs.an_answer_is_taken_twice,
        bugs.the_terms_of_an_answer_are_not_compared, bugs.anybody_may_say_yes, bugs.a_yes_counts_under_a_halt,
        bugs.no_second_factor_is_needed, bugs.limits_that_change_during_a_look_are_not_noticed,
        bugs.an_order_is_released_without_anybody_being_asked, bugs.what_has_its_assent_goes_without_another_look,
    ],
    ids=lambda bug: bug.__name__,
)  # fmt: skip
def test_a_planted_bug_is_caught(bug: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch) -> None:
    bug(monkeypatch)
    quick = settings(
        max_examples=1_000, stateful_step_count=STEPS, phases=(Phase.generate,), print_blob=False,
        report_multiple_bugs=False,
    )  # fmt: skip
    with pytest.raises((AssertionError, InvariantBroken)):
        run_state_machine_as_test(Assents, settings=quick)
