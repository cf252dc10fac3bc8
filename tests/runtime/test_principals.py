"""Who asks over the control socket: the user at its other end, or the holder of a credential, and nobody else."""

import asyncio
import os
import pwd
import threading
from typing import Any

import pytest

from assent.approval.errors import AccessBusy
from assent.approval.values import Holder, Refusal
from assent.runtime.principals import (
    ALL,
    CREDENTIAL_MAX,
    NEEDED,
    WAITING_MAX,
    NotAdmitted,
    Principal,
    admit,
    os_identity,
    prove_factor,
)

NOW = 1_790_000_000_000_000_000
LOOKER = Holder(identity="token:tablet", scopes=frozenset(("view",)))
APPROVER = Holder(identity="token:phone", scopes=frozenset(("view", "approve")))


class Book:
    """Credentials and second factors, by heart."""

    holders = {"look": LOOKER, "yes": APPROVER}  # noqa: RUF012 - a test's own, never changed

    def check(self, secret: object, now: int, *, source: str | None = None) -> Holder | Refusal:
        if secret == "busy":
            raise AccessBusy("/desk/access.sqlite", "locked")
        return self.holders.get(str(secret), Refusal(code="credential_refused", words="nobody's"))

    def check_factor(self, person: object, digits: object, now: int) -> str | None:
        if digits == "busy":
            raise AccessBusy("/desk/access.sqlite", "locked")
        return None if (person, digits) == ("ada", "123456") else "second_factor_wrong"


def asked(request: dict[str, Any], *, uid: int | None = None, book: Book | None = None) -> Principal | NotAdmitted:
    return asyncio.run(admit(request, os.getuid() if uid is None else uid, book or Book(), NOW))


def test_who_comes_without_a_credential_is_the_user_at_the_other_end_and_may_do_everything() -> None:
    found = asked({"cmd": "approve"})
    assert found == Principal(f"os:{pwd.getpwuid(os.getuid()).pw_name}", ALL)


def test_a_user_whom_the_system_does_not_know_has_a_number() -> None:
    assert os_identity(4_000_000) == "os:4000000"
    assert asked({"cmd": "halt"}, uid=4_000_000) == Principal("os:4000000", ALL)


@pytest.mark.parametrize("channel", ["web", "api"])
def test_a_page_without_a_credential_is_nobody(channel: str) -> None:
    found = asked({"cmd": "status", "channel": channel})
    assert isinstance(found, NotAdmitted)
    assert found.code == "credential_refused"


def test_a_credential_is_its_holder_whoever_runs_the_process_that_passes_it_on() -> None:
    assert asked({"cmd": "approve", "credential": "yes"}) == Principal("token:phone", APPROVER.scopes)


@pytest.mark.parametrize("secret", ["", "wrong", 7, None, ["yes"], "x" * (CREDENTIAL_MAX + 1)])
def test_what_is_no_credential_lets_nobody_in(secret: object) -> None:
    found = asked({"cmd": "status", "credential": secret, "channel": "web"})
    assert isinstance(found, NotAdmitted)
    assert found.code == "credential_refused"


@pytest.mark.parametrize("cmd", [*NEEDED, "halt", "resume", "cancel", "resolve", "close", "accept", "made up", None])
def test_each_act_takes_its_scope_and_what_is_not_listed_takes_the_most(cmd: str | None) -> None:
    needed = NEEDED.get(str(cmd), "operate")
    for secret, holder in Book.holders.items():
        found = asked({"cmd": cmd, "credential": secret})
        if needed in holder.scopes:
            assert isinstance(found, Principal)
        else:
            assert isinstance(found, NotAdmitted)
            assert found.code == "scope_refused"


def test_a_book_of_credentials_that_cannot_be_read_lets_nobody_in() -> None:
    found = asked({"cmd": "status", "credential": "busy"})
    assert isinstance(found, NotAdmitted)
    assert found.code == "credential_refused"


@pytest.mark.parametrize(
    ("person", "digits", "code"),
    [
        ("ada", "123456", None),
        ("ada", "123457", "second_factor_wrong"),
        ("ben", "123456", "second_factor_wrong"),
        ("ada", "busy", "second_factor_wrong"),
    ],
)
def test_a_second_factor_is_one_persons(person: str, digits: str, code: str | None) -> None:
    fault = asyncio.run(prove_factor(person, digits, Book(), NOW))
    assert (fault.code if fault else None) == code


def test_where_no_second_factor_was_ever_enrolled_none_is_proven() -> None:
    fault = asyncio.run(prove_factor("ada", "123456", None, NOW))
    assert fault is not None
    assert fault.code == "second_factor_missing"


class Held(Book):
    """While the file is held by another process whoever proves a second factor waits."""

    def __init__(self) -> None:
        self.free = threading.Event()

    def check_factor(self, person: object, digits: object, now: int) -> str | None:
        assert self.free.wait(30)
        return super().check_factor(person, digits, now)


def test_a_crowd_of_second_factors_keeps_no_credential_and_no_name_of_a_venue_waiting() -> None:
    async def main() -> tuple[Any, list[NotAdmitted | None]]:
        book = Held()
        crowd = [asyncio.create_task(prove_factor("ada", "000000", book, NOW)) for _ in range(WAITING_MAX)]
        await asyncio.sleep(0)
        late = await asyncio.wait_for(prove_factor("ada", "123456", book, NOW), 10)
        assert late is not None
        assert "ask again" in late.words
        found = await asyncio.wait_for(admit({"cmd": "status", "credential": "look"}, None, book, NOW), 10)
        await asyncio.wait_for(asyncio.to_thread(book.free.is_set), 10)
        book.free.set()
        return found, await asyncio.gather(*crowd)

    found, crowd = asyncio.run(main())
    assert found == Principal("token:tablet", frozenset(("view",)))
    assert {fault.code for fault in crowd if fault} == {"second_factor_wrong"}
    assert asyncio.run(prove_factor("ada", "123456", Book(), NOW)) is None
