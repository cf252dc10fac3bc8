"""What people were asked about one intent, and what they made of it: a part of its story."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from assent.desk.lots import Told
from assent.model.assents import ApprovalEnded, ApprovalRequested, AssentDenied, AssentGiven

EndedBy = Literal["", "denied", "expired", "superseded", "ended_by_hand"]


class Question(msgspec.Struct, frozen=True):
    """What people were asked: to which terms, how many of them, until when; who said yes, and how it ended without a
    release, if it did."""

    seq: int
    ts: int
    code: str
    terms: str
    people: int
    price: int | None
    expires_ts: int
    given: tuple[str, ...]
    ended: EndedBy
    by: str
    why: str

    @property
    def open(self) -> bool:
        """Somebody who must still answer has not."""
        return not self.ended and len(self.given) < self.people


def question_of(records: Iterable[Told], intent_id: str) -> Question | None:
    """What people were asked about this intent, if they were, and how it ended."""
    found: Question | None = None
    for seq, ts, fact in records:
        if isinstance(fact, ApprovalRequested) and fact.intent_id == intent_id:
            found = Question(
                seq, ts, fact.code, fact.terms, fact.people, fact.price, fact.expires_ts, (), "", "", "",
            )  # fmt: skip
        elif found is None:
            continue
        elif isinstance(fact, AssentGiven) and fact.intent_id == intent_id:
            found = msgspec.structs.replace(found, given=(*found.given, fact.person))
        elif isinstance(fact, AssentDenied) and fact.intent_id == intent_id:
            return msgspec.structs.replace(found, ended="denied", by=fact.person, why=fact.reason)
        elif isinstance(fact, ApprovalEnded) and fact.intent_id == intent_id:
            return msgspec.structs.replace(found, ended=fact.why, by=fact.by)
    return found
