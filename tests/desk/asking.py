"""A bench on which people are asked: its constitution, the question of the last step, and every way to answer it."""

from typing import Any

from tests.desk.support import Bench, buy, limits

from assent.model.assents import ApprovalRequested, AssentSeen, Verdict
from assent.model.constitution import Constitution
from assent.model.facts import Fact, IntentSkipped, LookRequested, OrderReleased
from assent.model.inputs import LookAnswered, QuoteSeen
from assent.model.policy import Band, Person
from assent.model.units import MICRO, MINUTE, SECOND

ADA, BEN, CAL = Person("ada", ("os:ada", "token:ada")), Person("ben", ("token:ben",)), Person("cal", ("text:+1",))
LIFE, PAUSE = 60 * SECOND, 10 * MINUTE


def asking(*bands: Band, **changes: Any) -> Constitution:
    """Limits under which one of three people is asked about every entry, or what the bands say."""
    values = {"approvals": bands or (Band("open", 0, 1),), "approvers": (ADA, BEN, CAL)} | changes
    return limits(**values)


class Asking(Bench):
    """See the module's first lines."""

    def __init__(self, *bands: Band, **values: Any) -> None:
        changes = values.pop("limits", {})
        self.said = 0
        super().__init__(constitution=asking(*bands, **changes), **values)

    def ask(self, *proposals: Any) -> ApprovalRequested:
        """Propose; the one question that people are asked about it."""
        facts = self.propose(*(proposals or (buy(qty_max=MICRO),)))
        found = questions(facts)
        assert len(found) == 1, facts
        return found[0]

    def reply(
        self, asked: ApprovalRequested | str, by: str = "os:ada", verdict: Verdict = "approve", **changes: Any
    ) -> list[Fact]:
        """One answer to it, right in everything but what the changes say."""
        self.said += 1
        intent, terms = (asked, "") if isinstance(asked, str) else (asked.code, asked.terms)
        values: dict[str, Any] = {
            "verdict": verdict, "intent": intent, "terms": terms, "identity": by, "channel": "terminal",
            "message_id": f"m-{self.said}", "received_ts": self.now,
        } | changes  # fmt: skip
        return self.take(AssentSeen(**values))

    def looked(self, asked: ApprovalRequested | LookRequested, bid: int = 490_000, ask: int = 500_000) -> list[Fact]:
        """The venue's book at the last look, as it was unless said otherwise."""
        qty, name = 1_000 * MICRO, self.state.looks[asked.intent_id].intent.instrument
        return self.take(
            LookAnswered(asked.intent_id, QuoteSeen(name, bid, qty, ask, qty, self.now, self.now), "", self.now)
        )

    def approved(self, asked: ApprovalRequested, *by: str) -> list[Fact]:
        """Everybody says yes, and the venue's book is as it was."""
        for identity in by or ("os:ada",):
            facts = self.reply(asked, identity)
        return self.looked(asked) if any(isinstance(fact, LookRequested) for fact in facts) else facts

    def approved_at(self, asked: ApprovalRequested, bid: int, ask: int) -> list[Fact]:
        """One person says yes, and this is the venue's book."""
        self.reply(asked)
        return self.looked(asked, bid, ask)


def skipped(facts: list[Fact]) -> str:
    """Why the one intent that was skipped was."""
    found = [fact.reason for fact in facts if isinstance(fact, IntentSkipped)]
    assert len(found) == 1, facts
    return found[0]


def questions(facts: list[Fact]) -> list[ApprovalRequested]:
    return [fact for fact in facts if isinstance(fact, ApprovalRequested)]


def releases(facts: list[Fact]) -> list[OrderReleased]:
    return [fact for fact in facts if isinstance(fact, OrderReleased)]
