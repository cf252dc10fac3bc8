"""A person's answer to an intent that waits for assent, and what becomes of the question: asked, given, denied, ended.

`terms` is the digest of everything that an assent covers (see `model/binding.py`): who answers names it, so nobody
says yes to anything but what was shown.
"""

from typing import Literal

import msgspec

Verdict = Literal["approve", "reject", "expire"]
Channel = Literal["terminal", "web", "api", "text", "telegram"]
# How a request ends without a release.
Ending = Literal["expired", "superseded", "ended_by_hand"]

# --- asked ---------------------------------------------------------------------------------------------


class AssentSeen(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Somebody answers, by a channel that has proven who it is. `intent` is a code, or the beginning of an intent's id;
    `terms` the digest that was shown. `factor`: a second factor was proven as well. `message_id` is the channel's own
    name for this answer; no two answers have the same."""

    verdict: Verdict
    intent: str
    terms: str
    identity: str
    channel: Channel
    message_id: str
    received_ts: int
    factor: bool = False
    reason: str = ""


# --- told ----------------------------------------------------------------------------------------------


class ApprovalRequested(msgspec.Struct, frozen=True, tag=True, gc=False):
    """An intent passed every rule and waits for people. `orders` are the digests of all orders that a release of it
    would state; `price` is what there was to deal at when it was judged."""

    intent_id: str
    code: str
    terms: str
    orders: tuple[str, ...]
    people: int
    price: int | None
    expires_ts: int


class AssentGiven(msgspec.Struct, frozen=True, tag=True, gc=False):
    """One person said yes to exactly these terms."""

    intent_id: str
    person: str
    identity: str
    channel: Channel
    message_id: str
    terms: str
    factor: bool


class AssentDenied(msgspec.Struct, frozen=True, tag=True, gc=False):
    """One person said no: the intent is over, whoever else said yes."""

    intent_id: str
    person: str
    identity: str
    channel: Channel
    message_id: str
    reason: str


class ApprovalEnded(msgspec.Struct, frozen=True, tag=True, gc=False):
    """The question is over without a release: nobody answered in time, a newer idea took its place, or a person ended
    it, by the answer of this name. `repeats` are the same ideas that were only counted meanwhile."""

    intent_id: str
    why: Ending
    by: str
    repeats: int
    message_id: str = ""


class AssentRefused(msgspec.Struct, frozen=True, tag=True, gc=False):
    """An answer that changes nothing, and why. `intent_id` is empty where it names none that is known."""

    intent_id: str
    said: str
    verdict: Verdict
    reason: str
    identity: str
    channel: Channel
    message_id: str
