"""The door of the console: every request passes here before anything else sees it.

The order is cheapest first and nothing is read for a stranger: form of the request, address, host, rate, credential,
scope, origin, then the body within its bound. What is refused gets the same answer everywhere; what breaks behind is
our fault, said as such, and written down without the words of the request.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assent.approval import CREDENTIAL_LOCKED, Access, AccessError, Refusal
from assent.console.guard import intake
from assent.console.guard.counts import NO_ROUTE, Counts, named
from assent.console.guard.credentials import CHALLENGE, brought
from assent.console.guard.headers import hardened
from assent.console.guard.people import Caller
from assent.console.guard.rates import Buckets, retry_after
from assent.console.guard.refusals import Refused
from assent.console.guard.routes import CONSOLE, Rule, Rules
from assent.console.guard.settings import WebSettings
from assent.console.guard.whence import SAFE, Whence, counted_as
from assent.console.logs import ACCESS, FAULT, where
from assent.console.seam import Clock
from assent.console.threads import Threads
from assent.model.text import shown
from assent.model.units import SECOND

CSRF_HEADER: Final = "x-csrf-token"
CSRF_FIELD: Final = "csrf"
# Files of the console itself: the same for everybody, so a browser may keep them.
STATIC: Final = f"{CONSOLE}/static/"

# Makes a refusal into a page, for a browser that wants one; None: the plain answer.
Render = Callable[[Scope, Refused], bytes | None]


class SlowReader(TimeoutError):
    """The client does not read its answer."""


@dataclass(slots=True)
class _Visit:
    """One request on its way: what is known of it so far, for the log and the answer."""

    begun_ts: int
    method: str
    address: str = "-"
    identity: str = "-"
    route: str = NO_ROUTE
    status: int = 0
    started: bool = False
    # How long until the head of the answer: an answer that goes on is not slow.
    took_ns: int = 0


class Guard:
    """ASGI in, ASGI out. `rules` is filled once all routes are known, before the first request."""

    def __init__(
        self, app: ASGIApp, *, access: Access, clock: Clock, settings: WebSettings, rules: Rules, counts: Counts,
        render: Render, threads: Threads,
    ) -> None:  # fmt: skip
        self._app = app
        self._access = access
        self._clock = clock
        self._settings = settings
        self._rules = rules
        self._counts = counts
        self._render = render
        self._threads = threads
        self._whence = Whence(settings)
        self._addresses = Buckets(settings.per_address)
        self._credentials = Buckets(settings.per_credential)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._visit(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        else:
            # No page of ours speaks by websocket, so whoever asks for one is not a page of ours.
            self._counts.refused("upgrade_refused")
            await send({"type": "websocket.close", "code": 1008})

    async def _visit(self, scope: Scope, receive: Receive, send: Send) -> None:
        visit = _Visit(self._clock.now(), scope["method"])
        answer = self._answer(scope, send, visit)
        try:
            body = await self._admit(scope, receive, visit)
            await self._app(scope, intake.replayed(body, receive), answer)
        except Refused as refused:
            await self._refuse(scope, answer, visit, refused)
        except intake.Gone:
            visit.status = 499
        except SlowReader:
            visit.status = 499  # the server closes what is left
        except Exception as error:  # boundary: whatever breaks behind the door becomes a code and words
            FAULT.error("console_fault %s %s %s", named(visit.method), visit.route, where(error))
            await self._refuse(scope, answer, visit, Refused("console_fault", "a fault of ours"))
        finally:
            self._counts.answered(visit.method, visit.route, visit.status, visit.took_ns)
            ACCESS.info(
                "%s %s %s %s %d %d us", visit.address, visit.identity, named(visit.method), visit.route, visit.status,
                visit.took_ns // 1_000,
            )  # fmt: skip

    async def _admit(self, scope: Scope, receive: Receive, visit: _Visit) -> bytes:
        """Let it in with its caller and its body, or refuse it."""
        settings, method, path = self._settings, scope["method"], scope["path"]
        intake.check_size(scope, settings)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        forwarded = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        address = self._whence.address((scope.get("client") or (None,))[0], forwarded)
        visit.address = str(address)
        host = self._whence.host(hosts)
        key = counted_as(address)
        _within(self._addresses.take(key, visit.begun_ts), "this address asks")
        intake.check_framing(scope["headers"])
        intake.check_path(scope)
        query = intake.query_of(scope)
        scope["assent.address"] = key
        caller = None if self._rules.is_open(method, path) else await self._caller(scope, key, visit)
        scope["assent.caller"] = caller
        if caller is not None:
            visit.identity = shown(caller.identity, 60)
            _within(self._credentials.take(caller.identity, visit.begun_ts), "this credential asks")
        rule = self._rules.find(method, path)
        visit.route = rule.path
        _check_scope(rule, caller)
        _check_query(rule, query)
        if caller is None or caller.channel == "web":
            self._check_site(rule, method, headers, host)
        body = await intake.read_body(receive, headers, settings)
        form = _check_body(method, path, body, headers)
        if caller is not None and caller.channel == "web" and method not in SAFE:
            _check_csrf(caller, headers.get(CSRF_HEADER) or form.get(CSRF_FIELD, ""))
        scope["assent.form"] = form
        return body

    async def _caller(self, scope: Scope, address: str, visit: _Visit) -> Caller:
        """Whoever the credential belongs to. Access looks into a file, so it is asked in a thread; wrong ones are
        counted there by the address they came from."""
        credential = brought(scope["headers"], self._settings)
        try:
            found = await self._threads.run(
                partial(self._access.check, credential.secret, visit.begun_ts, source=address)
            )
        except AccessError:
            raise Refused("credentials_unread", "the file of credentials cannot be read now") from None
        if isinstance(found, Refusal):
            if found.code == CREDENTIAL_LOCKED:
                wait = max(1, (found.until or 0) - visit.begun_ts)
                raise _later(found.code, "too many wrong credentials came from this address", wait)
            raise Refused("credential_refused", found.words, headers=CHALLENGE)
        return Caller(found, channel=credential.channel, credential=credential.secret)

    def _check_site(self, rule: Rule, method: str, headers: dict[str, str], host: str) -> None:
        """A browser sends cookies along whoever made it ask. Open files may be asked for by anybody."""
        if rule.scope is not None or method not in SAFE:
            self._whence.same_site(method, headers, host)

    def _answer(self, scope: Scope, send: Send, visit: _Visit) -> Send:
        """`send` with our headers on every answer and an end to waiting for one who does not read."""
        settings = self._settings

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                visit.status, visit.started = message["status"], True
                visit.took_ns = self._clock.now() - visit.begun_ts
                keeps = scope["path"].startswith(STATIC) and message["status"] == 200
                headers = hardened(list(message.get("headers", ())), secure=settings.secure, keeps=keeps)
                message = {**message, "headers": headers}
            try:
                async with asyncio.timeout(settings.write_wait_ns / SECOND):
                    await send(message)
            except TimeoutError:
                raise SlowReader from None

        return answer

    async def _refuse(self, scope: Scope, answer: Send, visit: _Visit, refused: Refused) -> None:
        """The one shape of a no. After the answer has begun there is nothing left to say."""
        self._counts.refused(refused.code)
        if visit.started:
            visit.status = refused.status
            return
        page = self._render(scope, refused) if scope["path"].startswith(CONSOLE) else None
        kind, body = (b"text/html; charset=utf-8", page) if page is not None else (b"application/json", refused.body)
        told = [(name.encode(), value.encode()) for name, value in refused.headers]
        length = (b"content-length", str(len(body)).encode())
        head = [(b"content-type", kind), length, *told]
        await answer({"type": "http.response.start", "status": refused.status, "headers": head})
        await answer({"type": "http.response.body", "body": body if scope["method"] != "HEAD" else b""})


def _within(wait_ns: int, who: str) -> None:
    if wait_ns:
        raise _later("rate_limited", f"{who} more often than is answered", wait_ns)


def _later(code: str, words: str, wait_ns: int) -> Refused:
    seconds = retry_after(wait_ns)
    return Refused(code, f"{words}; ask again in {seconds} s", headers=(("retry-after", seconds),))


def _check_scope(rule: Rule, caller: Caller | None) -> None:
    if rule.scope is not None and (caller is None or rule.scope not in caller.scopes):
        raise Refused("scope_refused", f"this needs the scope {rule.scope}, which the credential does not have")


def _check_query(rule: Rule, query: intake.Pairs) -> None:
    """A misspelt filter that is passed over in silence shows everything."""
    unknown = sorted(name for name, _ in query if rule.query is not None and name not in rule.query)
    if unknown:
        known = ", ".join(sorted(rule.query or ())) or "none"
        raise Refused("request_invalid", f"the query has no {shown(unknown[0], 40)} here; it knows: {known}")


def _check_body(method: str, path: str, body: bytes, headers: dict[str, str]) -> dict[str, str]:
    """That the body is of a kind that is read here; the fields, if it is a form."""
    if not body:
        return {}
    if method in SAFE:
        raise Refused("request_framing", f"a {method} request has no body")
    kind = intake.type_of(headers)
    if kind == intake.JSON:
        intake.check_json(body)
        return {}
    if kind == intake.FORM and path.startswith(CONSOLE):
        return intake.form_of(body)
    raise Refused("body_type", f"the body is sent as {shown(kind, 60) or 'nothing'}; {intake.JSON} is read here")


def _check_csrf(caller: Caller, given: str) -> None:
    """Only a page of ours knows what its session must send back."""
    if not caller.holder.sent_by_our_page(given):
        raise Refused("csrf_refused", "the request does not carry the token of its session's page")
