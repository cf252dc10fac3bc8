"""Whether the console answers and whether it is fit to be asked: all that is told to somebody without a credential."""

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from assent.console.guard.people import anyone

router = APIRouter(prefix="/health", tags=["health"], dependencies=[Depends(anyone)])


class Health(BaseModel):
    """Fit or not, and nothing more."""

    ok: bool


@router.get("/live")
async def live() -> Health:
    """The process answers."""
    return Health(ok=True)
