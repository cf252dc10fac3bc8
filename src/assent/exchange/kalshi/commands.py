"""What a client may ask over the websocket, read strictly: a command that is whole, or the number of what is wrong.

Nothing here knows what is subscribed to: whether a sid exists or an action fits its channel is the connection's
question. A list that names no market is refused where markets were to be named: silence means all of them.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import msgspec

from assent.exchange.kalshi.channels import BOOKS, CHANNELS, COMMUNICATIONS, TICKER

COMMAND_SIZE_MAX: Final = 1 << 20
ID_MAX: Final = 2**63 - 1
NAME_LENGTH_MAX: Final = 128
SHARD_FACTOR_MAX: Final = 100
ACTIONS: Final = ("add_markets", "delete_markets", "get_snapshot")


class Named(NamedTuple):
    """The markets that were named, by ticker or by id; none of either means every market."""

    tickers: tuple[str, ...]
    ids: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.tickers or self.ids)


class Subscribe(NamedTuple):
    """`yes_price` is None where the client does not say."""

    channels: tuple[str, ...]
    markets: Named
    yes_price: bool | None
    snapshot: bool
    short_answers: bool


class Unsubscribe(NamedTuple):
    sids: tuple[int, ...]


class Update(NamedTuple):
    sid: int
    action: str | None
    markets: Named
    snapshot: bool


class ListSubscriptions(NamedTuple):
    pass


class Wrong(NamedTuple):
    """The number of an error."""

    code: int


Command = Subscribe | Unsubscribe | Update | ListSubscriptions | Wrong


class Asked(NamedTuple):
    """A command and its id; zero is none."""

    id: int
    command: Command


class Refused(Exception):
    """A command cannot be carried out; `code` says why. Answered by an error frame in one place."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def read(raw: str | bytes) -> Asked:
    """Whatever came, as a command or as what is wrong with it."""
    try:
        if len(raw) > COMMAND_SIZE_MAX:
            return Asked(0, Wrong(1))
        asked = msgspec.json.decode(raw, type=dict[str, Any])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return Asked(0, Wrong(1))
    number = asked.get("id", 0)
    if not _is_whole(number) or not 0 <= number <= ID_MAX:
        return Asked(0, Wrong(1))
    try:
        return Asked(number, _command(asked))
    except Refused as refused:
        return Asked(number, Wrong(refused.code))


def _command(asked: Mapping[str, Any]) -> Command:
    name = asked.get("cmd")
    if name == "list_subscriptions":
        return ListSubscriptions()
    reading = _READINGS.get(name) if isinstance(name, str) else None
    if reading is None:
        raise Refused(5)
    params = asked.get("params")
    if not isinstance(params, dict):
        raise Refused(2)
    return reading(params)


def _subscribe(params: Mapping[str, Any]) -> Subscribe:
    channels = params.get("channels")
    if not isinstance(channels, list) or not channels:
        raise Refused(3)
    if any(not isinstance(name, str) or name not in CHANNELS for name in channels):
        raise Refused(8)
    markets = _named(params)
    if BOOKS in channels and not markets:
        raise Refused(14)
    if markets.ids and channels != [TICKER]:
        raise Refused(11)
    if COMMUNICATIONS in channels:
        _check_shard(params)
    return Subscribe(
        channels=tuple(dict.fromkeys(channels)),
        markets=markets,
        yes_price=None if params.get("use_yes_price") is None else _flag(params, "use_yes_price"),
        snapshot=_flag(params, "send_initial_snapshot"),
        short_answers=_flag(params, "skip_ticker_ack"),
    )


def _unsubscribe(params: Mapping[str, Any]) -> Unsubscribe:
    sids = params.get("sids")
    if not isinstance(sids, list) or not sids:
        raise Refused(4)
    if not all(_is_whole(sid) for sid in sids):
        raise Refused(11)
    return Unsubscribe(tuple(dict.fromkeys(sids)))


def _update(params: Mapping[str, Any]) -> Update:
    """Exactly one of `sid` and `sids`, and of the latter exactly one."""
    sid, sids = params.get("sid"), params.get("sids")
    one = sids if sid is None else [sid] if sids is None else None
    if not isinstance(one, list) or len(one) != 1 or not _is_whole(one[0]):
        raise Refused(12)
    action = params.get("action")
    if action is not None and action not in ACTIONS:
        raise Refused(13)
    return Update(one[0], action, _named(params), _flag(params, "send_initial_snapshot"))


_READINGS: Final[dict[str, Callable[[Mapping[str, Any]], Command]]] = {
    "subscribe": _subscribe,
    "unsubscribe": _unsubscribe,
    "update_subscription": _update,
}


def _named(params: Mapping[str, Any]) -> Named:
    tickers = _names(params, "market_ticker", "market_tickers")
    ids = _names(params, "market_id", "market_ids")
    if tickers and ids:
        raise Refused(11)
    return Named(tickers, ids)


def _names(params: Mapping[str, Any], one: str, several: str) -> tuple[str, ...]:
    single, names = params.get(one), params.get(several)
    if single is not None and names is not None:
        raise Refused(11)
    if single is not None:
        names = [single]
    if names is None:
        return ()
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        raise Refused(11)
    if not names:
        raise Refused(14)
    if not all(0 < len(each) <= NAME_LENGTH_MAX for each in names):
        raise Refused(11)
    return tuple(dict.fromkeys(names))


def _flag(params: Mapping[str, Any], name: str) -> bool:
    value = params.get(name)
    if value is not None and not isinstance(value, bool):
        raise Refused(11)
    return bool(value)


def _check_shard(params: Mapping[str, Any]) -> None:
    factor, key = params.get("shard_factor"), params.get("shard_key")
    if any(value is not None and not _is_whole(value) for value in (factor, key)):
        raise Refused(11)
    if factor is None:
        if key is not None:
            raise Refused(20)
        return
    if factor <= 0:
        raise Refused(19)
    if factor > SHARD_FACTOR_MAX:
        raise Refused(22)
    if key is not None and not 0 <= key < factor:
        raise Refused(21)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
