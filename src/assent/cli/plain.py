"""A run as lines for people without a terminal and for programs that read logs: one line a fact worth knowing.

Every line begins with a time and a word that grep finds: the fact's kind, or `STATUS` every ten seconds.
"""

from typing import Any, Final

from assent.cli.options import say
from assent.cli.sentences import is_notable, sentence_of
from assent.cli.words import line, money, when
from assent.model.facts import kind_of

# The observer is called about twice a second.
STATUS_EVERY_CALLS: Final = 20


class PlainView:
    """Called with the status now and then; prints what is new."""

    def __init__(self) -> None:
        self._calls = 0
        self._last_seq: int | None = None

    def __call__(self, status: dict[str, Any]) -> None:
        for seq, ts, fact in self._new(status):
            say(f"{when(ts)}  #{seq}  {kind_of(fact)}  {sentence_of(fact)}")
        if self._calls % STATUS_EVERY_CALLS == 0:
            say(status_line(status))
        self._calls += 1

    def _new(self, status: dict[str, Any]) -> list[tuple[int, int, Any]]:
        """Facts not told yet. More may have come by than are shown; the ledger has them all, and the gap is named."""
        facts = status["last_facts"]
        seen = self._last_seq
        if facts:
            self._last_seq = facts[-1][0]
            if seen is not None and facts[0][0] > seen + 1:
                say(f"...  records {seen + 1} to {facts[0][0] - 1} went by: assent ledger show")
        return [told for told in facts if (seen is None or told[0] > seen) and is_notable(told[2])]


def status_line(status: dict[str, Any]) -> str:
    """The desk on one line of key=value."""
    halts = ",".join(halt["cause"] for halt in status["halts"]) or "none"
    return line(
        f"{when(status['ledger']['ts'])}  STATUS  mode={status['mode']} level={status['level']} halts={halts}"
        f" cash={money(status['cash'])} equity={money(status['equity'])} exposure={money(status['exposure'])}"
        f" positions={len(status['positions'])} orders={len(status['orders'])} trades={status['trades']}"
        f" records={status['ledger']['records']}"
    )
