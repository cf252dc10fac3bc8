"""How much a member may ask, what each request costs, and that the server keeps to what it says."""

import pytest
from tests.exchange.kalshi.support import ANN_KEY, ANN_PRIVATE, Venue
from tests.exchange.kalshi.test_buckets import LimitedVenue

from assent.exchange.kalshi.app import ROOT, ROUTES, App
from assent.exchange.kalshi.auth import Keys, Member
from assent.exchange.kalshi.buckets import TIERS


@pytest.mark.parametrize("tier", TIERS)
def test_a_member_reads_its_buckets(tier: str) -> None:
    venue = Venue()
    keys = Keys((Member(ANN_KEY, ANN_PRIVATE.public_key(), "ann"),))
    venue.app = App(venue.box, keys, lambda: venue.floor.now, tier=TIERS[tier])
    told = venue.call("GET", "/account/limits", member="ann").json
    assert (told["usage_tier"], told["grants"]) == (tier, [])
    assert told["write"] == {
        "refill_rate": TIERS[tier].write.refill_rate,
        "bucket_capacity": TIERS[tier].write.capacity,
    }
    assert told["read"]["refill_rate"] == TIERS[tier].read.refill_rate


def test_where_nobody_is_limited_the_limits_are_told_as_larger_than_anybody_needs() -> None:
    venue = Venue()
    told = venue.call("GET", "/account/limits", member="ann").json
    assert (told["usage_tier"], told["write"]["refill_rate"]) == ("unlimited", 1_000_000)
    assert venue.get("/account/limits").status == 401


def test_the_costs_that_are_told_are_those_that_are_taken() -> None:
    venue = LimitedVenue()
    told = venue.get("/account/endpoint_costs").json
    listed = {(row["method"], row["path"]): row["cost"] for row in told["endpoint_costs"]}
    assert told["default_cost"] == 10
    assert listed["DELETE", ROOT + "/portfolio/events/orders/{order_id}"] == 2
    assert {listed.get((route.method, ROOT + route.path), 10) == route.cost for route in ROUTES} == {True}
    cost = listed["GET", ROOT + "/portfolio/orders/{order_id}"]
    statuses = [
        venue.call("GET", "/portfolio/orders/x", member="ann").status
        for _ in range(TIERS["basic"].read.capacity // cost + 1)
    ]
    assert statuses == [404] * (TIERS["basic"].read.capacity // cost) + [429]
