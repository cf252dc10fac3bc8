"""Whether the console answers and whether it is fit to be asked: all that is told to somebody without a credential."""

from typing import Any, Final

import msgspec
from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from assent.console.api.answering import answers, told
from assent.console.api.reads import newest
from assent.console.api.shapes import is_whole
from assent.console.guard.people import anyone

router = APIRouter(prefix="/health", tags=["health"], dependencies=[Depends(anyone)])
UNFIT: Final[dict[int | str, dict[str, Any]]] = {503: {"description": "Not fit to be asked now."}}


class Health(msgspec.Struct, frozen=True):
    """Fit or not, and nothing more."""

    ok: bool


@router.get("/live")
@answers(Health)
async def live() -> Health:
    """The process answers."""
    return Health(ok=True)


@router.get("/ready", responses=UNFIT)
@answers(Health, _503=Health)
async def ready(request: Request) -> Health | Response:
    """What the console shows is what the ledger says. Whether the desk trades is another matter, and is not told."""
    return _fit(request)


@router.get("", responses=UNFIT)
@answers(Health, _503=Health)
async def health(request: Request) -> Health | Response:
    """The same as `/health/ready`."""
    return _fit(request)


def _fit(request: Request) -> Health | Response:
    return Health(ok=True) if is_whole(newest(request)) else told(Health(ok=False), 503)
