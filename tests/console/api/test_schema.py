"""The interface against its own description: every operation, with what it takes and with what it does not.

No request brings about a fault of ours, an answer that is not described, or anything at all without the credential for
it. `ASSENT_API_EXAMPLES` asks for more than the few examples of each kind that every run draws.
"""

import itertools
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks
from tests.console.reading.ledgers import write_world
from tests.console.serving import Served, serving
from tests.console.support import SCOPES, Console, make_console, read_whole, refusal

from assent.approval import access, lockout

EXAMPLES = int(os.environ.get("ASSENT_API_EXAMPLES", "3"))
# What the desk answers in turn: to an answer of people, and to an act.
TO_ANSWERS = (
    {"ok": True, "facts": ["AssentGiven"], "came_to": "released", "order_id": "o-1"},
    {"ok": True, "facts": ["AssentGiven"], "came_to": "waiting", "given": 1, "needed": 2},
    refusal("assent_unknown"),
    {"ok": True, "facts": [], "came_to": "skipped", "reason": "skipped_edge", "detail": "the edge is gone"},
    refusal("assent_twice"),
    refusal("second_factor_wrong"),
)
TO_ACTS = (
    {"ok": True, "facts": ["HaltCleared"]},
    {"ok": True, "facts": [], "note": "nothing changed: it was so already"},
    {"ok": False, "refused": True, "error": "operator: no halt of that cause stands"},
    refusal("second_factor_missing"),
)
# By which statuses data is refused that is not as described.
REFUSING = ["400", "401", "403", "404", "405", "409", "413", "414", "415", "422", "431"]
CONFIG = {"checks": {"negative_data_rejection": {"expected-statuses": REFUSING}}}
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.positive_data_acceptance,
    checks.missing_required_header,
    checks.unsupported_method,
    checks.ignored_auth,
]


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    folder: Path = tmp_path_factory.mktemp("console")
    console = make_console(folder, tail=read_whole(write_world(folder / "l.sqlite", 3, 600)))
    answers, acts = itertools.cycle(TO_ANSWERS), itertools.cycle(TO_ACTS)

    async def ask(request: Mapping[str, Any]) -> Any:
        return next(answers if request["cmd"] in ("approve", "reject") else acts)

    console.app.state.asking._ask = ask
    with pytest.MonkeyPatch.context() as patch:
        # Wrong credentials are what is tried here, so nobody is locked out for them.
        patch.setattr(access, "SOURCE", replace(lockout.SOURCE, tries=1_000_000))
        yield console


@pytest.fixture(scope="module")
def served(console: Console) -> Iterator[Served]:
    with serving(console) as found:
        yield found


@pytest.fixture(scope="module")
def operations(console: Console) -> dict[GenerationMode, list[Any]]:
    """Every operation. Where what is wrong is drawn the credential is left out of the description: it is added to
    each request, so that one that lacks it is never sent."""
    told = console.get("/openapi.json").json()
    without = json.loads(json.dumps(told))
    for methods in without["paths"].values():
        for operation in methods.values():
            operation["security"] = []
    found = {GenerationMode.POSITIVE: _operations(told), GenerationMode.NEGATIVE: _operations(without)}
    assert {len(each) for each in found.values()} == {sum(len(rule.methods) for rule in console.app.state.rules)}
    return found


def _operations(told: dict[str, Any]) -> list[Any]:
    schema = schemathesis.openapi.from_dict(told, config=schemathesis.Config.from_dict(CONFIG))
    return [result.ok() for result in schema.get_all_operations()]


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("token", [*SCOPES, "all"])
def test_with_a_token_every_operation_keeps_to_its_description(
    console: Console, served: Served, operations: dict[GenerationMode, list[Any]], token: str, mode: GenerationMode
) -> None:
    headers = {"Authorization": f"Bearer {console.tokens[token]}"}
    answered = []
    with requests.Session() as session:

        def try_it(case: Case) -> None:
            answer = case.call_and_validate(
                base_url=served.base, headers=headers, session=session, checks=CHECKS, timeout=10
            )
            answered.append(answer.status_code)

        for operation in operations[mode]:
            each_case(operation, mode, try_it)
    assert len(set(answered)) > 1
    assert (mode is GenerationMode.POSITIVE) <= (200 in answered)


def test_without_a_token_every_operation_but_health_is_refused_whatever_comes(
    served: Served, operations: dict[GenerationMode, list[Any]]
) -> None:
    with requests.Session() as session:

        def try_it(case: Case) -> None:
            answer = case.call(base_url=served.base, session=session, timeout=10)
            case.validate_response(answer, checks=CHECKS[:5])
            assert case.path.startswith("/health") or 400 <= answer.status_code < 500

        for mode in GenerationMode:
            for operation in operations[mode]:
                each_case(operation, mode, try_it)


def each_case(operation: Any, mode: GenerationMode, try_it: Any) -> None:
    """As many cases of this kind as are asked for; none where the operation takes nothing that could be wrong."""
    if mode is GenerationMode.NEGATIVE and not list(operation.iter_parameters()) and not operation.body:
        return
    kind = operation.as_strategy(generation_mode=mode)
    drawn = settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), database=None)
    drawn(given(kind)(try_it))()
