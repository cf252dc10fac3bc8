"""How many requests Kalshi lets an account make: its token buckets by tier, and what each endpoint costs.

Both are documented, and both have a live answer (`/account/limits`, `/account/endpoint_costs`). The documented ones
stand here to begin with; the live ones replace them once they were read and are plausible. What the throttle does
with them is its own affair.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from assent.model.text import shown

DEFAULT_COST: Final = 10
# Beyond these we misread something: the widest tier has 12,000 tokens a second, the dearest endpoint costs 150.
RATE_MAX: Final = 1_000_000
CAPACITY_MAX: Final = 10_000_000
COST_MAX: Final = 100_000
ROWS_MAX: Final = 2_000

_ROOT: Final = "/trade-api/v2"
_PLACE: Final = re.compile(r"\{[^/{}]*\}|:[^/]+")


class LimitsRefused(NamedTuple):
    """What was read cannot be the venue's limits; those in force stay."""

    code: str
    why: str


class Bucket(NamedTuple):
    """`rate` tokens flow in each second, up to `capacity`; a request takes its cost out or is pushed back."""

    rate: int
    capacity: int


class Limits(NamedTuple):
    read: Bucket
    write: Bucket


TIERS: Final[Mapping[str, Limits]] = {
    "basic": Limits(Bucket(200, 600), Bucket(100, 100)),
    "advanced": Limits(Bucket(300, 900), Bucket(300, 900)),
    "expert": Limits(Bucket(600, 600), Bucket(600, 1_800)),
    "premier": Limits(Bucket(1_200, 1_200), Bucket(1_200, 3_600)),
    "paragon": Limits(Bucket(2_400, 2_400), Bucket(2_400, 7_200)),
    "prime": Limits(Bucket(4_800, 4_800), Bucket(4_800, 14_400)),
    "prestige": Limits(Bucket(12_000, 12_000), Bucket(9_600, 28_800)),
}


class Costs(NamedTuple):
    """Tokens by method and route; what is not listed costs `default`."""

    default: int
    listed: Mapping[tuple[str, str], int]

    def of(self, method: str, route: str, items: int = 1) -> int:
        """The cost of one request to a route such as `/portfolio/orders/{order_id}`; a batch pays for each item."""
        return self.listed.get((method, _plain(route)), self.default) * max(1, items)

    def of_path(self, method: str, path: str) -> int:
        """The cost of a request to a path as it is sent. Where more than one route fits it, the dearest is safe."""
        exact = self.listed.get((method, path))
        if exact is not None:
            return exact
        parts = path.split("/")
        fitting = [cost for (way, route), cost in self.listed.items() if way == method and _fits(route, parts)]
        return max(fitting, default=self.default)


class EndpointCost(NamedTuple):
    """A row of the live list."""

    method: str
    route: str
    cost: int


def believed_limits(said: Limits) -> Limits | LimitsRefused:
    """The account's own limits as the venue tells them, if they can be true."""
    for name, bucket in (("read", said.read), ("write", said.write)):
        for what, value, most in (("rate", bucket.rate, RATE_MAX), ("capacity", bucket.capacity, CAPACITY_MAX)):
            if not _between(1, value, most):
                return LimitsRefused(
                    "limits_implausible", f"the {name} bucket's {what} is {shown(value)}; only 1 to {most} is believed"
                )
    return said


def believed_costs(default: int, rows: Iterable[EndpointCost]) -> Costs | LimitsRefused:
    """The live list of costs, if it can be true. An endpoint that it does not list costs its default."""
    listed: dict[tuple[str, str], int] = {}
    for row in (EndpointCost("", "any other endpoint", default), *rows):
        if not _between(0, row.cost, COST_MAX):
            return LimitsRefused(
                "endpoint_cost_implausible",
                f"{shown(row.route)} is said to cost {shown(row.cost)} tokens; only 0 to {COST_MAX} is believed",
            )
        # Two rows may come to one route, since names in braces do not count: the dearer is safe.
        place = (row.method, _plain(row.route))
        listed[place] = max(row.cost, listed.get(place, 0))
        if len(listed) > ROWS_MAX:
            return LimitsRefused("endpoint_cost_implausible", f"more than {ROWS_MAX} endpoints are listed with a cost")
    return Costs(default, listed)


def _plain(route: str) -> str:
    """A route whatever its variables are called, and with or without the interface's root before it."""
    return _PLACE.sub("{}", route.removeprefix(_ROOT)).rstrip("/")


def _fits(route: str, parts: list[str]) -> bool:
    wanted = route.split("/")
    return len(wanted) == len(parts) and all(want in ("{}", part) for want, part in zip(wanted, parts, strict=True))


def _between(low: int, value: object, high: int) -> bool:
    return type(value) is int and low <= value <= high


# As documented. A batch of cancels is priced by the default here: whether its items are as cheap is not said.
DOCUMENTED_COSTS: Final = Costs(
    DEFAULT_COST,
    {
        ("DELETE", "/portfolio/events/orders/{}"): 2,
        ("DELETE", "/portfolio/events/orders"): 2,
        ("GET", "/portfolio/orders/{}"): 2,
    },
)
