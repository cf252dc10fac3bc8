"""The description of the HTTP interface (OpenAPI), made from the routes and completed with what the guard adds.

Each operation says which scope it needs and every status that may come back. A refusal has one form everywhere. The
description names no address outside, and is itself for those who may look.
"""

from typing import Any, Final

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts

from assent.console.api.answering import JSON, kinds_of
from assent.console.asking import STATUS_OF_REFUSAL
from assent.console.guard.refusals import STATUS, Refusal
from assent.console.guard.routes import CONSOLE, Rule, Rules
from assent.model.reasons import sentence

# What any request may meet at the door, whatever it asks for.
ALWAYS: Final = (
    "request_framing", "request_path", "upgrade_refused", "token_in_url", "body_not_json", "address_refused",
    "method_refused", "body_late", "body_too_large", "url_too_long", "host_refused", "request_invalid", "rate_limited",
    "headers_too_large", "console_fault",
)  # fmt: skip
WITH_CREDENTIAL: Final = (
    "credential_missing", "credential_refused", "credential_locked", "credentials_unread", "scope_refused",
    "origin_refused", "csrf_refused",
)  # fmt: skip
WITH_BODY: Final = ("body_type",)
REFUSAL: Final = {JSON: {"schema": {"$ref": "#/components/schemas/Refusal"}}}
SCHEMES: Final = {
    "token": {"type": "http", "scheme": "bearer", "description": "A token from `assent web token new`."},
}
ABOUT: Final = (
    "Amounts are whole micros (millionths), shares whole parts per million, times whole nanoseconds UTC: nothing is"
    " rounded on the way. What is refused is answered with a code that never changes its meaning, what happened, and"
    " what to do."
)


def operation_name(route: APIRoute) -> str:
    """A short name of its own for each operation."""
    return route.name


def refuses(*codes: str) -> dict[int | str, dict[str, Any]]:
    """For a route's declaration: what it may be refused for besides what the door refuses."""
    by_status: dict[int | str, dict[str, Any]] = {}
    for code in codes:
        status = STATUS_OF_REFUSAL.get(code) or STATUS[code]
        words = " ".join((by_status.get(status, {}).get("description", ""), _words(code))).strip()
        by_status[status] = {"description": words}
    return by_status


def _words(code: str) -> str:
    return f"`{code}`: {sentence(code)}"


def described(app: FastAPI, rules: Rules) -> dict[str, Any]:
    """The whole description, made once."""
    if app.openapi_schema is None:
        routes = [route for route in iter_route_contexts(app.routes) if not _is_page(route)]
        schema = get_openapi(title=app.title, version=app.version, description=ABOUT, routes=routes)
        parts = schema.setdefault("components", {})
        schemas = parts.setdefault("schemas", {})
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        parts["securitySchemes"] = SCHEMES
        by_path = {(str(route.path), name.lower()): route for route in routes for name in route.methods or ()}
        shapes, found = msgspec.json.schema_components(_kinds(routes), ref_template="#/components/schemas/{name}")
        schemas.update(found)
        shape_of = dict(zip(_kinds(routes), shapes, strict=True))
        needs = {(rule.path, name.lower()): rule for rule in rules for name in rule.methods}
        for path, operations in schema["paths"].items():
            for method, operation in operations.items():
                _refusals(operation, needs[path, method])
                for status, kind in kinds_of(by_path[path, method].endpoint).items():
                    operation["responses"][str(status)]["content"] = {JSON: {"schema": shape_of[kind]}}
        app.openapi_schema = schema
    return app.openapi_schema


def _is_page(route: RouteContext) -> bool:
    return str(route.path).startswith(CONSOLE)


def _kinds(routes: list[RouteContext]) -> list[type[msgspec.Struct]]:
    """Every struct that is answered with, once each."""
    return list(dict.fromkeys([Refusal, *(kind for route in routes for kind in kinds_of(route.endpoint).values())]))


def _refusals(operation: dict[str, Any], rule: Rule) -> None:
    """Every status of a no, with its codes."""
    responses = operation["responses"]
    responses.pop("422", None)
    codes = [*ALWAYS, *(WITH_CREDENTIAL if rule.scope else ()), *(WITH_BODY if "requestBody" in operation else ())]
    if "{" in rule.path:
        codes.append("not_found")
    told: dict[int, list[str]] = {int(status): [] for status in responses if int(status) >= 400}
    for code in codes:
        told.setdefault(STATUS[code], []).append(code)
    for status in sorted(told):
        own = responses.get(str(status), {}).get("description", "")
        words = " ".join((own, *(_words(code) for code in told[status] if code not in own))).strip()
        responses[str(status)] = {"description": words, "content": REFUSAL}
        if status == 429:
            seconds = {"schema": {"type": "string", "pattern": "^[0-9]+$"}, "description": "Seconds to wait."}
            responses[str(status)]["headers"] = {"Retry-After": seconds}
    operation["security"] = [{"token": []}] if rule.scope else []
    operation["x-scope"] = rule.scope or "none"
