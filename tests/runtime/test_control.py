"""The control socket: whose it is, and where it does not answer."""

import asyncio
import json
import os
import socket
import stat
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from assent.model.errors import AssentError
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


def test_a_place_that_somebody_else_has_taken_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "control.sock").mkdir()

    async def nobody(_: Mapping[str, Any], _uid: int | None) -> control.Answer:
        return {}

    with pytest.raises(AssentError, match=r"control socket .* cannot be made.*move the desk's folder"):
        asyncio.run(control.serve(tmp_path / "control.sock", nobody))


def asked_raw(tmp_path: Path, *lines: bytes) -> tuple[list[bytes], list[Mapping[str, Any]], list[dict[str, Any]]]:
    """What came back for each line on a connection of its own, what reached the desk, and what the loop was told."""
    heard: list[Mapping[str, Any]] = []
    told: list[dict[str, Any]] = []

    async def hear(request: Mapping[str, Any], _uid: int | None) -> control.Answer:
        heard.append(request)
        return {"ok": request["cmd"] == "status"}

    async def main() -> list[bytes]:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
        server = await control.serve(tmp_path / "control.sock", hear)
        answers = []
        for line in lines:
            reader, writer = await asyncio.open_unix_connection(str(tmp_path / "control.sock"))
            writer.write(line)
            writer.write_eof()
            answers.append(await reader.read())
            writer.close()
        server.close()
        await asyncio.sleep(0)
        return answers

    return asyncio.run(main()), heard, told


@pytest.mark.parametrize("value", [[], {}, ["x"], {"a": 1}])
@pytest.mark.parametrize("name", ["cmd", "order_id", "credential", "factor"])
def test_a_request_whose_values_are_not_plain_is_refused_in_words_and_never_reaches_the_desk(
    tmp_path: Path, name: str, value: object
) -> None:
    line = json.dumps({"cmd": "cancel", name: value}).encode() + b"\n"
    (answer,), heard, told = asked_raw(tmp_path, line)
    assert json.loads(answer)["ok"] is False
    assert (heard, told) == ([], [])


def test_who_hangs_up_without_a_word_is_nobody(tmp_path: Path) -> None:
    (answer, after), heard, told = asked_raw(tmp_path, b"", b'{"cmd": "status"}\n')
    assert (answer, json.loads(after)) == (b"", {"ok": True})
    assert (len(heard), told) == (1, [])


def test_those_who_only_connect_give_way_to_whoever_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "SILENT_MAX", 8)

    async def hear(_: Mapping[str, Any], _uid: int | None) -> control.Answer:
        return {"ok": True}

    async def main() -> tuple[list[bytes], bytes]:
        place = str(tmp_path / "control.sock")
        server = await control.serve(tmp_path / "control.sock", hear)
        mute = [await asyncio.open_unix_connection(place) for _ in range(40)]
        reader, writer = await asyncio.open_unix_connection(place)
        writer.write(b'{"cmd": "halt"}\n')
        answer = await reader.readline()
        closed = [await asyncio.wait_for(line.read(), 5) for line, _ in mute[:32]]
        for _, each in [*mute, (reader, writer)]:
            each.close()
        server.close()
        return closed, answer

    closed, answer = asyncio.run(main())
    assert json.loads(answer) == {"ok": True}
    assert closed == [b""] * 32


@pytest.mark.parametrize("reads", [True, False])
def test_who_does_not_read_the_answer_is_not_waited_for_and_who_reads_has_all_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, reads: bool
) -> None:
    monkeypatch.setattr(control, "ANSWER_MAX_S", 5.0 if reads else 0.2)
    size = 4_000_000

    async def hear(_: Mapping[str, Any], _uid: int | None) -> control.Answer:
        return {"ok": True, "long": "x" * size}

    async def main() -> int:
        server = await control.serve(tmp_path / "control.sock", hear)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.connect(str(tmp_path / "control.sock"))
            client.sendall(b'{"cmd": "status"}\n')
            if not reads:
                await asyncio.sleep(0.6)
            client.settimeout(5)
            return await asyncio.to_thread(length, client, server)

    def length(client: socket.socket, server: asyncio.Server) -> int:
        got = 0
        while part := client.recv(1 << 20):
            got += len(part)
        server.get_loop().call_soon_threadsafe(server.close)
        return got

    assert (asyncio.run(main()) > size) is reads


def test_a_queue_that_is_full_is_no_desk_that_does_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who wants it halted waits for a place, and is not told that nobody is there."""
    place = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(place))
        server.listen(0)
        crowd = []
        for _ in range(8):
            client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            client.setblocking(False)
            crowd.append(client)
            try:
                client.connect(str(place))
            except BlockingIOError:
                break
        else:
            raise AssertionError("the queue was never full")
        monkeypatch.setattr(control, "ANSWER_MAX_S", 0.1)
        answer = control.ask(place, {"cmd": "halt"})
        assert answer is not None
        assert "ask again" in answer["error"]

        def serve() -> None:
            for _ in range(len(crowd)):
                line, _ = server.accept()
                if line.recv(control.LINE_MAX):
                    line.sendall(b'{"ok": true}\n')
                line.close()

        monkeypatch.setattr(control, "ANSWER_MAX_S", 10.0)
        desk = threading.Thread(target=serve)
        for client in crowd:
            client.close()
        desk.start()
        assert control.ask(place, {"cmd": "halt"}) == {"ok": True}
        desk.join(10)
