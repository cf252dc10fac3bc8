"""The live view of a run on a terminal: mode, level, money, each limit as a bar, open orders, the last facts.

Drawn from the status that the runtime hands over twice a second; it decides nothing, and without it all goes on. Text
is handed to the terminal library as text, never as markup.
"""

from collections import deque
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from assent.cli.news import News
from assent.cli.status import asked_lines, banner, order_stands, override_lines
from assent.cli.words import clipped, in_unit, line, money, when
from assent.desk.lots import Told
from assent.desk.sentences import sentence_of
from assent.model.units import MICRO

WIDTH: Final = 96
FACTS_SHOWN: Final = 10
ORDERS_SHOWN: Final = 6
LIMITS_SHOWN: Final = 4
LEVEL_STYLES: Final = {"TRADING": "green", "REDUCING": "yellow", "HALTED": "bold red", "LOCKED": "bold white on red"}


class LiveView:
    """A context in which it can be called with a status; leaves the last picture standing."""

    def __init__(self, *, speed: int, folder: Path = Path(), console: Console | None = None) -> None:
        self._speed = speed
        self._folder = folder
        self._live = Live(console=console, auto_refresh=False)
        self._news = News()
        self._facts: deque[Told] = deque(maxlen=FACTS_SHOWN)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def __call__(self, status: dict[str, Any]) -> None:
        self._facts += self._news.since(status["last_facts"]).facts
        panel = picture(status, self._facts, speed=self._speed, folder=self._folder)
        self._live.update(Group(panel, *_console(status.get("console"))), refresh=True)


def picture(status: dict[str, Any], facts: Iterable[Told], *, speed: int, folder: Path = Path()) -> Panel:
    """The whole view. `folder`: the desk's, as it was named at the start, for what is to be typed."""
    told, asked = _told(facts), _asked(status, folder)
    parts = [_figures(status), _limits(status), *_halts(status), *asked, *_orders(status), Text(), *told]
    below = Text(f"Ctrl-C stops cleanly   {speed}x   {when(status['ledger']['ts'])} UTC", style="dim")
    return Panel(Group(*parts), title=Text(banner(status), style="bold"), subtitle=below, width=WIDTH + 4)


def _console(console: dict[str, Any] | None) -> list[Text]:
    """Below the picture, so that no frame cuts the address: the way into the console, or why there is none."""
    if console is None:
        return []
    if not console["way_in"] or console["state"] != "running":
        said = [Text(line(console["said"]), style="yellow")] if console.get("said") else []
        return [*said, Text(line(f"console {console['state']}; its own words: {console['log']}"), style="dim")]
    label = Text("the console in a browser; this address signs you in, once:", style="dim")
    return [label, Text(line(console["way_in"]), overflow="fold")]


def _figures(status: dict[str, Any]) -> Text:
    text = Text.assemble(("level ", "dim"), (status["level"], LEVEL_STYLES[status["level"]]))
    if not status.get("ready", True):
        text.append("  starting: comparing the books", style="yellow")
    for name in ("cash", "equity", "exposure"):
        text.append(f"   {name} ", style="dim")
        text.append(money(status[name]))
    for name in ("quotes", "trades"):
        text.append(f"   {name} ", style="dim")
        text.append(f"{status[name]:,}")
    return text


def _limits(status: dict[str, Any]) -> Table:
    """Those that are used up most, of the limits of which something can be used up while the desk stands."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim")
    grid.add_column(width=40)
    grid.add_column(justify="right")
    used = [limit for limit in status["limits"] if limit["share"] is not None]
    for limit in sorted(used, key=lambda one: one["share"], reverse=True)[:LIMITS_SHOWN]:
        measured, most, unit, share = limit["measured"], limit["limit"], limit["unit"], limit["share"]
        style = "red" if share >= MICRO else "yellow" if share * 5 >= MICRO * 4 else "green"
        bar = ProgressBar(total=MICRO, completed=min(share, MICRO), width=40, complete_style=style)
        grid.add_row(limit["key"], bar, f"{in_unit(unit, measured)} of {in_unit(unit, most)}")
    return grid


def _halts(status: dict[str, Any]) -> list[Text]:
    """Those that hold the level in red; one that is set aside says until when and by whom."""
    told = []
    for halt in status["halts"]:
        aside = override_lines(halt)
        told.append(
            Text(
                line(f"{halt['level']} [{halt['cause']}] {halt['sentence']} Ends: {halt['reset_how']}"),
                style="yellow" if aside else "red",
            )
        )
        told += [Text(text, style="bold yellow") for text in aside]
    return told


def _asked(status: dict[str, Any], folder: Path) -> list[Text]:
    """What waits for somebody's yes, and how it is given: it must not scroll away under what was refused."""
    if not status["intents"]:
        return []
    head, *rows = asked_lines(status)
    more, where = len(rows) - ORDERS_SHOWN, f" -C {line(str(folder))}" if folder != Path() else ""
    told = [
        Text(clipped(f"waiting for assent; in another terminal: assent approve{where}", WIDTH), style="bold yellow"),
        Text(clipped(head, WIDTH), style="dim"),
        *(Text(clipped(row, WIDTH), style="yellow") for row in rows[:ORDERS_SHOWN]),
    ]
    return told + ([Text(f"and {more} more", style="dim")] if more > 0 else [])


def _orders(status: dict[str, Any]) -> list[Text | Table]:
    orders = status["orders"]
    if not orders:
        return [Text("no open orders", style="dim")]
    grid = Table.grid(padding=(0, 2))
    for order in orders[:ORDERS_SHOWN]:
        filled = f"{in_unit('qty', order['filled'])}/{in_unit('qty', order['qty'])}"
        grid.add_row(*(Text(line(cell)) for cell in (order["words"], order["instrument"], filled, order_stands(order))))
    more = len(orders) - ORDERS_SHOWN
    return [Text("open orders", style="dim"), grid, *([Text(f"and {more} more", style="dim")] if more > 0 else [])]


def _told(facts: Iterable[Told]) -> list[Text]:
    return [Text(clipped(f"{when(ts)[11:19]}  {sentence_of(fact)}", WIDTH)) for _, ts, fact in facts]
