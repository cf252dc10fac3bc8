"""What comes after a release: from the transport that is asked to send until the bytes are out at a loopback socket.

python -m benchmarks.leaving [REQUESTS]

No goal is set on it, and the signature is made by then; but an order waits for it as well: it is what the network's
client costs, and what it costs to take its bytes apart once more. What these say is judged in `benchmarks.release`.
"""

import asyncio
import os
import sys
from time import perf_counter_ns

from assent.model.units import SECOND
from assent.venue.network import Network
from assent.venue.transport import Answer, Request
from benchmarks.figure import Figure
from benchmarks.release import p50, p99

REQUESTS = 500
WARM_UP = 50
APART_S = 0.002
BODY = b'{"ticker":"KXBENCH-26NOV21-T1","side":"bid","count":"10.00","price":"0.5000"}'
SAID = b"HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


class Venue(asyncio.Protocol):
    """Notes when a whole request is there, and answers it at once."""

    arrived_ns = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport, self._heard = transport, b""

    def data_received(self, data: bytes) -> None:
        self._heard += data
        if self._heard.endswith(BODY):
            Venue.arrived_ns = perf_counter_ns()
            self._heard = b""
            self._transport.write(SAID)  # type: ignore[attr-defined]


async def measure(requests: int) -> list[int]:
    """Nanoseconds for each request, all over one connection that is kept."""
    server = await asyncio.get_running_loop().create_server(Venue, "127.0.0.1", 0)
    host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    network = Network(f"http://{host}", f"ws://{host}")
    headers = {"content-type": "application/json"}
    order = Request("POST", "/trade-api/v2/portfolio/events/orders", headers, BODY, lambda _: None)
    taken: list[int] = []
    for _ in range(WARM_UP + requests):
        asked_ns = perf_counter_ns()
        answer = await network.request(order, timeout_ns=SECOND)
        if not isinstance(answer, Answer) or answer.status != 201:
            raise RuntimeError(f"the request came to {answer}: nothing was measured")
        taken.append(Venue.arrived_ns - asked_ns)
        await asyncio.sleep(APART_S)
    await network.close()
    server.close()
    return taken[WARM_UP:]


def figures(requests: int = REQUESTS) -> list[Figure]:
    taken = asyncio.run(measure(requests))
    note = f"p99 {p99(taken):.2f} ms; load {os.getloadavg()[0]:.1f}"
    return [Figure("beyond it: the client, to a loopback socket, p50", p50(taken), "ms", 0, "less", note)]


def main() -> int:
    for figure in figures(int(sys.argv[1]) if len(sys.argv) > 1 else REQUESTS):
        print(f"{figure.name}: {figure.value:.3f} {figure.unit}; {figure.note}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
