"""The pages that are looked at. Each takes one snapshot and renders it whole; nothing here asks the desk anything."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.responses import JSONResponse, Response

from assent.console.guard.people import Caller, viewer
from assent.console.guard.refusals import Refused
from assent.console.pages import lists
from assent.console.pages.answers import done_of
from assent.console.pages.curve import figure_of
from assent.console.pages.explorer import ledger_context, record_context, seq_of, wish_of
from assent.console.pages.lists import ROWS_A_PAGE
from assent.console.pages.shell import Shell
from assent.console.pages.sights import SIGHTS
from assent.console.pages.story import story_context, told_of
from assent.console.reading.source import Trouble
from assent.console.reading.stories import NotOne
from assent.desk.intent_rows import STATUSES

Viewer = Annotated[Caller, Depends(viewer)]


class Looking:
    """What may be seen with the scope `view`."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    async def overview(self, request: Request, caller: Viewer) -> Response:
        """How the desk stands, in one look."""
        return self._sight(request, caller, "overview")

    async def approvals(self, request: Request, caller: Viewer) -> Response:
        """What waits for a person."""
        return self._sight(request, caller, "approvals")

    async def positions(self, request: Request, caller: Viewer) -> Response:
        """What is held, and what is at stake."""
        return self._sight(request, caller, "positions")

    async def halts(self, request: Request, caller: Viewer) -> Response:
        """What stands in the way of trading, and what ended before."""
        past = self._shell.snapshot.halts.history
        history, pager = lists.page_of(past, dict(request.query_params), "/console/halts")
        return self._sight(request, caller, "halts", history=history, pager=pager)

    async def health(self, request: Request, caller: Viewer) -> Response:
        """Whether all of this can be believed."""
        return self._sight(request, caller, "health")

    async def orders(self, request: Request, caller: Viewer) -> Response:
        """What may still be filled, and what ended."""
        orders = self._shell.snapshot.orders
        ongoing = {row.order_id for row in (*orders.open, *orders.would)}
        over = [row for row in orders.rows if row.order_id not in ongoing]
        ended, pager = lists.page_of(over, dict(request.query_params), "/console/orders")
        return self._sight(request, caller, "orders", ended=ended, pager=pager, ended_total=orders.total - len(ongoing))

    async def intents(self, request: Request, caller: Viewer) -> Response:
        """Every idea, by wish."""
        snapshot = self._shell.snapshot
        listed = lists.intents_listed(snapshot.intents, request.query_params, "/console/intents")
        return self._plain(
            request, caller, "intents.html", page="intents", title="Intents", listed=listed, statuses=STATUSES,
        )  # fmt: skip

    async def intent(self, request: Request, name: str, caller: Viewer) -> Response:
        """One intent, from the idea to the money."""
        found = await _asked(self._shell.desk.tail.story, name)
        if isinstance(found, NotOne):
            raise Refused("not_found", told_of(found))
        snapshot = self._shell.snapshot
        context = self._frame(request, caller, page="intents", title=f"Intent {found.intent.code}")
        return self._shell.answer(
            "intent.html", context | story_context(found, snapshot, context["now"], context["csrf"])
        )

    async def ledger(self, request: Request, caller: Viewer) -> Response:
        """The records, newest first, all of them or those of one stream."""
        wish = wish_of(request.query_params)
        tail, place = self._shell.desk.tail, {"before": wish.before, "after": wish.after, "limit": ROWS_A_PAGE}
        if wish.stream:
            page = await _asked(tail.stream, wish.stream, wish.value, **place)
        else:
            page = await _asked(tail.page, **place)
        context = self._frame(request, caller, page="ledger", title="Ledger")
        return self._shell.answer("ledger.html", context | ledger_context(page, wish, self._shell.snapshot))

    async def record(self, request: Request, seq: str, caller: Viewer) -> Response:
        """One record whole, as it is stored."""
        found = await _asked(self._shell.desk.tail.record, seq_of(seq))
        if found is None:
            raise Refused("not_found", "the ledger has no record of this number")
        context = self._frame(request, caller, page="ledger", title=f"Record {found.row.seq}")
        return self._shell.answer("record.html", context | record_context(found))

    async def constitution(self, request: Request, caller: Viewer) -> Response:
        """The limits in force, and how they came to be."""
        law = self._shell.snapshot.constitution
        return self._plain(request, caller, "constitution.html", page="constitution", title="Constitution", law=law)

    async def keys(self, request: Request, caller: Viewer) -> Response:
        """The keyboard, for those who look without scripts as well."""
        return self._plain(request, caller, "keys.html", page="", title="Keys")

    async def equity_figure(self, _caller: Viewer) -> Response:
        """The equity curve as data for the chart."""
        return JSONResponse(figure_of(self._shell.snapshot.overview.line))

    def _sight(self, request: Request, caller: Caller, name: str, **more: Any) -> Response:
        sight, snapshot = SIGHTS[name], self._shell.snapshot
        context = self._shell.base(request, caller, snapshot, page=sight.page, title=sight.title)
        context |= sight.context(snapshot, context["now"], context["csrf"])
        context |= {
            "stream": f"/console/live/{sight.page}",
            "done": done_of(request.query_params),
            **more,
        }
        return self._shell.answer(sight.template, context)

    def _plain(
        self, request: Request, caller: Caller, template: str, *, page: str, title: str, **more: Any
    ) -> Response:
        return self._shell.answer(template, self._frame(request, caller, page=page, title=title) | more)

    def _frame(self, request: Request, caller: Caller, *, page: str, title: str) -> dict[str, Any]:
        return self._shell.base(request, caller, self._shell.snapshot, page=page, title=title)


async def _asked(question: Callable[..., Any], *said: Any, **more: Any) -> Any:
    """What only the ledger's file can answer, read in a thread. A file that cannot be read is told as such."""
    found = await asyncio.to_thread(question, *said, **more)
    if isinstance(found, Trouble):
        raise Refused("ledger_unread", f"{found.what}. {found.why}. {found.todo}.")
    return found
