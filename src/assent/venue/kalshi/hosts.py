"""Where Kalshi is reached: the two addresses of each environment.

They are facts of the venue and no settings: keys of one environment are worth nothing in the other, and a desk that was
meant for one must have no way to the other. Only an exchange in the box has an address of its owner's choice.
"""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple


class Hosts(NamedTuple):
    """Without a path: that is part of what is signed."""

    rest: str
    websocket: str


HOSTS: Final[Mapping[Literal["demo", "production"], Hosts]] = {
    "demo": Hosts("https://external-api.demo.kalshi.co", "wss://external-api-ws.demo.kalshi.co"),
    "production": Hosts("https://external-api.kalshi.com", "wss://external-api-ws.kalshi.com"),
}


def box(url: str) -> Hosts:
    """An exchange in the box: both at one port of this machine."""
    return Hosts(url, "ws" + url.removeprefix("http"))
