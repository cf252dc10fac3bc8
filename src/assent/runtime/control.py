"""The control socket: how everyone else asks the one writer.

One JSON object a line, one answer each, over a unix socket that only its owner may open. Nothing here decides: an act
becomes an input like any other, and its answer says what the desk recorded.
"""

import asyncio
import hashlib
import json
import os
import socket
import struct
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from assent.model.errors import AssentError

Answer = dict[str, Any]
# A request, and the user of this machine who made it; None where the system cannot tell.
Handler = Callable[[Mapping[str, Any], int | None], Awaitable[Answer]]

LINE_MAX = 65_536
ANSWER_MAX_S = 15.0
# Connections that have not said anything yet. Beyond that the oldest gives way to the newest, so that none who only
# connect use up what the desk itself needs, and whoever asks at once is heard.
SILENT_MAX = 512
# The kernel's own bound on the path of a unix socket, with room to spare.
PATH_MAX = 100


def socket_path(wanted: Path) -> Path:
    """Where the socket really is: beside the ledger, or, where that path is too long, in the temporary folder."""
    if len(os.fsencode(wanted.absolute())) <= PATH_MAX:
        return wanted
    digest = hashlib.sha256(os.fsencode(wanted.absolute())).hexdigest()[:24]
    return Path(tempfile.gettempdir()) / f"assent-{os.getuid()}-{digest}.sock"


async def serve(path: Path, handle: Handler) -> asyncio.Server:
    """Listen until closed. Whoever holds the lease owns the path, so a socket left by a crash is replaced."""
    place = socket_path(path)
    silent: dict[asyncio.StreamWriter, None] = {}

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        uid = _peer(writer)
        silent[writer] = None
        if len(silent) > SILENT_MAX:
            oldest = next(iter(silent))
            del silent[oldest]
            oldest.close()
        try:
            line = await asyncio.wait_for(reader.readline(), ANSWER_MAX_S)
            silent.pop(writer, None)
            if not line:
                return
            answer = await _answer(line, uid, handle)
            writer.write(json.dumps(answer).encode() + b"\n")
            await asyncio.wait_for(_taken(writer), ANSWER_MAX_S)
        except (TimeoutError, ConnectionError, ValueError):
            return
        except asyncio.CancelledError:
            return  # the process goes down, and nothing waits for this task; Python 3.11 would tell a traceback of it
        finally:
            silent.pop(writer, None)
            if writer.transport.get_write_buffer_size():
                writer.transport.abort()  # to close would wait for ever for whoever does not read
            writer.close()

    before = os.umask(0o177)
    try:
        place.unlink(missing_ok=True)
        return await asyncio.start_unix_server(talk, path=str(place), limit=LINE_MAX)
    except OSError as error:
        raise AssentError(
            f"The control socket {place} cannot be made: {error.strerror}. Nobody could halt the desk by it, so it does"
            " not start. Take away what lies there; if that is somebody else's, move the desk's folder to a shorter"
            " path, so that the socket lies inside."
        ) from error
    finally:
        os.umask(before)


async def _taken(writer: asyncio.StreamWriter) -> None:
    """Until the other end, or the system for it, has all of the answer."""
    writer.transport.set_write_buffer_limits(0)
    await writer.drain()


async def _answer(line: bytes, uid: int | None, handle: Handler) -> Answer:
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        return {"ok": False, "error": "the request is not one line of JSON"}
    if not isinstance(request, dict):
        return {"ok": False, "error": "the request is not a JSON object"}
    if any(isinstance(value, dict | list) for value in request.values()):
        return {"ok": False, "error": "a value of the request is neither text nor a number"}
    return await handle(request, uid)


def ask(path: Path, request: Mapping[str, Any]) -> Answer | None:
    """One request to the running desk; None when nothing listens."""
    place = socket_path(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        try:
            _connect(client, str(place))
        except BlockingIOError:
            return {"ok": False, "error": "too many ask the running desk at once; nothing was asked, so ask again"}
        except OSError:
            return None
        if not _is_ours(client):
            return None
        try:
            client.sendall(json.dumps(dict(request)).encode() + b"\n")
            return _read_answer(client)
        except OSError as error:
            return {"ok": False, "unknown": True, "error": f"the running desk did not answer: {error}"}


def _connect(client: socket.socket, place: str) -> None:
    """A queue that is full is no desk that does not run: whoever wants it to halt waits for a place in it. Only a
    socket without a timeout of Python's own waits there; the system's ends it."""
    most = struct.pack("ll", int(ANSWER_MAX_S), int(ANSWER_MAX_S % 1 * 1_000_000))
    client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, most)
    client.connect(place)
    client.settimeout(ANSWER_MAX_S)


def _is_ours(client: socket.socket) -> bool:
    """Whether the other side runs as us (or as root): in a shared folder anybody may bind a name. Linux can tell."""
    uid = _uid_of(client)
    return uid is None or uid in (0, os.getuid())


def _peer(writer: asyncio.StreamWriter) -> int | None:
    return _uid_of(writer.get_extra_info("socket"))


def _uid_of(other: socket.socket) -> int | None:
    """Who runs the process at the other end; None where the system cannot tell."""
    if not hasattr(socket, "SO_PEERCRED"):
        return None
    _, uid, _ = struct.unpack("3i", other.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return int(uid)


def _read_answer(client: socket.socket) -> Answer:
    data = b""
    while not data.endswith(b"\n"):
        chunk = client.recv(LINE_MAX)
        if not chunk:
            return {"ok": False, "unknown": True, "error": "the running desk hung up; it may be going down"}
        data += chunk
    answer: Answer = json.loads(data)
    return answer
