"""An idea as the naive rules look at it, and the shape of their answers."""

from typing import Any

from tests.naive.arithmetic import worth_of
from tests.naive.books import DAY, Books
from tests.naive.market import Seen
from tests.naive.sizes import Size, size_of

# Whether it passes, what was measured, and the limit; `UNJUDGED` where there is nothing to measure with.
Answer = tuple[bool, int | None, int | None]
UNJUDGED: Answer = (False, None, None)


class Idea:
    """A proposal before the gate, with everything that may be looked at."""

    def __init__(self, books: Books, seen: Seen, now: int, strategy: str, proposal: Any) -> None:
        self.books, self.seen, self.now, self.strategy, self.proposal = books, seen, now, strategy, proposal
        self.limits = books.limits
        self.name, self.side, self.action = proposal.instrument, proposal.side, proposal.action
        self.market = seen.listed.get(self.name)
        self.quote = seen.quotes.get(self.name) if self.market is not None else None
        self.size: Size = size_of(books, self.market, proposal)

    @property
    def judged(self) -> int:
        """The quantity that is judged: the smallest there is, where none fits."""
        return self.size.qty or self.market.quantities.least

    @property
    def worth(self) -> int:
        return worth_of(self.side, self.proposal.price, self.judged)

    def score(self, name: str) -> int | None:
        return min((score.ppm for score in self.proposal.scores if score.name == name), default=None)

    def entries(self, name: str) -> list[Any]:
        """Opening orders on the idea's side of a market that may still fill."""
        orders = self.books.open_orders(name)
        return [order for order in orders if order.intent.action == "open" and order.terms.side == self.side]

    def releases(self, length: int) -> list[tuple[int, str, int, bool]]:
        return [one for one in self.books.releases if one[0] > self.now - length]

    def releases_today(self) -> list[tuple[int, str, int, bool]]:
        return [one for one in self.books.releases if one[0] // DAY == self.now // DAY]


def at_most(measured: int, limit: int) -> Answer:
    return measured <= limit, measured, limit


def at_least(measured: int, limit: int) -> Answer:
    return measured >= limit, measured, limit
