"""What a person may ask of a desk: see how it stands, halt it, resume it, cancel an order.

The same acts whether the desk runs (they arrive over the control socket) or not (the command takes the lease and is
the writer for a moment). An act is an input; the answer is made of the facts it brought about.
"""

from collections.abc import Mapping
from typing import Any

from assent.model.errors import AssentError
from assent.model.facts import CancelReleased, Fact, HaltCleared, HaltRaised, ResumeRefused, kind_of
from assent.model.inputs import CancelAsked, HaltAsked, Input, ResumeAsked
from assent.model.text import shown

Answer = dict[str, Any]


def act_input(request: Mapping[str, Any], now: int) -> Input:
    """The input that a request asks for; `AssentError` when it asks for nothing we know."""
    command = request.get("cmd")
    by = _text(request, "by")
    if command == "halt":
        return HaltAsked("operator", by, _text(request, "reason"), now)
    if command == "resume":
        return ResumeAsked(_text(request, "cause", needed=False), by, _text(request, "reason"), now)
    if command == "cancel":
        return CancelAsked(_text(request, "order_id", needed=False), by, now)
    raise AssentError(f"the desk was asked for {shown(command, 40)}; it knows status, halt, resume and cancel")


def act_answer(facts: list[Fact]) -> Answer:
    """What came of it, in words a program can read."""
    refused = [fact for fact in facts if type(fact) is ResumeRefused]
    done = [fact for fact in facts if type(fact) in (HaltRaised, HaltCleared, CancelReleased)]
    answer: Answer = {"ok": not refused, "facts": [kind_of(fact) for fact in facts]}
    if refused:
        answer["error"] = "; ".join(f"{fact.cause}: {fact.why}" for fact in refused)
        answer["refused"] = True
    elif not done:
        answer["note"] = "nothing changed: it was so already"
    return answer


def _text(request: Mapping[str, Any], name: str, *, needed: bool = True) -> str:
    value = request.get(name, "")
    if not isinstance(value, str) or len(value) > 200 or not value.isprintable() or (needed and not value.strip()):
        raise AssentError(f"`{name}` must be printable text of 1 to 200 characters; it is {shown(value, 40)}")
    return value
