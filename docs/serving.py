"""What the page on the HTTP interface says about the code: every operation, and every code with its status."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from docs.markers import table
from fastapi import FastAPI
from fastapi.routing import RouteContext, iter_route_contexts

from assent.console.api import routers
from assent.console.asking import LANES, STATUS_OF_REFUSAL
from assent.console.asking import TURN_WAIT_S as WAIT_S
from assent.console.guard.refusals import STATUS
from assent.console.guard.routes import Rules
from assent.console.guard.settings import Rate, WebSettings
from assent.console.server import CONNECTIONS_MAX, HEADERS_WAIT_S
from assent.model.reasons import sentence
from assent.model.units import SECOND


def operations() -> str:
    """Every operation with the scope that it takes, in the order of its path."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    for router in routers():
        app.include_router(router)
    needs = {(rule.path, method): rule.scope for rule in Rules(app.routes) for method in rule.methods}
    rows = [
        (f"`{method} {route.path}`", needs[str(route.path), method] or "none", _says(route))
        for route in sorted(iter_route_contexts(app.routes), key=lambda route: str(route.path))
        for method in sorted(route.methods or ())
    ]
    return table(("request", "scope", "what it does"), rows)


def _says(route: RouteContext) -> str:
    return " ".join(inspect.getdoc(route.endpoint).split()) if route.endpoint else ""


def refusals() -> str:
    """Every code that the interface itself may refuse with, and what the desk's mean there."""
    rows = [(f"`{code}`", str(status), sentence(code)) for code, status in _statuses()]
    return table(("code", "status", "what it means, and what to do"), rows)


def _statuses() -> Iterator[tuple[str, int]]:
    return iter(sorted((STATUS | STATUS_OF_REFUSAL).items(), key=lambda row: (row[1], row[0])))


def bounds() -> str:
    """What the door takes, as it is unless the settings say otherwise."""
    web = WebSettings()
    rows: tuple[tuple[str, str], ...] = (
        ("a body", f"{web.body_max:,} bytes, whole within {web.body_wait_ns // SECOND} s"),
        ("an address", f"{web.url_max:,} bytes"),
        ("headers", f"{web.header_lines_max} lines of {web.headers_max:,} bytes, whole within {HEADERS_WAIT_S:.0f} s"),
        ("an answer that is not read", f"is given up after {web.write_wait_ns // SECOND} s"),
        ("requests of one credential", _rate(web.per_credential)),
        ("requests of one address", _rate(web.per_address)),
        (
            "on their way to the desk at once",
            f"{LANES['answers']} answers, {LANES['halts']} halts, {LANES['acts']} others; more wait {WAIT_S:.0f} s",
        ),
        ("connections", f"{CONNECTIONS_MAX}"),
    )
    return table(("what", "how much"), rows)


def _rate(rate: Rate) -> str:
    return f"{rate.burst} at once, then {SECOND // rate.every_ns} a second"


HTTP_PARTS: Final[Mapping[str, Callable[[], Any]]] = {
    "http-operations": operations,
    "http-refusals": refusals,
    "http-bounds": bounds,
}
