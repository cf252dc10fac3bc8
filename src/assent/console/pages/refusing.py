"""How a no looks in a browser: what happened, what to do, the way on. To a stranger it tells nothing of the desk."""

from typing import Final

from starlette.requests import Request
from starlette.types import Scope

from assent.console.guard.people import Caller
from assent.console.guard.refusals import Refused
from assent.console.pages.answers import Link, headline
from assent.console.pages.shell import HOME, Shell
from assent.console.pages.signing import entrance

NO_SESSION: Final = frozenset(("credential_missing", "credential_refused"))
FIRST_PAGE: Final = Link(HOME, "Overview")
# Where to go on from what was refused.
ON: Final = {
    "assent": Link("/console/approvals", "Approvals"),
    "second_factor": Link("/console/approvals", "Approvals"),
    "csrf": Link("/console/approvals", "Approvals"),
    "act": Link("/console/halts", "Halts"),
}


class Refusing:
    """Makes the page, for those who take pages."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def page(self, scope: Scope, refused: Refused) -> bytes | None:
        """The refusal as a page; None for a program, which gets it as JSON."""
        request = Request(scope)
        if "text/html" not in request.headers.get("accept", ""):
            return None
        caller: Caller | None = scope.get("assent.caller")
        if caller is not None:
            return self._inside(request, caller, refused).encode()
        return self._outside(request, refused).encode()

    def _outside(self, request: Request, refused: Refused) -> str:
        if refused.code in NO_SESSION:
            over = refused.code == "credential_refused"
            problem = "This session has ended" if over else ""
            return self._shell.render("sign_in.html", entrance(request, problem=problem, advice="Sign in again."))
        told = refused.refusal
        context = {
            "theme": "auto",
            "heading": headline(told),
            "words": told.error,
            "todo": told.todo,
            "code": told.code,
        }
        return self._shell.render("refused.html", context)

    def _inside(self, request: Request, caller: Caller, refused: Refused) -> str:
        told = refused.refusal
        on = ON.get(told.code.partition("_")[0]) or ON.get("_".join(told.code.split("_")[:2]))
        context = self._shell.base(request, caller, self._shell.snapshot, page="", title=headline(told))
        context |= {
            "kind": "warn" if refused.status in (401, 403, 404, 410, 429) else "bad",
            "words": told.error,
            "advice": told.todo,
            "code": told.code,
            "links": (*((on,) if on else ()), FIRST_PAGE),
        }
        return self._shell.render("message.html", context)
