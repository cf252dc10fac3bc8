"""What the page on the HTTP interface says about the code: every operation, and every code with its status."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from docs.markers import table
from fastapi import FastAPI
from fastapi.routing import RouteContext, iter_route_contexts

from assent.console.api import routers
from assent.console.api.answering import JSON
from assent.console.api.described import described
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


def requests() -> str:
    """What each request may or must say, and every status that it may be answered with, from the description."""
    guarded = [_bad(operation) for _, _, operation in _described() if operation["security"]]
    always = sorted(set.intersection(*guarded))
    rows = []
    for path, method, operation in _described():
        said = [_parameter(one) for one in operation.get("parameters", ()) if one["in"] == "query"]
        body = operation.get("requestBody", {}).get("content", {}).get(JSON, {}).get("schema", {})
        said += _fields(body.get("$ref", "").rpartition("/")[2])
        good = [_answer(status, told) for status, told in operation["responses"].items() if int(status) < 400]
        own = sorted(_bad(operation) - set(always))
        rows.append((f"`{method.upper()} {path}`", "<br>".join(said), ", ".join(good), ", ".join(own)))
    head = ("request", "parameters and fields", "answers", "refused besides with")
    return f"Whatever takes a token may be refused with {', '.join(always)}.\n\n{table(head, rows)}"


def _bad(operation: Mapping[str, Any]) -> set[str]:
    return {status for status in operation["responses"] if int(status) >= 400}


def answers() -> str:
    """The fields of each answer, and of the rows in it."""
    schemas = _description()["components"]["schemas"]
    kinds = {_name(told) for _, _, operation in _described() for told in operation["responses"].values()} - {""}
    inside = {name for kind in kinds for name in _inside(schemas[kind]) if "properties" in schemas[name]} - kinds
    rows = [(f"`{name}`", _names(schemas[name])) for name in (*sorted(kinds), *sorted(inside))]
    return table(("answer, or part of one", "its fields"), rows)


def _names(schema: Mapping[str, Any]) -> str:
    return ", ".join(f"`{field}`" for field in schema["properties"])


def _description() -> dict[str, Any]:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    for router in routers():
        app.include_router(router)
    return described(app, Rules(app.routes))


def _described() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, operations in sorted(_description()["paths"].items()):
        for method, operation in sorted(operations.items()):
            yield path, method, operation


def _parameter(one: Mapping[str, Any]) -> str:
    return f"`?{one['name']}` {_words(one['schema'])}{', must be there' if one.get('required') else ''}"


def _fields(name: str) -> list[str]:
    """The fields of a body."""
    if not name:
        return []
    schema = _description()["components"]["schemas"][name]
    must = schema.get("required", ())
    return [
        f"`{field}` {_words(told)}{', must be there' if field in must else ''}"
        for field, told in schema["properties"].items()
    ]


def _words(schema: Mapping[str, Any]) -> str:
    """What a value may be, in a few words."""
    choices = [one for one in schema.get("anyOf", (schema,)) if one.get("type") != "null"]
    (one,) = choices
    allowed = schema.get("enum") or one.get("enum")
    if allowed:
        return " ".join(str(word) for word in allowed)
    if one["type"] == "integer":
        return f"{one['minimum']:,} to {one['maximum']:,}"
    most = one.get("maxLength")
    kind = str(one["type"]).replace("string", "text")
    return f"{kind}, at most {most}" if most else kind


def _answer(status: str, told: Mapping[str, Any]) -> str:
    name = _name(told)
    return f"{status} `{name}`" if name else status


def _name(told: Mapping[str, Any]) -> str:
    return str(told.get("content", {}).get(JSON, {}).get("schema", {}).get("$ref", "")).rpartition("/")[2]


def _inside(schema: Mapping[str, Any]) -> Iterator[str]:
    """The kinds of rows that an answer holds, one level down."""
    for field in schema.get("properties", {}).values():
        for one in (field, field.get("items", {}), *field.get("anyOf", ())):
            if "$ref" in one:
                yield one["$ref"].rpartition("/")[2]


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
            _lanes(),
        ),
        ("connections", f"{CONNECTIONS_MAX}"),
    )
    return table(("what", "how much"), rows)


def _rate(rate: Rate) -> str:
    return f"{rate.burst} at once, then {SECOND // rate.every_ns} a second"


HTTP_PARTS: Final[Mapping[str, Callable[[], Any]]] = {
    "http-operations": operations,
    "http-requests": requests,
    "http-answers": answers,
    "http-refusals": refusals,
    "http-bounds": bounds,
}


def _lanes() -> str:
    """How many requests of each kind are on their way to the desk at once."""
    kinds = {"answers": "yeses", "noes": "noes", "cancels": "cancels", "halts": "halts", "acts": "others"}
    counts = ", ".join(f"{LANES[lane]} {kind}" for lane, kind in kinds.items())
    return f"{counts}; more wait {WAIT_S:.0f} s"
