"""What every part of the desk works on: the state, what it has seen, and the one way to state a fact.

The desk's handlers take this and not the desk itself, so that none of them knows the door that leads to it.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from assent.desk.adoption import Standing
from assent.desk.fold import evolve
from assent.desk.market import Market, Streams
from assent.desk.state import DESK, State
from assent.desk.strategy import HOOKS, Strategy, View
from assent.model.errors import require
from assent.model.facts import Fact, HaltCleared, StateMarked, StrategyStopped
from assent.model.inputs import AccountSeen, CorrectionSeen
from assent.model.orders import Fill

MARK_EVERY = 1_000
# Who is asked changes with these.
REWIRING = frozenset((StrategyStopped, HaltCleared))
# Under this name the desk proposes for itself; a strategy that was stopped does not keep it from leaving.
BY = DESK


class Cell(Protocol):
    """Where the desk notes which strategy it is calling, for a watchdog outside."""

    value: int


class PlainCell:
    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0


class Refusal:
    """The last refusal of one idea: which rules said no, and how often since it was recorded."""

    __slots__ = ("failing", "repeats")

    def __init__(self, failing: tuple[str, ...]) -> None:
        self.failing = failing
        self.repeats = 0


class Looked:
    """The last look of one idea: how often it came again since, and when the look came to nothing; None while it
    waits."""

    __slots__ = ("ended_ts", "repeats")

    def __init__(self, repeats: int, *, ended_ts: int | None = None) -> None:
        self.repeats = repeats
        self.ended_ts = ended_ts


class Waiting:
    """An idea about which people are asked, or were asked a moment ago: how often it came again since, and until when
    nobody is asked about it anew."""

    __slots__ = ("intent_id", "repeats", "until_ts")

    def __init__(self, intent_id: str, *, until_ts: int = 0) -> None:
        self.intent_id = intent_id
        self.repeats = 0
        self.until_ts = until_ts


class Awaited(NamedTuple):
    """Since when the venue's books were read in vain for an order's fills, and how much of it was executed by then."""

    since_ts: int
    executed: int


class Unanswered(NamedTuple):
    """Since when people are asked in vain about the exit of a position, and until when they may be asked again for that
    to go on."""

    since_ts: int
    until_ts: int


class Attempt(NamedTuple):
    """The last try of the desk to leave a position: what was held, how often in vain, and when it may try again."""

    held: int
    in_vain: int
    again_ts: int


class Context:
    """One instance for one account in one mode, as far as it needs no inputs."""

    def __init__(self, strategies: Sequence[Strategy] = (), *, cell: Cell | None = None) -> None:
        self.state = State()
        self.now = 0
        self.strategies = tuple(strategies)
        names = [strategy.name for strategy in strategies]
        require(len(set(names)) == len(names), "strategy_names_repeat", names=names)
        require(BY not in names, "strategy_name_is_the_desks", names=names)
        # As it was at the start: who is stopped under a name does not get around it by taking another one.
        self.names = tuple(names)
        self.record_keepers = frozenset(s.name for s in strategies if getattr(s, "records_decisions", False) is True)
        silent = [s.name for s in strategies if s.name in self.record_keepers and not hasattr(s, "on_cycle")]
        require(not silent, "decisions_are_recorded_at_cycles", strategies_without_on_cycle=silent)
        self.cell: Cell = PlainCell() if cell is None else cell
        self.markets: dict[str, Market] = {}
        self.streams = Streams()
        self.view = View(self.state, self.markets)
        self.guards = self.state.guards
        # Soft: what was refused last per idea, its last look, and when a cause that clears by itself was last seen.
        self.refused: dict[tuple[str, str, str, str], Refusal] = {}
        self.looked: dict[tuple[str, str, str, str], Looked] = {}
        self.cause_seen: dict[str, int] = {}
        # Ideas that wait for people, and since when the exit of a position is asked about in vain.
        self.waiting: dict[tuple[str, str, str, str], Waiting] = {}
        self.unanswered: dict[str, Unanswered] = {}
        self.rejected: dict[str, int] = {}
        self.forgot_day = 0
        # When the books were last found equal, recorded or not; since when they cannot be read, and when that was said.
        self.compared_ts = 0
        self.unavailable_since: int | None = None
        self.readable_ts = 0
        self.unavailable_told = 0
        self.last_differences: list[tuple[str, int, int]] = []
        self.unjudged_since: int | None = None
        # The venue's books when they were last compared, and what ours were then; executions that are nobody's here.
        self.books: AccountSeen | None = None
        self.compared: Standing | None = None
        self.foreign: dict[str, Fill] = {}
        self.early_corrections: dict[str, CorrectionSeen] = {}
        # Orders that have ended and whose fills are looked for in vain; see `desk.awaiting`.
        self.awaited: dict[str, Awaited] = {}
        self.hooks: dict[str, list[tuple[int, str, Callable[..., Any]]]] = {}
        self.on_quote: list[tuple[int, str, Callable[..., Any]]] = []
        self.on_bar: list[tuple[int, str, Callable[..., Any]]] = []
        # Soft: when each exit may be tried again, and when a position was last seen under its stop.
        self.attempts: dict[str, Attempt] = {}
        self.protected_ts: dict[str, int] = {}
        self._facts: list[Fact] = []
        self.wire_hooks()

    def emit(self, fact: Fact) -> None:
        """State a fact: it changes the state now and goes to the ledger with this input's other facts."""
        state = self.state
        evolve(state, self.now, fact)
        self._facts.append(fact)
        if type(fact) in REWIRING:
            self.wire_hooks()
        if state.seq % MARK_EVERY == 0:
            self.emit(StateMarked(seq=state.seq, digest=state.digest()))

    def wire_hooks(self) -> None:
        """Who is asked about what. A strategy that was stopped is not called at all until a person resumes."""
        stopped = self.state.stopped
        for hook in HOOKS:
            self.hooks[hook] = [
                (index, name, getattr(strategy, hook))
                for index, (name, strategy) in enumerate(zip(self.names, self.strategies, strict=True))
                if hasattr(strategy, hook) and name not in stopped
            ]
        self.on_quote, self.on_bar = self.hooks["on_quote"], self.hooks["on_bar"]
