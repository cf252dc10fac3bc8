"""The exchange's own memory: an append-only file of everything it was asked, durable before it answers.

One line per entry: a checksum that runs on from the line before, then JSON. A tail that was torn by a crash was never
answered, so it is dropped; anything wrong before the tail was answered, so it is refused by line and never repaired.
"""

import fcntl
import os
import zlib
from pathlib import Path

import msgspec

from assent.exchange.acts import Act
from assent.exchange.changes import Change
from assent.exchange.types import (
    Changed,
    Corrected,
    ExchangeError,
    Fill,
    MarketView,
    NewOrder,
    OrderView,
    Settlement,
    Transferred,
)

FORMAT = 1


class JournalError(ExchangeError):
    """The journal cannot be used; the message says why and what to do."""


class Header(msgspec.Struct, frozen=True, tag="opened"):
    """Whose world this is, and which world's rules it was lived under. `start_ts` is when it was first opened."""

    format: int
    world: int
    seed: int
    start_ts: int
    account: str
    cash: int


class OrderEntry(msgspec.Struct, frozen=True, tag="order"):
    ts: int
    order: NewOrder


class CancelEntry(msgspec.Struct, frozen=True, tag="cancel"):
    ts: int
    order_id: str


class ChangeEntry(msgspec.Struct, frozen=True, tag="change"):
    ts: int
    change: Change


class TransferEntry(msgspec.Struct, frozen=True, tag="transfer"):
    ts: int
    amount: int
    reference: str


class ActEntry(msgspec.Struct, frozen=True, tag="act"):
    """What the venue itself did beyond the world's own script."""

    ts: int
    act: Act


class SeenEntry(msgspec.Struct, frozen=True, tag="seen"):
    """Somebody was watching on this day, so its markets are never forgotten again."""

    ts: int


class DayEntry(msgspec.Struct, frozen=True, tag="day"):
    """What a finished day left behind, so that it need not be lived through again."""

    day: int
    cash: int
    fees_paid: int
    consumed: tuple[str, ...]
    orders: tuple[OrderView, ...]
    fills: tuple[Fill, ...]
    settlements: tuple[Settlement, ...]
    corrections: tuple[Corrected, ...] = ()
    transfers: tuple[Transferred, ...] = ()
    changes: tuple[Changed, ...] = ()
    # As they stood in the end, where somebody was watching.
    markets: tuple[MarketView, ...] = ()


# What somebody asked for, in the sequence in which it came.
Asked = OrderEntry | CancelEntry | ChangeEntry | ActEntry | TransferEntry | SeenEntry
Entry = Asked | DayEntry

_decoder: msgspec.json.Decoder[Header | Entry] = msgspec.json.Decoder(
    Header | OrderEntry | CancelEntry | ChangeEntry | ActEntry | TransferEntry | SeenEntry | DayEntry
)


class Journal:
    """An open journal. `entries` is what it held when it was opened."""

    def __init__(self, path: Path, descriptor: int, header: Header, entries: list[Entry], checksum: int) -> None:
        self.path = path
        self.header = header
        self.entries = entries
        self._descriptor = descriptor
        self._checksum = checksum
        self._broken = False

    @classmethod
    def open(cls, path: Path, header: Header) -> "Journal":
        """Open or begin the journal of this world; another world's is refused."""
        existed = path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            _lock(path, descriptor)
            found, entries, checksum, good_bytes = _read(path, _contents(descriptor))
            os.ftruncate(descriptor, good_bytes)
            _refuse_another_world(path, found, header)
            journal = cls(path, descriptor, found or header, entries, checksum)
            if found is None:
                journal._write(header)
            if not existed:
                _sync_folder(path.parent)
        except (ExchangeError, OSError):
            os.close(descriptor)
            raise
        return journal

    def append(self, entry: Entry) -> None:
        """Durable on return. If that cannot be promised, nothing more is taken: the disk and we may disagree."""
        if self._broken:
            raise JournalError(f"{self.path}: an earlier write did not reach the disk; restart to read what did")
        self._write(entry)

    def read(self) -> list[Entry]:
        """Everything that the file holds by now."""
        return _read(self.path, self.path.read_bytes())[1]

    def close(self) -> None:
        os.close(self._descriptor)

    def _write(self, entry: Header | Entry) -> None:
        body = msgspec.json.encode(entry)
        checksum = zlib.crc32(body, self._checksum)
        line = b"%08x %s\n" % (checksum, body)
        try:
            _write_whole(self._descriptor, line)
            os.fsync(self._descriptor)
        except OSError as error:
            self._broken = True
            raise JournalError(f"{self.path}: {error}. Nothing was answered; free the disk and restart") from error
        self._checksum = checksum


def header_of(path: Path) -> Header | None:
    """Whose world this journal holds; None where there is none yet."""
    try:
        with path.open("rb") as file:
            return _read(path, file.readline())[0]
    except FileNotFoundError:
        return None


def _write_whole(descriptor: int, line: bytes) -> None:
    written = os.write(descriptor, line)
    if written != len(line):
        raise OSError(f"only {written} of {len(line)} bytes were written")


def _contents(descriptor: int) -> bytes:
    with os.fdopen(os.dup(descriptor), "rb") as file:
        file.seek(0)
        return file.read()


def _read(path: Path, data: bytes) -> tuple[Header | None, list[Entry], int, int]:
    """The header, the entries, the running checksum, and how many bytes are whole lines."""
    *lines, torn = data.split(b"\n")
    header: Header | None = None
    entries: list[Entry] = []
    checksum = 0
    for number, line in enumerate(lines, start=1):
        body = line[9:]
        checksum = zlib.crc32(body, checksum)
        if line[:9] != b"%08x " % checksum:
            raise _corrupt(path, number, "its checksum does not fit the lines before it")
        try:
            entry = _decoder.decode(body)
        except msgspec.DecodeError as error:
            raise _corrupt(path, number, str(error)) from error
        if isinstance(entry, Header) != (number == 1):
            raise _corrupt(path, number, "the header stands on the first line, and only there")
        if isinstance(entry, Header):
            header = entry
        else:
            entries.append(entry)
    return header, entries, checksum, len(data) - len(torn)


def _corrupt(path: Path, number: int, why: str) -> JournalError:
    return JournalError(
        f"{path}: line {number} is damaged: {why}. It was answered once, so the world cannot be rebuilt without it; "
        "restore the file from a copy, or move it away to begin a new world"
    )


def _refuse_another_world(path: Path, found: Header | None, wanted: Header) -> None:
    if found is None:
        return
    if found.world != wanted.world:
        raise JournalError(
            f"{path}: this journal was lived through in version {found.world} of the simulated world, and this release"
            f" plays version {wanted.world}, in which the same seed has other markets and prices: its orders would meet"
            " another book. Go on with the release that wrote it, or begin anew: assent init my-desk-2"
        )
    for name in ("format", "seed", "account", "cash"):
        here, asked = getattr(found, name), getattr(wanted, name)
        if here != asked:
            raise JournalError(
                f"{path}: this journal belongs to a world with {name} {here!r}, not {asked!r}; "
                f"open it with {name} {here!r}, or give the new world another file"
            )


def _lock(path: Path, descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise JournalError(f"{path}: another process has this exchange open; stop it first") from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
