"""`assent record`: what the markets in scope look like, written down; and what was written."""

import asyncio
from pathlib import Path
from typing import Any, Final

import click

from assent.cli.exits import Exit
from assent.cli.options import Duration, as_json_option, say, say_json, settings_of
from assent.cli.words import in_unit, line, when
from assent.model.units import MINUTE, SECOND

SHOWN: Final = 20
_folder = click.option(
    "-C", "--dir", "folder", type=click.Path(path_type=Path), default=Path(), metavar="DIR",
    help="The desk's folder.  [default: this one]",
)  # fmt: skip


@click.group(name="record", invoke_without_command=True, short_help="Write down what the markets look like.")
@_folder
@click.option("--once", is_flag=True, help="One look at each market, then end.")
@click.option("--every", "every_ns", type=Duration(), default=None, help="How often otherwise.  [default: 1m]")
@as_json_option
@click.pass_context
def command(ctx: click.Context, folder: Path, *, once: bool, every_ns: int | None, as_json: bool) -> int:
    """Look at every open market in the desk's scope and save its top, its description and the raw answers.

    Public reads only: no key is loaded and nothing is sent. Ends with 1 where a market could not be read.
    """
    if ctx.invoked_subcommand is not None:
        return Exit.OK
    settings = settings_of(folder, mode=None)
    try:
        failed = asyncio.run(_looks(settings, None if once else every_ns or MINUTE, as_json=as_json))
    except KeyboardInterrupt:
        return Exit.OK
    return Exit.FOUND if failed else Exit.OK


async def _looks(settings: Any, every_ns: int | None, *, as_json: bool) -> int:
    from assent.app.recording import record

    failed = 0
    async for looks in record(settings, every_ns=every_ns):
        failed = sum(bool(look.code) for look in looks)
        if as_json:
            say_json({"saved": [look.ticker for look in looks if not look.code],
                      "not_saved": [look._asdict() for look in looks if look.code]})  # fmt: skip
            continue
        for look in looks:
            say(line(f"No snapshot of {look.ticker} [{look.code}]: {look.detail}" if look.code
                     else f"Snapshot saved for {look.ticker}"))  # fmt: skip
        if not looks:
            say("No market in scope is open now.")
    return failed


@command.command(name="show", short_help="What was written down.")
@click.argument("ticker", required=False, default="")
@_folder
@click.option("--limit", type=click.IntRange(1, 100_000), default=SHOWN, show_default=True, help="The newest so many.")
@as_json_option
def show(ticker: str, folder: Path, *, limit: int, as_json: bool) -> None:
    """The newest snapshots, of one market or of all."""
    from assent.app.recording import place_of
    from assent.ledger.snapshots import Snapshots
    from assent.model.errors import AssentError

    place = place_of(settings_of(folder, mode=None))
    if not place.exists():
        raise AssentError(f"Nothing was recorded at {place} yet: assent record --once")
    store = Snapshots.open(place)
    try:
        rows, counts = store.shown(ticker, limit=limit), store.counts()
    finally:
        store.close()
    if as_json:
        say_json({"snapshots": [{"ticker": row.ticker, "ts_ms": row.ts_ms, **row.top._asdict(), "digest": row.digest}
                                for row in rows], "counts": counts})  # fmt: skip
        return
    for row in rows:
        sides = (_side(row.top.bid, row.top.bid_qty), _side(row.top.ask, row.top.ask_qty))
        say(line(f"{when(row.ts_ms * (SECOND // 1_000))}  {row.ticker:<40} bid {sides[0]:<18} ask {sides[1]}"))
    say(line(", ".join(f"{count} {name}" for name, count in counts.items())))


def _side(price: int | None, qty: int | None) -> str:
    return "-" if price is None or qty is None else f"{in_unit('qty', qty)} at {in_unit('price', price)}"
