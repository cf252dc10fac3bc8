"""Who asks over the control socket, and whether they may: proven here, in the desk's own process.

Who comes without a credential is the user of this machine at the other end of the socket, told by the kernel. Who
brings one is whoever that credential belongs to, and nobody else: a page in another process can pass it on, but cannot
make one up. What is refused here never reaches the desk as an answer; it is only counted.
"""

import asyncio
import os
import pwd
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from assent.approval.errors import AccessError
from assent.approval.values import Holder, Refusal

ALL: Final = frozenset(("view", "approve", "operate"))
# What each act takes; whatever is not here takes the most.
NEEDED: Final[Mapping[str, str]] = {
    "status": "view", "reconcile": "view", "approve": "approve", "reject": "approve", "expire": "approve",
}  # fmt: skip
CREDENTIAL_MAX: Final = 256
# How many wait for the file of credentials at once. While another process holds it each takes its whole patience.
WAITING_MAX: Final = 32
T = TypeVar("T")


class Proofs(Protocol):
    """What knows credentials and second factors."""

    def check(self, secret: object, now: int, *, source: str | None = None) -> Holder | Refusal: ...

    def check_factor(self, person: object, digits: object, now: int) -> str | None: ...


class Principal(NamedTuple):
    """Somebody who is proven to be who they are."""

    identity: str
    scopes: frozenset[str]


class NotAdmitted(NamedTuple):
    """Why somebody is not let in, by a registered code."""

    code: str
    words: str


class _Looking:
    """Threads of their own for what looks into the file: those of the event loop find the venue's address, and no
    crowd of digits keeps a credential waiting that would halt the desk."""

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._inside = 0

    async def run(self, question: Callable[[], T]) -> T | NotAdmitted:
        if self._inside >= WAITING_MAX:
            return NotAdmitted("credential_refused", "too many ask at once; nothing was done, so ask again in a moment")
        self._inside += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, question)
        finally:
            self._inside -= 1


CREDENTIALS: Final = _Looking("credentials")
FACTORS: Final = _Looking("factors")


def os_identity(uid: int) -> str:
    """The user of this machine, by the name that the system knows."""
    try:
        return f"os:{pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"os:{uid}"


async def admit(
    request: Mapping[str, Any], uid: int | None, proofs: Proofs | None, now: int
) -> Principal | NotAdmitted:
    """Who this is, if they may ask for what they ask for. `now` is the time of this machine."""
    secret = request.get("credential")
    if secret is None and request.get("channel") in ("web", "api"):
        return NotAdmitted("credential_refused", "a page asks for somebody, and does not say by whose credential")
    if secret is None:
        return Principal(os_identity(os.getuid() if uid is None else uid), ALL)
    if proofs is None or not isinstance(secret, str) or len(secret) > CREDENTIAL_MAX:
        return NotAdmitted("credential_refused", "no token or session is known here")
    try:
        found = await CREDENTIALS.run(partial(proofs.check, secret, now))
    except AccessError as error:
        return NotAdmitted("credential_refused", str(error))
    if isinstance(found, NotAdmitted):
        return found
    if isinstance(found, Refusal):
        return NotAdmitted("credential_refused", found.words)
    needed = NEEDED.get(str(request.get("cmd")), "operate")
    if needed not in found.scopes:
        return NotAdmitted("scope_refused", f"this takes the scope `{needed}`")
    return Principal(found.identity, found.scopes)


async def prove_factor(person: str, digits: object, proofs: Proofs | None, now: int) -> NotAdmitted | None:
    """None when these digits are the person's second factor, and were not used before."""
    if proofs is None:
        return NotAdmitted("second_factor_missing", "no second factor was ever enrolled here")
    try:
        code = await FACTORS.run(partial(proofs.check_factor, person, digits, now))
    except AccessError as error:
        return NotAdmitted("second_factor_wrong", str(error))
    return NotAdmitted(code, "") if isinstance(code, str) else code
