"""A real exchange in the box and a real desk beside it, each a process of its own, over real sockets."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import urlopen

from tests.exchange.kalshi.served import begun

ACCOUNT = "kalshi-box"
WAIT_S = 60


class Box(NamedTuple):
    """A box that answers: its control address, and the key of its member."""

    url: str
    key_id: str
    key_file: Path

    def now(self) -> int:
        """The box's own time."""
        with urlopen(f"{self.url}/box/clock", timeout=WAIT_S) as answer:
            return int(json.load(answer)["now_ns"])

    def record(self) -> list[dict[str, Any]]:
        """The exchange's own books."""
        with urlopen(f"{self.url}/box/record", timeout=WAIT_S) as answer:
            return [json.loads(line) for line in answer.read().splitlines()]


@contextmanager
def served(folder: Path, *options: object, speed: int) -> Iterator[Box]:
    """`assent exchange kalshi` until the block ends; a new one begins in the morning, whatever our own clock says."""
    begun(folder)
    process = subprocess.Popen(
        [sys.executable, "-m", "assent", "exchange", "kalshi", "--dir", str(folder), "--port", "0", "--json",
         "--speed", str(speed), "--key-type", "ed25519", *map(str, options)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said, process.communicate(timeout=WAIT_S)[1]
        told = json.loads(said)
        yield Box(told["url"].removesuffix("/trade-api/v2"), told["key"]["key_id"], Path(told["key"]["private_file"]))
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=WAIT_S)
        process.kill()
        process.wait()


def assent(*words: object, **given: Any) -> subprocess.CompletedProcess[str]:
    """One command, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "assent", *(str(word) for word in words)],
        capture_output=True, text=True, check=False, timeout=300, **given,
    )  # fmt: skip
