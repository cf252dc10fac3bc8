"""No secret is ever where it is not meant to be: a whole session at work and in trouble, and a search through it.

Every secret that a desk knows is taken as a canary, in each form in which it might have been written down. Then a live
desk trades, asks, is answered, refuses and is broken on purpose; whatever file, page, answer, line or process is left
of that is searched. The search proves itself on what it must find.
"""

import base64
import io
import json
import os
import re
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from tests.browser.whole import SECRET, Question, Whole, the_whole, until
from tests.console.support import make_console
from tests.live.box import assent

from assent.cli.main import main

PART_MIN = 12
PAGES = (
    "", "approvals", "orders", "positions", "intents", "halts", "ledger", "constitution", "health", "keys",
    "figures/equity",
)  # fmt: skip
ANSWERS = (
    "/status", "/intents", "/orders", "/positions", "/exposure", "/halts", "/constitution", "/ledger", "/metrics",
    "/health", "/openapi.json", "/nothing",
)  # fmt: skip
COMMANDS = (
    ("status", "--json"), ("intents", "--all", "--json"), ("orders", "--json"), ("positions", "--json"),
    ("halt", "status"), ("ledger", "export"), ("ledger", "verify"), ("doctor",), ("config", "show"),
    ("constitution", "show"), ("web", "token", "list", "--json"), ("web", "factor", "list", "--json"),
    ("web", "sessions", "list", "--json"),
)  # fmt: skip


def forms_of(secret: bytes) -> dict[str, bytes]:
    """Every way in which it might be written down."""
    half = len(secret) // 2
    found = {
        "raw": secret, "backwards": secret[::-1], "hex": secret.hex().encode(), "HEX": secret.hex().upper().encode(),
        "address": quote(secret, safe="").encode(),
        "JSON": json.dumps(secret.decode("latin-1"))[1:-1].encode(),
    }  # fmt: skip
    # Where it stands in a longer text shifts its base64; what does not depend on its neighbours is looked for.
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + secret)
        inside = text[(0, 2, 3)[shift] : len(text) - 4]
        found[f"base64, {shift}"] = inside
        found[f"base64 for addresses, {shift}"] = inside.replace(b"+", b"-").replace(b"/", b"_")
    for name, part in (("first half", secret[:half]), ("second half", secret[half:])):
        found[name] = part
        found[f"{name}, backwards"] = part[::-1]
    return {name: form for name, form in found.items() if len(form) >= min(len(secret), PART_MIN)}


@dataclass
class Haul:
    """All that was left behind, each piece with the canaries that are meant to be there."""

    pieces: list[tuple[str, bytes, frozenset[str]]] = field(default_factory=list)

    def take(self, name: str, what: "str | bytes", *meant: str) -> None:
        self.pieces.append((name, what.encode() if isinstance(what, str) else what, frozenset(meant)))

    def take_folder(self, folder: Path, meant: Mapping[str, tuple[str, ...]]) -> None:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                self.take(str(path.relative_to(folder)), path.read_bytes(), *meant.get(path.name, ()))

    def search(self, canaries: Mapping[str, bytes]) -> list[str]:
        """Where one stands that is not meant to."""
        forms = {name: forms_of(secret) for name, secret in canaries.items()}
        return [
            f"{name} ({form}) in {place}"
            for place, data, meant in self.pieces
            for name in forms.keys() - meant
            for form, text in forms[name].items()
            if text in data
        ]

    def search_digits(self, digits: Iterable[str]) -> list[str]:
        """Six digits are found in any long number, so they count where they stand by themselves."""
        pattern = re.compile(b"(?<![0-9A-Za-z.])(" + b"|".join(text.encode() for text in digits) + b")(?![0-9A-Za-z])")
        return [f"{found[1]!r} in {place}" for place, data, _ in self.pieces for found in pattern.finditer(data)]


class Session:
    """What is done with the whole, and everything that is heard of it."""

    def __init__(self, whole: Whole, haul: Haul) -> None:
        self.whole = whole
        self.haul = haul
        self.canaries: dict[str, bytes] = {f"token {name}": text.encode() for name, text in whole.tokens.items()}
        self.digits: set[str] = set()
        for person, seed in whole.seeds.items():
            self.canaries |= {f"seed of {person}, written": seed.encode(), f"seed of {person}": base64.b32decode(seed)}
        key = load_pem_private_key(whole.box.key_file.read_bytes(), None)
        self.canaries["key"] = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        self.canaries["key, as it is written"] = b"".join(whole.box.key_file.read_bytes().splitlines()[1:-1])

    def run(self, *words: object, **env: str) -> None:
        told = assent(*words, env={**os.environ, **env})
        self.haul.take(f"assent {' '.join(map(str, words))}", told.stdout + told.stderr)

    def say(self, *words: object) -> None:
        """The same without a process of its own, which costs as much as all else that such a command does."""
        said = io.StringIO()
        with redirect_stdout(said), redirect_stderr(said):
            main([str(word) for word in words])
        self.haul.take(f"assent {' '.join(map(str, words))}", said.getvalue())

    def keep(self, name: str, answer: httpx.Response, *meant: str) -> httpx.Response:
        self.haul.take(name, f"{answer.headers}\n{answer.text}", *meant)
        return answer

    def sign_in(self) -> httpx.Client:
        """As a browser does it: the code in an address, a form, a cookie."""
        address = self.whole.sign_in_address()
        code = parse_qs(urlsplit(address).query)["code"][0]
        self.canaries["login code"] = code.encode()
        browser = httpx.Client(base_url=self.whole.url, timeout=60, headers={
            "accept": "text/html", "origin": self.whole.url, "sec-fetch-site": "same-origin",
        })  # fmt: skip
        self.keep("the way in", browser.get(address), "login code")
        begun = browser.post("/console/sign-in", data={"code": code})
        assert begun.status_code == 303, begun.text
        (cookie,) = begun.cookies.values()
        self.canaries["session"] = cookie.encode()
        self.keep("the way in, again", browser.post("/console/sign-in", data={"code": code}), "login code")
        unused = parse_qs(urlsplit(self.whole.sign_in_address()).query)["code"][0]
        self.canaries["login code that nobody used"] = unused.encode()
        return browser

    def answer_by_page(self, browser: httpx.Client, question: Question) -> None:
        page = self.keep("approvals", browser.get("/console/approvals"), "page's own").text
        form = page[page.index(f'action="/console/intents/{question.intent_id}/answer"') :]
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form[: form.index("</form>")]))
        self.canaries["page's own"] = fields["csrf"].encode()
        path, digits = f"/console/intents/{question.intent_id}/answer", self.whole.digits("ada")
        wrong = self.whole.wrong("ada")
        self.digits |= {digits, wrong}
        forged = "A" * 20 + "forged" + "Z" * 20
        self.canaries["a forged page"] = forged.encode()
        told = []
        for said in ({"csrf": forged}, {"factor": wrong}, {"factor": digits}, {"factor": digits}):
            told.append(browser.post(path, data={"verdict": "approve", **fields, **said}))
            self.keep("an answer", told[-1], "page's own")
        assert [one.status_code for one in told] == [403, 403, 303, 403], [one.text for one in told]
        until(lambda: self.whole.sent(question.market))

    def answer_by_program(self, question: Question) -> None:
        whole = self.whole
        wrong = "assent_token_" + "Wr0ng" * 8 + "abc"
        self.canaries["a wrong token"] = wrong.encode()
        digits = whole.digits("ben")
        self.digits.add(digits)
        assert self.keep("a wrong token", whole.answer(question, token=wrong)).status_code == 401
        self.keep("somebody else", whole.answer(question, token="eve-phone"))
        self.keep(
            "a token in an address", httpx.get(whole.url + f"/status?token={whole.tokens['ada-phone']}", timeout=60)
        )
        self.keep("a secret as a name", whole.api("GET", f"/intents/{wrong}"))
        self.keep("a secret in a body", whole.api("POST", "/halts", json={"reason": "x", "token": wrong}))
        self.keep(
            "no JSON",
            whole.api("POST", "/halts", content=b"{" + wrong.encode(), headers={"content-type": "application/json"}),
        )
        told = self.keep("a yes", whole.answer(question, token="ben-laptop", factor=digits))
        assert told.status_code == 200, told.text

    def look_at_everything(self, browser: httpx.Client, question: Question) -> None:
        whole = self.whole
        for path in ANSWERS:
            self.keep(path, whole.api("GET", path))
        self.keep("why", whole.api("GET", f"/why/{question.intent_id}"))
        for page in (*PAGES, f"intents/{question.code}", "ledger/2"):
            self.keep(f"page {page}", browser.get(f"/console/{page}"), "page's own")
        for words in COMMANDS:
            self.say(*words, "-C", whole.desk)
        self.say("why", question.code, "-C", whole.desk)

    def break_things(self, folder: Path) -> None:
        """What a person may get wrong, with secrets at hand."""
        whole = self.whole
        pem = whole.box.key_file.read_text(encoding="ascii")
        live = ("--mode", "live", "--non-interactive", "--confirm-live", "kalshi-box")
        self.run("run", whole.desk, *live, **{SECRET: pem})
        garbage = "no-key-" + "Q7zX" * 10
        self.canaries["no key at all"] = garbage.encode()
        self.run("doctor", "-C", whole.desk, **{SECRET: garbage})
        folder.mkdir()
        text = (whole.desk / "assent.toml").read_text(encoding="utf-8")
        (folder / "strategies").symlink_to(whole.desk / "strategies")
        (folder / "key.pem").write_text(pem[:60] + garbage + pem[60:], encoding="ascii")
        (folder / "key.pem").chmod(0o600)
        with_file = re.sub(r'key_variable = "KALSHI[^"]*"', 'key_variable = "off"', text)
        with_file = re.sub(r'^key_file = "off"', 'key_file = "key.pem"', with_file, flags=re.MULTILINE)
        spoilt = (
            (with_file, pem),
            (text, garbage),
            (with_file + "\n[[", pem),
            (text.replace('"0.06"', '"a lot"'), pem),
        )
        for broken, variable in spoilt:
            (folder / "assent.toml").write_text(broken, encoding="utf-8")
            self.run("run", folder, *live, **{SECRET: variable})
        (folder / "assent.toml").write_text(with_file, encoding="utf-8")
        (folder / "key.pem").chmod(0o644)
        self.run("doctor", "-C", folder)

    def damage_the_credentials(self, browser: httpx.Client) -> None:
        """While the console runs: the file of credentials is no longer one."""
        path = self.whole.settings.access_path
        away = path.with_name("access.away")
        path.rename(away)
        path.write_bytes(away.read_bytes()[:100] + b"\xff" * 8_000)
        for mode in (0o600, 0o644):
            path.chmod(mode)
            answer = self.keep("with damaged credentials", self.whole.api("GET", "/status"))
            assert (answer.status_code, answer.json()["code"]) == (503, "credentials_unread")
            self.keep("a page with damaged credentials", browser.get("/console/"), "page's own")
            self.say("web", "token", "list", "-C", self.whole.desk)
        away.replace(path)
        self.say("web", "sessions", "list", "-C", self.whole.desk)


def proc(pid: int, what: str) -> bytes:
    path = Path(f"/proc/{pid}/{what}")
    return path.read_bytes() if path.exists() else b""


def test_no_secret_of_a_whole_session_is_left_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_OTHER_PASSWORD", "Sw0rdf1sh-in-the-environment-77")
    haul = Haul()
    with ExitStack() as stack:
        whole = stack.enter_context(the_whole(tmp_path))
        session = Session(whole, haul)
        session.canaries["the environment"] = b"Sw0rdf1sh-in-the-environment-77"
        browser = session.sign_in()
        stack.callback(browser.close)
        one, other = whole.question(qty=6), whole.question(qty=6)
        session.answer_by_page(browser, one)
        session.answer_by_program(other)
        session.look_at_everything(browser, other)
        session.break_things(tmp_path / "broken")
        session.damage_the_credentials(browser)
        haul.take("the console's command line", proc(whole.console_pid(), "cmdline"))
        haul.take("the console's environment", proc(whole.console_pid(), "environ"), "the environment")
        haul.take("the desk's command line", proc(whole.process.pid, "cmdline"))
    seeds = [name for name in session.canaries if name.startswith("seed") and "written" not in name]
    key, broken = ("key", "key, as it is written"), ("no key at all", "key", "key, as it is written")
    haul.take_folder(tmp_path, {
        "access.sqlite": tuple(seeds), "access.sqlite-wal": tuple(seeds), whole.box.key_file.name: key,
        "key.pem": broken,
    })  # fmt: skip
    places = [place for place, data, _ in haul.pieces if data]
    assert not [words for words in COMMANDS if f"assent {' '.join(words)} -C {whole.desk}" not in places]
    for wanted in ("kalshi_box_live.sqlite", "heartbeat", "console.log", "anchor", "desk-said.txt", "access.sqlite"):
        assert [place for place in places if wanted in place], (wanted, places)
    assert not haul.search(session.canaries)
    assert not haul.search_digits(session.digits)
    assert len(session.canaries) > 15
    unseen = Haul([(place, data, frozenset()) for place, data, _ in haul.pieces])
    seen = unseen.search(session.canaries)
    assert all(any(text.startswith(f"{seed} (raw) in ") and "access.sqlite" in text for text in seen) for seed in seeds)
    assert any(text.startswith("key, as it is written (raw)") and whole.box.key_file.name in text for text in seen)


@pytest.mark.parametrize("form", forms_of(b"Sw0rdf1sh-in-the-environment-77?"))
def test_the_search_finds_each_form_of_a_secret(form: str) -> None:
    secret = b"Sw0rdf1sh-in-the-environment-77?"
    haul = Haul()
    haul.take("a file", b"before " + forms_of(secret)[form] + b" after")
    assert haul.search({"it": secret})
    assert haul.search({"it": b"something else entirely, and long"}) == []


def test_the_search_finds_a_secret_inside_longer_base64_and_digits_by_themselves() -> None:
    haul = Haul()
    for ahead in (b"", b"a", b"ab", b"abc"):
        haul.take("a file", base64.b64encode(ahead + b"Sw0rdf1sh-in-the-environment" + b"tail"))
    assert len(haul.search({"it": b"Sw0rdf1sh-in-the-environment"})) >= 4
    haul.take("a log", '{"factor": "042917", "ts": 1042917042917042917}')
    assert haul.search_digits(["042917"]) == ["b'042917' in a log"]


def test_a_fault_behind_the_door_tells_where_and_never_what(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    console = make_console(tmp_path / "console")
    secret = console.tokens["all"]

    async def breaks(request: Mapping[str, Any]) -> None:
        raise RuntimeError(f"no desk takes {request}")

    console.app.state.asking._ask = breaks
    answer = console.post("/halts", json={"reason": "a drill"})
    assert (answer.status_code, answer.json()["code"]) == (500, "console_fault")
    haul = Haul()
    haul.take("the answer", answer.text)
    haul.take("the log", caplog.text)
    assert "RuntimeError at" in caplog.text
    assert not haul.search({"token": secret.encode()})
