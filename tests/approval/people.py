"""Times, phones and answers for the tests of the room."""

import base64

from assent.approval import Access, Enrolment, Holder, Refusal, Session
from assent.approval.totp import code_at, step_of
from assent.model.units import SECOND

NOW = 1_800_000_000 * SECOND  # a step of the second factor begins exactly then


def phone(enrolment: Enrolment, now: int) -> str:
    """What the person's phone shows at that time."""
    return code_at(base64.b32decode(enrolment.secret), step_of(now))


def not_on(enrolment: Enrolment, now: int) -> str:
    """Digits that the phone shows neither now nor in the steps around."""
    shown = {phone(enrolment, now + around * 30 * SECOND) for around in (-1, 0, 1)}
    return next(digits for digits in ("000000", "111111", "222222", "333333") if digits not in shown)


def held(answer: Holder | Refusal) -> Holder:
    assert isinstance(answer, Holder), answer
    return answer


def refused(answer: object) -> Refusal:
    assert isinstance(answer, Refusal), answer
    return answer


def begun(answer: Session | Refusal) -> Session:
    assert isinstance(answer, Session), answer
    return answer


def signed_in(access: Access, identity: str, now: int = NOW, scopes: tuple[str, ...] = ("view",)) -> Session:
    return begun(access.redeem(access.offer_login(identity, scopes, now), now))
