"""The table of all routes and what each needs, made once from the application itself.

A route that does not say whom it serves, or says it twice, or hides routes of its own (a mount) ends the start: a
forgotten check is found here, not by a stranger.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from fastapi.routing import APIRoute, RouteContext, iter_route_contexts

from assent.console.guard.people import NEEDS, ScopeName
from assent.console.guard.refusals import Refused
from assent.model.errors import require

CONSOLE = "/console"


@dataclass(frozen=True, slots=True)
class Rule:
    """One route. `query`: the names that its query may have; None where the route sees to that itself."""

    path: str
    pattern: re.Pattern[str]
    methods: frozenset[str]
    scope: ScopeName | None
    query: frozenset[str] | None


class Rules:
    """All routes in their order; the first whose pattern fits is meant."""

    def __init__(self, routes: Iterable[Any]) -> None:
        self._rules = tuple(_rule(context) for context in iter_route_contexts(list(routes)))
        self._open = tuple(rule for rule in self._rules if rule.scope is None)

    def __iter__(self) -> Iterator[Rule]:
        return iter(self._rules)

    def is_open(self, method: str, path: str) -> bool:
        """Whether this needs no credential."""
        return any(method in rule.methods and rule.pattern.match(path) for rule in self._open)

    def find(self, method: str, path: str) -> Rule:
        """The route that is meant; refused when there is none, or none for this method."""
        fitting = [rule for rule in self._rules if rule.pattern.match(path)]
        for rule in fitting:
            if method in rule.methods:
                return rule
        if fitting:
            allowed = ", ".join(sorted(frozenset().union(*(rule.methods for rule in fitting))))
            raise Refused("method_refused", f"this path takes {allowed}", headers=(("allow", allowed),))
        raise Refused("not_found", "there is nothing under this path")


def _rule(route: RouteContext) -> Rule:
    require(isinstance(route.original_route, APIRoute), "route_hides_what_it_serves", path=route.path)
    found = {call for call in _calls(route.dependant) if call in NEEDS}
    require(len(found) == 1, "route_says_not_whom_it_serves", path=route.path, says=len(found))
    path = str(route.path)
    query = None if path.startswith(CONSOLE) else frozenset(_query_names(route.dependant))
    return Rule(path, route.path_regex, frozenset(route.methods or ()), NEEDS[found.pop()], query)


def _calls(dependant: Any) -> Iterator[Any]:
    for each in dependant.dependencies:
        yield each.call
        yield from _calls(each)


def _query_names(dependant: Any) -> Iterator[str]:
    for field in dependant.query_params:
        yield field.alias
    for each in dependant.dependencies:
        yield from _query_names(each)
