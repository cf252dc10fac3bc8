"""`assent orders`: what may still fill, taking it off, and a person's word on an order whose fate nobody knows."""

from pathlib import Path
from typing import Any

import click

from assent.cli.asking import have_done
from assent.cli.exits import CommandError, Exit
from assent.cli.intents import Listing
from assent.cli.options import Micros, desk_options, need, say, say_json, settings_of
from assent.cli.status import banner, belt_lines, order_lines
from assent.cli.words import line

PREFIX_LEAST = 4
LOOK_AT = "See `assent orders` for those of this desk and `assent reconcile show` for those of others"


@click.group(name="orders", cls=Listing, short_help="Orders that may still fill; cancel them, settle unknown ones.")
def command() -> None:
    """Orders that may still fill; cancel them, settle unknown ones. Without a command: list."""


@command.command(name="list", short_help="Orders that may still fill, or all of them.")
@click.option("--all", "everything", is_flag=True, help="Ended orders as well, from the ledger.")
@desk_options
def list_command(folder: Path, mode: str | None, *, everything: bool, as_json: bool) -> None:
    """Orders that may still fill; with --all, every order that was ever released."""
    from assent.cli.reading import read_ledger, standing
    from assent.desk.rows import order_row, told

    settings = settings_of(folder, mode=mode)
    status = standing(settings)
    rows = status["orders"]
    if everything:
        state = read_ledger(settings).state
        known = {**state.archive.orders, **state.orders}
        rows = [told(order_row(order, state.find_instrument(order.order.instrument))) for order in known.values()]
        rows.sort(key=lambda row: (row["released_ts"], row["order_id"]))
    if as_json:
        say_json({"running": status["running"], "orders": rows})
    else:
        belts = ["", "their belts at the venue", *belt_lines(rows)] if rows else []
        say([where(status), *(order_lines(rows) or ["no orders"]), *belts])


@command.command(name="cancel", short_help="Have one order taken off the venue's book.")
@click.argument("order_id", metavar="ID")
@click.option("--by", required=True, help="Who.")
@desk_options
def cancel(order_id: str, folder: Path, mode: str | None, *, by: str, as_json: bool) -> int:
    """Have one order taken off the venue's book, at any level. Its fills until then stand.

    ID is the order's id or the beginning of it, or the venue's own name for an order that this desk never released:
    that one is taken into the books with its terms first, so that its worst case counts until it is off. Where no desk
    runs, the cancel is recorded, and the next start sends it.
    """
    settings = settings_of(folder, mode=mode)
    request = {"cmd": "cancel", "by": need(by, "--by", "Ada"), "order_id": _meant(settings, order_id)}
    return _cancel(settings, request, as_json=as_json)


@command.command(name="cancel-all", short_help="Have every order taken off the venue's book.")
@click.option("--by", required=True, help="Who.")
@desk_options
def cancel_all(folder: Path, mode: str | None, *, by: str, as_json: bool) -> int:
    """Have every order of this account taken off the venue's book, at any level: also those that this desk never
    released, as far as the last comparison of the books has shown them."""
    settings = settings_of(folder, mode=mode)
    return _cancel(settings, {"cmd": "cancel", "by": need(by, "--by", "Ada")}, as_json=as_json)


@command.command(name="resolve", short_help="Say what became of an order that no evidence settles.")
@click.argument("order_id", metavar="ID")
@click.option(
    "--as", "fate", type=click.Choice(("filled", "not-placed", "ended")), required=True, help="What became of it."
)
@click.option("--filled", type=Micros(), metavar="QTY", help="How much was executed in all.  [default: all]")
@click.option("--price", type=Micros(), metavar="P", help="At which price.  [default: its limit]")
@click.option("--fee", type=Micros(), metavar="F", help="For how much in fees.  [default: the most that it can be]")
@click.option("--evidence", required=True, help="What that rests on; recorded for ever.")
@click.option("--by", required=True, help="Who.")
@click.option("--reason", required=True, help="Why it is settled by hand; recorded for ever.")
@desk_options
def resolve(
    order_id: str, folder: Path, mode: str | None, *, fate: str, evidence: str, by: str, reason: str, as_json: bool,
    **amounts: int | None,
) -> int:  # fmt: skip
    """Say what became of an order where the venue's own record cannot. Allowed under any halt.

    An order whose fate is unknown was `filled` or `not-placed`. One that is `closing` has ended, and the venue counts
    executions that it does not tell of; another was filled in part, and the venue never gave it a name. Such a one was
    `filled`, or it `ended` with nothing beyond what is booked, and nothing of it rests. That may be said once the
    running desk has read the venue's books in vain for five minutes.

    What was executed is booked. The venue's own report of the same execution is recognised later and not booked again;
    one that says something else stops the desk.
    """
    settings = settings_of(folder, mode=mode)
    wanted = _meant(settings, order_id)
    filled = amounts["filled"]
    if fate != "filled" and any(amount is not None for amount in amounts.values()):
        raise CommandError(
            "usage",
            "--filled, --price and --fee belong to --as filled",
            why="Of an order that was never placed, or that ended as it is booked, nothing is booked",
            todo="Leave them out, or say --as filled",
        )
    request = {
        "cmd": "resolve",
        "order_id": wanted,
        "filled": 0 if fate != "filled" else _qty_of(settings, wanted) if filled is None else filled,
        "ended": fate == "ended",
        "price": amounts["price"],
        "fee": amounts["fee"],
        "evidence": need(evidence, "--evidence", '"their support, ticket 4711: it never reached the book"'),
        "by": need(by, "--by", "Ada"),
        "reason": need(reason, "--reason", '"the order list of that hour is gone"'),
    }
    done = have_done(settings, request, what="resolution", todo=LOOK_AT)
    if as_json:
        say_json(done.told)
    else:
        from assent.cli.reconcile import view_lines

        say([f"resolved as {fate} (by {line(request['by'])}, via {done.via})", *view_lines(done.answer["reconcile"])])
    return Exit.OK


def where(status: dict[str, object]) -> str:
    """Which desk this is about, and whether it runs: a list out of context is how mistakes are made."""
    return f"{banner(status)}  {'running' if status['running'] else 'not running'}"


def _cancel(settings: Any, request: dict[str, str], *, as_json: bool) -> int:
    done = have_done(settings, request, what="cancel", todo=LOOK_AT)
    if as_json:
        say_json(done.told)
    elif "note" in done.answer:
        say("nothing changed: nothing rests that is not being cancelled already")
    else:
        sent = "asked of the venue" if done.via == "the running desk" else "recorded; the next start sends it"
        say(f"cancel {sent} (by {line(request['by'])}, via {done.via})")
    return Exit.OK


def _rows(settings: Any) -> list[dict[str, Any]]:
    from assent.cli.reading import standing

    rows: list[dict[str, Any]] = standing(settings)["orders"]
    return rows


def _meant(settings: Any, wanted: str) -> str:
    """The one open order of ours whose id begins so; else the name as it is, which may be the venue's."""
    found = [row["order_id"] for row in _rows(settings) if row["order_id"].startswith(wanted)]
    if len(found) > 1 or (found and len(wanted) < PREFIX_LEAST):
        raise CommandError(
            "id_not_unique",
            f"{wanted!r} is the beginning of {len(found)} orders" if len(found) > 1 else f"{wanted!r} is too short",
            why="The wrong order is worse than none",
            todo="Give more of the id; `assent orders --json` has it whole",
        )
    return found[0] if found else wanted


def _qty_of(settings: Any, order_id: str) -> int:
    """All of it. Of one that is not open here the desk will say so."""
    return next((row["qty"] for row in _rows(settings) if row["order_id"] == order_id), 1)
