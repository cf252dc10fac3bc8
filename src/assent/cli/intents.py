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
from assent.model.units import SECOND

if TYPE_CHECKING:
    from assent.cli.reading import Ledger
    from assent.desk.state import State

# Public names. FAILED: refused by the venue, or never sent; an unknown order is APPROVED and says `unknown`.
STATUSES: Final = (
    "PENDING", "APPROVED", "REJECTED", "EXPIRED", "EXECUTED", "EXECUTED_DRYRUN", "FAILED", "SUPERSEDED",
)  # fmt: skip
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
    rows, now = intent_rows(ledger), now_of(settings, ledger.head)
    kept_to = wanted or (None if everything else "PENDING")
    matching = [row for row in rows if kept_to in (None, row["status"])]
    chosen = [{**row, "left_ns": left_ns(row, now)} for row in matching[-limit:]]
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


def left_ns(row: dict[str, Any], now: int) -> int | None:
    """How long an answer to it still counts; None where nobody is asked."""
    return max(0, row["answer_by_ts"] - now) if row["answer_by_ts"] is not None else None


def intent_rows(ledger: "Ledger") -> list[dict[str, Any]]:
    """Every intent with its status, in the order of the ledger."""
    from assent.desk.asked_rows import asked_status
    from assent.desk.story import in_words
    from assent.model.facts import (
        IntentProposed,
        IntentRefused,
        IntentSkipped,
        OrderReleased,
    )
    from assent.model.would import WouldRelease

    facts = [fact for _, _, fact in ledger.records]
    orders = {
        fact.order.intent_id: fact.order.order_id
        for fact in facts
        if isinstance(fact, OrderReleased | WouldRelease) and fact.order.parent is None
    }
    would = {fact.order.order_id for fact in facts if type(fact) is WouldRelease}
    skipped = {fact.intent_id: fact.reason for fact in facts if type(fact) is IntentSkipped}
    rows = []
    for seq, ts, fact in ledger.records:
        if not isinstance(fact, IntentProposed | IntentRefused):
            continue
        intent, order_id = fact.intent, orders.get(fact.intent.intent_id, "")
        reason = fact.reason if isinstance(fact, IntentRefused) else skipped.get(intent.intent_id, "")
        cancels, asked = intent.action == "cancel", ledger.state.asked.get(intent.intent_id)
        by_people = None if reason or order_id else asked_status(ledger.state, intent.intent_id)
        if by_people is not None:
            status, unknown = by_people, False
        elif order_id in would:
            status, unknown = ("APPROVED" if order_id in ledger.state.would else "EXPIRED"), False
        else:
            status, unknown = status_of_intent(ledger.state, order_id, refused=bool(reason), cancels=cancels)
        rows.append(
            {
                "seq": seq, "ts": ts, "intent_id": intent.intent_id, "code": intent.code, "status": status,
                "unknown": unknown, "would": order_id in would, "reason": reason, "strategy": intent.strategy,
                "type": intent.action, "side": intent.side,
                "words": in_words(intent, ledger.state.find_instrument(intent.instrument)),
                "instrument": intent.instrument, "price": intent.price, "qty": intent.qty, "edge": intent.edge,
                "fee": intent.fee, "worst_loss": intent.worst_loss, "expires_ts": intent.expires_ts,
                "order_id": order_id, "answer_by_ts": asked.expires_ts if asked and not asked.complete else None,
                "terms": asked.terms if asked else "",
            }
        )  # fmt: skip
    return rows


def status_of_intent(state: "State", order_id: str, *, refused: bool, cancels: bool) -> tuple[str, bool]:
    """The public name of where an intent stands, and whether its order's fate is unknown."""
    order = state.find_order(order_id)
    if refused:
        return "REJECTED", False
    if order is None:
        return ("EXECUTED" if cancels else "PENDING"), False
    if order.status in ("released", "working", "closing", "unknown"):
        return "APPROVED", order.status == "unknown"
    if order.filled:
        return "EXECUTED", False
    if order.status == "closed":
        return ("SUPERSEDED" if order.superseded_by else "EXPIRED"), False
    return "FAILED", False


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
