"""One moment of everything that the pages show: swapped as a whole, never changed.

Whoever renders a page takes the snapshot once and works with it as long as it likes. Each part says with which version
it last changed, so that a page that was shown before knows what of it is old.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec

from assent.console.reading import show, views
from assent.console.reading.book import Book
from assent.console.reading.chain import ChainStatus
from assent.console.reading.source import Source

PARTS: Final = (
    "source", "overview", "intents", "orders", "positions", "exposure", "halts", "constitution", "chain", "health",
)  # fmt: skip


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """`seq` is the last record that is in it, `changed` the version at which each part last became another one."""

    version: int
    seq: int
    edition: int
    source: Source
    overview: views.Overview
    intents: views.Intents
    orders: views.Orders
    positions: views.Positions
    exposure: views.Exposure
    halts: views.Halts
    constitution: views.Constitution
    chain: views.Chain
    health: views.Health
    changed: Mapping[str, int]
    landmarks: tuple[int, ...] = ()


class Moment(NamedTuple):
    """What a snapshot is made from besides the book."""

    source: Source
    edition: int
    taken_ts: int
    desk_ts: int
    beat: views.Beat | None
    chain: ChainStatus


class Maker:
    """Makes one snapshot after the other, and keeps of the last what has not changed."""

    def __init__(self, name: str, version: str) -> None:
        self._name = name
        self._version = version
        self._limits: tuple[object, views.Constitution] | None = None

    def make(self, book: Book, moment: Moment, before: Snapshot | None) -> Snapshot:
        """All parts anew, from a book that is whole."""
        orders = show.orders(book)
        parts: dict[str, Any] = {
            "source": moment.source,
            "overview": show.overview(book, self._name, moment.desk_ts),
            "intents": show.intents(book, moment.desk_ts),
            "orders": orders,
            "positions": show.positions(book),
            "exposure": show.exposure(book),
            "halts": show.halts(book, moment.desk_ts),
            "constitution": self._constitution(book),
            "chain": show.chain(book, moment.chain),
            "health": show.health(
                book, taken_ts=moment.taken_ts, beat=moment.beat, version=self._version,
                behind=max(0, moment.source.head_seq - book.head.seq), open_orders=orders.open,
            ),
        }  # fmt: skip
        landmarks = before.landmarks if before is not None and before.edition == moment.edition else ()
        if len(landmarks) != len(book.landmarks):
            landmarks = tuple(book.landmarks)
        return _joined(parts, before, book.head.seq, moment.edition, landmarks)

    def told(self, source: Source, before: Snapshot) -> Snapshot:
        """What was shown before, with word of how the file stands now."""
        parts = {part: getattr(before, part) for part in PARTS} | {"source": source}
        return _joined(parts, before, before.seq, before.edition, before.landmarks)

    def _constitution(self, book: Book) -> views.Constitution:
        key = (book, book.state.seal, book.state.started_seq)
        if self._limits is None or self._limits[0] != key:
            self._limits = key, show.constitution(book)
        return self._limits[1]


def _joined(
    parts: dict[str, Any], before: Snapshot | None, seq: int, edition: int, landmarks: tuple[int, ...]
) -> Snapshot:
    """The parts as a snapshot, one version on where one of them says something new."""
    if before is None:
        return Snapshot(
            version=1, seq=seq, edition=edition, changed=dict.fromkeys(PARTS, 1), landmarks=landmarks, **parts
        )
    new = {part for part in PARTS if _news(part, getattr(before, part), parts[part])}
    version = before.version + bool(new)
    changed = {part: version if part in new else since for part, since in before.changed.items()}
    kept = {part: value if part in new or part in _AGEING else getattr(before, part) for part, value in parts.items()}
    return Snapshot(version=version, seq=seq, edition=edition, changed=changed, landmarks=landmarks, **kept)


# Parts of which something grows by itself while nothing happens, and how they look without it.
_AGEING: Final = frozenset(("overview", "chain", "health"))


def _news(part: str, before: Any, now: Any) -> bool:
    if part == "overview":
        return bool(msgspec.structs.replace(now, now_ts=before.now_ts) != before)
    if part == "health":
        beat = None if now.beat is None or before.beat is None else before.beat
        same = {"taken_ts": before.taken_ts, "beat_age": before.beat_age, **({"beat": beat} if beat else {})}
        return bool(msgspec.structs.replace(now, **same) != before) or _status(now.beat) != _status(before.beat)
    if part == "chain":
        # How far a walk is tells nothing new; where it ends does.
        status = msgspec.structs.replace(
            now.status, verified_seq=before.status.verified_seq, verified_hash=before.status.verified_hash
        )
        return bool(msgspec.structs.replace(now, status=status) != before)
    return bool(now != before)


def _status(beat: views.Beat | None) -> str:
    return beat.status if beat else ""
