"""Token buckets: how much a member may ask in a second, reads and writes apart.

A bucket fills steadily up to its capacity; a request that costs more than is in it is refused and costs nothing. There
is no penalty and no hint when to come back, as there is none at the venue. Tokens are counted in billionths, so that
nanoseconds times tokens per second are whole.
"""

from typing import NamedTuple

from assent.exchange.types import SECOND


class Bucket(NamedTuple):
    """Tokens per second, and how many may gather."""

    refill_rate: int
    capacity: int


class Tier(NamedTuple):
    """What a member's usage tier allows."""

    read: Bucket
    write: Bucket


BASIC = Tier(Bucket(200, 600), Bucket(100, 100))

COST_DEFAULT = 10


class Buckets:
    """Every member's two buckets, full at first."""

    def __init__(self, tier: Tier) -> None:
        self.tier = tier
        self._levels: dict[tuple[str, bool], tuple[int, int]] = {}

    def take(self, account: str, *, writes: bool, cost: int, now: int) -> bool:
        """Take `cost` tokens if there are so many. Accounts are those with a key, so there are few."""
        bucket = self.tier.write if writes else self.tier.read
        full = bucket.capacity * SECOND
        level, since = self._levels.get((account, writes), (full, now))
        level = min(full, level + max(0, now - since) * bucket.refill_rate)
        enough = level >= cost * SECOND
        self._levels[account, writes] = (level - cost * SECOND if enough else level, max(now, since))
        return enough
