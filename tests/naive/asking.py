"""What is watched of the questions to people: each asked, answered and ended as the naive reading says, and no other.

Soft here is what a process may forget: for how long nobody is asked about an idea again, and since when an exit is
asked about in vain. All else stands in the books.
"""

from collections import Counter
from typing import Any

from tests.naive import assents, looks
from tests.naive.arithmetic import ONE
from tests.naive.books import Books
from tests.naive.market import Seen
from tests.naive.rules import judge

from assent.model.assents import ApprovalEnded, ApprovalRequested, AssentDenied, AssentGiven, AssentRefused, AssentSeen
from assent.model.facts import ConstitutionChanged, Fact, OrderReleased, kind_of
from assent.model.inputs import DeskStarting, TimePassed
from assent.model.would import WouldRelease

Key = tuple[str, ...]
MINUTE = 60 * 10**9


def key_of(intent: Any) -> Key:
    return intent.strategy, intent.instrument, intent.action, intent.side


def close_to(books: Books, intent: Any, price: int) -> bool:
    """Whether another price is none that a question gives way to."""
    step = books.limits.supersede_step_min
    return step >= ONE or abs(price - intent.price) < step


class Asking:
    """See the module's first lines."""

    def __init__(self, books: Books, seen: Seen) -> None:
        self.books, self.seen, self.now, self.input = books, seen, 0, None
        self.pauses: dict[Key, int] = {}
        # Since when an exit is asked about in vain, and until when it may be asked about again and still go on waiting.
        self.alone: dict[str, tuple[int, int]] = {}
        # What an answer has to come to, as long as nothing was said of it; the idea that a better one has to follow on.
        self.expected: tuple[str, str] | None = None
        self.better: tuple[Key, int] | None = None
        # What has to follow on the last yes: which fact, of which intent, for which reason.
        self.follows: tuple[str, str] | None = None
        self.reason = ""
        self.counts: Counter[str] = Counter()

    def step(self, now: int, inp: Any, seen: Seen) -> None:
        """Before an input."""
        self.now, self.input, self.seen, books = now, inp, seen, self.books
        if type(inp) is AssentSeen:
            self.expected = assents.verdict(books, now, inp)
        elif type(inp) is TimePassed:
            self.alone = {name: spans for name, spans in self.alone.items() if books.held(name)}
        elif type(inp) is DeskStarting:
            pause = books.limits.denied_pause_min
            standing = {key_of(books.intents[name]) for name in books.asked}
            self.pauses = {key: ts + pause for key, ts in books.noes.items() if key not in standing}

    def after(self) -> None:
        """After it: every answer was spoken of, and nothing stands for longer than it may."""
        assert self.expected is None, f"nothing was said of an answer that comes to {self.expected}"
        assert self.follows is None, f"a yes is not followed by {self.follows}"
        assert self.better is None, "a question gave way to nothing"
        starting = type(self.input) is DeskStarting
        if starting or type(self.input) is TimePassed:
            for name, asked in self.books.asked.items():
                late = self.now >= asked.expires_ts and not asked.enough
                assert not late, f"the question of {name} stands beyond its end"
                assert not (starting and asked.enough), f"the look of {name} outlives its process"

    def restart(self) -> None:
        self.alone = {}

    def is_known(self, key: Key, price: int) -> bool:
        """Whether this idea is only counted: people are asked about it, or were a moment ago."""
        for name, asked in self.books.asked.items():
            if key_of(self.books.intents[name]) == key and not asked.enough:
                return close_to(self.books, self.books.intents[name], price)
        return self.now < self.pauses.get(key, 0)

    def people(self, intent: Any) -> int:
        """How many people this idea that passed waits for."""
        needed = assents.people_asked(self.books.limits, intent.action, intent.worst_loss)
        since = self._alone_since(intent.instrument)
        if needed and assents.may_go_alone(self.books.limits, intent):
            return 0 if self.now - since >= self.books.limits.exits_auto_after else needed
        return needed

    # --- a fact, before it is read ------------------------------------------------------------------------------

    def expect(self, fact: Fact) -> None:
        reader = _READERS.get(type(fact))
        if kind_of(fact) != "StateMarked":
            self._in_turn(fact)
        if reader is not None:
            reader(self, fact)

    def _in_turn(self, fact: Any) -> None:
        """An answer is spoken of first; then comes what follows on it."""
        kind = kind_of(fact)
        if self.expected is not None:
            said = (fact.reason, "") if kind == "AssentRefused" else (kind, getattr(fact, "intent_id", ""))
            named = self.expected if kind != "AssentRefused" else (self.expected[0], "")
            assert said == named, f"an answer comes to {said}, and should to {self.expected}: {self.input}"
            self.expected = None
        elif kind in ("AssentGiven", "AssentDenied", "AssentRefused"):
            raise AssertionError(f"nobody has answered, and yet: {fact}")
        elif self.follows is not None:
            order = getattr(fact, "order", None)
            said = kind, order.intent_id if order else getattr(fact, "intent_id", None) or fact.order_id
            assert said == self.follows, f"on a yes follows {said}, and should {self.follows}"
            assert kind != "IntentSkipped" or fact.reason == self.reason, f"skipped: {fact.reason}, not {self.reason}"
            self.follows = None
        if self.better is not None and kind == "IntentProposed":
            (key, price), self.better = self.better, None
            assert key_of(fact.intent) == key, "a question gave way to another idea"
            assert abs(fact.intent.price - price) >= self.books.limits.supersede_step_min, "and to no better one"

    def _requested(self, fact: ApprovalRequested) -> None:
        assents.well_asked(self.books, self.now, fact)
        intent = self.books.intents[fact.intent_id]
        quote = self.seen.quotes.get(intent.instrument) if intent.instrument in self.seen.listed else None
        assert fact.price == (quote and looks.to_deal_at(quote, intent.side)), "asked beside another price"
        if intent.strategy == "desk":
            self.alone[intent.instrument] = self._alone_since(intent.instrument), fact.expires_ts + MINUTE

    def _alone_since(self, name: str) -> int:
        since, until = self.alone.get(name, (0, 0))
        return since if self.now < until else self.now

    def _given(self, fact: AssentGiven) -> None:
        assents.well_given(self.books, self.now, fact)
        books, intent, asked = self.books, self.books.intents[fact.intent_id], self.books.asked[fact.intent_id]
        self.counts["yes"] += 1
        if len(asked.yes) + 1 < asked.people:
            return
        self.counts["assents"] += 1
        self.counts[f"assents to {intent.action}"] += 1
        self.alone.pop(intent.instrument, None)
        gone = intent.instrument not in self.seen.listed
        if intent.action == "open":
            self._let("market_open" if gone else "", "LookRequested", intent.intent_id)
            return
        again = looks.said_again(books, self.seen, self.now, intent)
        refused = [code for code, ok, *_ in judge(again) if not ok]
        reason = refused[0] if refused else "" if again.size.qty == intent.qty else "skipped_terms"
        if intent.action == "cancel":
            would = intent.order_id in books.would
            self._let(reason, "WouldOrderEnded" if would else "CancelReleased", intent.intent_id, intent.order_id)
        else:
            release = "WouldRelease" if books.mode == "observe" else "OrderReleased"
            self._let("market_open" if gone else reason, release, intent.intent_id)

    def _let(self, reason: str, kind: str, intent_id: str, order_id: str = "") -> None:
        self.reason = reason
        self.follows = ("IntentSkipped", intent_id) if reason else (kind, order_id or intent_id)

    def _denied(self, fact: AssentDenied) -> None:
        intent = self.books.intents[fact.intent_id]
        assert fact.person == assents.person_behind(self.books.limits, fact.identity) is not None, "nobody said no"
        self.counts["noes"] += 1
        self.counts["noes after enough had said yes"] += self.books.asked[fact.intent_id].enough
        self.pauses[key_of(intent)] = self.now + self.books.limits.denied_pause_min
        self.alone.pop(intent.instrument, None)

    def _ended(self, fact: ApprovalEnded) -> None:
        intent, asked = self.books.intents[fact.intent_id], self.books.asked[fact.intent_id]
        key = key_of(intent)
        self.counts[fact.why] += 1
        self.pauses.pop(key, None)
        if fact.why == "superseded":
            assert not asked.enough, "what everybody has said yes to gave way"
            self.better = key, intent.price
            return
        if fact.why == "ended_by_hand":
            assert type(self.input) is AssentSeen, "nobody ended it by hand"
            self.alone.pop(intent.instrument, None)
        else:
            assert self.now >= asked.expires_ts, "it expired before its end"
            assert not asked.enough, "it expired although everybody had said yes"
        if intent.action != "close":
            self.pauses[key] = self.now + self.books.limits.approval_life

    def _refused(self, fact: AssentRefused) -> None:
        self.counts[fact.reason] += 1

    def _amended(self, fact: ConstitutionChanged) -> None:
        assert not assents.never_in_force(fact.constitution), "limits came into force that ask nobody, or too many"

    def _released(self, fact: Any) -> None:
        assents.rests_on(self.books, fact)
        self.counts["releases on assent"] += fact.order.intent_id in self.books.asked
        self.counts["exits that went alone"] += fact.assent == "exits_auto_after"


_READERS: dict[type, Any] = {
    ApprovalRequested: Asking._requested,
    AssentGiven: Asking._given,
    AssentDenied: Asking._denied,
    ApprovalEnded: Asking._ended,
    AssentRefused: Asking._refused,
    ConstitutionChanged: Asking._amended,
    OrderReleased: Asking._released,
    WouldRelease: Asking._released,
}
