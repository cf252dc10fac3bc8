"""Whatever people do, in whatever order, through either process: the room answers as a simple model of it says.

The model keeps secrets in plain lists and works out from nothing but times who must be let in.
"""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule
from tests.approval.people import NOW

from assent.approval import Access, AccessError, Holder, Session
from assent.model.units import DAY, HOUR, MINUTE

LOGIN = 3 * MINUTE
IDLE = 30 * MINUTE
LIFE = 12 * HOUR
FOREVER = 1 << 62
EACH_MAX = 10
NAMES = st.sampled_from(["a", "b"])
PEOPLE = st.sampled_from(["os:ada", "token:a", "token:b"])
PROCESSES = st.integers(0, 1)


@dataclass(eq=False)
class Known:
    """A secret that somebody was given, and until when it must hold."""

    text: str
    identity: str
    ends: int
    used: int = 0
    idle: int = FOREVER

    def holds(self, now: int) -> bool:
        return now < self.ends and now - self.used < self.idle

    def end_by(self, at: int) -> None:
        self.ends = min(self.ends, at)


@dataclass(eq=False)
class Token:
    """A token, its secrets from the oldest to the newest, and what came from it."""

    life: int | None
    secrets: list[Known] = field(default_factory=list)
    children: list[Known] = field(default_factory=list)

    def first_end(self, now: int) -> int | None:
        """When what comes from it now must end; None where nothing can come from it any more."""
        return min((secret.ends for secret in self.secrets if secret.holds(now)), default=None)


class Room(RuleBasedStateMachine):
    known = Bundle("known")
    codes = Bundle("codes")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.place = Path(self.folder.name) / "access.sqlite"
        self.processes = [Access.open(self.place), Access.open(self.place)]
        self.now = NOW
        self.tokens: dict[str, Token] = {}
        self.sessions: list[Known] = []
        self.open_codes: list[Known] = []

    def teardown(self) -> None:
        for access in self.processes:
            access.close()
        self.folder.cleanup()

    # ------------------------------------------------------------------------------------------------ tokens

    @rule(target=known, by=PROCESSES, name=NAMES, life=st.sampled_from([None, MINUTE, 10 * MINUTE, HOUR, DAY]))
    def issue(self, by: int, name: str, life: int | None):  # type: ignore[no-untyped-def]
        there = self.tokens.get(name)
        try:
            text = self.processes[by].issue(name, ["view"], self.now, life_ns=life)
        except AccessError:
            assert there is not None
            assert there.first_end(self.now) is not None
            return multiple()
        assert there is None or there.first_end(self.now) is None
        self.tokens[name] = Token(life)
        return self._new_secret(name, text)

    @rule(target=known, by=PROCESSES, name=NAMES, overlap=st.sampled_from([0, 0, MINUTE, 5 * MINUTE, HOUR]))
    def rotate(self, by: int, name: str, overlap: int):  # type: ignore[no-untyped-def]
        try:
            text = self.processes[by].rotate(name, self.now, overlap_ns=overlap)
        except AccessError:
            assert name not in self.tokens
            return multiple()
        token = self.tokens[name]
        for older in token.secrets[:-1]:
            older.end_by(self.now)
        for what in (*token.secrets, *token.children):
            what.end_by(self.now + overlap)
        return self._new_secret(name, text)

    @rule(by=PROCESSES, name=NAMES)
    def revoke(self, by: int, name: str) -> None:
        try:
            self.processes[by].revoke(name)
        except AccessError:
            assert name not in self.tokens
            return
        token = self.tokens.pop(name)
        for what in (*token.secrets, *token.children):
            what.end_by(self.now)

    def _new_secret(self, name: str, text: str) -> Known:
        token = self.tokens[name]
        ends = FOREVER if token.life is None else self.now + token.life
        token.secrets.append(Known(text, f"token:{name}", ends))
        return token.secrets[-1]

    # ---------------------------------------------------------------------------------------------- sessions

    @rule(target=codes, by=PROCESSES, identity=PEOPLE)
    def offer(self, by: int, identity: str):  # type: ignore[no-untyped-def]
        if sum(code.identity == identity for code in self.open_codes) >= EACH_MAX:
            return multiple()  # who gives way then has a test of its own
        ends = self._capped(identity, self.now + LOGIN)
        try:
            text = self.processes[by].offer_login(identity, ["view"], self.now)
        except AccessError:
            assert ends is None
            return multiple()
        assert ends is not None
        code = Known(text, identity, ends)
        self.open_codes.append(code)
        self._came_from(identity, code)
        return code

    @rule(target=known, by=PROCESSES, code=codes)
    def redeem(self, by: int, code: Known):  # type: ignore[no-untyped-def]
        answer = self.processes[by].redeem(code.text, self.now)
        assert isinstance(answer, Session) == code.holds(self.now)
        code.end_by(self.now)
        if not isinstance(answer, Session):
            return multiple()
        ends = self._capped(code.identity, self.now + LIFE)
        assert answer.ends == ends
        session = Known(answer.secret, code.identity, answer.ends, self.now, IDLE)
        self.sessions.append(session)
        self._came_from(code.identity, session)
        return session

    @rule(by=PROCESSES, secret=known)
    def end_session(self, by: int, secret: Known) -> None:
        self.processes[by].end_session(secret.text)
        if secret in self.sessions:
            secret.end_by(self.now)

    @rule(by=PROCESSES, identity=st.none() | PEOPLE)
    def end_all(self, by: int, identity: str | None) -> None:
        self.processes[by].end_all(identity)
        for what in (*self.sessions, *self.open_codes):
            if identity in (None, what.identity):
                what.end_by(self.now)
        self.open_codes = [code for code in self.open_codes if identity not in (None, code.identity)]

    def _token_of(self, identity: str) -> Token | None:
        return self.tokens.get(identity.removeprefix("token:"))

    def _capped(self, identity: str, ends: int) -> int | None:
        if identity.startswith("os:"):
            return ends
        token = self._token_of(identity)
        first = None if token is None else token.first_end(self.now)
        return None if first is None else min(ends, first)

    def _came_from(self, identity: str, what: Known) -> None:
        token = self._token_of(identity)
        if token is not None:
            token.children.append(what)

    # ---------------------------------------------------------------------------------------------- the world

    @rule(span=st.sampled_from([1, 2, 3, 5, 9, 29, 30, 60, 6 * 60]))
    def time_passes(self, span: int) -> None:
        self.now += span * MINUTE

    @rule(by=PROCESSES)
    def restart(self, by: int) -> None:
        self.processes[by].close()
        self.processes[by] = Access.open(self.place)

    @rule(by=PROCESSES, secret=known)
    def check(self, by: int, secret: Known) -> None:
        answer = self.processes[by].check(secret.text, self.now)
        assert isinstance(answer, Holder) == secret.holds(self.now)
        if isinstance(answer, Holder):
            assert answer.identity == secret.identity
            secret.used = self.now
        else:
            secret.ends = 0

    @invariant()
    def the_list_of_sessions_is_who_is_let_in(self) -> None:
        shown = [session.identity for session in self.processes[0].sessions(self.now)]
        assert shown == sorted(session.identity for session in self.sessions if session.holds(self.now))


TestRoom = Room.TestCase
TestRoom.settings = settings(max_examples=50, stateful_step_count=40)
