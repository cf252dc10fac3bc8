"""The questions of a desk as they come: its ledger folded once, and then only what is new.

For somebody who sits in front of a desk for hours: each look costs what has happened since the last one. Reads only,
and gives the file back after each look, so that it is never in the writer's way.
"""

from typing import TYPE_CHECKING

from assent.cli.cards import Card, card_of
from assent.cli.reading import folded, ledger_path
from assent.desk.state import State
from assent.ledger.chain import EMPTY
from assent.ledger.sqlite import open_reader
from assent.model.facts import IntentProposed

if TYPE_CHECKING:
    from assent.config import Settings


class Following:
    """The state of a ledger that grows, and the records of what is asked."""

    def __init__(self, settings: "Settings") -> None:
        self._settings = settings
        self.state, self._head = State(), EMPTY
        self._proposed: dict[str, IntentProposed] = {}

    def read_on(self) -> None:
        """Fold what has been added. A ledger that is shorter than what was read is another one."""
        reader = open_reader(ledger_path(self._settings))
        try:
            if reader.head().seq < self._head.seq:
                self.state, self._head, self._proposed = State(), EMPTY, {}
            for head, (_, _, fact) in folded(self._settings, reader, self.state, self._head.seq + 1):
                if isinstance(fact, IntentProposed):
                    self._proposed[fact.intent.intent_id] = fact
                self._head = head
        finally:
            reader.close()
        self._proposed = {name: fact for name, fact in self._proposed.items() if name in self.state.asked}

    def card(self, intent_id: str, now: int) -> Card | None:
        """The card of a question, as long as it is open."""
        asked, proposed = self.state.asked.get(intent_id), self._proposed.get(intent_id)
        return None if asked is None or proposed is None else card_of(self.state, proposed, asked, now)
