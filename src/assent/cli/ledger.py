"""`assent ledger`: verify it, show it, export it. Reads only, also while the desk is at work."""

import difflib
import re
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from assent.cli.bounds import Bound, Place, places_of
from assent.cli.exits import CommandError, Exit
from assent.cli.options import desk_options, say, say_json, settings_of
from assent.cli.words import line, when
from assent.ledger.streams import STREAMS

if TYPE_CHECKING:
    from assent.ledger.chain import Record
    from assent.ledger.sqlite import SqliteReader

SHOWN_DEFAULT: Final = 20
_NOT_ASCII: Final = re.compile(r"[^\x20-\x7e\n]")


@click.group(name="ledger", short_help="Verify, show or export the ledger.")
def command() -> None:
    """Verify, show or export the ledger. Nothing here can change it."""


@command.command(name="verify", short_help="Check the chain, the anchors and every state.")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--anchors", type=click.Path(path_type=Path), help="Heads kept elsewhere.  [default: FILE.anchors]")
@desk_options
def verify(file: Path | None, anchors: Path | None, folder: Path, mode: str | None, *, as_json: bool) -> int:
    """Check every record, the chain, the anchors, and that every state follows from the records before it.

    Without FILE it is this desk's own ledger. Exit 0: intact; exit 1: the first bad record is named, or no verdict:
    the chain holds, and another version of this program marked states that this one cannot prove.
    """
    from assent.cli.proof import prove
    from assent.cli.reading import ledger_path
    from assent.ledger.verify import CannotRead

    path = file or ledger_path(settings_of(folder, mode=mode))
    try:
        found = prove(path, anchors)
    except CannotRead as error:
        raise CommandError(
            "ledger_missing", str(error).removesuffix("."), why="There is no verdict", todo="Name another file"
        ) from error
    if as_json:
        say_json(found)
    else:
        say(_verdict(found))
    return Exit.OK if found["intact"] else Exit.FOUND


def _verdict(found: dict[str, Any]) -> list[str]:
    path = line(found["path"])
    if found["intact"]:
        anchored = f"{found['anchors']} anchors hold" if found["anchors"] else "no anchors: a cut tail would not show"
        return [
            f"{path}: intact",
            f"  {found['records']} records, head {found['head']}",
            f"  {anchored}; {found['states']} marked states follow from the records",
        ]
    if not found["judged"]:
        (finding,) = found["findings"]
        return [f"{path}: NOT JUDGED; the chain holds for {found['records']} records", f"  {line(finding['what'])}"]
    lines = [f"{path}: NOT intact; the chain holds for {found['records']} records"]
    for finding in found["findings"]:
        where = "the file" if finding["seq"] is None else f"first bad record: seq {finding['seq']}"
        lines.append(f"  {where}: {line(finding['what'])}")
    return [*lines, "Keep the file as evidence, restore a copy that verifies, and reconcile before trading."]


@command.command(name="show", short_help="Records in words.")
@click.option("--kind", help="Only this kind, such as OrderReleased.")
@click.option(
    "--stream",
    type=(click.Choice(STREAMS), str),
    metavar="STREAM VALUE",
    help=f"Only what belongs to one {' | '.join(STREAMS)}: its id, code, name or date.",
)
@click.option("--from", "begin", type=Bound(), metavar="SEQ|TIME", help="From this record or time (UTC) on.")
@click.option(
    "--to", "end", type=Bound(), metavar="SEQ|TIME", help="Up to this record or time; a date is its whole day."
)
@click.option(
    "--last", "newest", type=click.IntRange(1), metavar="N",
    help=f"The newest N of them.  [default: {SHOWN_DEFAULT}, unless --stream, --from or --to is given]",
)  # fmt: skip
@desk_options
def show(
    folder: Path, mode: str | None, *, kind: str | None, stream: tuple[str, str] | None, begin: Place | None,
    end: Place | None, newest: int | None, as_json: bool,
) -> None:  # fmt: skip
    """Records in words, oldest first. A time is such as 2026-01-05 or 2026-01-05T14:30, in UTC.

    For --stream an index is kept beside the ledger, read from it and made anew whenever it does not fit.
    """
    if kind is not None:
        _require_kind(kind)
    if newest is None and begin is None and end is None and stream is None:
        newest = SHOWN_DEFAULT
    reader = _reader(folder, mode)
    try:
        first, last = places_of(reader, begin, end)
        if stream is None:
            chosen = _chosen(reader, kind, first, last, newest)
        else:
            chosen = _of_stream(reader, stream, kind, first, last, newest)
        if as_json:
            say_json({"records": [_record_row(record) for record in chosen]})
        else:
            for record in chosen:
                say(_record_line(record))
    finally:
        reader.close()


@command.command(name="export", short_help="Every record as a line of JSON, with its hashes.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Into a new file.")
@desk_options
def export(folder: Path, mode: str | None, *, out: Path | None, as_json: bool) -> None:
    """Every record as a line of JSON, with its hashes: enough for a stranger to work the chain out again.

    With --out and --json, a word about the file follows as one object.
    """
    from assent.ledger.export import export_lines

    reader = _reader(folder, mode)
    try:
        lines = export_lines(reader.records())
        if out is None:
            for text in lines:
                click.echo(inert_json(text) if sys.stdout.isatty() else text, nl=False)
            return
        count = _write_new(out, lines)
    finally:
        reader.close()
    if as_json:
        say_json({"path": str(out), "records": count})
    else:
        say(f"{count} records written to {line(out)}")


def inert_json(text: str) -> str:
    """The same JSON for a terminal: what is not plain ASCII can only stand inside strings, and is escaped there."""
    return _NOT_ASCII.sub(lambda match: "".join(f"\\u{unit:04x}" for unit in _utf16_units(match[0])), text)


def _utf16_units(char: str) -> Iterator[int]:
    data = char.encode("utf-16-be", "surrogatepass")
    return (int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2))


def _reader(folder: Path, mode: str | None) -> "SqliteReader":
    from assent.cli.reading import ledger_path
    from assent.ledger.sqlite import open_reader

    return open_reader(ledger_path(settings_of(folder, mode=mode)))


def _chosen(
    reader: "SqliteReader", kind: str | None, first: int, last: int | None, newest: int | None
) -> "Iterable[Record]":
    """The records asked for, oldest first; with `newest` only the end of them."""
    if kind is None and newest is not None:
        end = reader.head().seq if last is None else min(last, reader.head().seq)
        return reader.records(max(first, end - newest + 1), end)
    matching = (record for record in reader.records(first, last) if kind in (None, record.kind))
    return matching if newest is None else deque(matching, maxlen=newest)


def _of_stream(
    reader: "SqliteReader", stream: tuple[str, str], kind: str | None, first: int, last: int | None, newest: int | None
) -> "Iterable[Record]":
    """The records of one stream, by the index beside the ledger."""
    from assent.ledger.views import Views, views_of

    views = Views.open(views_of(reader.path), reader)
    try:
        numbers = list(views.find(*stream, first=first, last=last))
        if not numbers and next(views.find(*stream), None) is None:
            name, value = stream
            near = difflib.get_close_matches(value, views.values(name, value), n=1, cutoff=0.5)
            raise CommandError(
                "stream_unknown",
                f"No record belongs to {name} {value!r}{f'; did you mean {near[0]}?' if near else ''}",
                why="A stream is named by an id, a code, a market, a strategy's name, or a date",
                todo="See `assent intents --all`, `assent orders --all` or `assent ledger show` for what there is",
            )
    finally:
        views.close()
    records = (record for number in numbers for record in reader.records(number, number))
    matching = (record for record in records if kind in (None, record.kind))
    return matching if newest is None else deque(matching, maxlen=newest)


def _require_kind(kind: str) -> None:
    from assent.desk.sentences import SENTENCES

    known = [fact.__name__ for fact in SENTENCES]
    if kind not in known:
        near = difflib.get_close_matches(kind, known, n=1)
        raise CommandError(
            "kind_unknown",
            f"There is no kind of record called {kind!r}{f'; did you mean {near[0]}?' if near else ''}",
            why=f"The kinds are {', '.join(known)}",
            todo="Write it as it stands there",
        )


def _record_line(record: "Record") -> str:
    return f"{record.seq:>8}  {when(record.ts)}  {line(record.kind):<19}  {_words(record)}"


def _words(record: "Record") -> str:
    from assent.desk.sentences import words_of

    return words_of(record.kind, record.version, record.body)


def _record_row(record: "Record") -> dict[str, Any]:
    from assent.ledger.export import shown_body

    return {
        "seq": record.seq, "ts": record.ts, "kind": record.kind, "version": record.version,
        "words": _words(record), **shown_body(record.body), "hash": record.hash.hex(),
    }  # fmt: skip


def _write_new(out: Path, lines: Iterable[str]) -> int:
    try:
        with out.open("x", encoding="utf-8", newline="") as file:
            return sum(1 for text in lines if file.write(text))
    except OSError as error:
        raise CommandError(
            "cannot_write",
            f"{out} was not written: {error.strerror}",
            why="An export never replaces a file",
            todo="Name a new file in a folder that you may write to",
        ) from error
