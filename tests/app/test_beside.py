"""The console beside a desk: by which address it is reached, and whether it is still the one that said so."""

import socket
import stat
import subprocess
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.cli.support import make_folder

from assent.app import beside
from assent.approval.access import Access
from assent.approval.errors import AccessError
from assent.approval.values import Holder, Session
from assent.config import Settings
from assent.console.guard.settings import WebSettings
from assent.model.errors import AssentError
from assent.model.units import MINUTE
from assent.runtime.clock import WallClock


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = make_folder(tmp_path / "desk")
    made.state_dir.mkdir(parents=True, mode=0o700)
    return made


def on(settings: Settings, **changes: Any) -> Settings:
    return replace(settings, web=replace(settings.web, **changes))


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ({}, "http://127.0.0.1:8787"),
        ({"host": "::1", "port": 90}, "http://[::1]:90"),
        ({"host": "0.0.0.0", "certificate": "c", "certificate_key": "k", "hosts": ("localhost", "desk.example")},
         "https://desk.example:8787"),
        ({"proxies": ("127.0.0.1",), "behind_https": True, "hosts": ("desk.example",)}, "https://desk.example"),
    ],
)  # fmt: skip
def test_a_browser_is_sent_where_it_can_reach_the_console(said: dict[str, Any], address: str) -> None:
    assert beside.address_of(WebSettings(**said)) == address


def test_nothing_listens_beyond_this_machine_in_the_clear(settings: Settings) -> None:
    for changes in ({"host": "0.0.0.0"}, {"host": "192.168.1.4"}, {"host": "::"}, {"certificate": "only-this.pem"}):
        with pytest.raises(AssentError, match="in the clear"):
            beside.web_settings(on(settings, **changes))
    behind = beside.web_settings(on(settings, host="0.0.0.0", proxies=("10.0.0.1/32",), behind_https=True))
    assert behind.secure
    own = beside.web_settings(on(settings, host="0.0.0.0", certificate="c.pem", certificate_key="/k.pem"))
    assert (own.certificate, own.certificate_key) == (str(settings.root / "c.pem"), "/k.pem")


def test_a_console_is_found_while_it_lives_and_takes_connections_and_not_after(settings: Settings) -> None:
    assert beside.listening(settings) is None
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        here = on(settings, port=listening.getsockname()[1])
        with beside.noted(here, "http://127.0.0.1:1"):
            assert stat.S_IMODE(here.console_note.stat().st_mode) == 0o600
            found = beside.listening(here)
            assert found is not None
            assert found.address == "http://127.0.0.1:1"
            assert beside.listening(on(here, port=1)) is None, "nobody listens there"
        assert not here.console_note.exists()


def test_a_note_that_a_killed_console_left_leads_nobody_to_whoever_has_its_port_now(settings: Settings) -> None:
    """Else a way in would be handed to a stranger."""
    with closing(socket.create_server(("127.0.0.1", 0))) as stranger:
        here = on(settings, port=stranger.getsockname()[1])
        here.console_note.write_text('{"pid": 1, "address": "http://127.0.0.1:1"}', encoding="utf-8")
        assert beside.listening(here) is None
        here.console_note.write_text("no JSON", encoding="utf-8")
        assert beside.listening(here) is None


def test_the_way_in_begins_one_session_of_the_user_of_this_machine(settings: Settings) -> None:
    now = WallClock().now()
    with closing(Access.open(settings.access_path)) as access:
        way_in = beside.sign_in_address("http://127.0.0.1:8787", access)
        place, _, code = way_in.partition("?code=")
        assert place == "http://127.0.0.1:8787/console/sign-in"
        begun = access.redeem(code, now + MINUTE)
        assert isinstance(begun, Session)
        assert begun.holder.identity.startswith("os:")
        assert begun.holder.scopes == {"view", "approve", "operate"}
        assert not isinstance(access.redeem(code, now + MINUTE), Session)
    assert stat.S_IMODE(settings.access_path.stat().st_mode) == 0o600


def test_a_file_in_the_folder_where_the_desk_was_started_is_no_part_of_its_console(
    settings: Settings, tmp_path: Path
) -> None:
    """As `cd my-desk` and then `assent run . --web`: what lies there is the owner's, or somebody else's."""
    for name in ("fastapi", "jinja2", "secrets", "uvicorn"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('taken from the folder')\n", encoding="ascii")
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        file = settings.root / "assent.toml"
        port = taken.getsockname()[1]
        file.write_text(f"{file.read_text(encoding='utf-8')}\n[web]\nport = {port}\n", encoding="utf-8")
        ended = subprocess.run(
            beside.command_of(settings), cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip
    assert "taken from the folder" not in ended.stderr
    assert "cannot listen" in ended.stderr


def test_the_way_in_of_a_token_begins_a_session_of_its_holder_that_ends_with_it(settings: Settings) -> None:
    now = WallClock().now()
    with closing(Access.open(settings.access_path)) as access:
        access.issue("ben-laptop", ("view", "approve"), now)
        code = beside.sign_in_address("http://127.0.0.1:8787", access, token="ben-laptop").partition("?code=")[2]
        begun = access.redeem(code, now + MINUTE)
        assert isinstance(begun, Session)
        assert (begun.holder.identity, begun.holder.scopes) == ("token:ben-laptop", {"view", "approve"})
        access.revoke("ben-laptop")
        assert not isinstance(access.check(begun.secret, now + MINUTE), Holder)
        with pytest.raises(AccessError, match="There is no token"):
            beside.sign_in_address("http://127.0.0.1:8787", access, token="ben-laptop")


def test_a_console_counts_as_running_only_once_it_takes_connections(settings: Settings) -> None:
    """One whose port another desk has lives for a moment as well."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        here = on(settings, port=listening.getsockname()[1])
        console = beside.Beside(here, shows_way_in=False)
        supervisor = console._supervisor
        supervisor.starts, supervisor.state = 1, "running"
        console._look()
        assert console.status()["state"] == "starting", "the port is a stranger's"
        with beside.noted(here, "http://127.0.0.1:1"):
            console._look()
        assert console.status()["state"] == "running"
        supervisor.starts = 2
        assert console.status()["state"] == "starting", "this one has not been seen yet"
        supervisor.state, supervisor.said = "it ended with 2; started again in 4 s", "the port is taken"
        assert (console.status()["state"], console.status()["said"]) == (supervisor.state, "the port is taken")
