"""`assent intents`: what was proposed and what became of it. `show ID` is `assent why ID` under another name."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from assent.cli.options import desk_options, say, say_json, settings_of
from assent.cli.why import command as why_command
from assent.cli.words import money, price, table, when
from assent.desk.intent_rows import STATUSES

if TYPE_CHECKING:
    from assent.cli.reading import Ledger

LIMIT_DEFAULT: Final = 20


class Listing(click.Group):
    """Without a name of one of its commands, it lists."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        named = bool(args) and (args[0] in self.commands or args[0] in ctx.help_option_names)
        return super().parse_args(ctx, args if named else ["list", *args])


@click.group(name="intents", cls=Listing, short_help="What was proposed, and what became of it.")
def command() -> None:
    """What was proposed, and what became of it. Without a command: list."""


@command.command(name="list", short_help="The latest intents.")
@click.option("--status", "wanted", type=click.Choice(STATUSES, case_sensitive=False), help="Only these.")
@click.option("--limit", type=click.IntRange(1), default=LIMIT_DEFAULT, show_default=True, help="At most so many.")
@desk_options
def list_command(folder: Path, mode: str | None, *, wanted: str | None, limit: int, as_json: bool) -> None:
    """The latest intents, newest last: proposed, refused, and what their orders came to."""
    from assent.cli.reading import read_ledger

    rows = intent_rows(read_ledger(settings_of(folder, mode=mode)))
    matching = [row for row in rows if wanted in (None, row["status"])]
    chosen = matching[-limit:]
    if as_json:
        say_json({"intents": chosen, "total": len(rows)})
    else:
        say(intent_lines(chosen) or ["no intents"])
        if len(chosen) < len(matching):
            say(f"the newest {len(chosen)} of {len(matching)}; --limit shows more")


command.add_command(why_command, name="show")


def intent_rows(ledger: "Ledger") -> list[dict[str, Any]]:
    """Every intent with its status, in the order of the ledger."""
    from assent.desk import intent_rows as rows
    from assent.desk.rows import told

    return [told(row) for row in rows.intent_rows(ledger.records, ledger.state)]


def _stands(row: dict[str, Any]) -> str:
    """In observe nothing is approved or expires: it would be, or would have."""
    return f"{'would be ' if row['would'] else ''}{row['status']}{' unknown' if row['unknown'] else ''}"


def intent_lines(rows: list[dict[str, Any]]) -> list[str]:
    cells = [
        (
            when(row["ts"]), row["code"], _stands(row), row["reason"],
            row["words"], row["instrument"], price(row["edge"]), money(row["worst_loss"]),
        )
        for row in rows
    ]  # fmt: skip
    head = ("time (UTC)", "code", "status", "reason", "what", "market", "edge", "worst loss")
    return table(cells, head=head, right=(6, 7)) if cells else []
