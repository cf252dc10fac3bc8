"""What the one member of a boxed exchange may ask about its past, over all its days. Nothing here changes anything."""

from bisect import bisect_right

from assent.exchange.accounts import History
from assent.exchange.types import Corrected, Fill, OrderView, Settlement, Transferred


class Past:
    """The side of `boxed.BoxedExchange` that looks back."""

    _history: History

    def orders(self, client_order_id: str | None = None) -> list[OrderView]:
        """Every order this account ever had, oldest first, or the one with this client order id."""
        if client_order_id is None:
            return self._history.views()
        order_id = self._history.by_client_id.get(client_order_id)
        return [] if order_id is None else [self._history.view(order_id)]

    def fills(self, since_seq: int = 0) -> list[Fill]:
        """Fills with a larger event number, oldest first."""
        fills = self._history.fills
        return fills[bisect_right(fills, since_seq, key=_seq) :]

    def settlements(self, since_seq: int = 0) -> list[Settlement]:
        settlements = self._history.settlements
        return settlements[bisect_right(settlements, since_seq, key=_seq) :]

    def transfers(self, since_seq: int = 0) -> list[Transferred]:
        transfers = self._history.transfers
        return transfers[bisect_right(transfers, since_seq, key=_seq) :]

    def corrections(self, since_seq: int = 0) -> list[Corrected]:
        """What fills really were, by larger event number, oldest first."""
        corrections = self._history.corrections
        return corrections[bisect_right(corrections, since_seq, key=_seq) :]


def _seq(event: Fill | Settlement | Corrected | Transferred) -> int:
    return event.seq
