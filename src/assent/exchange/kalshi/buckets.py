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
    name: str


BASIC = Tier(Bucket(200, 600), Bucket(100, 100), "basic")
TIERS: dict[str, Tier] = {
    tier.name: tier
    for tier in (
        BASIC,
        Tier(Bucket(300, 900), Bucket(300, 900), "advanced"),
        Tier(Bucket(600, 600), Bucket(600, 1_800), "expert"),
        Tier(Bucket(1_200, 1_200), Bucket(1_200, 3_600), "premier"),
        Tier(Bucket(2_400, 2_400), Bucket(2_400, 7_200), "paragon"),
        Tier(Bucket(4_800, 4_800), Bucket(4_800, 14_400), "prime"),
        Tier(Bucket(12_000, 12_000), Bucket(9_600, 28_800), "prestige"),
    )
}

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
