"""A run as lines for people without a terminal and for programs that read logs: one line a fact worth knowing.

Every line begins with a time and a word that grep finds: the fact's kind, or `STATUS` every ten seconds.
"""

from typing import Any, Final

from assent.cli.news import News
from assent.cli.options import say
from assent.cli.words import line, money, when
from assent.desk.sentences import sentence_of
from assent.model.facts import kind_of

# The observer is called about twice a second.
STATUS_EVERY_CALLS: Final = 20
# How a console stands for the moment until it takes connections, or has ended.
QUIET: Final = ("not started", "starting")


class PlainView:
    """Called with the status now and then; prints what is new."""

    def __init__(self) -> None:
        self._calls = 0
        self._news = News()
        self._console = ""

    def __call__(self, status: dict[str, Any]) -> None:
        self.finish(status)
        self._tell_console(status)
        if self._calls % STATUS_EVERY_CALLS == 0:
            say(status_line(status))
        self._calls += 1

    def finish(self, status: dict[str, Any]) -> None:
        """Tell what is new, without the status line: also what happened after the last call."""
        facts, missed = self._news.since(status["last_facts"])
        if missed:
            say(f"...  records {missed[0]} to {missed[1]} went by: assent ledger show")
        for seq, ts, fact in facts:
            say(f"{when(ts)}  #{seq}  {kind_of(fact)}  {sentence_of(fact)}")

    def _tell_console(self, status: dict[str, Any]) -> None:
        """How the console beside it stands, whenever that has changed. The way in is no matter for a log."""
        console = status.get("console")
        if console is None or console["state"] in QUIET:
            return
        state, said = console["state"], str(console.get("said", "")).rstrip(".")
        if (said or state) != self._console:  # how often it has tried is no news
            self._console = said or state
            why = f"{said}; see" if said else "see"
            way = "assent web prints the way in" if state == "running" else f"{why} {console['log']}"
            say(line(f"{when(status['ledger']['ts'])}  CONSOLE  {state}; {way}"))


def status_line(status: dict[str, Any]) -> str:
    """The desk on one line of key=value."""
    halts = ",".join(halt["cause"] for halt in status["halts"]) or "none"
    # A new desk learns its cash from the venue a moment after it has started; until then it is not nothing.
    known = status["cash"] or status["matched_ts"] is not None
    return line(
        f"{when(status['ledger']['ts'])}  STATUS  mode={status['mode']} level={status['level']} halts={halts}"
        f" cash={money(status['cash'] if known else None)} equity={money(status['equity'])}"
        f" exposure={money(status['exposure'])} positions={len(status['positions'])} orders={len(status['orders'])}"
        f" trades={status['trades']} records={status['ledger']['records']}"
    )
