"""What is new since the last look: the facts that a run hands over again and again, each told once."""

from collections.abc import Iterable
from typing import NamedTuple

from assent.desk.lots import Told
from assent.desk.sentences import is_notable


class New(NamedTuple):
    """Facts worth telling, oldest first; `missed` are the records, first and last, that went by unseen."""

    facts: list[Told]
    missed: tuple[int, int] | None


class News:
    """Remembers how far was told."""

    def __init__(self) -> None:
        self._last_seq: int | None = None

    def since(self, last_facts: Iterable[Told]) -> New:
        """What of the last facts was not told yet. More may have come by than a run keeps; the ledger has them all."""
        facts, seen = list(last_facts), self._last_seq
        if not facts:
            return New([], None)
        self._last_seq = facts[-1][0]
        missed = None if seen is None or facts[0][0] <= seen + 1 else (seen + 1, facts[0][0] - 1)
        return New([told for told in facts if (seen is None or told[0] > seen) and is_notable(told[2])], missed)
