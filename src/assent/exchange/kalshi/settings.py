"""What of the box its owner may set: how far its reads lag, and when what is over moves to the historical tier."""

from typing import NamedTuple

from assent.exchange.types import DAY


class Settings(NamedTuple):
    """`read_lag_ns`: a member's own reads show the exchange as it was so long ago, while writes and the websocket are
    current. Zero shows it as it is.

    `live_ns`, and for orders `live_orders_ns`: what was settled, filled or closed longer ago than that is told by the
    historical tier alone. The venue keeps about three months live, and orders for two weeks.
    """

    read_lag_ns: int = 0
    live_ns: int = 90 * DAY
    live_orders_ns: int = 14 * DAY


DEFAULTS = Settings()
