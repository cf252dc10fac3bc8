"""What this process remembers of the account's orders: their two names, what was executed of them, which still rest.

The venue names an order by an id of its own, and some of its rows know no other; the desk knows the client order id.
Nothing here is a decision and nothing is durable: after a restart it fills again from the venue's lists. It is bounded:
what ended longest ago is forgotten first, and asked for again where it is needed.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from assent.model.units import MINUTE

KEPT_MAX: Final = 20_000
FILLS_KEPT_MAX: Final = 100_000
# So much the venue's clock may be ahead of ours.
AHEAD_MAX: Final = MINUTE


class Resting(NamedTuple):
    """An order that was last seen on the book."""

    order_id: str
    ticker: str


class Memory:
    """`ours` says whether the desk ever released an order under a client order id."""

    def __init__(self, ours: Callable[[str], bool]) -> None:
        self._ours = ours
        self._names: dict[str, str] = {}
        self._ids: dict[str, str] = {}
        self._fills: dict[str, tuple[str, int]] = {}
        self._executed: dict[str, int] = {}
        self.resting: dict[str, Resting] = {}
        self.sending: dict[str, None] = {}
        self.signed: dict[str, int] = {}
        # Grows with everything that moves the account; the venue's latest time at which something did.
        self.moves = 0
        self.moved_ts = 0

    def name(self, order_id: str, client_order_id: str) -> str:
        """What the desk calls this order: our client order id, or the venue's id where the order is not ours. A message
        that leaves our id out takes back no name: its fills would be somebody else's."""
        known = self._names.get(order_id)
        if known is not None and not client_order_id:
            return known
        name = client_order_id if client_order_id and self._ours(client_order_id) else order_id
        if known != name:
            self._names[order_id] = name
            self._ids[name] = order_id
            self._forget_oldest()
        return name

    def known_name(self, order_id: str) -> str | None:
        """The desk's name of an order that was met before."""
        return self._names.get(order_id)

    def order_id(self, name: str) -> str:
        """The venue's id of an order, or nothing."""
        return self._ids.get(name, "")

    def moved(self, ts: int, heard_ts: int) -> None:
        """Something changed the account, at this time of the venue's (0: it is not known). What we heard of by now did
        not happen far in the future, whatever it says: no lists would ever be as new as that."""
        self.moves += 1
        self.moved_ts = max(self.moved_ts, min(ts, heard_ts + AHEAD_MAX))

    def rests(self, name: str, order_id: str, ticker: str) -> None:
        self.resting[name] = Resting(order_id, ticker)

    def ended(self, name: str) -> None:
        self.resting.pop(name, None)

    def filled(self, order_id: str, fill_id: str, qty: int) -> bool:
        """Remember a fill; whether it was new. One that the venue takes back stays counted: it was executed."""
        if fill_id in self._fills:
            return False
        self._fills[fill_id] = (order_id, qty)
        self._executed[order_id] = self._executed.get(order_id, 0) + qty
        if len(self._fills) > FILLS_KEPT_MAX:
            # Told again it would count twice. Too little does no harm: the venue's own count is asked as well.
            forgotten, _ = self._fills.pop(next(iter(self._fills)))
            self._executed.pop(forgotten, None)
        return True

    def executed(self, order_id: str) -> int:
        """How much of an order fills have told of."""
        return self._executed.get(order_id, 0)

    def forget_search(self, name: str) -> None:
        """Its fate is known: when it was signed is not needed any more."""
        self.signed.pop(name, None)

    def _forget_oldest(self) -> None:
        for order_id in list(self._names):
            if len(self._names) <= KEPT_MAX:
                return
            name = self._names[order_id]
            if name not in self.resting and name not in self.sending:
                del self._names[order_id]
                self._ids.pop(name, None)
                self._executed.pop(order_id, None)
        # Only orders that rest are left, and the venue bounds those itself.
