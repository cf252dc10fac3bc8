"""`assent intents`: what waits for a person, what was proposed and what became of it, and a person's answers.

`show ID` is `assent why ID` under another name.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from assent.cli.answers import approve, expire, reject
from assent.cli.options import desk_options, say, say_json, settings_of
from assent.cli.why import command as why_command
from assent.cli.words import in_unit, money, price, table, when
from assent.desk.intent_rows import STATUSES
from assent.model.units import SECOND

if TYPE_CHECKING:
    from assent.cli.reading import Ledger
    from assent.desk.state import Asked

LIMIT_DEFAULT: Final = 20
ID_SHOWN: Final = 10


class Listing(click.Group):
    """Without a name of one of its commands, it lists."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        named = bool(args) and (args[0] in self.commands or args[0] in ctx.help_option_names)
        return super().parse_args(ctx, args if named else ["list", *args])


@click.group(name="intents", cls=Listing, short_help="What waits for assent, what was proposed; say yes or no.")
def command() -> None:
    """What waits for assent, what was proposed and what became of it. Without a command: list."""


@command.command(name="list", short_help="The intents that wait, or all of them.")
@click.option("--all", "everything", is_flag=True, help="Those that are over or released as well.")
@click.option("--status", "wanted", type=click.Choice(STATUSES, case_sensitive=False), help="Only these.")
@click.option("--limit", type=click.IntRange(1), default=LIMIT_DEFAULT, show_default=True, help="At most so many.")
@desk_options
def list_command(
    folder: Path, mode: str | None, *, everything: bool, wanted: str | None, limit: int, as_json: bool
) -> None:
    """The intents that wait, with the time that is left to answer, newest last; with --all or --status also those that
    were refused, released or are over."""
    from assent.cli.reading import now_of, read_ledger

    settings = settings_of(folder, mode=mode)
    ledger = read_ledger(settings)
    rows, now, asked = intent_rows(ledger), now_of(settings, ledger.head), ledger.state.asked
    kept_to = wanted or (None if everything else "PENDING")
    matching = [row for row in rows if kept_to in (None, row["status"])]
    chosen = [{**row, **question_of(asked.get(row["intent_id"]), now)} for row in matching[-limit:]]
    if as_json:
        say_json({"intents": chosen, "total": len(rows)})
    else:
        say(intent_lines(chosen) or [_none(len(rows), kept_to)])
        if len(chosen) < len(matching):
            say(f"the newest {len(chosen)} of {len(matching)}; --limit shows more")


command.add_command(why_command, name="show")
for answer in (approve, reject, expire):
    command.add_command(answer)


def _none(total: int, wanted: str | None) -> str:
    if not total:
        return "no intents"
    return f"no intent is {wanted}; --all shows the other {total}"


def question_of(asked: "Asked | None", now: int) -> dict[str, Any]:
    """What an answer to it must name, and how long one still counts; nothing where nobody is asked."""
    if asked is None or asked.complete:
        return {"terms": None, "given": None, "needed": None, "left_ns": None}
    left = max(0, asked.expires_ts - now)
    return {"terms": asked.terms, "given": len(asked.grants), "needed": asked.people, "left_ns": left}


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
            when(row["ts"]), row["code"], row["intent_id"][:ID_SHOWN], _stands(row), row["reason"], row["type"],
            row["side"], row["words"], row["instrument"], price(row["edge"]), money(row["worst_loss"]), _left(row),
        )
        for row in rows
    ]  # fmt: skip
    head = (
        "time (UTC)", "code", "id", "status", "reason", "type", "side", "what", "market", "edge", "worst loss", "left",
    )  # fmt: skip
    return table(cells, head=head, right=(9, 10, 11)) if cells else []


def _left(row: dict[str, Any]) -> str:
    left = row["left_ns"]
    return "-" if left is None else in_unit("duration", -(-left // SECOND) * SECOND)
