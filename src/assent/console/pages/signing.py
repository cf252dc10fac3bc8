"""The way in and out: the one-time code, the session, the reader's colours, and the files of every page.

A code in an address is used up by a form, never by looking at the address, so that whatever looks at addresses first
(mail scanners, previews, prefetching) cannot burn it. Afterwards no address holds anything secret.
"""

import asyncio
from typing import Annotated, Final

from fastapi import Depends, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from assent.approval import AccessBusy, AccessError, Session
from assent.console.guard.credentials import begin_session, end_session
from assent.console.guard.people import Caller, anyone, viewer
from assent.console.guard.refusals import Refused
from assent.console.pages.assets import FOREVER
from assent.console.pages.shell import HOME, THEME_COOKIE, THEMES, Shell, own_address, theme_of
from assent.console.pages.streaming import session_name
from assent.console.pages.streams import Streams

Anyone = Annotated[None, Depends(anyone)]
Viewer = Annotated[Caller, Depends(viewer)]

SIGN_IN: Final = "/console/sign-in"
CODE_MAX: Final = 200
YEAR_S: Final = 365 * 24 * 3600


class Signing:
    """Everything that works without a session, or ends one."""

    def __init__(self, shell: Shell, streams: Streams) -> None:
        self._shell = shell
        self._streams = streams

    async def front(self, _open: Anyone) -> Response:
        """The first page lies one step further."""
        return RedirectResponse(HOME, 307)

    async def file(self, request: Request, folder: str, name: str, _open: Anyone) -> Response:
        """A style sheet, a script, a mark: cached for ever under an address that changes with it."""
        asset = await asyncio.to_thread(self._shell.assets.find, folder, name)
        if asset is None:
            raise Refused("not_found", "no page has a file of this name")
        headers = {"cache-control": FOREVER, "vary": "accept-encoding"}
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(asset.packed, media_type=asset.media_type, headers={**headers, "content-encoding": "gzip"})
        return Response(asset.body, media_type=asset.media_type, headers=headers)

    async def sign_in(self, request: Request, _open: Anyone) -> Response:
        """One button. The code is not looked at before it is pressed."""
        code = request.query_params.get("code", "")
        return HTMLResponse(self._shell.render("sign_in.html", entrance(request, code=code[:CODE_MAX])))

    async def redeem(self, request: Request, _open: Anyone) -> Response:
        """Begin the session that the code is for; the code is over."""
        code = request.scope["assent.form"].get("code", "").strip()
        desk = self._shell.desk
        source: str = request.scope["assent.address"]  # as the guard counts it: who asks, not the proxy in between
        try:
            found = await asyncio.to_thread(desk.access.redeem, code, desk.clock.now(), source=source)
        except (AccessBusy, AccessError) as error:
            context = entrance(request, problem=error.what, advice=error.todo)
            return HTMLResponse(self._shell.render("sign_in.html", context), 503)
        if not isinstance(found, Session):
            context = entrance(request, problem="This code does not let anybody in", advice=found.words)
            return HTMLResponse(self._shell.render("sign_in.html", context), 403)
        response = RedirectResponse(HOME, 303)
        begin_session(response, found.secret, desk.web)
        return response

    async def sign_out(self, caller: Viewer) -> Response:
        """End the session, here and wherever it looks on."""
        self._streams.end(session_name(caller))
        await asyncio.to_thread(self._shell.desk.access.end_session, caller.credential)
        response = RedirectResponse(SIGN_IN, 303)
        end_session(response, self._shell.desk.web)
        return response

    async def theme(self, request: Request, _caller: Viewer) -> Response:
        """Remember the reader's colours in a cookie of this browser, and nowhere else."""
        form = request.scope["assent.form"]
        wanted = form.get("theme", "")
        response = RedirectResponse(own_address(form.get("back", "")), 303)
        if wanted in THEMES:
            response.set_cookie(
                THEME_COOKIE, wanted, max_age=YEAR_S, path="/console", httponly=True, samesite="strict",
                secure=self._shell.desk.web.secure,
            )  # fmt: skip
        return response


def entrance(request: Request, *, code: str = "", problem: str = "", advice: str = "") -> dict[str, object]:
    """What the way in shows. It tells a stranger nothing of this desk."""
    return {"theme": theme_of(request), "heading": "Sign in", "code": code, "problem": problem, "advice": advice}
