"""What forms have done: a yes or a no to an intent, a halt, a resume, a cancel.

Nothing is decided here. Each goes to the running desk with the session's own credential; what the desk refuses is told
with its code, and what it took is answered with another address.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import Depends, Request
from starlette.responses import RedirectResponse, Response

from assent.console.api.forms import printable
from assent.console.asking import Asking
from assent.console.guard.people import Caller, approver, operator
from assent.console.guard.refusals import Refused
from assent.console.pages.answers import WORDS
from assent.console.pages.shell import Shell
from assent.model.units import MINUTE

Approver = Annotated[Caller, Depends(approver)]
Operator = Annotated[Caller, Depends(operator)]

REASON_MAX: Final = 200
NO_REASON: Final = "none was given on the page"
VERDICTS: Final = ("approve", "reject")
_ANSWER: Final = re.compile(r"[0-9a-f]{32}")
_TERMS: Final = re.compile(r"[0-9a-f]{64}")
_NAME: Final = re.compile(r"[A-Za-z0-9-]{6,80}")
_MINUTES: Final = re.compile(r"[1-9]|[1-5][0-9]|60")
_FACTOR: Final = re.compile(r"[0-9]{6}")


class Acting:
    """The forms of all pages."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    async def answer(self, request: Request, intent_id: str, caller: Approver) -> Response:
        """Yes or no, to exactly the terms that stood on the card."""
        form = _form(request)
        verdict = form.get("verdict", "")
        if verdict not in VERDICTS or not _NAME.fullmatch(intent_id):
            raise Refused("request_invalid", "the form says neither yes nor no, or names no intent")
        said = {
            "intent": intent_id,
            "terms": _fitting(form, "terms", _TERMS),
            "message_id": f"{caller.identity}:{_fitting(form, 'answer', _ANSWER)}",
        }
        if verdict == "reject":
            said["reason"] = reason_of(form)
        elif form.get("factor"):
            said["factor"] = _fitting(form, "factor", _FACTOR)
        told = await _asking(request).have_done(verdict, caller, **said)
        came_to = str(told.get("came_to", ""))
        done = came_to if came_to in WORDS else verdict
        reason = str(told.get("reason", "")) if done == "skipped" else ""
        return _back("/console/approvals", done=done, code=form.get("code", ""), intent=intent_id, reason=reason)

    async def halt(self, request: Request, caller: Operator) -> Response:
        """Stop, at once."""
        await _asking(request).have_done("halt", caller, reason=reason_of(_form(request)))
        return _back("/console/halts", done="halt")

    async def resume(self, request: Request, caller: Operator) -> Response:
        """Go on after one halt; the reason is the person's own."""
        form = _form(request)
        said = {"cause": form.get("cause", ""), "reason": _reason(form)}
        if form.get("factor"):
            said["factor"] = _fitting(form, "factor", _FACTOR)
        await _asking(request).have_done("resume", caller, **said)
        return _back("/console/halts", done="resume")

    async def override(self, request: Request, caller: Operator) -> Response:
        """Set one halt aside for so many minutes. It always takes a second factor."""
        form = _form(request)
        minutes = int(_fitting(form, "minutes", _MINUTES))
        said = {"cause": form.get("cause", ""), "reason": _reason(form), "factor": _fitting(form, "factor", _FACTOR)}
        await _asking(request).have_done("override", caller, life_ns=minutes * MINUTE, **said)
        return _back("/console/halts", done="override")

    async def end_override(self, request: Request, caller: Operator) -> Response:
        """Let the halt hold again at once."""
        form = _form(request)
        said = {"cause": form.get("cause", ""), "reason": reason_of(form)}
        await _asking(request).have_done("end_override", caller, **said)
        return _back("/console/halts", done="end_override")

    async def cancel(self, request: Request, caller: Operator) -> Response:
        """Take one order off the book, or all of them."""
        form = _form(request)
        one = {} if form.get("all") == "yes" else {"order_id": _fitting(form, "order_id", _NAME)}
        await _asking(request).have_done("cancel", caller, **one)
        return _back("/console/orders", done="cancel")


def reason_of(form: Mapping[str, str]) -> str:
    """What the person wrote, on one line; the ledger takes no empty reason."""
    return printable(form.get("reason", "").strip())[:REASON_MAX] or NO_REASON


def _reason(form: Mapping[str, str]) -> str:
    """The person's own reason, which this act takes."""
    reason = printable(form.get("reason", "").strip())[:REASON_MAX]
    if not reason:
        raise Refused("request_invalid", "this takes a reason, for whoever reads the ledger later")
    return reason


def _form(request: Request) -> dict[str, str]:
    form: dict[str, str] = request.scope["assent.form"]
    return form


def _fitting(form: Mapping[str, str], name: str, pattern: re.Pattern[str]) -> str:
    """The field, if it is what our own page puts there."""
    said = form.get(name, "").strip()
    if not pattern.fullmatch(said):
        raise Refused("request_invalid", f"the field `{name}` does not have the form that the page gives it")
    return said


def _asking(request: Request) -> Asking:
    asking: Asking = request.app.state.asking
    return asking


def _back(path: str, **said: str) -> Response:
    return RedirectResponse(f"{path}?{urlencode({name: value for name, value in said.items() if value})}", 303)
