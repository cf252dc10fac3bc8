"""The console beside a desk: what its process is started with, where it says that it listens, and the way in.

The desk's process never loads the console. It starts the command that anybody could start, and offers login codes from
the file of credentials, which both share.
"""

import fcntl
import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, NamedTuple

from assent.app.supervising import Supervisor
from assent.approval.access import Access
from assent.approval.errors import AccessError
from assent.config import Settings
from assent.console.guard.settings import HOSTS, WebSettings
from assent.model.units import MINUTE
from assent.runtime.clock import WallClock
from assent.runtime.principals import ALL, os_identity

SIGN_IN: Final = "/console/sign-in"
# Before a code that is on the screen is over, another one takes its place.
SHOWN_FOR_NS: Final = 2 * MINUTE
NOTE_MAX: Final = 4_096
CONNECT_S: Final = 2.0


class Listening(NamedTuple):
    """A console that runs: its process, and the address by which browsers reach it."""

    pid: int
    address: str


def web_settings(settings: Settings) -> WebSettings:
    """What the desk's file says of the console, judged as a whole: `AssentError` where it would send a credential over
    a network in the clear."""
    said = settings.web
    return WebSettings(
        host=said.host, port=said.port, allow=said.allow, hosts=said.hosts, proxies=said.proxies,
        behind_https=said.behind_https,
        certificate=_whole(settings, said.certificate), certificate_key=_whole(settings, said.certificate_key),
    )  # fmt: skip


def address_of(web: WebSettings) -> str:
    """By which browsers reach it: where it listens, or, where that is every address, the first name that it has."""
    name = f"[{web.host}]" if ":" in web.host else web.host
    others = [host for host in web.hosts if host not in HOSTS]
    if (not _is_local(web.host) or web.proxies) and others:
        name = others[0]
    port = "" if web.proxies and web.behind_https else f":{web.port}"
    return f"{'https' if web.secure else 'http'}://{name}{port}"


def command_of(settings: Settings) -> list[str]:
    """How the console of this desk is started: its own program (-P: nothing of the folder where we are), told which
    desk, ending when we end."""
    ledger = ["--ledger", str(settings.ledger_override)] if settings.ledger_override else []
    return [
        sys.executable, "-P", "-m", "assent", "web", "serve", "-C", str(settings.root), "--mode", settings.mode,
        *ledger, "--supervised",
    ]  # fmt: skip


def listening(settings: Settings) -> Listening | None:
    """The console of this desk, if one runs and takes connections."""
    noted = _noted(settings.console_note)
    if noted is None:
        return None
    host = settings.web.host
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - any address is this machine as well
    with suppress(OSError), socket.create_connection((reached, settings.web.port), CONNECT_S):
        return noted
    return None


@contextmanager
def noted(settings: Settings, address: str) -> Iterator[None]:
    """Say where the console listens, as long as the block lasts. The note is locked by whoever wrote it, so that one
    left behind by a console that was killed is known as such, whoever has its port now."""
    place = settings.console_note
    new = place.with_name(f"{place.name}.{os.getpid()}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.write(descriptor, json.dumps({"pid": os.getpid(), "address": address}).encode())
        new.replace(place)
        yield
        found = _noted(place)
        if found is not None and found.pid == os.getpid():
            place.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def sign_in_address(address: str, access: Access, *, token: str | None = None) -> str:
    """An address that begins one session, once, within a few minutes: of the user of this machine, or of the holder of
    a token, who may then do what the token may and is signed out when that is over."""
    identity, scopes = os_identity(os.getuid()), ALL
    if token is not None:  # of one that is not there nothing comes, whatever is asked for
        identity = f"token:{token}"
        scopes = next((one.scopes for one in access.tokens() if one.name == token), ALL)
    code = access.offer_login(identity, scopes, WallClock().now())
    return f"{address}{SIGN_IN}?code={code}"


class Beside:
    """The console of a desk that runs, as its live view shows it."""

    def __init__(self, settings: Settings, *, shows_way_in: bool) -> None:
        self._settings = settings
        self._shows_way_in = shows_way_in
        self._offered_ts = 0
        self._way_in = ""
        self._seen_listening = 0  # the last start of which this was seen
        self._wall = WallClock()
        self._supervisor = Supervisor(command_of(settings), settings.console_log, while_it_runs=self._look)

    def start(self) -> None:
        self._supervisor.start()

    def stop(self) -> None:
        self._supervisor.stop()

    def status(self) -> dict[str, Any]:
        """How it stands. The way in is for the eyes in front of this process, and for nobody who asks over a socket."""
        state = self._supervisor.state
        if state == "running" and self._seen_listening != self._supervisor.starts:
            state = "starting"
        said = "" if state in ("running", "starting") else self._supervisor.said
        return {"state": state, "way_in": self._way_in, "said": said, "log": str(self._settings.console_log)}

    def _look(self) -> None:
        """In the supervisor's thread, now and then: whether it takes connections, since one whose port another desk
        has lives for a moment as well; and a new way in before the one that is shown is over."""
        now = self._wall.now()
        seen = self._seen_listening == self._supervisor.starts
        if seen and (not self._shows_way_in or now - self._offered_ts < SHOWN_FOR_NS):
            return
        found = listening(self._settings)
        if found is None:
            return
        self._seen_listening = self._supervisor.starts
        if not self._shows_way_in:
            return
        with suppress(AccessError), closing(Access.open(self._settings.access_path)) as access:
            self._way_in = sign_in_address(found.address, access)
            self._offered_ts = now


def _whole(settings: Settings, path: str) -> str:
    return str(settings.root / path) if path else ""


def _is_local(host: str) -> bool:
    return host == "localhost" or ip_address(host).is_loopback


def _noted(place: Path) -> Listening | None:
    """What the note says, if the console that wrote it lives."""
    try:
        with place.open("rb") as file:
            if _is_free(file.fileno()):
                return None
            found = json.loads(file.read(NOTE_MAX))
        return Listening(int(found["pid"]), str(found["address"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_free(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
