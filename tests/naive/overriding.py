"""What is watched of overrides: each given, refused and ended as the naive reading says, and no other."""

from collections import Counter
from typing import Any

from tests.naive import halts, overrides, periods
from tests.naive.books import Books

from assent.model.facts import Fact, kind_of
from assent.model.inputs import HaltAsked, TimePassed
from assent.model.overrides import OverrideAsked, OverrideEndAsked


class Overriding:
    """Asserts, like the books do."""

    def __init__(self, books: Books) -> None:
        self.books, self.now = books, 0
        self.input: Any = None
        self.standing: set[str] = set()
        # What has to come of this input, as long as nothing was said of it: which record, with which reason.
        self.expected: tuple[str, str] | None = None
        # The cause that has to be raised anew at once, and the one that this record raises anew.
        self.again = self.anew = ""
        self.crossed: set[str] = set()
        self.counts: Counter[str] = Counter()

    def step(self, now: int, inp: Any) -> None:
        """Before an input."""
        books = self.books
        self.now, self.input, self.expected = now, inp, None
        self.standing = {cause for cause in books.halts if overrides.in_force(books, cause, now)}
        if type(inp) is OverrideAsked:
            self.expected = overrides.verdict(books, inp, now)
        elif type(inp) is OverrideEndAsked:
            self.expected = overrides.end_verdict(books, inp, now)
        elif type(inp) is TimePassed:
            self.crossed = periods.crossed(books, books.limits, now)

    def expect(self, fact: Fact) -> None:
        """Before a record is read."""
        kind, said = kind_of(fact), fact  # type: Any, Any
        if kind != "StateMarked":
            raised = kind == "HaltRaised" and said.cause == self.again
            assert raised or not self.again, f"{self.again} is raised anew at once"
            self.anew, self.again = self.again, ""
        if kind == "HaltOverridden":
            self._come(kind, "")
            inp = self.input
            told, wanted = (said.cause, said.by, said.until_ts), (inp.cause, inp.by, self.now + inp.life_ns)
            assert told == wanted, f"the override that was asked for: {told}, not {wanted}"
        elif kind == "OverrideRefused":
            self._come(kind, said.reason)
        elif kind == "OverrideEnded":
            self._ended(said)

    def _come(self, kind: str, reason: str) -> None:
        assert self.expected == (kind, reason), f"what comes of it is {kind} {reason}, not {self.expected}"
        self.expected = None
        self.counts[reason or kind] += 1

    def _ended(self, fact: Any) -> None:
        cause, inp, halt = fact.cause, self.input, self.books.halts[fact.cause]
        if fact.why == "asked":
            self._come("OverrideEnded", "asked")
        elif fact.why == "time":
            assert 0 < halt.aside_until <= self.now, f"the override of {cause} is over before its time"
            assert type(inp) in (TimePassed, OverrideAsked), "a cycle writes down that its time is up"
            self.counts["time"] += 1
        else:
            asked = type(inp) is HaltAsked and (inp.cause if inp.cause in halts.CAUSES else "operator") == cause
            back = type(inp) is TimePassed and cause in overrides.MEASURED - self.crossed
            assert asked or back or cause == "strategy_stopped", f"the trouble {cause} is not new"
            self.again = cause
            self.counts["crossed again" if back else "raised again"] += 1

    def after(self) -> None:
        """After an input, when all its records are read."""
        books, now, inp = self.books, self.now, self.input
        assert not self.again, f"{self.again} is raised anew"
        assert self.expected is None, f"nothing came of it: {self.expected}"
        left = {cause for cause in self.standing if overrides.in_force(books, cause, now)}
        if type(inp) is HaltAsked:
            assert inp.cause not in left, f"{inp.cause} is still set aside, although it was raised again"
        elif type(inp) is TimePassed:
            new = overrides.MEASURED & periods.crossed(books, books.limits, now) - self.crossed
            assert not left & new, f"still set aside, although crossed again: {left & new}"
            late = [cause for cause, halt in books.halts.items() if 0 < halt.aside_until <= now]
            assert not late, f"nobody has written down that it is over: {late}"
            self.counts["cycles with an override"] += bool(left)
