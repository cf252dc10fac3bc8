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
from typing import Final, Self, TypeVar

import msgspec

from assent.console.reading.beats import Heartbeat
from assent.console.reading.book import Book
from assent.console.reading.chores import Chores
from assent.console.reading.follower import Follower
from assent.console.reading.index import Index, NotReady, index_of
from assent.console.reading.records import RecordPage, WholeRecord, page_of, stream_page, whole_record
from assent.console.reading.snapshot import Maker, Moment, Snapshot
from assent.console.reading.source import Trouble, broken, trouble
from assent.console.reading.stories import NotOne, story_of
from assent.desk.story import Story
from assent.ledger.errors import LedgerError
from assent.ledger.sqlite import SqliteReader, open_reader
from assent.model.errors import InvariantBroken
from assent.model.units import SECOND

POLL_S: Final = 0.1
# After something in here broke: told, and tried again.
BROKEN_S: Final = 2.0
# So often what only time changes is worked out anew: windows of pace, ages, a new day's losses.
REFRESH_NS: Final = SECOND

Listener = Callable[[], None]
Answer = TypeVar("Answer")


class Tail:
    """Follows one ledger.

    `now` is this machine's time in nanoseconds. `heartbeat` is the desk's file, if it has one; `index` where the
    console's own index of the ledger lies, beside the ledger unless said otherwise.
    """

    def __init__(
        self,
        ledger: Path,
        *,
        now: Callable[[], int],
        name: str = "",
        version: str = "",
        build: str = "",
        heartbeat: Path | None = None,
        index: Path | None = None,
        poll_s: float = POLL_S,
    ) -> None:
        self.ledger = ledger
        self._now = now
        self._poll_s = poll_s
        self._follower = Follower(ledger, now, build=build)
        self._maker = Maker(name, version)
        self._beats = Heartbeat(heartbeat)
        self._index = Index(index or index_of(ledger))
        self._chores = Chores(lambda: self._snapshot, self._index, now)
        self._snapshot = self._maker.make(Book(), self._moment(), None)
        self._news = threading.Condition()
        self._listeners: tuple[Listener, ...] = ()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ledger tail", daemon=True)

    # ------------------------------------------------------------------------------------------------- its life

    def start(self) -> Self:
        self._thread.start()
        self._chores.start()
        return self

    def stop(self) -> None:
        """End the threads and whoever waits."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._chores.stop()
        self._tell()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # ------------------------------------------------------------------------------------------- what is known

    @property
    def snapshot(self) -> Snapshot:
        """The newest; it never changes, so take it once for a page."""
        return self._snapshot

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
        """Call `listener`, from the tail's thread, after each news; what is returned ends that.

        It may neither wait nor raise: it only passes the word on.
        """
        with self._news:
            self._listeners = (*self._listeners, listener)

        def forget() -> None:
            with self._news:
                self._listeners = tuple(one for one in self._listeners if one is not listener)

        return forget

    # -------------------------------------------------------------------- questions, answered from the file itself

    def story(self, wanted: str) -> Story | NotOne | Trouble:
        """One intent's whole story, by its id, its code, its order's id, or the beginning of one of them."""
        landmarks = self._snapshot.landmarks
        return self._answer(lambda reader: story_of(reader, self._index, landmarks, wanted))

    def records(
        self, *, before: int | None = None, after: int | None = None, limit: int = 50, stream: str = "", value: str = ""
    ) -> RecordPage | Trouble:
        """A page of all records, or with `stream` of those that belong to its `value`."""
        if not stream:
            return self.page(before=before, after=after, limit=limit)
        return self.stream(stream, value, before=before, after=after, limit=limit)

    def page(self, *, before: int | None = None, after: int | None = None, limit: int = 50) -> RecordPage | Trouble:
        """Records, oldest first: the newest before a number, or the oldest after one; without either, the newest."""
        return self._answer(lambda reader: page_of(reader, before=before, after=after, limit=limit))

    def stream(
        self, stream: str, value: str, *, before: int | None = None, after: int | None = None, limit: int = 50
    ) -> RecordPage | Trouble:
        """The same of one of `ledger.streams.STREAMS` only."""
        return self._answer(
            lambda reader: stream_page(reader, self._index, stream, value, before=before, after=after, limit=limit)
        )

    def record(self, seq: int) -> WholeRecord | Trouble | None:
        """One record in full; None where there is none of this number."""
        return self._answer(lambda reader: whole_record(reader, seq))

    def _answer(self, question: Callable[[SqliteReader], Answer]) -> Answer | Trouble:
        try:
            reader = open_reader(self.ledger)
            try:
                return question(reader)
            finally:
                reader.close()
        except (LedgerError, OSError) as error:
            return trouble(error)
        except NotReady as error:
            return error.trouble
        except (InvariantBroken, msgspec.MsgspecError, KeyError) as error:
            return broken(error)

    # ------------------------------------------------------------------------------------------ the thread's part

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
        pause = 0.0
        while not self._stopping.wait(pause):
            try:
                pause = 0.0 if self.poll() else self._poll_s
            except Exception as error:  # boundary: a page must say that the reading broke, not stand still unnoticed
                pause = BROKEN_S
                said = msgspec.structs.asdict(broken(error))
                source = msgspec.structs.replace(self._snapshot.source, **said)
                self._swap(self._maker.told(source, self._snapshot))

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
        return Moment(follower.source, follower.edition, taken, desk_ts, beat, self._chores.chain)


def _wake(loop: asyncio.AbstractEventLoop, event: asyncio.Event) -> None:
    with suppress(RuntimeError):  # the loop has been closed meanwhile: nobody waits there any more
        loop.call_soon_threadsafe(event.set)
