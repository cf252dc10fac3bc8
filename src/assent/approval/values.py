"""What the room answers with: who somebody is, why not, and what is shown of tokens, sessions and second factors.

What is secret in one of these is left out of its picture, so that no log line and no traceback can carry it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Final

from assent.approval.errors import AccessAskedWrongly
from assent.model.text import shown

# What each scope allows. None contains another: who may approve and look has both.
SCOPES: Final = {
    "view": "look at everything: orders, positions, intents, the ledger, metrics",
    "approve": "say yes or no to an intent",
    "operate": "halt, resume, cancel, reconcile, close",
}

# Codes of what `check`, `redeem` and `check_factor` refuse.
CREDENTIAL_REFUSED: Final = "credential_refused"
CREDENTIAL_LOCKED: Final = "credential_locked"
FACTOR_MISSING: Final = "second_factor_missing"
FACTOR_WRONG: Final = "second_factor_wrong"
FACTOR_LOCKED: Final = "second_factor_locked"
FACTOR_REPLAYED: Final = "second_factor_replayed"

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_PERSON: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_IDENTITY: Final = re.compile(r"(os|token):([!-+\--<>-~]{1,64})")  # printable, but for space, comma and "="


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who showed a credential that holds. `session` is the text that a page of this session must send back."""

    identity: str
    scopes: frozenset[str]
    session: str | None = field(default=None, repr=False)

    def may(self, scope: str) -> bool:
        return scope in self.scopes

    def sent_by_our_page(self, given: object) -> bool:
        """Whether a form or request of a browser came from a page that we made for this very session."""
        if self.session is None or not isinstance(given, str):
            return False
        return compare_digest(given.encode("utf-8", "surrogatepass"), self.session.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why somebody is not let in. `until`: from then on it may be tried again, where that is what keeps them out."""

    code: str
    words: str
    until: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A browser's session, just begun. `secret` goes into its cookie and nowhere else; `csrf` into its pages."""

    secret: str = field(repr=False)
    csrf: str = field(repr=False)
    holder: Holder
    ends: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """A second factor, just made; shown once. `uri` is what a phone reads, `secret` what a person would type."""

    person: str
    uri: str = field(repr=False)
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenShown:
    """A token as a list may show it. `ends`: None lives until it is revoked. `old_ends`: a replaced secret lives on."""

    name: str
    scopes: frozenset[str]
    issued: int
    rotated: int | None
    ends: int | None
    old_ends: int | None
    used: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionShown:
    """A session as a list may show it."""

    identity: str
    scopes: frozenset[str]
    begun: int
    used: int
    ends: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorShown:
    """A person's second factor as a list may show it. `used`: the last step that was accepted began then."""

    person: str
    enrolled: int
    used: int | None
    locked_until: int | None


def require_name(name: object) -> str:
    """A token's name, which stands in lists, in the constitution and in the ledger: short, plain and lower case."""
    if not is_name(name):
        raise AccessAskedWrongly(
            f"{shown(name)} cannot be the name of a token",
            why="Such a name is read by people and compared by programs, so two that look alike must be alike",
            todo="Take 1 to 40 of a-z, 0-9, dot, dash and underscore, beginning with a letter or a digit",
        )
    return str(name)


def is_name(name: object) -> bool:
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def require_person(person: object) -> str:
    """A person as the constitution names one, or the identity of somebody whom it does not name."""
    if not is_person(person):
        raise AccessAskedWrongly(
            f"{shown(person)} cannot be the name of a person",
            why="A second factor belongs to somebody whom the constitution can name",
            todo="Give the name that stands in its `approvers`, or an identity such as os:ada",
        )
    return str(person)


def is_person(person: object) -> bool:
    return isinstance(person, str) and any(form.fullmatch(person) for form in (_PERSON, _IDENTITY))


def require_identity(identity: object) -> tuple[str, str | None]:
    """The identity, and the token's name where it is a token's."""
    found = _IDENTITY.fullmatch(identity) if isinstance(identity, str) else None
    if found is None:
        raise AccessAskedWrongly(
            f"{shown(identity)} is no identity",
            why="The constitution names approvers by exactly such texts",
            todo='Say "os:" and the name of a user of this machine, or "token:" and the name of a token',
        )
    return found[0], found[2] if found[1] == "token" else None


def require_scopes(scopes: Iterable[str]) -> frozenset[str]:
    found = frozenset(scopes)
    if not found or not found <= SCOPES.keys():
        wrong = sorted(map(str, found - SCOPES.keys()))
        raise AccessAskedWrongly(
            f"The scopes hold {shown(', '.join(wrong))}" if wrong else "No scope is given",
            why="A credential may do exactly what its scopes say",
            todo="Take one or several of: " + ", ".join(f"{name} ({what})" for name, what in SCOPES.items()),
        )
    return found


def written_scopes(scopes: frozenset[str]) -> str:
    """As the file holds them: in one order, so that each set has one spelling."""
    return " ".join(name for name in SCOPES if name in scopes)
