"""The door to the reading: a thread that follows the ledger, and the newest snapshot for everybody else.

Promises that a record is seen about a tenth of a second after it was committed, that nothing that becomes of the file
ends the thread, and that a reader never waits for it: the snapshot is one reference, swapped whole. The thread reads;
it never writes into the ledger, never keeps it open, and holds no lock while it folds.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from assent.console.reading.beats import Heartbeat
from assent.console.reading.book import Book
from assent.console.reading.follower import Follower
from assent.console.reading.snapshot import Maker, Moment, Snapshot
from assent.model.units import SECOND

POLL_S: Final = 0.1
# So often what only time changes is worked out anew: windows of pace, ages, a new day's losses.
REFRESH_NS: Final = SECOND

Listener = Callable[[], None]


class Tail:
    """Follows one ledger. `now` is this machine's time in nanoseconds; `heartbeat` the desk's file, if it has one."""

    def __init__(
        self,
        ledger: Path,
        *,
        now: Callable[[], int],
        name: str = "",
        version: str = "",
        heartbeat: Path | None = None,
        poll_s: float = POLL_S,
    ) -> None:
        self.ledger = ledger
        self._now = now
        self._poll_s = poll_s
        self._follower = Follower(ledger, now)
        self._maker = Maker(name, version)
        self._beats = Heartbeat(heartbeat)
        self._snapshot = self._maker.make(Book(), self._moment(), None)
        self._news = threading.Condition()
        self._listeners: tuple[Listener, ...] = ()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ledger tail", daemon=True)

    @property
    def snapshot(self) -> Snapshot:
        """The newest; it never changes, so take it once for a page."""
        return self._snapshot

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        """End the thread and whoever waits."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._tell()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait(self, since: int, timeout: float) -> Snapshot:
        """The newest snapshot, at once if it has a later version than `since`, else when there is one or in time."""
        with self._news:
            self._news.wait_for(lambda: self._snapshot.version > since or self._stopping.is_set(), timeout)
        return self._snapshot

    async def changed(self, since: int, timeout: float) -> Snapshot:  # noqa: ASYNC109 - the same two as of `wait`
        """Like `wait`, for an event loop: it blocks nobody."""
        loop, event = asyncio.get_running_loop(), asyncio.Event()
        forget = self.listen(lambda: _wake(loop, event))
        try:
            async with asyncio.timeout(timeout):
                while self._snapshot.version <= since and not self._stopping.is_set():
                    await event.wait()
                    event.clear()
        except TimeoutError:
            pass
        finally:
            forget()
        return self._snapshot

    def listen(self, listener: Listener) -> Listener:
        """Call `listener`, from the tail's thread, after each news; what is returned ends that."""
        with self._news:
            self._listeners = (*self._listeners, listener)

        def forget() -> None:
            with self._news:
                self._listeners = tuple(one for one in self._listeners if one is not listener)

        return forget

    def poll(self) -> bool:
        """One turn of the thread; whether there is more to read at once."""
        moved = self._follower.step()
        source, before = self._follower.source, self._snapshot
        stale = self._now() - before.health.taken_ts >= REFRESH_NS
        if source.standing in ("following", "empty") and (moved or stale):
            self._swap(self._maker.make(self._follower.book, self._moment(), before))
        elif moved or source != before.source:
            self._swap(self._maker.told(source, before))
        return source.standing == "catching up"

    def _run(self) -> None:
        while not self._stopping.is_set():
            if not self.poll():
                self._stopping.wait(self._poll_s)

    def _swap(self, snapshot: Snapshot) -> None:
        news = snapshot.version != self._snapshot.version
        self._snapshot = snapshot
        if news:
            self._tell()

    def _tell(self) -> None:
        with self._news:
            self._news.notify_all()
            listeners = self._listeners
        for listener in listeners:
            listener()

    def _moment(self) -> Moment:
        follower, taken = self._follower, self._now()
        beat = self._beats.read()
        desk_ts = self._beats.desk_time(follower.book.head.ts, taken)
        return Moment(follower.source, follower.edition, taken, desk_ts, beat)


def _wake(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    with suppress(RuntimeError):  # the loop has been closed meanwhile: nobody waits there any more
        loop.call_soon_threadsafe(event.set)
