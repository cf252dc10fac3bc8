"""`assent reconcile`: what our books and the venue's say differently, and a named person's acceptance of the venue's.

Nothing here decides which book is right. It shows both, since when, and what accepting would do; the acceptance names
what was shown by its digest, so that a list which has changed in between is shown anew instead of accepted.
"""

import sys
from pathlib import Path
from typing import Any

import click

from assent.cli.asking import have_done
from assent.cli.exits import CommandError, Exit
from assent.cli.options import desk_options, need, say, say_json, settings_of
from assent.cli.words import in_unit, line, money, price, table, when

DIGEST_SHOWN = 12
LOOK = {"cmd": "reconcile"}


@click.group(name="reconcile", short_help="Where our books and the venue's differ, and what to do about it.")
def command() -> None:
    """Where our books and the venue's differ, and what to do about it."""


@command.command(name="show", short_help="What differs, since when, and what accepting would do.")
@desk_options
def show(folder: Path, mode: str | None, *, as_json: bool) -> int:
    """Compare the books now, and show each difference: ours, the venue's, since when; and what accepting would do.

    Exits 0 when the books are equal, 1 when they differ, 4 when they cannot be compared now.
    """
    view = _look(settings_of(folder, mode=mode))
    if as_json:
        say_json(view)
    else:
        say(view_lines(view))
    return _exit_of(view)


@command.command(name="accept", short_help="Take the venue's books over, as they were shown.")
@click.option("--by", required=True, help="Who.")
@click.option("--reason", required=True, help="Why the venue is right; recorded for ever.")
@click.option(
    "--digest", default="", metavar="DIGEST", help="What was shown; without it you are asked at the terminal."
)
@desk_options
def accept(folder: Path, mode: str | None, *, by: str, reason: str, digest: str, as_json: bool) -> int:
    """Take the venue's books over on the record: cash, positions, and orders that this desk never released.

    Refused when they are not those that the digest was shown for. A position is booked at what the venue says that it
    cost, else at the most that it can lose; an order of others counts with its worst case and is called back. A halt
    that stands is not ended by it: that is `assent halt resume`.
    """
    settings = settings_of(folder, mode=mode)
    who, why = need(by, "--by", "Ada"), need(reason, "--reason", '"I bought these by hand"')
    if not digest:
        view = _look(settings)
        if not as_json:
            say(view_lines(view))
        digest = _confirmed(view, asks=not as_json and on_a_terminal())
    request = {"cmd": "accept", "by": who, "reason": why, "digest": digest}
    done = have_done(
        settings, request, what="acceptance", todo="See what differs now with `assent reconcile show`, and decide anew"
    )
    if as_json:
        say_json(done.told)
        return Exit.OK
    say([f"accepted (by {line(who)}, via {done.via})", *view_lines(done.answer["reconcile"])])
    if done.answer["reconcile"]["halts"]:
        say("A halt still waits for a person: assent halt resume --by NAME --reason REASON")
    return Exit.OK


def view_lines(view: dict[str, Any]) -> list[str]:
    """The comparison on at most 100 columns."""
    if not view["compared"]:
        return [line(f"the books cannot be compared now: {view['why']}")]
    if view["accepting"] is None:
        return [line(f"our books equal the venue's; by {view['source']}")]
    rows = [
        (one["what"], in_unit(one["unit"], one["ours"]), in_unit(one["unit"], one["theirs"]), when(one["since_ts"]))
        for one in view["differences"]
    ]
    head = ("what", "ours", "the venue's", "since (UTC)")
    return [
        line(f"by {view['source']}"),
        *(table(rows, head=head, right=(1, 2)) or ["cash, positions and orders are equal"]),
        *_fill_lines(view["fills"]),
        *_accepting_lines(view["accepting"]),
    ]


def _fill_lines(fills: list[dict[str, Any]]) -> list[str]:
    if not fills:
        return []
    rows = [
        (when(f["venue_ts"]), f["side"], in_unit("qty", f["qty"]), price(f["price"]), f["instrument"], f["fill_id"])
        for f in fills
    ]
    head = ("time (UTC)", "side", "qty", "price", "market", "execution")
    return ["", "executions that this desk did not ask for", *table(rows, head=head, right=(2, 3))]


def _accepting_lines(plan: dict[str, Any]) -> list[str]:
    lines = ["", "accepting would"]
    if plan["cash"] != plan["cash_becomes"]:
        lines.append(f"  set the cash from {money(plan['cash'])} to {money(plan['cash_becomes'])}")
    lines += [
        line(
            f"  set {one['instrument']} from {in_unit('qty', one['qty'])} to {in_unit('qty', one['qty_becomes'])}, at a"
            f" cost of {money(one['cost_becomes'])} (by {one['cost_by']}); it would bring {money(one['would_bring'])}"
        )
        for one in plan["positions"]
    ]
    lines += [
        line(f"  count {_order_words(one)} as ours at its worst case, and call it back") for one in plan["orders"]
    ]
    lines += [line(f"  close order {name}, which the venue does not have") for name in plan["closed"]]
    lines.append(f"  make the account worth {money(plan['worth_more_by'])} more in our books (less when negative)")
    lines += [line(f"  NOT be possible: {why}") for why in plan["obstacles"]]
    shown = plan["digest"][:DIGEST_SHOWN]
    if not plan["obstacles"]:
        lines += ["", f"assent reconcile accept --by NAME --reason REASON --digest {shown}"]
    return lines


def _order_words(order: dict[str, Any]) -> str:
    return (
        f"order {order['order_id']} ({order['side']} {in_unit('qty', order['qty'])} at {price(order['price'])} in"
        f" {order['instrument']})"
    )


def _look(settings: Any) -> dict[str, Any]:
    todo = "Try again; if it stays so, look with `assent doctor`"
    view: dict[str, Any] = have_done(settings, LOOK, what="comparison", todo=todo).answer["reconcile"]
    return view


def _exit_of(view: dict[str, Any]) -> Exit:
    if not view["compared"]:
        return Exit.UNKNOWN
    return Exit.OK if view["accepting"] is None else Exit.FOUND


def _confirmed(view: dict[str, Any], *, asks: bool) -> str:
    """The digest of what was shown, if a person at the terminal types its beginning."""
    plan = view["accepting"]
    if plan is None or plan["obstacles"]:
        raise CommandError(
            "nothing_to_accept",
            view["why"] or ("; ".join(plan["obstacles"]) if plan else "Our books equal the venue's"),
            why="There is nothing that could be taken over as it stands",
            todo="See `assent reconcile show`",
            exit_code=Exit.REFUSED,
        )
    wanted = str(plan["digest"])[:DIGEST_SHOWN]
    if not asks:
        raise CommandError(
            "not_confirmed",
            "What is to be accepted was not named",
            why="There is no terminal to ask at, or --json leaves no room to ask",
            todo="Read it with `assent reconcile show`, then give --digest with the digest that it shows",
        )
    typed = click.prompt(f"Type {wanted} to take these books over", default="", show_default=False)
    if typed.strip().lower() != wanted:
        raise CommandError(
            "not_confirmed",
            "What was typed is not the digest of what was shown",
            why="A slip of the hand must not change the books",
            todo="Nothing was changed; ask again",
        )
    return wanted


def on_a_terminal() -> bool:
    """Whether there is a person to ask."""
    return sys.stdin.isatty() and sys.stdout.isatty()
