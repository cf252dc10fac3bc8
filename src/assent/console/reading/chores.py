"""What is done beside the following, in small turns with long pauses: the chain walked, the index read on.

A thread of its own, so that a record is seen at once whatever is being verified, and paced so that it never takes more
than a part of one core.
"""

import threading
from collections.abc import Callable
from typing import Final

from assent.console.reading.chain import ChainStatus, Verifier
from assent.console.reading.index import Index, NotReady
from assent.console.reading.snapshot import Snapshot
from assent.ledger.errors import LedgerError
from assent.ledger.sqlite import open_reader
from assent.model.units import SECOND

PAUSE_S: Final = 0.2
# The pause after a turn, in turns: so a core has three quarters of its time for others.
REST: Final = 3
# Also when no record came: anchors may have, and a file may have been changed behind our back.
LOOK_EVERY: Final = 5 * SECOND


class Chores:
    """Works on what the newest snapshot shows."""

    def __init__(self, newest: Callable[[], Snapshot], index: Index, now: Callable[[], int]) -> None:
        self._newest = newest
        self._index = index
        self._now = now
        self._verifier = Verifier(now)
        self._done: tuple[int, int] | None = None
        self._looked = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ledger chores", daemon=True)

    @property
    def chain(self) -> ChainStatus:
        return self._verifier.status

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._index.close()

    def turn(self) -> bool:
        """A handful of each; whether there is more to do."""
        snapshot, now = self._newest(), self._now()
        standing = snapshot.edition, snapshot.seq
        if not snapshot.source.whole or (standing == self._done and now - self._looked < LOOK_EVERY):
            return False
        self._looked = now
        try:
            reader = open_reader(snapshot.source.path)
            try:
                ledger_id = snapshot.overview.deployment.ledger_id
                more = self._verifier.turn(reader, snapshot.edition, snapshot.seq, ledger_id)
                reached = self._index.read_on(reader)
            finally:
                reader.close()
        except (LedgerError, NotReady, OSError):
            return False  # the tail tells of the file's state, a question of the index's: tried again at the next look
        self._done = None if more or not reached else standing
        return self._done is None

    def _run(self) -> None:
        pause = 0.0
        while not self._stopping.wait(pause):
            begun = self._now()
            more = self.turn()
            took = max(0, self._now() - begun) / SECOND
            pause = took * REST if more else PAUSE_S
