"""The channels of the websocket, what may be wrong with a command, and how generous the box is.

Tables only. Left out of the errors are those that are retired (6, 16, 17), those that nothing here brings about (9: who
has not signed has no socket; 10 and 18: nothing fails or takes long here), and those of channels that the box does not
have (23, 24, 28): reference prices from elsewhere are none of its business, so their channels are unknown to it.
"""

from typing import NamedTuple


class Channel(NamedTuple):
    """`sequenced`: its messages are numbered. `by_market`: a subscription may be limited to some markets."""

    name: str
    sequenced: bool
    by_market: bool


BOOKS = "orderbook_delta"
TICKER = "ticker"
TRADES = "trade"
FILLS = "fill"
ORDERS = "user_orders"
POSITIONS = "market_positions"
LIFECYCLE = "market_lifecycle_v2"
GROUPS = "order_group_updates"
# Nobody asks for quotes here and no market is a combination of others: these two may be subscribed to, and stay quiet.
COMMUNICATIONS = "communications"
COMBOS = "multivariate_market_lifecycle"

CHANNELS: dict[str, Channel] = {
    channel.name: channel
    for channel in (
        Channel(BOOKS, sequenced=True, by_market=True),
        Channel(TICKER, sequenced=False, by_market=True),
        Channel(TRADES, sequenced=True, by_market=True),
        Channel(FILLS, sequenced=False, by_market=True),
        Channel(ORDERS, sequenced=False, by_market=True),
        Channel(POSITIONS, sequenced=False, by_market=True),
        Channel(LIFECYCLE, sequenced=True, by_market=False),
        Channel(GROUPS, sequenced=True, by_market=False),
        Channel(COMMUNICATIONS, sequenced=True, by_market=False),
        Channel(COMBOS, sequenced=True, by_market=False),
    )
}

OVERFLOW = 25
ERRORS: dict[int, str] = {
    1: "Unable to process message",
    2: "Params required",
    3: "Channels required",
    4: "Subscription IDs required",
    5: "Unknown command",
    7: "Unknown subscription ID",
    8: "Unknown channel name",
    11: "Invalid parameter",
    12: "Exactly one subscription ID is required",
    13: "Unsupported action",
    14: "Market Ticker required",
    15: "Action required",
    19: "shard_factor must be > 0",
    20: "shard_factor is required when shard_key is set",
    21: "shard_key must be >= 0 and < shard_factor",
    22: "shard_factor must be <= 100",
    OVERFLOW: "Subscription buffer overflow",
    26: "Subscription market limit exceeded",
    27: "Too many requests",
}


class Habits(NamedTuple):
    """What the venue documents, and where it says nothing, what the box does."""

    # Sockets of one member at a time.
    connections: int = 200
    # Markets of one subscription.
    markets: int = 500_000
    # Commands of one socket in a second.
    commands: int = 10_000
    # Frames that may wait for one subscription until a slow reader has taken them. How many the venue keeps is unknown.
    waiting: int = 4_096
    # Whether an answer to a command takes a number of its own in its subscription. Nobody has said; a client must bear
    # both. Only so does each number stand once on the wire, and none is zero.
    answers_count: bool = True
