"""What we ask of Kalshi's websocket, as canonical bytes: keys in one order, no blanks, the same bytes each time.

A subscription to books always says `use_yes_price`: the venue has announced that the default will flip, and a no side
read on the wrong scale is a wrong price.
"""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

BOOKS: Final = "orderbook_delta"
Change = Literal["add_markets", "delete_markets", "get_snapshot"]

_encode = msgspec.json.Encoder().encode


def subscribe(command_id: int, channel: str, tickers: Sequence[str] = ()) -> bytes:
    """Begin one channel. Without tickers it carries every market; the books' channel must name some."""
    params: dict[str, object] = {"channels": [channel]}
    if tickers:
        params["market_tickers"] = list(tickers)
    if channel == BOOKS:
        params["use_yes_price"] = True
    return _encode({"id": command_id, "cmd": "subscribe", "params": params})


def update(command_id: int, sid: int, change: Change, tickers: Sequence[str]) -> bytes:
    """Add markets to a subscription, take some out, or ask for their books whole."""
    params = {"sid": sid, "action": change, "market_tickers": list(tickers)}
    return _encode({"id": command_id, "cmd": "update_subscription", "params": params})


def unsubscribe(command_id: int, sids: Sequence[int]) -> bytes:
    """End subscriptions."""
    return _encode({"id": command_id, "cmd": "unsubscribe", "params": {"sids": list(sids)}})
