"""The control socket: whose it is, and where it does not answer."""

import asyncio
import os
import socket
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assent.runtime import control


def test_the_socket_is_for_its_owner_alone(tmp_path: Path) -> None:
    """Also where the process was started with a mask that lets everybody in."""

    async def main() -> int:
        async def nobody(_: Mapping[str, Any], _uid: int | None) -> control.Answer:
            return {}

        server = await control.serve(tmp_path / "control.sock", nobody)
        try:
            return stat.S_IMODE((tmp_path / "control.sock").stat().st_mode)
        finally:
            server.close()

    before = os.umask(0)
    try:
        assert asyncio.run(main()) == 0o600
        assert os.umask(0) == 0, "the mask of the process is as it was"
    finally:
        os.umask(before)


def test_who_asks_while_a_start_fails_finds_the_line_closed_and_nobody_reads_a_traceback(tmp_path: Path) -> None:
    """As when a ledger that is damaged ends the start: the event loop is torn down around the waiting question."""
    told: list[dict[str, Any]] = []

    async def main(client: socket.socket) -> None:
        asked = asyncio.Event()

        async def never(_: Mapping[str, Any], _uid: int | None) -> control.Answer:
            asked.set()
            await asyncio.Event().wait()
            return {}

        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
        server = await control.serve(tmp_path / "control.sock", never)
        client.connect(str(tmp_path / "control.sock"))
        client.sendall(b'{"cmd": "status"}\n')
        await asked.wait()
        server.close()

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        asyncio.run(main(client))
        assert client.recv(1) == b""
    assert told == []
