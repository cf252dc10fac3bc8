"""Which faults the box is to commit, as data: a file's or a request's rules, checked, seeded and counted.

A rule names what it meets (requests by method and path, or frames by their type), how often, and what then goes wrong.
Whether it strikes is drawn from a stream of its own, so the same seed and the same traffic have the same bad luck.
Carrying it out is the work of `disturbed.py`.
"""

import difflib
import tomllib
from collections import deque
from fnmatch import fnmatchcase
from pathlib import Path
from random import Random
from typing import Any, Final, Literal, NamedTuple

import msgspec

from assent.exchange.types import ExchangeError

Phase = Literal["before", "after"]
Effect = Literal[
    "lose", "silence", "delay", "hold", "duplicate", "answer", "trickle", "drop", "reorder", "freeze", "cut",
]  # fmt: skip
Body = Literal["error", "html", "empty", "garbage", "truncated", "other_order", "wrong_content"]

RULES_MAX = 100
LOG_MAX = 1_000
DELAY_MAX_MS = 86_400_000
OF_REQUESTS: Final = ("lose", "silence", "delay", "hold", "duplicate", "answer", "trickle")
OF_HANDSHAKES: Final = ("lose", "silence", "delay", "answer")
OF_FRAMES: Final = ("delay", "duplicate", "drop", "reorder", "freeze", "cut")
# Made from the true answer, so the request must have been carried out.
FROM_THE_ANSWER: Final = ("truncated", "other_order", "wrong_content")
DELAYING: Final = ("delay", "hold", "trickle")
TIMED: Final = (*DELAYING, "duplicate")
PHASED: Final = ("lose", "silence", "delay", "answer")


class FaultsError(ExchangeError):
    """Rules that cannot be used: which one, why, and what is allowed."""


class Rule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`path` is below `/trade-api/v2` and `frame` is a message's type; in both a `*` stands for anything.

    A rule strikes with a `probability`, or each `nth` time that it is met, at most `times` times; with neither, always.
    """

    effect: Effect
    name: str = ""
    method: str = "*"
    path: str = ""
    frame: str = ""
    phase: Phase = "after"
    probability: float | None = None
    nth: int | None = None
    times: int | None = None
    ms: int = 0
    status: int = 0
    body: Body = "error"


class Plan(msgspec.Struct, frozen=True, omit_defaults=True):
    rule: list[Rule]
    seed: int = 0


class Injected(NamedTuple):
    """One fault that was committed."""

    ts: int
    rule: int
    effect: Effect
    what: str


class _Watch:
    """A rule at work: how often it was met and has struck, and its own luck."""

    def __init__(self, rule: Rule, seed: int, number: int) -> None:
        self.rule = rule
        self.random = Random(f"{seed}/{number}")
        self.met = 0
        self.hits = 0

    def strikes(self) -> bool:
        rule = self.rule
        self.met += 1
        lucky = rule.probability is not None and self.random.random() >= rule.probability
        if (
            lucky
            or (rule.nth is not None and self.met % rule.nth)
            or (rule.times is not None and self.hits >= rule.times)
        ):
            return False
        self.hits += 1
        return True


class Struck(NamedTuple):
    """The rule that struck, its stream for whatever else is to be drawn, and another order's answer if it wants one."""

    rule: Rule
    random: Random
    kept: bytes


class Faults:
    """The rules in force.

    Of several that meet the same thing only the first that strikes does, and those behind it have not met it. A rule
    that answers with another order's body waits until there was one.
    """

    def __init__(self, plan: Plan | None = None) -> None:
        self.replace(plan or Plan([]))

    def replace(self, plan: Plan) -> None:
        """Other rules from now on; every count begins anew."""
        self.seed = plan.seed
        self.log: deque[Injected] = deque(maxlen=LOG_MAX)
        self._watches = [_Watch(rule, plan.seed, number) for number, rule in enumerate(plan.rule, start=1)]
        self._kept: dict[int, bytes] = {}

    def of_request(self, method: str, path: str, ts: int, effects: tuple[str, ...] = OF_REQUESTS) -> Struck | None:
        for number, watch in enumerate(self._watches, start=1):
            rule = watch.rule
            can = rule.effect in effects and (rule.body != "other_order" or number in self._kept)
            if can and _meets(rule, method, path) and watch.strikes():
                return self._note(number, watch, f"{method} {path}", ts)
        return None

    def of_frame(self, kind: str, ts: int) -> Struck | None:
        for number, watch in enumerate(self._watches, start=1):
            if watch.rule.frame and fnmatchcase(kind, watch.rule.frame) and watch.strikes():
                return self._note(number, watch, kind, ts)
        return None

    def keep(self, method: str, path: str, body: bytes) -> None:
        """A true answer, for those who want to give it to somebody else."""
        for number, watch in enumerate(self._watches, start=1):
            if watch.rule.body == "other_order" and _meets(watch.rule, method, path):
                self._kept[number] = body

    def shown(self) -> dict[str, Any]:
        """The rules with what has come of each, and the last faults one by one."""
        rules = [
            {"number": number, **msgspec.to_builtins(watch.rule), "met": watch.met, "hits": watch.hits}
            for number, watch in enumerate(self._watches, start=1)
        ]
        hits = sum(watch.hits for watch in self._watches)
        return {"seed": self.seed, "rules": rules, "hits": hits, "last": [each._asdict() for each in self.log]}

    def _note(self, number: int, watch: _Watch, what: str, ts: int) -> Struck:
        self.log.append(Injected(ts, number, watch.rule.effect, what))
        return Struck(watch.rule, watch.random, self._kept.get(number, b""))


def _meets(rule: Rule, method: str, path: str) -> bool:
    return bool(rule.path) and rule.method in ("*", method) and fnmatchcase(path, rule.path)


# --- reading them --------------------------------------------------------------------------------------


def read_file(path: Path) -> Plan:
    """The rules of a file, TOML or (by its name) JSON."""
    try:
        text = path.read_text(encoding="utf-8")
        raw = msgspec.json.decode(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise FaultsError(f"{path}: {error}. The faults cannot be read; name a file of rules") from error
    except (msgspec.DecodeError, tomllib.TOMLDecodeError) as error:
        kind = "JSON" if path.suffix == ".json" else "TOML"
        raise FaultsError(f"{path}: {error}. It is read as {kind}; mend it there, or rename the file") from error
    return plan_of(raw, str(path))


def plan_of(raw: object, source: str) -> Plan:
    """The rules as data; what is not understood is refused, never left out."""
    if not isinstance(raw, dict):
        raise FaultsError(f'{source}: rules are an object such as {{"seed": 1, "rule": [...]}}, not {raw!r:.40}')
    _refuse_unknown(raw, Plan, source)
    rules = raw.get("rule", [])
    if not isinstance(rules, list) or len(rules) > RULES_MAX:
        raise FaultsError(f"{source}: `rule` is a list of at most {RULES_MAX} rules: write each as [[rule]]")
    for number, rule in enumerate(rules, start=1):
        place = f"{source}: rule {number}"
        if not isinstance(rule, dict):
            raise FaultsError(f"{place} is {rule!r:.40}; a rule is a table: write each as [[rule]]")
        _refuse_unknown(rule, Rule, place)
    try:
        plan = msgspec.convert({"rule": [], **raw}, Plan)
    except msgspec.ValidationError as error:
        raise FaultsError(f"{source}: {error}. See docs/exchange-kalshi.md for what each key takes") from error
    for number, rule in enumerate(plan.rule, start=1):
        wrong = _wrong(rule)
        if wrong:
            raise FaultsError(f"{source}: rule {number} ({rule.effect}): {wrong}")
    return plan


def _refuse_unknown(raw: dict[str, Any], kind: type[msgspec.Struct], place: str) -> None:
    known = kind.__struct_fields__
    for key in raw:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"known are {', '.join(known)}"
            raise FaultsError(f"{place}: unknown key `{key}`: nothing would come of it; {hint}")


def _wrong(rule: Rule) -> str:
    """What contradicts itself in a rule, and what to write instead; nothing if nothing does."""
    if bool(rule.path) == bool(rule.frame):
        return "name either a `path` (requests) or a `frame` (websocket messages); `*` meets all"
    allowed = OF_REQUESTS if rule.path else OF_FRAMES
    checks = (
        (
            rule.effect in allowed,
            f"with `{'path' if rule.path else 'frame'}` the effect is one of {', '.join(allowed)}",
        ),
        (rule.probability is None or rule.nth is None, "give `probability` or `nth`, not both"),
        (rule.probability is None or 0 < rule.probability <= 1, "`probability` is above 0 and at most 1"),
        (rule.nth is None or rule.nth > 0, "`nth` is 1 or more: 3 strikes each third time"),
        (rule.times is None or rule.times > 0, "`times` is 1 or more"),
        (rule.path or rule.method == "*", "`method` goes with `path`"),
        (
            rule.phase == "after" or (rule.path and rule.effect in PHASED),
            f"`phase` goes with a `path` and {', '.join(PHASED)}",
        ),
        (not rule.ms or rule.effect in TIMED, f"`ms` goes with {', '.join(TIMED)}"),
        (0 <= rule.ms <= DELAY_MAX_MS, f"`ms` is at most {DELAY_MAX_MS}, a day"),
        (
            rule.effect not in DELAYING or rule.ms > 0,
            "it needs `ms`: how many thousandths of a second of the box's time",
        ),
        (rule.status == 0 or 200 <= rule.status <= 599, "`status` is from 200 to 599, such as 503"),
        (
            rule.effect != "answer" or rule.status or rule.body != "error",
            'it needs a `status`, such as 503, or a `body` other than "error"',
        ),
        (
            rule.body not in FROM_THE_ANSWER or rule.phase == "after",
            f'the body "{rule.body}" is made from the true answer, so `phase` has to be "after"',
        ),
        (rule.effect == "answer" or (not rule.status and rule.body == "error"), "`status` and `body` go with `answer`"),
    )
    return next((words for good, words in checks if not good), "")
