"""What a member may read about its own standing: how much it may ask, and how old its reads are."""

from assent.exchange.kalshi import numbers
from assent.exchange.kalshi.box import Box
from assent.exchange.kalshi.buckets import Bucket
from assent.exchange.kalshi.errors import Reply, Row, answer
from assent.exchange.kalshi.query import Request


def limits(_: Box, request: Request) -> Reply:
    """The buckets of this server, which are the same for everybody; nobody has earned a higher level."""
    tier = request.tier
    return answer(
        {"usage_tier": tier.name, "read": _bucket_row(tier.read), "write": _bucket_row(tier.write), "grants": []}
    )


def user_data_timestamp(box: Box, _: Request) -> Reply:
    """The moment that orders, fills, positions and the balance are told of."""
    return answer({"as_of_time": numbers.instant(box.reads.as_of)})


def _bucket_row(bucket: Bucket) -> Row:
    return {"refill_rate": bucket.refill_rate, "bucket_capacity": bucket.capacity}
