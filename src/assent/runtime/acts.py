"""What a person may ask of a desk: see how it stands, halt it, resume it, cancel an order, amend its limits.

The same acts whether the desk runs (they arrive over the control socket) or not (the command takes the lease and is
the writer for a moment). An act is an input; the answer is made of the facts it brought about.
"""

from collections.abc import Mapping
from typing import Any

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
    ResumeRefused,
    kind_of,
)
from assent.model.inputs import AmendmentAsked, CancelAsked, HaltAsked, Input, ResumeAsked
from assent.model.text import shown

Answer = dict[str, Any]

# Facts by which an act has changed something.
DONE = frozenset((HaltRaised, HaltCleared, CancelKept, CancelReleased, ConstitutionChanged))


def act_input(request: Mapping[str, Any], now: int, *, constitution: Constitution | None = None) -> Input:
    """The input that a request asks for; `AssentError` when it asks for nothing we know.

    `constitution`: what the file says, for an amendment; a running desk has none to offer and is never amended.
    """
    command = request.get("cmd")
    by = _text(request, "by")
    if command == "halt":
        return HaltAsked("operator", by, _text(request, "reason"), now)
    if command == "resume":
        return ResumeAsked(_text(request, "cause", needed=False), by, _text(request, "reason"), now)
    if command == "cancel":
        return CancelAsked(_text(request, "order_id", needed=False), by, now)
    if command == "amend" and constitution is not None:
        return AmendmentAsked(_text(request, "instead_of"), constitution, by, _text(request, "reason"), now)
    raise AssentError(f"the desk was asked for {shown(command, 40)}; it knows status, halt, resume and cancel")


def act_answer(facts: list[Fact]) -> Answer:
    """What came of it, in words a program can read."""
    refused = [_why_not(fact) for fact in facts if isinstance(fact, ResumeRefused | AmendmentRefused)]
    done = [fact for fact in facts if type(fact) in DONE]
    answer: Answer = {"ok": not refused, "facts": [kind_of(fact) for fact in facts]}
    if refused:
        answer["error"] = "; ".join(refused)
        answer["refused"] = True
    elif not done:
        answer["note"] = "nothing changed: it was so already"
    return answer


def _why_not(fact: ResumeRefused | AmendmentRefused) -> str:
    return f"{fact.cause}: {fact.why}" if isinstance(fact, ResumeRefused) else fact.why


def _text(request: Mapping[str, Any], name: str, *, needed: bool = True) -> str:
    value = request.get(name, "")
    if not isinstance(value, str) or len(value) > 200 or not value.isprintable() or (needed and not value.strip()):
        raise AssentError(f"`{name}` must be printable text of 1 to 200 characters; it is {shown(value, 40)}")
    return value
