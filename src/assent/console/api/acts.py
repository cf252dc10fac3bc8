"""What a person may have done through the interface: say yes or no, halt, resume, cancel.

Nothing is decided here. Each act goes to the running desk with the caller's own credential, and the answer tells what
the desk recorded. An act that could not be delivered is no act, and one without an answer is told as unknown.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from assent.console.api import forms
from assent.console.api.answering import answers, told
from assent.console.api.described import refuses
from assent.console.asking import CONFLICT, STATUS_OF_REFUSAL, Asking
from assent.console.guard.people import Caller, approver, operator
from assent.console.guard.refusals import Refused
from assent.model.levels import CAUSES
from assent.model.reasons import sentence

router = APIRouter(tags=["acts"])

Approver = Annotated[Caller, Depends(approver)]
Operator = Annotated[Caller, Depends(operator)]

DESK = ("desk_not_running", "outcome_unknown", "act_refused", "rate_limited")
ANSWER = (*DESK, *STATUS_OF_REFUSAL)
RESUME = (*DESK, "not_found", *(code for code in STATUS_OF_REFUSAL if code.startswith("second_factor")))
# What a yes came to that is no order yet.
WAITS = frozenset(("waiting", "looking"))


class Assented(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a yes came to. `waiting`: so many more people are needed. `looking`: the venue was asked once more, and its
    answer decides. `released` and `would be released`: the order's id says which order."""

    came_to: Literal["waiting", "looking", "released", "would be released"]
    given: int | None = None
    needed: int | None = None
    order_id: str = ""


class Acted(msgspec.Struct, frozen=True, kw_only=True):
    """What the desk wrote down for it, by the kinds of its records; none when it was so already."""

    facts: tuple[str, ...]
    note: str = ""


@router.post(
    "/intents/{intent_id}/approve",
    responses=refuses(*ANSWER) | {202: {"description": "Taken; it waits."}},
)
@answers(Assented, _202=Assented)
async def approve_intent(
    request: Request, caller: Approver, intent_id: forms.IntentName, body: forms.Approval
) -> Assented | Response:
    """Say yes to exactly the terms that were shown. 200: the order is released; 202: more people are needed, or the
    last look is under way."""
    said = _said(body, caller) | {"intent": intent_id, "terms": body.terms}
    answer = await _asking(request).have_done("approve", caller, **said)
    if answer.get("came_to") == "skipped":
        code = str(answer.get("reason", ""))
        words = str(answer.get("detail") or sentence(code))
        raise Refused(code, f"the yes was taken, and the last look said no: {words}", status=CONFLICT)
    found = assented(answer)
    return told(found, 202 if found.came_to in WAITS else 200)


@router.post("/intents/{intent_id}/reject", responses=refuses(*ANSWER))
@answers(Acted)
async def reject_intent(
    request: Request, caller: Approver, intent_id: forms.IntentName, body: forms.Rejection
) -> Acted:
    """Say no. Any no ends the intent until its order is released."""
    said = _said(body, caller) | {"intent": intent_id, "terms": body.terms or "", "reason": body.reason}
    return _acted(await _asking(request).have_done("reject", caller, **said))


@router.post("/halts", responses=refuses(*DESK))
@answers(Acted)
async def halt_now(request: Request, caller: Operator, body: forms.HaltWanted) -> Acted:
    """Halt the desk: from here on it releases nothing, until a named person resumes it."""
    return _acted(await _asking(request).have_done("halt", caller, reason=body.reason))


@router.post("/halts/{cause}/resume", responses=refuses(*RESUME))
@answers(Acted)
async def resume_halt(request: Request, caller: Operator, cause: forms.CauseName, body: forms.ResumeWanted) -> Acted:
    """End one halt whose cause is settled. The desk compares its books with the venue's first."""
    if cause not in CAUSES:
        raise Refused("not_found", "no halt has a cause of that name")
    said = {"cause": cause, "reason": body.reason} | ({"factor": body.factor} if body.factor else {})
    return _acted(await _asking(request).have_done("resume", caller, **said))


@router.post("/orders/cancel-all", responses=refuses(*DESK))
@answers(Acted)
async def cancel_all_orders(request: Request, caller: Operator, _body: forms.CancelWanted | None = None) -> Acted:
    """Take every open order off the book, at any level."""
    return _acted(await _asking(request).have_done("cancel", caller))


@router.post("/orders/{order_id}/cancel", responses=refuses(*DESK))
@answers(Acted)
async def cancel_order(
    request: Request, caller: Operator, order_id: forms.OrderName, _body: forms.CancelWanted | None = None
) -> Acted:
    """Take one order off the book, at any level."""
    return _acted(await _asking(request).have_done("cancel", caller, order_id=order_id))


def assented(answer: Mapping[str, Any]) -> Assented:
    """The desk's answer to a yes that was taken. What it came to in other words than these is still to be seen: the
    yes itself must never be told as a fault."""
    said = {name: answer[name] for name in Assented.__struct_fields__ if name in answer}
    try:
        return msgspec.convert(said, Assented)
    except msgspec.ValidationError:
        return Assented(came_to="looking")


def _asking(request: Request) -> Asking:
    asking: Asking = request.app.state.asking
    return asking


def _said(body: forms.Approval | forms.Rejection, caller: Caller) -> dict[str, str]:
    """The answer's own name is made the caller's: two callers may count alike."""
    said = {"message_id": f"{caller.identity}:{body.message_id}"}
    return said | ({"factor": body.factor} if body.factor else {})


def _acted(answer: dict[str, Any]) -> Acted:
    return Acted(facts=tuple(str(fact) for fact in answer.get("facts", ())), note=str(answer.get("note", "")))
