"""What a person may ask of a desk: see how it stands and where its books differ, halt it, resume it, cancel an order,
say what became of an unknown one, accept the venue's books, leave a position, amend its limits.

The same acts whether the desk runs (they arrive over the control socket) or not (the command takes the lease and is
the writer for a moment). An act is an input; the answer is made of the facts it brought about.
"""

from collections.abc import Mapping
from typing import Any

from assent.desk.halts import FACTOR_ASKED
from assent.desk.story import in_words
from assent.model.assents import (
    ApprovalEnded,
    ApprovalRequested,
    AssentDenied,
    AssentGiven,
    AssentRefused,
    AssentSeen,
    Channel,
)
from assent.model.constitution import Constitution
from assent.model.errors import AssentError
from assent.model.facts import (
    AmendmentRefused,
    CancelKept,
    CancelReleased,
    ConstitutionChanged,
    Fact,
    HaltCleared,
    HaltRaised,
    IntentProposed,
    IntentRefused,
    OrderResolved,
    ResumeRefused,
    kind_of,
)
from assent.model.inputs import AmendmentAsked, CancelAsked, HaltAsked, Input, ResumeAsked
from assent.model.overrides import HaltOverridden, OverrideAsked, OverrideEndAsked, OverrideEnded, OverrideRefused
from assent.model.reasons import sentence
from assent.model.settling import ActRefused, AdoptionAsked, BooksAdopted, CloseAsked, ResolutionAsked
from assent.model.text import shown
from assent.model.units import is_value

Answer = dict[str, Any]

# Facts by which an act has changed something.
DONE = frozenset(
    (
        HaltRaised, HaltCleared, CancelKept, CancelReleased, ConstitutionChanged, BooksAdopted, OrderResolved,
        IntentProposed, AssentGiven, AssentDenied, ApprovalEnded, HaltOverridden, OverrideEnded,
    )
)  # fmt: skip
# Answers to a question of the desk's: by whoever was proven to give them.
ANSWERS = frozenset(("approve", "reject", "expire"))
# Acts that rest on the venue's books as they are now, so that these are compared before; and the look at them.
COMPARED = frozenset(("resume", "override", "amend", "accept", "resolve", "cancel"))
LOOK = "reconcile"
# Acts after which a person wants to see what still differs.
SHOWN_AFTER = frozenset(("accept", "resolve"))
# Acts of the person who was proven, whatever name the request gives.
PROVEN = frozenset(("override", "end_override"))
EVIDENCE_MAX = 500
# By which an answer may come over the control socket.
CHANNELS: tuple[Channel, ...] = ("terminal", "web", "api")


def act_input(
    request: Mapping[str, Any],
    now: int,
    *,
    constitution: Constitution | None = None,
    identity: str = "",
    factor: bool = False,
) -> Input:
    """The input that a request asks for; `AssentError` when it asks for nothing we know.

    `constitution`: what the file says, for an amendment; a running desk has none to offer and is never amended.
    `identity` and `factor`: who was proven to ask, and whether by a second factor as well.
    """
    command = request.get("cmd")
    by = _text(request, "by", needed=command not in ANSWERS)
    if command == "halt":
        return HaltAsked("operator", by, _text(request, "reason"), now)
    if command == "resume":
        return ResumeAsked(_text(request, "cause", needed=False), by, _text(request, "reason"), now, factor)
    if command == "override":
        cause, reason = _text(request, "cause"), _text(request, "reason")
        return OverrideAsked(cause, _number(request, "life_ns") or 0, by, reason, now, factor)
    if command == "end_override":
        return OverrideEndAsked(_text(request, "cause"), by, _text(request, "reason", needed=False), now)
    if command == "cancel":
        return CancelAsked(_text(request, "order_id", needed=False), by, now)
    if command == "accept":
        return AdoptionAsked(_text(request, "digest"), by, _text(request, "reason"), now)
    if command == "resolve":
        return ResolutionAsked(
            _text(request, "order_id"), _executed(request), _number(request, "price"),
            _number(request, "fee"), _text(request, "evidence", most=EVIDENCE_MAX), by, _text(request, "reason"), now,
        )  # fmt: skip
    if command == "close":
        instrument = _text(request, "instrument", needed=False)
        return CloseAsked(instrument, _number(request, "price"), by, _text(request, "reason"), now)
    if command in ("approve", "reject", "expire"):
        return AssentSeen(
            command, _text(request, "intent"), _text(request, "terms", needed=command == "approve"), identity,
            _channel(request), _text(request, "message_id"), now, factor, _text(request, "reason", needed=False),
        )  # fmt: skip
    if command == "amend" and constitution is not None:
        return AmendmentAsked(_text(request, "instead_of"), constitution, by, _text(request, "reason"), now)
    raise AssentError(
        f"the desk was asked for {shown(command, 40)}; it knows status, approve, reject, expire, halt, resume,"
        " override, end_override, cancel, resolve, close, reconcile and accept"
    )


def act_answer(facts: list[Fact]) -> Answer:
    """What came of it, in words a program can read."""
    refused = [_why_not(fact) for fact in facts if isinstance(fact, ResumeRefused | AmendmentRefused | ActRefused)]
    coded = [fact.reason for fact in facts if isinstance(fact, AssentRefused | OverrideRefused)]
    refused += [f"[{code}] {sentence(code)}" for code in coded]
    if any(isinstance(fact, ResumeRefused) and fact.why == FACTOR_ASKED for fact in facts):
        coded.append("second_factor_missing")
    refused += [_no_way_out(fact) for fact in facts if isinstance(fact, IntentRefused)]
    done = [fact for fact in facts if type(fact) in DONE]
    answer: Answer = {"ok": not refused, "facts": [kind_of(fact) for fact in facts]}
    if coded:
        answer["code"] = coded[0]
    if refused:
        answer["error"] = "; ".join(refused)
        answer["refused"] = True
    elif not done:
        answer["note"] = "nothing changed: it was so already"
    overridden = [fact for fact in facts if isinstance(fact, HaltOverridden)]
    if overridden:
        answer |= {"by": overridden[0].by, "until_ts": overridden[0].until_ts}
    intents = [fact.intent for fact in facts if isinstance(fact, IntentProposed)]
    if intents:
        asked = {fact.intent_id for fact in facts if isinstance(fact, ApprovalRequested)}
        answer["intents"] = [
            {
                "code": one.code, "instrument": one.instrument, "words": in_words(one),
                "waits": one.intent_id in asked,
            }
            for one in intents
        ]  # fmt: skip
    return answer


def _why_not(fact: ResumeRefused | AmendmentRefused | ActRefused) -> str:
    if isinstance(fact, ResumeRefused):
        return f"{fact.cause}: {fact.why}"
    return f"{fact.subject}: {fact.why}" if isinstance(fact, ActRefused) and fact.subject else fact.why


def _no_way_out(fact: IntentRefused) -> str:
    """What a person wants left goes through the gate, so a rule may stand in its way."""
    return f"{fact.intent.instrument}: [{fact.reason}] {sentence(fact.reason)}"


def _text(request: Mapping[str, Any], name: str, *, needed: bool = True, most: int = 200) -> str:
    value = request.get(name, "")
    if not isinstance(value, str) or len(value) > most or not value.isprintable() or (needed and not value.strip()):
        raise AssentError(f"`{name}` must be printable text of 1 to {most} characters; it is {shown(value, 40)}")
    return value


def _executed(request: Mapping[str, Any]) -> int | None:
    """How much of an order was filled, in all; None where it is said to have ended as it is booked."""
    return None if request.get("ended") is True else _number(request, "filled") or 0


def _channel(request: Mapping[str, Any]) -> Channel:
    channel = request.get("channel")
    if channel not in CHANNELS:
        raise AssentError(f"`channel` must be {', '.join(CHANNELS)}; it is {shown(channel, 40)}")
    return channel  # type: ignore[no-any-return]


def _number(request: Mapping[str, Any], name: str) -> int | None:
    value = request.get(name)
    if value is not None and not is_value(value):
        unit = "nanoseconds" if name.endswith("_ns") else "micros"
        raise AssentError(f"`{name}` must be whole {unit}; it is {shown(value, 40)}")
    return value
