"""What was seen of the markets, read from the inputs: descriptions, phases, quotes, spreads. Gone at a restart."""

from typing import Any

from tests.naive.arithmetic import ONE, down
from tests.naive.books import DAY, Books

SPREADS_LEAST, SPREADS_MOST = 12, 100


class Seen:
    """See the module's first lines."""

    def __init__(self) -> None:
        self.listed: dict[str, Any] = {}
        self.phases: dict[str, str] = {}
        self.quotes: dict[str, Any] = {}
        self.proofs: list[tuple[str, int]] = []
        self.spreads: dict[str, list[int]] = {}
        # The day on which it was last looked for what is over.
        self.swept = -1

    def read(self, inp: Any, *, norms: bool) -> None:
        kind = type(inp).__name__
        if kind == "InstrumentSeen":
            self.listed[inp.instrument.id] = inp.instrument
        elif kind == "StreamProven":
            self.proofs.append((inp.venue, inp.received_ts))
        elif kind == "TimePassed" and norms:
            for name in self.quotes:
                self.spreads.setdefault(name, []).extend(wide for wide in (self.spread(name),) if wide is not None)
        elif getattr(inp, "instrument", None) in self.listed:
            if kind == "QuoteSeen":
                self.quotes[inp.instrument] = inp
            elif kind == "PhaseSeen":
                self.phases[inp.instrument] = inp.phase
            elif kind == "SettlementSeen":
                self.phases[inp.instrument] = "settled"

    def sweep(self, books: Books, now: int) -> list[str]:
        """At the first cycle of a day nothing more is known of what has settled, was to close a day ago and holds
        nothing of ours. Which markets these are."""
        if self.swept == now // DAY:
            return []
        self.swept = now // DAY
        ours = {*books.positions(), *(o.terms.instrument for o in books.open_orders() if o.intent.action == "open")}
        over = [
            name for name, market in self.listed.items()
            if self.phases.get(name) == "settled" and now >= market.close_ts + DAY and name not in ours
        ]  # fmt: skip
        for name in over:
            for known in (self.listed, self.phases, self.quotes, self.spreads):
                known.pop(name, None)
        return over

    def proven_ts(self, name: str) -> int:
        venue = self.listed[name].venue
        return max([self.quotes[name].received_ts, *(ts for who, ts in self.proofs if who == venue)])

    def evidence(self, name: str) -> tuple[Any, ...] | None:
        """The quote as it stands, and when it was last known to be true."""
        quote = self.quotes.get(name)
        if quote is None or name not in self.listed:
            return None
        sides = quote.bid, quote.bid_qty, quote.ask, quote.ask_qty
        return *sides, quote.source_ts, quote.received_ts, self.proven_ts(name)

    def spread(self, name: str) -> int | None:
        quote = self.quotes.get(name)
        return None if quote is None or None in (quote.ask, quote.bid) else quote.ask - quote.bid

    def usual_spread(self, name: str) -> int | None:
        """The lower of the middle ones."""
        last = sorted(self.spreads.get(name, [])[-SPREADS_MOST:])
        return last[(len(last) - 1) // 2] if len(last) >= SPREADS_LEAST else None


def marked(books: Books, seen: Seen) -> tuple[int, dict[str, int]]:
    """What the account would bring now, and each market's part: the bid, else the last mark, else what was paid."""
    total, marks = books.cash, {}
    for name, (qty, paid) in books.positions().items():
        quote, phase = seen.quotes.get(name), seen.phases.get(name)
        if phase in ("closed", "determined", "settled"):
            total += paid
            continue
        price = None if quote is None else quote.bid if qty > 0 else quote.ask
        if price is not None:
            marks[name] = down(qty * price if qty > 0 else -qty * (ONE - price), ONE)
        elif name in books.bids:
            marks[name] = books.bids[name]
        total += marks.get(name, paid)
    return total, marks


def unpriced(books: Books, seen: Seen) -> bool:
    """Whether something is held in a market that lives and for which nobody bids."""
    for name, (qty, _) in books.positions().items():
        quote = seen.quotes.get(name)
        price = None if quote is None else quote.bid if qty > 0 else quote.ask
        if price is None and seen.phases.get(name) not in ("closed", "determined", "settled"):
            return True
    return False
