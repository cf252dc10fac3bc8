"""Which credential a request brings, and the cookie by which a browser's session is known.

A token comes in the Authorization header and nowhere else. A browser brings its session's cookie; it is for the host
alone, hidden from scripts, never sent from another site, and only over https where there is https.
"""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from starlette.responses import Response

from assent.console.guard.people import Channel
from assent.console.guard.refusals import Refused
from assent.console.guard.settings import WebSettings

_SECRET: Final = re.compile(r"[A-Za-z0-9._~+/=-]{8,256}")
CHALLENGE: Final = (("www-authenticate", 'Bearer realm="assent"'),)


class Brought(NamedTuple):
    """A credential that was not judged yet."""

    secret: str
    channel: Channel


def brought(headers: Sequence[tuple[bytes, bytes]], settings: WebSettings) -> Brought:
    """The one credential of the request. A token outdoes a cookie, which a browser adds without being asked."""
    tokens = [value.decode("latin-1") for name, value in headers if name == b"authorization"]
    if tokens:
        kind, _, secret = tokens[0].partition(" ")
        if len(tokens) > 1 or kind.lower() != "bearer" or not _SECRET.fullmatch(secret.strip()):
            raise Refused(
                "credential_missing", "the Authorization header does not hold one bearer token", headers=CHALLENGE
            )
        return Brought(secret.strip(), "api")
    sessions = [value for name, value in _cookies(headers) if name == settings.cookie]
    if len(sessions) == 1 and _SECRET.fullmatch(sessions[0]):
        return Brought(sessions[0], "web")
    raise Refused("credential_missing", "the request brings no credential", headers=CHALLENGE)


def _cookies(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    lines = [value.decode("latin-1") for name, value in headers if name == b"cookie"]
    found = []
    for part in ";".join(lines).split(";"):
        name, _, value = part.strip().partition("=")
        found.append((name, value))
    return found


def begin_session(response: Response, secret: str, settings: WebSettings) -> None:
    """Give the browser its session. It ends with the browser, or before, when Access says so."""
    response.set_cookie(settings.cookie, secret, path="/", secure=settings.secure, httponly=True, samesite="strict")


def end_session(response: Response, settings: WebSettings) -> None:
    """Take it back."""
    response.delete_cookie(settings.cookie, path="/", secure=settings.secure, httponly=True, samesite="strict")
