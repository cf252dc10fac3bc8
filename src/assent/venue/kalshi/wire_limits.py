"""What Kalshi says of how much an account may ask: its buckets, and what each endpoint costs. Whether it can be true
is judged in `limits.py`."""

from typing import Final

import msgspec

from assent.venue.kalshi.limits import Bucket, EndpointCost, Limits
from assent.venue.kalshi.wire import Kind, Rejection, Row, answer, words

_METHODS: Final = words({name: name for name in ("GET", "POST", "PUT", "PATCH", "DELETE")})


def _whole(value: object) -> int | None:
    return value if type(value) is int and value >= 0 else None


def _path(value: object) -> str | None:
    return value if type(value) is str and value.startswith("/") and len(value) <= 256 else None


_WHOLE: Final = Kind("bad_number", _whole)
_PATH: Final = Kind("bad_name", _path)


class EndpointCosts(msgspec.Struct, frozen=True):
    """The live list: what is not on it costs `default`."""

    default: int
    rows: tuple[EndpointCost, ...]


def account_limits(body: bytes) -> Limits | Rejection:
    """The account's own buckets."""
    return answer(body, lambda top: Limits(read=_bucket(top.row("read")), write=_bucket(top.row("write"))))


def endpoint_costs(body: bytes) -> EndpointCosts | Rejection:
    """Every row or none: a row that could not be read might be the dearest."""
    return answer(body, _costs)


def _bucket(row: Row) -> Bucket:
    return Bucket(rate=row.need("refill_rate", _WHOLE), capacity=row.need("bucket_capacity", _WHOLE))


def _costs(top: Row) -> EndpointCosts:
    rows = [Row(item, f"endpoint_costs[{place}]") for place, item in enumerate(top.items("endpoint_costs"))]
    return EndpointCosts(
        default=top.need("default_cost", _WHOLE),
        rows=tuple(
            EndpointCost(row.need("method", _METHODS), row.need("path", _PATH), row.need("cost", _WHOLE))
            for row in rows
        ),
    )
