"""No secret can be read from the file, from what is shown, or from what goes wrong."""

import hashlib
import traceback
from pathlib import Path

import pytest
from tests.approval.people import NOW, begun, held, not_on, phone, refused

from assent.approval import SCOPES, Access, AccessError


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


def variants(secret: str) -> list[bytes]:
    """The secret and its random part, as text and as UTF-16."""
    return [form for text in (secret, secret[-43:]) for form in (text.encode(), text.encode("utf-16-le"))]


def test_the_file_holds_no_secret_that_opens_anything(access: Access, place: Path) -> None:
    secrets = [access.issue(f"t{n}", list(SCOPES), NOW) for n in range(20)]
    secrets += [access.rotate(f"t{n}", NOW, overlap_ns=n) for n in range(20)]
    codes = [access.offer_login("os:ada", ["view"], NOW) for _ in range(8)]
    sessions = [begun(access.redeem(code, NOW)) for code in codes[:4]]
    secrets += codes + [session.secret for session in sessions]
    for secret in secrets:
        access.check(secret, NOW, source="192.0.2.1")
    for turn in range(2):
        found = bytes_of(place.parent)
        assert b"192.0.2.1" in found, "the search itself finds what is there"
        assert not [secret for secret in secrets if any(form in found for form in variants(secret))]
        for session in sessions:
            assert session.csrf.encode() not in found
            assert bytes.fromhex(session.csrf) not in found
        if not turn:
            access.close()


def test_a_mistaken_secret_is_not_kept_and_neither_is_its_hash(access: Access, place: Path) -> None:
    for mistake in ("correct horse battery staple", "hunter2", "assent_token_" + "x" * 43):
        refused(access.check(mistake, NOW, source="192.0.2.1"))
        found = bytes_of(place.parent)
        assert mistake.encode() not in found
        assert hashlib.sha256(mistake.encode()).digest()[:3] not in found


def test_wrong_digits_are_not_kept(access: Access, place: Path) -> None:
    ada = access.enrol("ada", NOW)
    digits = not_on(ada, NOW)
    access.check_factor("ada", "tell-tale", NOW)
    access.check_factor("ada", digits, NOW)
    access.check_factor("ada", phone(ada, NOW), NOW)
    assert b"tell-tale" not in bytes_of(place.parent)


def test_a_seed_is_in_the_file_until_it_is_forgotten_and_then_nowhere(place: Path) -> None:
    drawn = iter([b"seed-of-ada-20-bytes", b"seed-of-bob-20-bytes"])
    access = Access.open(place, chance=lambda _: next(drawn))
    access.enrol("ada", NOW)
    access.enrol("bob", NOW)
    assert b"seed-of-ada" in bytes_of(place.parent)
    access.forget_factor("ada")
    found = bytes_of(place.parent)
    assert b"seed-of-ada" not in found
    assert b"seed-of-bob" in found


def test_no_picture_of_anything_holds_a_secret(access: Access) -> None:
    token = access.issue("t", list(SCOPES), NOW)
    code = access.offer_login("token:t", ["view", "approve"], NOW)
    session = begun(access.redeem(code, NOW))
    enrolment = access.enrol("ada", NOW)
    things = [
        access, session, enrolment, held(access.check(token, NOW)), held(access.check(session.secret, NOW)),
        refused(access.check(token + "x", NOW)), refused(access.redeem(code, NOW)),
        access.tokens(), access.sessions(NOW), access.factors(NOW),
    ]  # fmt: skip
    pictures = "\n".join(f"{thing!r}\n{thing}\n{thing:}" for thing in things)
    secrets = [token, code, session.secret, session.csrf, enrolment.secret, enrolment.uri]
    assert not [secret for secret in secrets if secret in pictures or secret[-20:] in pictures]


def test_no_error_holds_a_secret(access: Access, place: Path) -> None:
    token = access.issue("t", ["view"], NOW)
    code = access.offer_login("os:ada", ["view"], NOW)
    session = begun(access.redeem(code, NOW))
    ada = access.enrol("ada", NOW)
    place.chmod(0o644)
    acts = [
        lambda: access.check(token, NOW), lambda: access.check(session.secret, NOW, source="x"),
        lambda: access.redeem(code, NOW), lambda: access.end_session(session.secret),
        lambda: access.check_factor("ada", phone(ada, NOW), NOW),
    ]  # fmt: skip
    for act in acts:
        with pytest.raises(AccessError) as error:
            act()
        told = "".join(traceback.format_exception(error.value))
        assert not [s for s in (token, code, session.secret, session.csrf, ada.secret) if s in told]
