"""Which page a stream keeps current, and for whom: the join of `streams` with the templates and the session."""

import asyncio
import hashlib
from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from assent.approval import AccessBusy, AccessError, Refusal
from assent.console.guard.people import Caller, viewer
from assent.console.guard.refusals import Refused
from assent.console.pages.place import place_of
from assent.console.pages.shell import Shell, window_title
from assent.console.pages.sights import SIGHTS, Sight, fragment_file
from assent.console.pages.streams import EventStream, Fragments, Streams, Watched

Viewer = Annotated[Caller, Depends(viewer)]


class Streaming:
    """Live pages for whoever may look."""

    def __init__(self, shell: Shell, streams: Streams) -> None:
        self._shell = shell
        self._streams = streams

    async def live(self, request: Request, page: str, caller: Viewer) -> Response:
        """The page's fragments as they change."""
        sight = SIGHTS.get(page)
        if sight is None:
            raise Refused("not_found", "no page of this name keeps itself current")
        standing = self._streams.enter(session_name(caller))
        if standing is None:
            raise Refused(
                "rate_limited", "too many live pages are open; close some, or load them anew by hand",
                headers=(("retry-after", "30"),),
            )  # fmt: skip
        desk = self._shell.desk
        return EventStream(self._watched(request, caller, sight), self._streams, standing, desk.clock.now)

    def _watched(self, request: Request, caller: Caller, sight: Sight) -> Watched:
        shell, desk = self._shell, self._shell.desk

        def render() -> Fragments:
            snapshot = shell.snapshot
            context = shell.base(request, caller, snapshot, page=sight.page, title=sight.title)
            context |= sight.context(snapshot, context["now"], context["csrf"])
            return {
                name: shell.render("fragment.html", {**context, "fragment": fragment_file(name)})
                for name in sight.fragments
            }

        def title() -> str:
            place = place_of(shell.snapshot)
            return window_title(sight.title, place.short, place.waiting)

        async def alive() -> bool:
            try:
                found = await asyncio.to_thread(desk.access.check, caller.credential, desk.clock.now())
            except AccessBusy:
                return True  # for a moment; the next beat looks again
            except AccessError:
                return False  # a file that cannot be believed lets nobody in, and nobody look on
            return not isinstance(found, Refusal)

        return Watched(
            version=lambda: shell.snapshot.version, news=desk.tail.changed, render=render, title=title, alive=alive,
            clock=shell.desk_clock,
        )  # fmt: skip


def session_name(caller: Caller) -> str:
    """The session without its secret."""
    return hashlib.sha256(caller.credential.encode()).hexdigest()
