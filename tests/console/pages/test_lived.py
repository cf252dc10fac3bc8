"""Pages of ledgers that a desk really wrote: every address that a page names leads to a page, and soon."""

import statistics
import time
from pathlib import Path

import pytest
from tests.console.pages.support import EVERY_PAGE, Markup, Pages, make_pages
from tests.console.reading.ledgers import Asking, write_world
from tests.console.support import read_whole
from tests.property.worlds import World

from assent.model.units import SECOND

PAGES_MOST = 160


def of(tmp_path: Path, world: type[World], seed: int, steps: int) -> Pages:
    tail = read_whole(write_world(tmp_path / "ledger.sqlite", seed, steps, world=world))
    return make_pages(tmp_path / "console", tail=tail)


@pytest.mark.parametrize(("world", "seed"), [(World, 3), (Asking, 4)])
def test_every_address_that_a_page_names_leads_to_a_page(tmp_path: Path, world: type[World], seed: int) -> None:
    page = of(tmp_path, world, seed, 300)
    session = page.sign_in()
    seen: dict[str, int] = {}
    ahead = list(EVERY_PAGE)
    while ahead and len(seen) < PAGES_MOST:
        path = ahead.pop(0)
        if path in seen:
            continue
        answer = page.get(path, session)
        seen[path] = answer.status_code
        links = [str(one.attributes.get("href", "")) for one in Markup(answer.text).all("a")]
        ahead.extend(link.partition("#")[0] for link in links if link.startswith("/console/"))
    assert set(seen.values()) == {200}, {path: status for path, status in seen.items() if status != 200}
    assert sum(path.startswith("/console/intents/") for path in seen) > 10
    assert sum(path.startswith("/console/ledger/") for path in seen) > 10


def test_a_page_of_a_long_ledger_is_rendered_soon(tmp_path: Path) -> None:
    page = of(tmp_path, Asking, 5, 18_000)
    assert page.tail.snapshot.seq > 9_000
    session = page.sign_in()
    for path in ("/console/", "/console/approvals", "/console/orders", "/console/intents", "/console/ledger"):
        took = []
        for _ in range(7):
            begun = time.perf_counter_ns()
            assert page.get(path, session).status_code == 200
            took.append(time.perf_counter_ns() - begun)
        assert statistics.median(took) < SECOND // 10, f"{path} took {statistics.median(took) // 1_000_000} ms"
