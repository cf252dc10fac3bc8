"""`assent orders` and `assent positions`: what may still fill, and what is held."""

from pathlib import Path

import click

from assent.cli.options import desk_options, say, say_json, settings_of
from assent.cli.status import banner, order_lines, position_lines


@click.command(name="orders", short_help="Orders that may still fill, or all of them.")
@click.option("--all", "everything", is_flag=True, help="Ended orders as well, from the ledger.")
@desk_options
def orders(folder: Path, mode: str | None, *, everything: bool, as_json: bool) -> None:
    """Orders that may still fill; with --all, every order that was ever released."""
    from assent.cli.reading import read_ledger, standing
    from assent.runtime.status import order_row

    settings = settings_of(folder, mode=mode)
    status = standing(settings)
    rows = status["orders"]
    if everything:
        state = read_ledger(settings).state
        known = {**state.archive.orders, **state.orders}
        rows = [order_row(order, state.find_instrument(order.order.instrument)) for order in known.values()]
        rows.sort(key=lambda row: (row["released_ts"], row["order_id"]))
    if as_json:
        say_json({"running": status["running"], "orders": rows})
    else:
        say([_where(status), *(order_lines(rows) or ["no orders"])])


@click.command(name="positions", short_help="What is held.")
@desk_options
def positions(folder: Path, mode: str | None, *, as_json: bool) -> None:
    """What is held, what it cost, and the most that it can still lose."""
    from assent.cli.reading import standing

    status = standing(settings_of(folder, mode=mode))
    if as_json:
        say_json({"running": status["running"], "positions": status["positions"]})
    else:
        say([_where(status), *(position_lines(status) or ["no positions"])])


def _where(status: dict[str, object]) -> str:
    """Which desk this is about, and whether it runs: a list out of context is how mistakes are made."""
    return f"{banner(status)}  {'running' if status['running'] else 'not running'}"
