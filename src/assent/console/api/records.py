"""The past through the interface: pages of records, one in full, and any intent's whole story.

Each question reads the ledger's file itself, read-only and for a moment, in a thread of its own kind: a long story
keeps nobody waiting who only wants to know how the desk stands.
"""

from collections.abc import Callable
from typing import Final, TypeVar

from fastapi import APIRouter, Depends, Request

from assent.console.api import forms
from assent.console.api.answering import answers
from assent.console.api.described import refuses
from assent.console.guard.people import viewer
from assent.console.guard.refusals import Refused
from assent.console.reading.records import RecordPage, WholeRecord
from assent.console.reading.source import Trouble
from assent.console.reading.stories import NotOne
from assent.console.reading.tail import Tail
from assent.console.seam import ConsoleDesk
from assent.console.threads import Threads
from assent.desk.story import Story

router = APIRouter(tags=["reads"], dependencies=[Depends(viewer)])

LIMIT: Final = 50
CANDIDATES_TOLD: Final = 8
Answer = TypeVar("Answer")


@router.get("/ledger", responses=refuses("ledger_unread"))
@answers(RecordPage)
async def ledger(
    request: Request,
    after: forms.After = None,
    before: forms.BeforeSeq = None,
    limit: forms.Limit = LIMIT,
    stream: forms.Stream = None,
    value: forms.StreamValue = "",
) -> RecordPage:
    """Records, oldest first: those after a number, or the newest before one; without either, the newest. With a
    stream, only those that belong to its value: an intent, an order, a market, a strategy, a day."""
    end = None if after is not None else before
    return await _asked(
        request,
        lambda tail: tail.records(before=end, after=after, limit=limit, stream=stream or "", value=value),
    )


@router.get("/ledger/{seq}", responses=refuses("ledger_unread"))
@answers(WholeRecord)
async def record(request: Request, seq: forms.Seq) -> WholeRecord:
    """One record in full, with its place in the chain."""
    found = await _asked(request, lambda tail: tail.record(seq))
    if found is None:
        raise Refused("not_found", f"the ledger has no record {seq}")
    return found


@router.get("/why/{name}", responses=refuses("ledger_unread", "name_ambiguous"))
@answers(Story)
async def why(request: Request, name: forms.StoryName) -> Story:
    """One intent from the idea to the money: the quote, every check with its numbers, and all that came of it."""
    found: Story | NotOne = await _asked(request, lambda tail: tail.story(name))
    if isinstance(found, NotOne):
        if found.candidates:
            told = ", ".join(found.candidates[:CANDIDATES_TOLD])
            raise Refused("name_ambiguous", f"{len(found.candidates)} intents are meant, among them {told}")
        raise Refused("not_found", found.why)
    return found


async def _asked(request: Request, question: Callable[[Tail], Answer | Trouble]) -> Answer:
    """The answer from the file; `ledger_unread` with the reader's own words when there is none."""
    desk: ConsoleDesk = request.app.state.desk
    threads: Threads = request.app.state.questions
    found = await threads.run(lambda: question(desk.tail))
    if isinstance(found, Trouble):
        raise Refused("ledger_unread", ". ".join(part for part in (found.what, found.todo) if part))
    return found
