"""The rules of faults: what is understood, what is refused and how it is told, and the same luck for the same seed."""

import json
from pathlib import Path
from typing import Any

import pytest

from assent.exchange.kalshi.faults import RULES_MAX, Faults, FaultsError, Plan, Rule, plan_of, read_file

A_FILE = """
seed = 3
[[rule]]
path = "/portfolio/*"
effect = "lose"
probability = 0.5
[[rule]]
frame = "fill"
effect = "drop"
nth = 2
"""


def test_a_file_is_read_as_toml_or_by_its_name_as_json(tmp_path: Path) -> None:
    written = tmp_path / "faults.toml"
    written.write_text(A_FILE)
    plan = read_file(written)
    assert plan == Plan(
        [
            Rule(path="/portfolio/*", effect="lose", probability=0.5),
            Rule(frame="fill", effect="drop", nth=2),
        ],
        seed=3,
    )
    same = tmp_path / "faults.json"
    same.write_text(
        json.dumps(
            {
                "seed": 3,
                "rule": [
                    {"path": "/portfolio/*", "effect": "lose", "probability": 0.5},
                    {"frame": "fill", "effect": "drop", "nth": 2},
                ],
            }
        )
    )
    assert read_file(same) == plan


def rule(**given: Any) -> dict[str, Any]:
    return {"rule": [{"path": "*", "effect": "lose"} | given]}


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ([], "rules are an object"),
        ({"rules": []}, "unknown key `rules`.*did you mean `rule`"),
        ({"rule": [1]}, r"rule 1 is 1; a rule is a table.*\[\[rule\]\]"),
        ({"rule": [{}] * (RULES_MAX + 1)}, f"at most {RULES_MAX} rules"),
        (rule(probabilty=0.1), "rule 1: unknown key `probabilty`.*did you mean `probability`"),
        (rule(colour="red"), "unknown key `colour`.*known are effect, name"),
        (rule(effect="explode"), "explode"),
        ({"rule": [{"path": "*"}]}, "effect"),
        (rule(nth="2"), "int"),
        (rule(nth=True), "int"),
        (rule(nth=0), "`nth` is 1 or more"),
        (rule(times=0), "`times` is 1 or more"),
        (rule(probability=0), "`probability` is above 0"),
        (rule(probability=1.1), "`probability` is above 0"),
        (rule(probability=float("nan")), "`probability` is above 0"),
        (rule(probability=0.1, nth=2), "not both"),
        (rule(frame="fill"), "either a `path`"),
        (rule(path=""), "either a `path`"),
        (rule(effect="freeze"), r"with `path` the effect is one of lose"),
        ({"rule": [{"frame": "*", "effect": "lose"}]}, "with `frame` the effect is one of delay"),
        (rule(effect="delay"), "needs `ms`"),
        (rule(effect="delay", ms=-1), "`ms` is at most"),
        (rule(effect="trickle"), "needs `ms`"),
        (rule(effect="answer"), "needs a `status`"),
        (rule(effect="answer", status=99), "from 200 to 599"),
        (rule(effect="answer", body="truncated", phase="before"), '`phase` has to be "after"'),
        (rule(status=503), "go with `answer`"),
        (rule(body="html"), "go with `answer`"),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_not_understood_is_refused_with_its_place(raw: object, words: str) -> None:
    with pytest.raises(FaultsError, match=f"^the file: .*{words}"):
        plan_of(raw, "the file")


@pytest.mark.parametrize(("name", "text"), [("a.toml", "rule = ["), ("a.json", "{"), ("b.toml", "\x00")])
def test_a_file_that_cannot_be_read_is_told_by_its_name(tmp_path: Path, name: str, text: str) -> None:
    written = tmp_path / name
    written.write_text(text)
    with pytest.raises(FaultsError, match=name):
        read_file(written)


def test_a_file_that_is_not_there_is_told_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(FaultsError, match=r"nothing\.toml.*cannot be read"):
        read_file(tmp_path / "nothing.toml")


def struck(faults: Faults, times: int) -> list[bool]:
    return [faults.of_request("POST", "/portfolio/orders", 0) is not None for _ in range(times)]


def test_a_rule_strikes_by_chance_by_count_or_always_and_not_more_often_than_it_may() -> None:
    def of(**given: Any) -> Faults:
        return Faults(plan_of(rule(**given) | {"seed": 5}, "test"))

    chance = struck(of(probability=0.3), 1_000)
    assert 250 < sum(chance) < 350
    assert chance == struck(of(probability=0.3), 1_000)
    assert struck(of(nth=3), 6) == [False, False, True] * 2
    assert struck(of(nth=2, times=1), 6) == [False, True, False, False, False, False]
    assert all(struck(of(), 5))
    other = Faults(plan_of(rule(probability=0.3) | {"seed": 6}, "test"))
    assert chance != struck(other, 1_000)


def test_of_several_rules_the_first_that_strikes_does_so_alone_and_every_hit_is_counted() -> None:
    raw = {
        "rule": [
            rule(nth=2)["rule"][0],
            rule(effect="silence", method="POST")["rule"][0],
            rule(method="GET")["rule"][0],
        ]
    }
    faults = Faults(plan_of(raw, "test"))
    effects = [faults.of_request("POST", "/a", ts) for ts in range(4)]
    assert [each and each.rule.effect for each in effects] == ["silence", "lose", "silence", "lose"]
    shown = faults.shown()
    assert [(each["met"], each["hits"]) for each in shown["rules"]] == [(4, 2), (2, 2), (0, 0)]
    assert shown["hits"] == 4
    assert shown["last"][1] == {"ts": 1, "rule": 1, "effect": "lose", "what": "POST /a"}
    faults.replace(Plan([]))
    assert faults.shown() == {"seed": 0, "rules": [], "hits": 0, "last": []}


def test_a_rule_of_frames_meets_no_request_and_the_other_way_round() -> None:
    faults = Faults(plan_of({"rule": [{"frame": "orderbook_*", "effect": "drop"}]}, "test"))
    assert faults.of_request("GET", "/markets", 0) is None
    assert faults.of_frame("ticker", 0) is None
    assert faults.of_frame("orderbook_delta", 0) is not None
    requests = Faults(plan_of(rule(), "test"))
    assert requests.of_frame("ticker", 0) is None
