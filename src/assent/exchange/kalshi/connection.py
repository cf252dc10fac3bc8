"""One member's websocket as a state machine: commands and news in, frames out. No socket, no clock, no waiting.

It promises that a subscription's numbers have no hole until the subscription ends, and that a snapshot is the book at
its place among them. Nothing here grows without bound: a subscription for which too many frames wait is ended with
error 25, and its client has to subscribe anew.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from assent.exchange.kalshi import messages, numbers
from assent.exchange.kalshi.box import Box
from assent.exchange.kalshi.channels import BOOKS, CHANNELS, ERRORS, OVERFLOW, TICKER, Channel, Habits
from assent.exchange.kalshi.commands import (
    Command,
    ListSubscriptions,
    Named,
    Refused,
    Subscribe,
    Unsubscribe,
    Update,
    Wrong,
    read,
)
from assent.exchange.kalshi.errors import Row
from assent.exchange.types import SECOND

_encoder: Final = msgspec.json.Encoder()


def text_of(row: Row) -> str:
    """A row as it goes onto the wire."""
    return _encoder.encode(row).decode()


class Subscription:
    """One channel on one connection. `tickers` is None when it carries every market."""

    __slots__ = ("channel", "seq", "short_answers", "sid", "tickers", "waiting", "yes_price")

    def __init__(self, channel: Channel, sid: int, *, yes_price: bool, short_answers: bool) -> None:
        self.channel = channel
        self.sid = sid
        self.seq = 0
        self.waiting = 0
        self.tickers: dict[str, None] | None = {} if channel.by_market else None
        self.yes_price = yes_price
        self.short_answers = short_answers

    def wants(self, market: str | None) -> bool:
        return self.tickers is None or market is None or market in self.tickers


class Connection:
    """`ready` is called when there is something to send."""

    def __init__(self, account: str, box: Box, habits: Habits, ready: Callable[[], None]) -> None:
        self.account = account
        self._box = box
        self._habits = habits
        self._ready = ready
        self._by_channel: dict[str, Subscription] = {}
        self._sids = 0
        self._outbox: deque[tuple[Subscription | None, str]] = deque()
        self._second = 0
        self._commands = 0

    # --- what is sent ----------------------------------------------------------------------------------

    @property
    def waiting(self) -> int:
        """How many frames have not been sent yet."""
        return len(self._outbox)

    def next_frame(self, now: int) -> str | None:
        """The next frame, stamped as sent now; None when there is none."""
        if not self._outbox:
            return None
        news_of, text = self._outbox.popleft()
        if news_of is not None:
            news_of.waiting -= 1
        return f'{text},"sending_ts_ms":{numbers.milliseconds(now)}}}\n'

    # --- news ------------------------------------------------------------------------------------------

    def wanting(self, channel: str, market: str | None) -> Subscription | None:
        """The subscription to this channel, if it carries this market."""
        subscription = self._by_channel.get(channel)
        return subscription if subscription is not None and subscription.wants(market) else None

    def put(self, subscription: Subscription, kind: str, msg: str) -> None:
        """News for a subscription, or its end, if too much waits for it already."""
        if subscription.waiting < self._habits.waiting:
            self._message(subscription, kind, msg, news=True)
        else:
            del self._by_channel[subscription.channel.name]
            self._error(OVERFLOW, 0, subscription)

    def put_snapshot(self, subscription: Subscription, market: str, number: int = 0) -> None:
        """A market's book whole, if there is such a market; `number` is the command that asked for just that."""
        if self._box.exchange.market(market) is not None:
            book = messages.snapshot(self._box, market, yes_price=subscription.yes_price)
            self._message(subscription, "orderbook_snapshot", text_of(book), number=number)

    def _message(self, subscription: Subscription, kind: str, msg: str, *, number: int = 0, news: bool = False) -> None:
        """What was asked for is not counted as waiting: while it is not read, no more can be asked."""
        head = f'{{"type":"{kind}","sid":{subscription.sid}'
        if subscription.channel.sequenced:
            subscription.seq += 1
            head = f'{head},"seq":{subscription.seq}'
        if number:
            head = f'{head},"id":{number}'
        if news:
            subscription.waiting += 1
        self._post(subscription if news else None, f'{head},"msg":{msg}')

    # --- commands --------------------------------------------------------------------------------------

    def obey(self, raw: str | bytes, now: int) -> None:
        """Carry out a command, or say what is wrong with it."""
        number, command = read(raw)
        try:
            self._count_command(now)
            self._carry_out(number, command)
        except Refused as refused:
            scoped = self._of_sid(command.sid) if isinstance(command, Update) else None
            self._error(refused.code, number, scoped)

    def _count_command(self, now: int) -> None:
        if now // SECOND != self._second:
            self._second, self._commands = now // SECOND, 0
        self._commands += 1
        if self._commands > self._habits.commands:
            raise Refused(27)

    def _carry_out(self, number: int, command: Command) -> None:
        if isinstance(command, Wrong):
            raise Refused(command.code)
        if isinstance(command, Subscribe):
            self._subscribe(number, command)
        elif isinstance(command, Unsubscribe):
            self._unsubscribe(number, command)
        elif isinstance(command, Update):
            self._update(number, command)
        else:
            self._list(number, command)

    def _subscribe(self, number: int, command: Subscribe) -> None:
        """All channels or none. A channel that is subscribed to already keeps its sid and takes the markets in."""
        named = self._tickers(command.markets)
        for name in command.channels:
            known = self._by_channel.get(name)
            self._check_room(known, CHANNELS[name], named)
            if name == BOOKS and known is not None and command.yes_price not in (None, known.yes_price):
                raise Refused(11)
        for name in command.channels:
            subscription = self._by_channel.get(name) or self._begin(CHANNELS[name], command)
            self._answer("subscribed", number, None, {"channel": name, "sid": subscription.sid})
            new = [] if subscription.tickers is None else [each for each in named if each not in subscription.tickers]
            if subscription.tickers is not None and command.markets:
                subscription.tickers.update(dict.fromkeys(new))
            else:
                subscription.tickers = None
            self._begin_with(subscription, new, snapshot=command.snapshot)

    def _begin(self, channel: Channel, command: Subscribe) -> Subscription:
        self._sids += 1
        subscription = self._by_channel[channel.name] = Subscription(
            channel, self._sids, yes_price=bool(command.yes_price), short_answers=command.short_answers
        )
        return subscription

    def _begin_with(self, subscription: Subscription, tickers: Iterable[str], *, snapshot: bool) -> None:
        """What new markets begin with: their books, or how they stand, if that was asked for."""
        for each in tickers:
            if subscription.channel.name == BOOKS:
                self.put_snapshot(subscription, each)
            elif subscription.channel.name == TICKER and snapshot:
                view = self._box.exchange.market(each)
                if view is not None:
                    self._message(subscription, "ticker", text_of(messages.ticker(self._box, view)))

    def _unsubscribe(self, number: int, command: Unsubscribe) -> None:
        """All of them or none."""
        found = [self._of_sid(sid) for sid in command.sids]
        for subscription in found:
            if subscription is None:
                raise Refused(7)
        for subscription in found:
            if subscription is not None:
                del self._by_channel[subscription.channel.name]
                self._answer("unsubscribed", number, subscription, None)

    def _update(self, number: int, command: Update) -> None:
        subscription = self._of_sid(command.sid)
        if subscription is None:
            raise Refused(7)
        if command.action is None:
            raise Refused(15)
        name = subscription.channel.name
        if not subscription.channel.by_market or (command.action == "get_snapshot" and name != BOOKS):
            raise Refused(13)
        if not command.markets or (name == BOOKS and command.markets.ids):
            raise Refused(14)
        if command.markets.ids and name != TICKER:
            raise Refused(11)
        named = self._tickers(command.markets)
        if command.action == "get_snapshot":
            for each in named:
                self.put_snapshot(subscription, each, number)
        elif command.action == "add_markets":
            self._add(number, subscription, named, snapshot=command.snapshot)
        else:
            self._delete(number, subscription, named)

    def _add(self, number: int, subscription: Subscription, named: list[str], *, snapshot: bool) -> None:
        """A subscription to every market has them already."""
        self._check_room(subscription, subscription.channel, named)
        new: list[str] = []
        if subscription.tickers is not None:
            new = [each for each in named if each not in subscription.tickers]
            subscription.tickers.update(dict.fromkeys(new))
        self._done(number, subscription)
        self._begin_with(subscription, new, snapshot=snapshot)

    def _delete(self, number: int, subscription: Subscription, named: list[str]) -> None:
        """Nothing can be taken out of a subscription to every market."""
        if subscription.tickers is None:
            raise Refused(11)
        for each in named:
            subscription.tickers.pop(each, None)
        self._done(number, subscription)

    def _done(self, number: int, subscription: Subscription) -> None:
        listed = subscription.tickers is not None and not subscription.short_answers
        self._answer("ok", number, subscription, {"market_tickers": list(subscription.tickers or ())} if listed else {})

    def _list(self, number: int, _: ListSubscriptions) -> None:
        rows: list[Row] = [{"channel": name, "sid": each.sid} for name, each in self._by_channel.items()]
        self._post(None, text_of({"type": "ok", "id": number, "msg": rows})[:-1])

    def _check_room(self, known: Subscription | None, channel: Channel, named: list[str]) -> None:
        held = known.tickers if known is not None and known.tickers is not None else {}
        if channel.by_market and len(held) + sum(each not in held for each in named) > self._habits.markets:
            raise Refused(26)

    def _tickers(self, markets: Named) -> list[str]:
        """By their tickers. One that nobody has listed yet is taken all the same: what the venue does is not known."""
        if not markets.ids:
            return list(markets.tickers)
        known = {messages.market_id(view.spec.ticker): view.spec.ticker for view in self._box.exchange.markets()}
        return [known[each] for each in markets.ids if each in known]

    def _of_sid(self, sid: int) -> Subscription | None:
        return next((each for each in self._by_channel.values() if each.sid == sid), None)

    # --- answers ---------------------------------------------------------------------------------------

    def _error(self, code: int, number: int, subscription: Subscription | None) -> None:
        self._answer("error", number, subscription, {"code": code, "msg": ERRORS[code]})

    def _answer(self, kind: str, number: int, subscription: Subscription | None, msg: Row | None) -> None:
        """An answer to a command, numbered within the subscription that it is about."""
        row: Row = {"type": kind}
        if number:
            row["id"] = number
        if subscription is not None:
            subscription.seq += self._habits.answers_count
            row |= {"sid": subscription.sid, "seq": subscription.seq}
        if msg is not None:
            row["msg"] = msg
        self._post(None, text_of(row)[:-1])

    def _post(self, news_of: Subscription | None, text: str) -> None:
        """`text` lacks its closing brace: when it is sent, that is added."""
        self._outbox.append((news_of, text))
        self._ready()
