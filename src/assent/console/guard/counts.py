"""What the guard counts of its own work, for whoever watches the console.

Labels come from our own tables alone (methods, routes, codes, status), so nobody outside can add a series, and no
name, address or credential ever stands in one.
"""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

from assent.model.units import SECOND

METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
NO_ROUTE: Final = "none"
BOUNDS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Counts:
    """Counters of one application, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "assent_console_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "assent_console_request_seconds",
            "Time from a request's headers to the head of its answer.",
            ("route",),
            buckets=BOUNDS_S,
            registry=self.registry,
        )
        self._refusals = Counter(
            "assent_console_refusals", "Requests refused, by reason.", ("code",), registry=self.registry
        )

    def answered(self, method: str, route: str, status: int, duration_ns: int) -> None:
        """One request has its whole answer, or its client is gone."""
        self._requests.labels(named(method), route, str(status)).inc()
        self._seconds.labels(route).observe(duration_ns / SECOND)

    def refused(self, code: str) -> None:
        """One no. `code` is one of the registry's."""
        self._refusals.labels(code).inc()


def named(method: str) -> str:
    """The method, if it is one; anybody may send any word."""
    return method if method in METHODS else "other"
