"""Kalshi's websocket as a state machine without socket and clock: frames and `now` in, events and commands out.

It promises one thing above all: a market is called fresh only while its book is the venue's book at the last number of
an unbroken sequence, on a socket that is heard, from frames that are not a backlog. Whatever it cannot explain (a hole,
a reset, a refused frame, a level below zero, silence) makes every book that may be concerned stale first; then it asks
for what it needs, at a bounded pace: a snapshot, else a new subscription, else a new connection. A quote that was told
and no longer stands is taken back before anything else is said.

The private channels carry no numbers, so a loss on them cannot be seen here: `Missed` says, for each subscription that
begins and for each hole that shows, which channel the adapter has to read again by REST.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from assent.model.inputs import MarketPhase
from assent.venue.kalshi import commands, messages
from assent.venue.kalshi.book import Book
from assent.venue.kalshi.commands import BOOKS
from assent.venue.kalshi.events import Broken, HangUp, KeptOut, Missed, Output, PhaseKnown, Proven, Send, Told
from assent.venue.kalshi.frames import decode
from assent.venue.kalshi.pace import Allowance, Patience, backoff
from assent.venue.kalshi.quotes import Quotes
from assent.venue.kalshi.sequence import Sequence, Step

# How many markets one command names, and how many may have left one subscription before it is begun anew.
BATCH_MAX: Final = 500
LEFT_MAX: Final = 10_000
DETAIL_LENGTH_MAX: Final = 200
# A subscription whose books were asked for so often without one coming is begun anew.
SNAPSHOT_TRIES: Final = 2
# A subscription that was asked for so often without an answer needs a new connection.
SUBSCRIBE_TRIES: Final = 3
# The venue's errors that end a subscription: no such sid, its channel failed, its buffer overflowed.
_ENDS_SUBSCRIPTION: Final = frozenset({7, 10, 25})
_PHASES: Final[dict[str, MarketPhase]] = {
    "activated": "open",
    "deactivated": "paused",
    "determined": "determined",
    "settled": "settled",
}
# What our prices, orders and positions are made of.
_OF_MONEY: Final = frozenset({"orderbook_snapshot", "orderbook_delta", "fill", "user_order"})
_PASSED_ON: Final = (
    messages.Ticker,
    messages.Trade,
    messages.Fill,
    messages.OrderUpdate,
    messages.Position,
    messages.Lifecycle,
    messages.EventListed,
    messages.GroupUpdate,
)


class _Subscription:
    """One channel on this connection."""

    __slots__ = (
        "channel",
        "command_id",
        "deadline_ts",
        "heard_ts",
        "left",
        "named",
        "probe_ts",
        "sequence",
        "sid",
        "tries",
    )

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self.forget()

    def forget(self) -> None:
        """Nothing of an earlier subscription holds for the next one."""
        self.sid: int | None = None
        self.sequence = Sequence()
        # The last command of it that the venue may refuse, and until when nothing else is asked.
        self.command_id = 0
        self.deadline_ts = 0
        self.tries = 0
        self.heard_ts = 0
        # By when the answer to a probe has to be here; zero when none is on its way.
        self.probe_ts = 0
        # The markets that it was begun with, and those that were taken out of it since.
        self.named: frozenset[str] = frozenset()
        self.left: set[str] = set()


class Stream:
    """All that one connection carries. Every method answers what is to be sent and what was learned, in order."""

    def __init__(self, channels: Iterable[str] = (), *, patience: Patience | None = None) -> None:
        self.patience = patience or Patience()
        self._out: list[Output] = []
        self._quotes = Quotes(self._out, self.patience)
        self._books = _Subscription(BOOKS)
        self._others = [_Subscription(channel) for channel in channels]
        self._by_sid: dict[int, _Subscription] = {}
        self._allowance = Allowance(self.patience.repairs_at_once, self.patience.repair_every_ns)
        self._open = False
        self._opened_ts = 0
        self._heard_ts = 0
        self._proven_ts = 0
        self._repaired_ts = 0
        self._failures = 0
        self._command_id = 0

    def fresh(self, ticker: str, now: int) -> bool:
        """Whether this market's book may be believed now."""
        heard = self._open and now - self._heard_ts <= self.patience.silence_ns
        return heard and not self._quotes.late and self._quotes.stands(ticker)

    def book(self, ticker: str) -> Book | None:
        """The book as it was last known, fresh or not."""
        return self._quotes.book(ticker)

    def place(self) -> tuple[int, int] | None:
        """The books' sid and the last number taken of it: what a book is to be compared at."""
        sid, seq = self._books.sid, self._books.sequence.last
        return None if sid is None or seq is None else (sid, seq)

    def watch(self, tickers: Iterable[str], now: int) -> list[Output]:
        """Follow these markets' books too."""
        new = self._quotes.watch(tickers)
        left = self._books.left
        if len(left) > LEFT_MAX or not left.isdisjoint(new):
            # A snapshot from before it left may still be on its way, and what changed between is in no frame.
            self._restart("a market that had left came back", now)
        elif self._books.sid is not None:
            self._add_markets(self._books.sid, new, now)
        self._mend(now)
        return self._taken()

    def unwatch(self, tickers: Iterable[str], now: int) -> list[Output]:
        """Follow these markets' books no longer."""
        gone = self._quotes.unwatch(tickers, now)
        self._books.left.update(gone)
        if self._books.sid is not None:
            for batch in _batches(gone):
                self._send(commands.update(self._new_id(), self._books.sid, "delete_markets", batch))
        return self._taken()

    def opened(self, now: int) -> list[Output]:
        """A new socket stands. Nothing of an older one holds on it: other sids, other numbers, no replay."""
        self._forget("connected anew", now)
        self._open = True
        self._opened_ts = self._heard_ts = now
        for subscription in self._others:
            self._subscribe(subscription, now)
        self._mend(now)
        return self._taken()

    def closed(self, now: int, why: str) -> list[Output]:
        """The socket is gone."""
        if self._open:
            self._hang_up(why, now)
        return self._taken()

    def pinged(self, now: int) -> list[Output]:
        """The venue pinged: the socket lives. It proves no quote: a subscription may lag behind its socket."""
        self._heard_ts = now
        return self._taken()

    def tick(self, now: int) -> list[Output]:
        """Time passed: to be called several times in each second."""
        if not self._open:
            return self._taken()
        if now - self._heard_ts > self.patience.silence_ns:
            self._hang_up("nothing was heard on the socket", now)
            return self._taken()
        for subscription in self._others:
            if subscription.sid is None and now >= subscription.deadline_ts:
                self._subscribe(subscription, now)
        self._mend(now)
        self._probe(now)
        return self._taken()

    def received(self, raw: bytes | str, now: int) -> list[Output]:
        """A text frame came."""
        if not self._open:
            return []
        self._heard_ts = now
        frame = decode(raw)
        body = frame.body
        sent_ts = frame.sent_ts or (body.source_ts if isinstance(body, messages.Delta) else 0)
        if sent_ts:
            self._quotes.sent(sent_ts, now)
        if isinstance(body, messages.Subscribed):
            self._subscribed(frame, body, now)
        elif isinstance(body, messages.CommandRefused):
            self._refused(frame, body, now)
        elif isinstance(body, messages.Done | messages.Unsubscribed):
            self._acknowledged(frame, now)
        else:
            self._message(frame, now)
        return self._taken()

    # ------------------------------------------------------------------------------------- messages of a subscription

    def _message(self, frame: messages.Frame, now: int) -> None:
        body = frame.body
        if isinstance(body, messages.Rejection):
            of_money = frame.type in _OF_MONEY
            told = Broken(frame.type, *body, now) if of_money else KeptOut(*body, now)
            self._out.append(told)
        subscription = self._by_sid.get(frame.sid) if frame.sid is not None else None
        if subscription is None:
            return
        if subscription is not self._books:
            step = Step.NEXT if frame.seq is None else subscription.sequence.take(frame.seq, body)
            self._other_message(subscription, step, body, now)
        elif frame.seq is None:
            self._stale("a frame of the books came without a number", now)
        else:
            self._book_message(subscription.sequence.take(frame.seq, body), body, now)

    def _book_message(self, step: Step, body: messages.Body, now: int) -> None:
        if step is Step.REPEAT or step is Step.LATE:
            return
        if step is Step.RESET:
            self._restart("the numbers of the subscription began anew", now)
            return
        self._books.heard_ts = now
        self._books.probe_ts = 0
        if step is Step.GAP:
            self._quotes.stale("numbers are missing in the sequence", now)
        fault: str | None = None
        if isinstance(body, messages.Delta):
            fault = self._quotes.change(body, now)
        elif isinstance(body, messages.Snapshot):
            fault = self._quotes.replace(body, now)
        else:
            # Refused, or of a type that we do not know: it may have changed any of the books.
            self._quotes.stale("a frame of the sequence could not be read", now)
        if fault:
            # Crossed from its snapshot on, it may be the no side on the wrong scale.
            self._out.append(KeptOut("market_data_crossed", fault[:DETAIL_LENGTH_MAX], now))
        if fault or step is Step.GAP or not isinstance(body, messages.Delta | messages.Snapshot):
            self._mend(now)
        elif not self._quotes.late and now - self._proven_ts >= self.patience.proof_ns:
            self._proven_ts = now
            self._out.append(Proven(now))

    def _other_message(self, subscription: _Subscription, step: Step, body: messages.Body, now: int) -> None:
        if step is Step.REPEAT:
            return
        if step is Step.RESET:
            subscription.sequence = Sequence()
        if step is Step.GAP or step is Step.RESET:
            self._out.append(Missed(subscription.channel, "numbers are missing in the sequence", now))
        if isinstance(body, messages.Rejection):
            self._out.append(Missed(subscription.channel, "a frame was refused", now))
        elif isinstance(body, _PASSED_ON):
            self._out.append(Told(body, now))
        if isinstance(body, messages.Lifecycle) and body.event_type in _PHASES:
            source_ts = body.settled_ts or body.determined_ts or self._quotes.source_ts
            self._out.append(PhaseKnown(body.ticker, _PHASES[body.event_type], source_ts, now))

    # ------------------------------------------------------------------------------------------- answers to commands

    def _subscribed(self, frame: messages.Frame, body: messages.Subscribed, now: int) -> None:
        subscription = self._asked(frame.id)
        if subscription is None or subscription.sid is not None or subscription.channel != body.channel:
            return
        subscription.sid, subscription.tries, subscription.heard_ts = body.sid, 0, now
        self._by_sid[body.sid] = subscription
        if subscription is not self._books:
            self._out.append(Missed(subscription.channel, "what came before the subscription is not sent again", now))
            return
        self._add_markets(body.sid, [each for each in self._quotes if each not in subscription.named], now)
        # The snapshots of all the others come by themselves.
        self._quotes.awaited(subscription.named, now)

    def _refused(self, frame: messages.Frame, body: messages.CommandRefused, now: int) -> None:
        detail = f"the venue refused a command: {body.code} {body.detail}"
        self._out.append(KeptOut("malformed_input", detail[:DETAIL_LENGTH_MAX], now))
        asked = self._asked(frame.id)
        concerned = asked if frame.sid is None else self._by_sid.get(frame.sid)
        if asked is not None and asked.sid is None:
            # It answered, so another connection would not help: later again.
            asked.tries = 0
            asked.deadline_ts = now + self.patience.retry_max_ns
        elif concerned is None or body.code not in _ENDS_SUBSCRIPTION:
            self._acknowledged(frame, now)
        elif concerned is self._books:
            self._restart(f"the venue ended the subscription: {body.detail}", now)
        else:
            self._by_sid = {sid: each for sid, each in self._by_sid.items() if each is not concerned}
            concerned.forget()
            # At a later tick, and not at once: an error that comes with each subscription must not spin.
            concerned.deadline_ts = now + self.patience.retry_ns

    def _acknowledged(self, frame: messages.Frame, now: int) -> None:
        subscription = self._by_sid.get(frame.sid) if frame.sid is not None else None
        if subscription is None or frame.seq is None:
            return
        step = subscription.sequence.acknowledged(frame.seq)
        if step is Step.NEXT:
            return
        if subscription is not self._books:
            self._out.append(Missed(subscription.channel, "numbers are missing in the sequence", now))
        elif step is Step.RESET:
            self._restart("the numbers of the subscription began anew", now)
        else:
            self._stale("an answer was ahead of the sequence", now)

    def _asked(self, command_id: int) -> _Subscription | None:
        return next((each for each in self._all() if command_id and each.command_id == command_id), None)

    # ------------------------------------------------------------------------------------------------ what is repaired

    def _stale(self, why: str, now: int) -> None:
        self._quotes.stale(why, now)
        self._mend(now)

    def _mend(self, now: int) -> None:
        """Ask for what is missing, if anything is, if it is time, and if the pace allows."""
        books = self._books
        if not self._open or not len(self._quotes):
            return
        if books.sid is None:
            if now >= books.deadline_ts and self._allowance.take(now):
                self._subscribe(books, now)
            return
        batch = list(islice(self._quotes.due(now), BATCH_MAX))
        if not batch:
            if now - self._repaired_ts >= self.patience.steady_ns:
                books.tries = 0
            return
        if not self._allowance.take(now):
            return
        self._repaired_ts = now
        # While one book stands, the subscription works: it is not to blame for the others.
        books.tries = books.tries + 1 if self._quotes.standing() is None else 0
        if books.tries > SNAPSHOT_TRIES:
            self._restart("its snapshots did not come", now, blames_markets=True)
            return
        books.command_id = self._new_id()
        self._send(commands.update(books.command_id, books.sid, "get_snapshot", batch))
        self._quotes.awaited(batch, now)

    def _restart(self, why: str, now: int, *, blames_markets: bool = False) -> None:
        """Leave the books' subscription and take another one, with a sequence of its own."""
        books = self._books
        self._quotes.stale(why, now, blames_markets=blames_markets)
        if books.sid is not None:
            self._send(commands.unsubscribe(self._new_id(), [books.sid]))
            self._by_sid.pop(books.sid, None)
        books.forget()
        self._mend(now)

    def _probe(self, now: int) -> None:
        """Ask a quiet subscription for one book. No answer in time: it is dead, though its socket may live."""
        books = self._books
        ticker = self._quotes.standing()
        if books.sid is None or ticker is None or now - books.heard_ts < self.patience.quiet_ns:
            return
        if books.probe_ts and now >= books.probe_ts:
            self._restart("the subscription is silent", now)
        elif not books.probe_ts and self._allowance.take(now):
            books.probe_ts = now + self.patience.reply_ns
            books.command_id = self._new_id()
            self._send(commands.update(books.command_id, books.sid, "get_snapshot", [ticker]))

    def _subscribe(self, subscription: _Subscription, now: int) -> None:
        if not self._open:
            return
        if subscription.tries >= SUBSCRIBE_TRIES:
            self._hang_up(f"the subscription to {subscription.channel} was not answered", now)
            return
        subscription.tries += 1
        subscription.command_id = self._new_id()
        subscription.deadline_ts = now + self.patience.reply_ns
        tickers = list(islice(self._quotes, BATCH_MAX)) if subscription is self._books else []
        subscription.named = frozenset(tickers)
        self._send(commands.subscribe(subscription.command_id, subscription.channel, tickers))

    def _add_markets(self, sid: int, tickers: list[str], now: int) -> None:
        for batch in _batches(tickers):
            self._send(commands.update(self._new_id(), sid, "add_markets", batch))
        self._quotes.awaited(tickers, now)

    # -------------------------------------------------------------------------------------------------- the connection

    def _hang_up(self, why: str, now: int) -> None:
        if now - self._opened_ts >= self.patience.steady_ns:
            self._failures = 0
        self._failures += 1
        self._forget(why, now)
        wait_ns = backoff(self._failures, self.patience.retry_ns, self.patience.retry_max_ns)
        self._out.append(HangUp(why, now + wait_ns))

    def _forget(self, why: str, now: int) -> None:
        """Nothing of this connection holds any more."""
        self._open = self._quotes.late = False
        self._quotes.stale(why, now)
        self._by_sid.clear()
        for subscription in self._all():
            subscription.forget()

    def _all(self) -> tuple[_Subscription, ...]:
        return (self._books, *self._others)

    def _send(self, command: bytes) -> None:
        self._out.append(Send(command))

    def _new_id(self) -> int:
        self._command_id += 1
        return self._command_id

    def _taken(self) -> list[Output]:
        taken = self._out.copy()
        self._out.clear()
        return taken


def _batches(tickers: list[str]) -> Iterator[list[str]]:
    return (tickers[start : start + BATCH_MAX] for start in range(0, len(tickers), BATCH_MAX))
