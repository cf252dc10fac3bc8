"""The heart: inputs through the desk, facts to the ledger, and only then effects.

One turn takes a batch from the inbox, hands each input to the desk, commits all facts in one transaction, and starts
what they ask for. A commit that does not succeed ends the process: the state would be ahead of the disk.
"""

from collections.abc import Callable, Sequence

from assent.desk.desk import Desk
from assent.ledger.chain import Entry, Head
from assent.ledger.port import Store
from assent.model.facts import SCHEMA_VERSION, Fact, encode_fact, kind_of
from assent.model.inputs import HaltAsked, Input, QuoteSeen, StreamProven
from assent.runtime.clock import Clock
from assent.runtime.effects import Effect, effects_of
from assent.runtime.inbox import Inbox

BATCH_MAX = 256
# Records between two checkpoints of the store's log, taken when nothing waits and nothing was just decided: it takes
# milliseconds, and what was released would leave only after it. When that moment does not come, it is taken anyway.
CHECKPOINT_EVERY = 2_000
CHECKPOINT_LATEST = 20_000

# Told the input that is taken up and when, or nothing ("", 0) when the batch is done.
Watch = Callable[[str, int], None]
Observer = Callable[[int, int, Fact], None]


class Loop:
    """Owns the order of things: handle, commit, execute."""

    def __init__(
        self,
        *,
        desk: Desk,
        store: Store,
        inbox: Inbox[Input],
        clock: Clock,
        execute: Callable[[list[Effect]], None],
        observers: Sequence[Observer] = (),
        watch: Watch | None = None,
    ) -> None:
        self._desk = desk
        self._store = store
        self._inbox = inbox
        self._clock = clock
        self._execute = execute
        self._observers = tuple(observers)
        self._watch = watch
        self.head: Head = store.head()
        self.quotes = 0
        self._checkpointed = self.head.seq

    async def run(self) -> None:
        """Turn until cancelled."""
        while True:
            await self._inbox.wait()
            self.turn()

    def drain(self) -> None:
        """Take everything that is in the inbox now."""
        while len(self._inbox):
            self.turn()

    def turn(self) -> None:
        """One batch: decide, remember, act."""
        overflow = self._inbox.overflow()
        inputs: list[Input] = [arrival.item for arrival in self._inbox.take(BATCH_MAX)]
        if len(self._inbox) and self._inbox.depths()["market"]:
            # What still waits of the markets may take a quote back: no proof may overtake it. The next one comes soon.
            inputs = [item for item in inputs if type(item) is not StreamProven]
        if overflow:
            inputs.insert(0, HaltAsked("inbox_overflow", "runtime", str(overflow)[:100], self._clock.now()))
        facts = self.take(inputs)
        idle = not facts and not len(self._inbox)
        if self.head.seq - self._checkpointed >= (CHECKPOINT_EVERY if idle else CHECKPOINT_LATEST):
            self._checkpointed = self.head.seq
            self._store.checkpoint()

    def take(self, inputs: Sequence[Input]) -> list[Fact]:
        """Handle these inputs as one batch; return what is now durable."""
        desk, clock, watch = self._desk, self._clock, self._watch
        entries: list[Entry] = []
        facts: list[Fact] = []
        for inp in inputs:
            ts = max(clock.now(), desk.now)
            self.quotes += type(inp) is QuoteSeen
            if watch:
                watch(label_of(inp), ts)
            for fact in desk.handle(ts, inp):
                facts.append(fact)
                entries.append(Entry(ts, kind_of(fact), SCHEMA_VERSION, encode_fact(fact)))
        if watch:
            watch("", 0)
        if entries:
            self._commit(entries, facts)
        return facts

    def _commit(self, entries: list[Entry], facts: list[Fact]) -> None:
        first = self.head.seq + 1
        self.head = self._store.append(entries)
        for seq, (entry, fact) in enumerate(zip(entries, facts, strict=True), start=first):
            for observer in self._observers:
                observer(seq, entry.ts, fact)
        self._execute(effects_of(facts))


def label_of(inp: Input) -> str:
    """What an input is about, for the watchdog: its kind and its instrument."""
    return f"{type(inp).__name__} {getattr(inp, 'instrument', '')}".strip()[:120]
