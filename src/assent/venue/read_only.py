"""A venue's front door that nothing can be changed through: what dry-run, observe and paper are given.

A mutating request is refused here, before anything of it exists on a wire, so that no slip above can send one. Whoever
watches over it is asked all the same, as a network would: what would not leave in live shows in a dry-run.
"""

from collections.abc import Mapping
from typing import Final

from assent.venue.leaving import IN_MEMORY, handed_over, origin_of
from assent.venue.transport import Answer, Failed, Request, Socket, Transport

DRY_RUN: Final = "dry_run"


class ReadOnly:
    """Lets `GET` and the websocket's upgrade through, and nothing else."""

    def __init__(self, transport: Transport, address: str = IN_MEMORY) -> None:
        self._transport = transport
        self._origin = origin_of(address)

    async def request(self, request: Request, *, timeout_ns: int) -> Answer | Failed:
        if request.method != "GET":
            stays = handed_over(request, self._origin) if request.withheld is not None else None
            return Failed("not_sent", *(stays or (DRY_RUN,)))
        return await self._transport.request(request, timeout_ns=timeout_ns)

    async def connect(self, target: str, headers: Mapping[str, str], *, timeout_ns: int) -> Socket | Answer | Failed:
        return await self._transport.connect(target, headers, timeout_ns=timeout_ns)

    async def close(self) -> None:
        await self._transport.close()
