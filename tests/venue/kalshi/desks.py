"""A REST client with all that it stands on, lived through under virtual time."""

from collections.abc import Callable, Coroutine
from random import Random
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.venue.fakes import Said, ScriptedTransport

from assent.model.units import MINUTE, SECOND
from assent.runtime import virtual
from assent.runtime.clock import VirtualClock
from assent.venue.kalshi.limits import TIERS, Limits
from assent.venue.kalshi.rest import Rest
from assent.venue.kalshi.signing import Signer, load_signer
from assent.venue.kalshi.throttle import Throttle
from assent.venue.transport import Failed, Request

START = 1_790_000_000 * SECOND
KEY_ID = "9c1de0c2-0000-4000-8000-00000000a001"
ORDERS = "/portfolio/events/orders"
TIMED_OUT = Failed("unknown", "no whole answer came in time")
REFUSED = Failed("not_sent", "no connection: refused")
RATE_LIMITED = b'{"error":"too many requests"}'


def a_signer() -> Signer:
    private = Ed25519PrivateKey.from_private_bytes(b"ann".ljust(32, b"."))
    return load_signer(KEY_ID, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


class Desk(NamedTuple):
    """A Rest with all that it stands on."""

    rest: Rest
    transport: ScriptedTransport
    clock: VirtualClock
    throttle: Throttle


def lived(
    script: Callable[[Desk], Coroutine[Any, Any, Any]],
    answer: Callable[[Request], Said] | list[Said],
    *,
    limits: Limits = TIERS["basic"],
    signer: Signer | None = None,
    takes_ns: int = 0,
) -> Any:
    """Runs a script under virtual time with buckets that are full at its beginning."""

    async def main() -> Any:
        clock = VirtualClock(START)
        transport = ScriptedTransport(answer, clock.now, takes_ns=takes_ns)
        throttle = Throttle(limits, Random(7), START - MINUTE)
        rest = Rest(transport, signer or a_signer(), clock, throttle, chance=Random(11))
        return await script(Desk(rest, transport, clock, throttle))

    return virtual.run(main(), until_ns=60 * MINUTE)
