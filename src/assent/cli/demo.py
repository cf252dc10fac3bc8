"""`assent demo`: one whole simulated trading day, settlement included, in seconds; and then the question why."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from assent.cli.exits import Exit
from assent.cli.options import as_json_option, say, say_json
from assent.cli.words import cents, line, money

if TYPE_CHECKING:
    from assent.config import Settings

Progress = Callable[[int, int], None]
PLAIN_STEPS = 10
# What stands below the table: key in the result, head, and how it is written.
COLUMNS: Final[tuple[tuple[str, str, Callable[[int], str]], ...]] = (
    ("markets", "markets", str),
    ("ideas", "ideas", str),
    ("refused", "refused", str),
    ("released", "orders", str),
    ("fills", "fills", str),
    ("settled", "settled", str),
    ("fees", "fees", cents),
    ("pnl", "result", cents),
)
PROVES_NOT: Final = (
    "What this does not prove: anything about profit on a real exchange. Prices, traders, news and outcomes are",
    "invented here, and the forecasts know more than the invented traders do. It shows that limits hold, that books",
    "agree to the last micro, and that every decision can be explained.",
)


@click.command(name="demo", short_help="Live through one simulated trading day.")
@click.argument("desk", required=False, type=click.Path(path_type=Path), metavar="[DESK]")
@click.option("--seed", type=click.IntRange(0), help="Which world: the same seed gives the same day.  [default: 7]")
@click.option(
    "--strategy", "plugin", type=click.Path(path_type=Path), metavar="FILE",
    help="This strategy alone, by its own defaults: see `assent strategy new`.",
)  # fmt: skip
@click.option(
    "-C", "--dir", "folder", type=click.Path(path_type=Path), default=Path("assent-demo"), show_default=True,
    metavar="DIR", help="Where its ledger is written anew.",
)  # fmt: skip
@as_json_option
def command(desk: Path | None, folder: Path, *, plugin: Path | None, seed: int | None, as_json: bool) -> int:
    """Live through one simulated trading day on the exchange in the box, and settle it.

    With DESK, the folder of a desk, under its limits and with its strategies, on paper; its own ledger is not touched.
    Every price, order and outcome is simulated; the result says nothing about real markets. Exits 1 if our books and
    the exchange's differ, or the ledger does not verify.
    """
    from assent import app
    from assent.config import DEMO_SEED

    chosen = DEMO_SEED if seed is None else seed
    settings = _settings(desk, plugin, folder, seed=chosen)
    if as_json:
        result = app.demo(settings, seed=chosen)
        say_json(result)
    else:
        with _progress() as progress:
            result = app.demo(settings, seed=chosen, progress=progress)
        say([*demo_lines(result), *_next_lines(settings, folder)])
    return Exit.OK if result["books_equal"] and result["ledger"]["verified"] else Exit.FOUND


def _settings(desk: Path | None, plugin: Path | None, folder: Path, *, seed: int) -> "Settings":
    """The demo's own settings, or a desk's as a demo; and with one strategy instead of theirs."""
    from assent.config import demo_of, demo_settings, load, load_file, with_strategy

    if desk is None:
        settings = demo_settings(folder, seed=seed)
    else:
        settings = demo_of(load(desk, environment=os.environ), folder, seed=seed)
    return settings if plugin is None else with_strategy(settings, load_file(plugin.absolute()))


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar on a terminal, a line at each tenth elsewhere."""
    if not sys.stdout.isatty():
        yield _Tenths()
        return
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    with Bars(TextColumn("one trading day"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn()) as bars:
        task = bars.add_task("day", total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


class _Tenths:
    """Says how far the day is whenever another tenth is over."""

    def __init__(self) -> None:
        self._told = 0

    def __call__(self, done: int, total: int) -> None:
        tenths = done * PLAIN_STEPS // total if total else 0
        if tenths > self._told:
            self._told = tenths
            say(f"one trading day: {tenths * 100 // PLAIN_STEPS} %")


def demo_lines(result: dict[str, Any]) -> list[str]:
    """What the day brought: a table by series, the rules that said no, the money, the proofs, and what they are not."""
    ledger, gain, moved = result["ledger"], result["pnl"], result["moved"]
    result_word = f"{'gained' if gain >= 0 else 'lost'} {money(abs(gain))}"
    fees = f"after {money(result['fees'])} in fees; the owner's own {money(moved)} came in"
    equal = "equal to the last micro" if result["books_equal"] else "DIFFERENT: please report this seed"
    verified = "verified" if ledger["verified"] else "NOT INTACT: please report this seed"
    by_count = sorted(result["refusals"].items(), key=lambda item: (-item[1], item[0]))
    return [
        f"Seed {result['seed']}: {result['quotes']:,} quotes on {result['markets']} markets, all simulated.",
        "",
        *_table(result["series"]),
        "",
        f"  refused, by {len(by_count)} rules:",
        *_columns([f"{line(rule)} {count}" for rule, count in by_count]),
        "",
        f"  {result['trades']} trades, {result['settled']} markets settled: {result_word} {fees}",
        f"  our books and the exchange's: {equal}",
        f"  ledger {line(ledger['path'])}: {ledger['records']} records, {verified}, head {ledger['head'][:16]}",
        "",
        *PROVES_NOT,
    ]


def _table(series: list[dict[str, Any]]) -> list[str]:
    """One line a series and one for all, narrow enough for eighty columns."""
    total: dict[str, Any] = {key: sum(row[key] for row in series) for key, _, _ in COLUMNS}
    rows = [[name for _, name, _ in COLUMNS]]
    rows += [[show(row[key]) for key, _, show in COLUMNS] for row in (*series, total)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    names = ["series", *(line(row["series"]) for row in series), "all"]
    first = max(len(name) for name in names)
    return [
        f"  {name:<{first}}  " + "  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True))
        for name, row in zip(names, rows, strict=True)
    ]


def _columns(words: list[str]) -> list[str]:
    """As many on a line as eighty columns hold, one below the other."""
    width = max((len(word) for word in words), default=1) + 2
    each = max(1, 76 // width)
    return [
        "    " + "".join(f"{word:<{width}}" for word in words[at : at + each]).rstrip()
        for at in range(0, len(words), each)
    ]


def _next_lines(settings: "Settings", folder: Path) -> list[str]:
    """A trade and a refusal that can explain themselves."""
    from assent.cli.intents import intent_rows
    from assent.cli.reading import read_ledger

    rows = intent_rows(read_ledger(settings))
    examples = [
        next((row["code"] for row in reversed(rows) if row["status"] == status and row["type"] == "open"), None)
        for status in ("EXECUTED", "REJECTED")
    ]
    asks = [f"assent why {code} -C {folder}" for code in examples if code]
    return ["", "Ask it why:", *(f"  {line(text)}" for text in [*asks, f"assent ledger verify -C {folder}"])]
