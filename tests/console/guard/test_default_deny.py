"""Nothing is open that does not say so: every route, every method, every credential that is not one."""

import re
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI
from starlette.staticfiles import StaticFiles
from tests.console.support import SCOPES, Console, make_console

from assent.console.guard.people import anyone, operator, viewer
from assent.console.guard.routes import Rule, Rules
from assent.model.errors import InvariantBroken

# The whole list of what needs no credential: health, and the way in.
OPEN = {
    "/health", "/health/live", "/health/ready", "/", "/console", "/console/sign-in", "/console/static/{folder}/{name}",
}  # fmt: skip


@pytest.fixture
def console(tmp_path: Path) -> Console:
    """With everything that is served."""
    return make_console(tmp_path, with_pages=True)


def rules_of(console: Console) -> list[Rule]:
    return list(console.app.state.rules)


def address_of(rule: Rule) -> str:
    """A path that the rule fits."""
    known = {"seq": "1", "cause": "operator", "page": "overview"}
    return re.sub(r"\{(\w+)\}", lambda part: known.get(part[1], "i-0123456789abcdef"), rule.path)


def test_what_needs_no_credential_is_this_and_nothing_else(console: Console) -> None:
    assert {rule.path for rule in rules_of(console) if rule.scope is None} == OPEN


def test_every_other_route_is_closed_to_whoever_brings_no_credential(console: Console) -> None:
    walked = 0
    for rule in rules_of(console):
        for method in rule.methods:
            answer = console.ask(method, address_of(rule))
            walked += 1
            if rule.path not in OPEN:
                assert (answer.status_code, answer.json()["code"]) == (401, "credential_missing"), rule.path
                assert answer.headers["www-authenticate"].startswith("Bearer")
    assert walked > 45


@pytest.mark.parametrize("scope", SCOPES)
def test_every_route_is_closed_to_a_credential_without_its_scope(console: Console, scope: str) -> None:
    closed = [rule for rule in rules_of(console) if rule.scope not in (None, scope)]
    assert closed
    for rule in closed:
        for method in rule.methods:
            answer = console.ask(method, address_of(rule), token=scope)
            assert (answer.status_code, answer.json()["code"]) == (403, "scope_refused"), rule.path
    assert console.desk.asked == []


def test_who_may_only_look_can_change_nothing_but_what_is_their_own(console: Console) -> None:
    changing = [rule for rule in rules_of(console) if rule.methods - {"GET"}]
    others = {rule.path for rule in changing if rule.scope not in ("approve", "operate")}
    assert len(changing) > len(others)
    assert others == {"/console/sign-in", "/console/sign-out", "/console/theme"}


def test_a_path_that_is_not_there_is_not_told_to_a_stranger(console: Console) -> None:
    assert console.ask("GET", "/nothing").status_code == 401
    assert console.get("/nothing").json()["code"] == "not_found"


@pytest.mark.parametrize("word", ["Basic YTpi", "Bearer", "Bearer ", "bearer a b c", "Bearer short", "Token x" * 9])
def test_what_is_no_bearer_token_opens_nothing(console: Console, word: str) -> None:
    answer = console.ask("GET", "/status", headers={"authorization": word})
    assert (answer.status_code, answer.json()["code"]) == (401, "credential_missing")


def test_two_credentials_are_none(console: Console) -> None:
    twice = [("authorization", f"Bearer {console.tokens['view']}")] * 2
    assert console.ask("GET", "/status", headers=twice).json()["code"] == "credential_missing"


def test_a_token_that_was_revoked_opens_nothing_from_that_moment(console: Console) -> None:
    assert console.get("/openapi.json").status_code == 200
    console.access.revoke("view")
    assert console.get("/openapi.json").json()["code"] == "credential_refused"


def test_wrong_credentials_lock_out_what_is_wrong_from_their_address_and_nothing_else(console: Console) -> None:
    def guess(number: int, address: str) -> Any:
        wrong = f"assent_token_{number:043d}"
        return console.ask("GET", "/status", headers={"authorization": f"Bearer {wrong}"}, address=address)

    assert [guess(n, "127.0.0.1").status_code for n in range(10)] == [401] * 10
    locked = guess(10, "127.0.0.1")
    assert (locked.status_code, locked.json()["code"]) == (429, "credential_locked")
    assert int(locked.headers["retry-after"]) == 15 * 60
    assert guess(11, "127.0.0.2").status_code == 401
    assert console.get("/openapi.json", address="127.0.0.1").status_code == 200, "the owner is at the same machine"


def test_a_credential_that_cannot_be_looked_up_lets_nobody_in(console: Console) -> None:
    console.access.close()
    answer = console.get("/openapi.json")
    assert (answer.status_code, answer.json()["code"]) == (503, "credentials_unread")


def _routers(**routes: Any) -> tuple[APIRouter, ...]:
    router = APIRouter()
    for path, dependencies in routes.items():

        async def endpoint() -> dict[str, str]:
            return {}

        router.add_api_route(f"/{path}", endpoint, dependencies=[Depends(one) for one in dependencies], name=path)
    return (router,)


def test_a_route_that_does_not_say_whom_it_serves_ends_the_start(tmp_path: Path) -> None:
    with pytest.raises(InvariantBroken, match=r"route_says_not_whom_it_serves.*/forgotten"):
        make_console(tmp_path, routers=_routers(forgotten=()))


def test_a_route_that_says_two_things_ends_the_start(tmp_path: Path) -> None:
    with pytest.raises(InvariantBroken, match=r"route_says_not_whom_it_serves.*/undecided"):
        make_console(tmp_path, routers=_routers(undecided=(viewer, operator)))
    with pytest.raises(InvariantBroken, match="route_says_not_whom_it_serves"):
        Rules([*_app_with(anyone, viewer).routes])


def _app_with(*dependencies: Any) -> FastAPI:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(_routers(mixed=dependencies)[0])
    return app


def test_a_mount_hides_what_it_serves_and_ends_the_start(tmp_path: Path) -> None:
    app = _app_with(viewer)
    app.mount("/files", StaticFiles(directory=tmp_path))
    with pytest.raises(InvariantBroken, match="route_hides_what_it_serves"):
        Rules(app.routes)


def test_a_route_that_is_added_after_the_start_stays_closed(console: Console) -> None:
    @console.app.get("/late")
    async def late() -> dict[str, str]:
        return {"secret": "told"}

    assert console.ask("GET", "/late").status_code == 401
    assert console.get("/late", token="all").json()["code"] == "not_found"


def test_a_dependency_of_a_dependency_says_it_too(tmp_path: Path) -> None:
    async def deep(_caller: Annotated[Any, Depends(viewer)]) -> None:
        return None

    console = make_console(tmp_path, routers=_routers(deep=(deep,)))
    assert console.ask("GET", "/deep").status_code == 401
    assert console.get("/deep", token="operate").status_code == 403
    assert console.get("/deep").status_code == 200
