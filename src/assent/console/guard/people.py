"""Whom a route serves: the one word by which it opens itself, and who came in by it.

Each route names exactly one of these as a dependency. The guard reads it when the application is made, checks the
scope before it reads a body, and hands over the caller; a route that names none ends the start.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Literal

from starlette.requests import Request

from assent.approval import Holder
from assent.model.errors import require

ScopeName = Literal["view", "approve", "operate"]
Channel = Literal["api", "web"]


class Caller:
    """Who asks, by a credential that holds. The credential itself is only for the desk's own process to check."""

    __slots__ = ("channel", "credential", "holder")

    def __init__(self, holder: Holder, *, channel: Channel, credential: str) -> None:
        self.holder = holder
        self.channel = channel
        self.credential = credential

    def __repr__(self) -> str:
        return f"Caller({self.identity})"

    @property
    def identity(self) -> str:
        return self.holder.identity

    @property
    def scopes(self) -> frozenset[str]:
        return self.holder.scopes

    @property
    def csrf(self) -> str:
        """What the pages of this session must send back; empty for a token."""
        return self.holder.session or ""


async def viewer(request: Request) -> Caller:
    """May see everything and change nothing."""
    return _caller(request)


async def approver(request: Request) -> Caller:
    """May say yes or no to intents."""
    return _caller(request)


async def operator(request: Request) -> Caller:
    """May halt, resume and cancel."""
    return _caller(request)


async def anyone(_request: Request) -> None:
    """Needs no credential. For health, for logging in, and for files that tell nothing of this desk."""


def _caller(request: Request) -> Caller:
    caller: Caller | None = request.scope.get("assent.caller")
    require(caller is not None, "route_without_guard", path=request.url.path)
    assert caller is not None  # noqa: S101 - for the type checker
    return caller


Needs = Callable[[Request], Awaitable[Any]]
# What each word asks of the credential; None: no credential.
NEEDS: Final[Mapping[Needs, ScopeName | None]] = {
    viewer: "view",
    approver: "approve",
    operator: "operate",
    anyone: None,
}
