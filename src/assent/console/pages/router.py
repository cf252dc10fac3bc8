"""The console's pages as routes: all of them in one table, with whom each serves.

Looking takes the scope `view`; each act takes its own, and goes to the running desk, which judges it again. What needs
no session is the way in, and the files that are the same for everybody.
"""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response
from starlette.types import Scope

from assent.console.guard.refusals import Refused
from assent.console.pages.acting import Acting
from assent.console.pages.looking import Looking
from assent.console.pages.refusing import Refusing
from assent.console.pages.shell import Shell
from assent.console.pages.signing import Signing
from assent.console.pages.streaming import Streaming
from assent.console.pages.streams import Streams
from assent.console.seam import ConsoleDesk

Render = Callable[[Scope, Refused], bytes | None]


def pages(desk: ConsoleDesk, streams: Streams | None = None) -> tuple[APIRouter, Render]:
    """The pages of one desk: their routes, and how a refusal looks to a browser."""
    shell = Shell(desk)
    standing = Streams() if streams is None else streams
    looking, acting = Looking(shell), Acting(shell)
    signing, streaming = Signing(shell, standing), Streaming(shell, standing)
    router = APIRouter(include_in_schema=False)
    looked: tuple[tuple[str, Callable[..., Any]], ...] = (
        ("/", signing.front),
        ("/console", signing.front),
        ("/console/static/{folder}/{name}", signing.file),
        ("/console/sign-in", signing.sign_in),
        ("/console/", looking.overview),
        ("/console/approvals", looking.approvals),
        ("/console/orders", looking.orders),
        ("/console/positions", looking.positions),
        ("/console/halts", looking.halts),
        ("/console/health", looking.health),
        ("/console/intents", looking.intents),
        ("/console/intents/{name}", looking.intent),
        ("/console/ledger", looking.ledger),
        ("/console/ledger/{seq}", looking.record),
        ("/console/constitution", looking.constitution),
        ("/console/keys", looking.keys),
        ("/console/figures/equity", looking.equity_figure),
        ("/console/live/{page}", streaming.live),
    )
    done: tuple[tuple[str, Callable[..., Any]], ...] = (
        ("/console/sign-in", signing.redeem),
        ("/console/sign-out", signing.sign_out),
        ("/console/theme", signing.theme),
        ("/console/intents/{intent_id}/answer", acting.answer),
        ("/console/halt", acting.halt),
        ("/console/resume", acting.resume),
        ("/console/override", acting.override),
        ("/console/end-override", acting.end_override),
        ("/console/cancel", acting.cancel),
    )
    for path, endpoint in looked:
        router.add_api_route(path, endpoint, methods=["GET"], response_class=Response)
    for path, endpoint in done:
        router.add_api_route(path, endpoint, methods=["POST"], response_class=Response)
    return router, Refusing(shell).page
