"""Writes what the pages say about the code from the code itself: settings, rules, reasons, halts, facts, commands.

    python -m docs.generate

A table that somebody keeps by hand is wrong after the second change. `tests/docs` fails when a page is behind.
"""

import dataclasses
import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Final, get_args

import msgspec
from docs.fates import fates_of_cancels, fates_of_orders
from docs.markers import ROOT, fill_pages, table
from docs.serving import HTTP_PARTS
from docs.shapes import facts_table, fields_of, first_sentence, inputs_table, parts_tables, required
from docs.usage import commands, exit_codes

from assent.approval import SCOPES, factors, lockout, sessions, tokens
from assent.config import demo_settings
from assent.config.environment import may_say, variable_of
from assent.config.settings import Settings
from assent.config.table import PLUGIN_SETTINGS, SCOPE, SETTINGS, STRATEGY_OPTIONS, STRATEGY_SETTINGS
from assent.config.values import Setting, allowed_words, written
from assent.console.reading.index import index_of
from assent.desk import context, cycle, looked, looking, observing, permit
from assent.desk.orders import TRANSITIONS
from assent.desk.rules import LIMITS_OF, LOOK_LIMITS_OF, LOOK_RULES, RULES, Rule
from assent.desk.strategy import HOOKS, View
from assent.ledger import chain, verify
from assent.ledger.views import views_of
from assent.model.constitution import LIMITS, Drift
from assent.model.intents import Proposal
from assent.model.levels import ALLOWED, CAUSES, LATCHES, Cause, Level
from assent.model.orders import Order, order_digest
from assent.model.policy import ASSENTS
from assent.model.reasons import REASONS, Family
from assent.model.remedies import REMEDIES
from assent.model.units import DAY, format_duration, format_micros
from assent.runtime import effects, executor, reconcile, runtime, tally
from assent.strategy.testing import Bench
from assent.venue.kalshi import outcomes
from assent.venue.sim import adapter

TIGHTER: Final[Mapping[str, str]] = {
    "lower": "less",
    "higher": "more",
    "fewer": "fewer names",
    "more": "more, or higher",
}
SHOWN: Final[Mapping[str, Callable[[int], str]]] = {
    "duration": format_duration,
    "money": format_micros,
    "price": format_micros,
}
# The limits of rules that cannot be switched off.
ALWAYS_ON: Final[Mapping[str, tuple[str, ...]]] = {
    "scope": SCOPE,
    "quote_proof": ("quote_proof_age_max",),
    "skipped_drift": ("drift_max",),
    "edge": ("edge_min",),
    "risk_per_trade": ("risk_per_trade_max", "risk_fraction_max", "risk_tiers", "kelly_fraction_max"),
    "open_positions": ("open_positions_max",),
    "stop_missing": ("unprotected_contracts_max",),
    "total_exposure": ("total_exposure_max",),
}
QUOTE: Final = '"'
RESETS: Final[Mapping[str, str]] = {
    "human": "a named person, with a reason: `assent halt resume`",
    "next_day": "by itself, in the next day (UTC)",
    "next_week": "by itself, in the next week (UTC, from Monday)",
    "next_month": "by itself, in the next month (UTC)",
    "clear_for": "by itself, once it has stayed away for {quiet}",
    "switch": "the owner, by clearing the switch",
}


def settings() -> str:
    """One table a section, in the order of the file."""
    tighter = {limit.key: TIGHTER[limit.tighter] for limit in LIMITS}
    sections: dict[str, list[Setting]] = {}
    for setting in (*SETTINGS, *STRATEGY_SETTINGS):
        sections.setdefault(setting.section, []).append(setting)
    blocks = []
    for name, found in sections.items():
        head = f"[[{name}]]" if name == "strategy" else f"[{name}]"
        limits = name in ("scope", "constitution")
        blocks += [f"**`{head}`**", _setting_table(found, tighter if limits else None)]
    for kind, options in STRATEGY_OPTIONS.items():
        blocks += [f'**`[[strategy]]` with `kind = "{kind}"`**', _setting_table(list(options), None)]
    blocks += ["**`[[strategy]]` of a kind that does not ship**", _setting_table(list(PLUGIN_SETTINGS), None)]
    return "\n\n".join(blocks)


def _setting_table(found: list[Setting], tighter: Mapping[str, str] | None) -> str:
    head = ("key", "what it is", "allowed", "default", "example", *(("tighter is",) if tighter else ()))
    rows = []
    for setting in found:
        example = f"`{setting.key} = {setting.example}`"
        row = (f"`{setting.key}`", setting.sentence, allowed_words(setting), _default(setting), example)
        rows.append((*row, tighter[setting.key]) if tighter else row)
    return table(head, rows)


def _default(setting: Setting) -> str:
    value = setting.default
    if value is None:
        return "none: it must be given"
    if setting.optional:
        return "off"
    if isinstance(value, tuple):
        return "`[]`"
    if isinstance(value, str):
        return f'`"{value}"`'
    if isinstance(value, Drift):
        return f"`{written(setting, value)}`"
    shown = SHOWN.get(setting.kind)
    return f'`"{shown(value)}"`' if shown else f"`{value}`"


def variables() -> str:
    """The settings that the environment may say."""
    free = [setting for setting in SETTINGS if may_say(setting)]
    rows = [(f"`{variable_of(s)}`", f"`[{s.section}]` `{s.key}`", f"`{s.example.strip(QUOTE)}`") for s in free]
    return table(("variable", "says", "such as"), rows)


def files() -> str:
    """Where a desk keeps what, by asking the settings of one."""
    some = dataclasses.replace(demo_settings(ROOT / "my-desk"), demo=False)
    place = some.ledger_path.relative_to(some.root)
    rows = [
        ("assent.toml", "your settings and limits; the only file that you write"),
        ("strategies/", "strategies of your own, one file each: `assent strategy new`"),
        (str(place), "the ledger; `-wal` and `-shm` beside it are SQLite's and belong to it"),
        (f"{place}.anchors", "heads of the ledger, written down now and then; copy them to another machine"),
        (str(views_of(place)), "an index by stream for `assent ledger show`; made anew whenever it is missing"),
        (str(index_of(place)), "the same for the console, which keeps a copy of its own"),
        (f"{place}.lock", "the lease; held by the desk that runs, never removed"),
        (str(_beside(some, "heartbeat.json")), "replaced at each cycle: time, status, level, bankroll, exposure"),
        (str(_beside(some, "last-words.jsonl")), "what the watchdog said when it ended a process, if it ever did"),
        (
            str(_beside(some, "invariant-broken.json")),
            "left when a promise of our own code broke; the next start halts for it",
        ),
        (str(some.sentinel_path.relative_to(some.root)), "yours: while it is there, the kill switch is set"),
        (str(some.control_path.relative_to(some.root)), "the socket on which the running desk answers"),
        (
            str(some.access_path.relative_to(some.root)),
            "who may do what: hashes of tokens and sessions, seeds of second factors; for you alone",
        ),
        (str(some.exchange_journal.relative_to(some.root)), "the exchange in the box: its seed and what it was sent"),
    ]
    return table(("in the desk's folder", "what it is"), [(f"`{name}`", what) for name, what in rows])


def _beside(some: Settings, name: str) -> str:
    return str((some.state_dir / name).relative_to(some.root))


def token_scopes() -> str:
    """What each scope of a credential allows."""
    return table(("scope", "who has it may"), [(f"`{name}`", what) for name, what in SCOPES.items()])


def credentials() -> str:
    """How long each credential lives, and how many there may be."""
    span = format_duration
    longest = f"{tokens.LIFE_MAX_NS // DAY} days"
    whole, idle = span(sessions.SESSION_LIFE_NS), span(sessions.SESSION_IDLE_NS)
    rows = [
        ("a token", f"until it is revoked, or a life of {span(tokens.LIFE_MIN_NS)} to {longest}", tokens.TOKENS_MAX),
        ("a replaced secret", f"at once over, or an overlap of at most {span(tokens.OVERLAP_MAX_NS)}", "one a token"),
        (
            "a session",
            f"{whole}, or {idle} without use, or as long as its token",
            f"{sessions.EACH_MAX} an identity, {sessions.ALL_MAX} in all",
        ),
        ("a login code", f"{span(sessions.LOGIN_LIFE_NS)}, and one use", f"{sessions.EACH_MAX} an identity"),
        ("a second factor", "until it is forgotten; each step of half a minute once", factors.PEOPLE_MAX),
        ("wrong second factors", _lock(lockout.FACTOR), "for each person"),
        ("wrong credentials", _lock(lockout.SOURCE), "for each source"),
    ]
    return table(("what", "how long it holds", "how many"), [(what, life, str(many)) for what, life, many in rows])


def _lock(guard: lockout.Guard) -> str:
    span = format_duration
    return f"{guard.tries} within {span(guard.window)} lock out for {span(guard.lock)}"


def levels() -> str:
    """What each level still allows."""
    order = ("open", "close", "cancel", "claim")
    rows = []
    for level in Level:
        allowed = ", ".join(action for action in order if action in ALLOWED[level])
        rows.append((f"`{level.name}`", allowed or "nothing, until a person has resumed"))
    return table(("level", "what may still be released"), rows)


def causes() -> str:
    """Every cause of a halt, its level, its way out, and whether a person may set it aside for a while."""
    rows = [
        (f"`{c.code}`", c.sentence, f"`{c.level.name}`", _way_out(c), "may be" if c.overridable else "never")
        for c in CAUSES.values()
    ]
    return table(("cause", "what happened", "level", "what ends it", "overridden"), rows)


def _way_out(cause: Cause) -> str:
    way = RESETS[cause.reset].format(quiet=format_duration(cause.quiet_ns))
    latch = LATCHES.get(cause.code)
    if latch is None:
        return way
    return f"{way}; a named person from {latch.times} times within {format_duration(latch.within_ns)} on"


def rules() -> str:
    """The rules in the order of the gate."""
    rows = [(f"`{code}`", REASONS[code].sentence, REASONS[code].unit) for code, _ in RULES]
    return table(("rule", "what it means when it says no", "measured in"), rows)


def limits() -> str:
    """Which limit sets which rule, and how a file says it."""
    return _limits_of(RULES, LIMITS_OF)


def assents() -> str:
    """The limits that say whose assent what needs."""
    settings_of = {setting.key: setting for setting in SETTINGS}
    rows = [
        (f"`{key}`", settings_of[key].sentence, allowed_words(settings_of[key]), _default(settings_of[key]))
        for key in ASSENTS
    ]
    return table(("limit", "what it says", "allowed", "default"), rows)


def refused_answers() -> str:
    """Every way in which a person's answer is refused, with what to do."""
    rows = [(f"`{code}`", REASONS[code].sentence, f"{todo}.") for code, todo in REMEDIES.items()]
    return table(("code", "what it means", "what to do"), rows)


def look_limits() -> str:
    """The same for the rules of the last look, with what each means."""
    rows = [(f"`{code}`", REASONS[code].sentence) for code, _ in LOOK_RULES]
    words = table(("rule", "what it means when it says no"), rows)
    return f"{words}\n\n{_limits_of(LOOK_RULES, LOOK_LIMITS_OF)}"


def _limits_of(found: tuple[tuple[str, Rule], ...], limits_of: Mapping[str, tuple[str, ...]]) -> str:
    settings_of = {setting.key: setting for setting in SETTINGS}
    rows = []
    for code, _ in found:
        keys = limits_of.get(code, ALWAYS_ON.get(code, ()))
        for number, key in enumerate(keys):
            setting = settings_of[key]
            rule = f"`{code}`" if number == 0 else ""
            example = f"`{key} = {setting.example}`"
            rows.append((rule, f"`{key}`", allowed_words(setting), _default(setting), example))
        if not keys:
            rows.append((f"`{code}`", "none: always the same", "", "", ""))
    return table(("rule", "set by", "allowed", "default", "example"), rows)


def reasons() -> str:
    """All other codes, by family."""
    blocks = []
    for family in get_args(Family):
        rows = [(f"`{r.code}`", r.sentence) for r in REASONS.values() if r.family == family]
        if family != "rule" and rows:
            blocks += [f"### {family.capitalize()}", table(("code", "what it means, and what to do"), rows)]
    return "\n\n".join(blocks)


def effects_part() -> str:
    """Which fact has which consequence in the world."""
    classes = {
        "Once": "once, never again",
        "At least once": "at least once",
        "At most once": "once; what a crash loses is not asked for again",
    }
    rows = [
        (f"`{fact.__name__}`", f"`{effect.__name__}`", classes[str(effect.__doc__).rstrip(".")])
        for fact, effect in zip(effects.EFFECTS, get_args(effects.Effect), strict=True)
    ]
    return table(("fact", "effect", "carried out"), rows)


def transitions() -> str:
    """An order's life: from each status, what each event leads to."""
    statuses = list(dict.fromkeys(status for status, _ in TRANSITIONS))
    events = list(dict.fromkeys(event for _, event in TRANSITIONS))
    rows = [(f"`{status}`", *(TRANSITIONS.get((status, event), "") for event in events)) for status in statuses]
    return table(("", *(f"**{event}**" for event in events)), rows)


def clockwork() -> str:
    """The times that are not settings."""
    rows = [
        ("a released order that is not on the wire after", permit.PERMIT_LIFE, "is not sent: `permit_expired`"),
        ("a submission or a cancel without an answer after", executor.ANSWER_MAX_NS, "is unknown"),
        ("a last look without an answer after", looked.ANSWER_MAX, "ends in `skipped_unanswered`"),
        ("after a look that came to nothing, for", looking.AGAIN, "the same idea is only counted"),
        ("in observe, an order without a life of its own would rest", observing.REST_MAX, "and then end"),
        ("the owner's kill switch is looked at every", runtime.SWITCH_EVERY, "and in each cycle"),
        ("evidence for unknown orders is asked for every", runtime.RESOLVE_EVERY, "until it comes"),
        ("an order that stays unknown for longer than", cycle.UNKNOWN_MAX, "halts the desk: `unknown_overdue`"),
        ("a feed says nothing for", runtime.SILENCE_MAX, f"and {runtime.SILENT_CYCLES} cycles: halts, `stale_data`"),
        ("our books and the venue's are compared every", runtime.RECONCILE_EVERY, "a difference halts: `discrepancy`"),
        ("books that were asked for and did not come within", reconcile.BOOKS_MAX_NS, "halt: `account_unavailable`"),
        ("the exchange in the box proves its quotes every", adapter.PROOF_EVERY, "when nothing else was said"),
        ("an order takes, one way to the exchange in the box,", adapter.LATENCY_NS, "of its time"),
    ]
    counted = [
        ("the digest of the state is written every", f"{context.MARK_EVERY:,} records", "and proved at every start"),
        ("an anchor is written every", f"{tally.ANCHOR_EVERY:,} records", "and at each clean end"),
    ]
    timed = [(what, format_duration(ns), then) for what, ns, then in rows]
    return table(("what", "how long", "and then"), timed + counted)


def layout() -> str:
    """A worked example of a record's hash."""
    first = chain.record_hash(chain.GENESIS_HASH, 1, 1_700_000_000_000_000_000, "LedgerOpened", 1, b'{"ledger_id":"L"}')
    second = chain.record_hash(first, 2, 1_700_000_000_000_000_001, "DeskStopped", 1, b'{"why":"SIGINT"}')
    rows = [
        ("1", "32 zero bytes", "1700000000000000000", "`LedgerOpened`", '`{"ledger_id":"L"}`', f"`{first.hex()}`"),
        ("2", "the hash above", "1700000000000000001", "`DeskStopped`", '`{"why":"SIGINT"}`', f"`{second.hex()}`"),
    ]
    return table(("seq", "prev_hash", "ts", "kind (version 1)", "body", "hash"), rows)


def schema() -> str:
    statements = ";\n".join(verify.SCHEMA.values())
    return f"```sql\nPRAGMA application_id = {verify.APPLICATION_ID};  -- 'ASST'\n{statements};\n```"


def proposal() -> str:
    """What a strategy may ask for."""
    fields = fields_of(Proposal)
    rows = [(f"`{name}`", kind, "" if default is None else f"`{default!r}`") for name, kind, default in fields]
    return table(("field", "type", "default"), rows)


def view() -> str:
    """What a strategy can see."""
    public = [name for name in vars(View) if not name.startswith("_")]
    rows = [(f"`{name}`", *required(View, name)) for name in public if name != "now"]
    return table(("on the view", "gives", ""), [("`now`", "int", "Our time, UTC nanoseconds."), *rows])


def bench() -> str:
    """The words of the test bench."""
    rows = [
        (f"`{name}{_arguments(word)}`", first_sentence(word)) for name, word in vars(Bench).items() if name[0] != "_"
    ]
    return table(("on the bench", "what it does"), rows)


def _arguments(word: object) -> str:
    if isinstance(word, property):
        return ""
    names = list(inspect.signature(word).parameters)[1:]  # type: ignore[arg-type]
    return f"({', '.join(names)})"


def hooks() -> str:
    shown = {"on_quote": "quote", "on_bar": "bar", "on_forecast": "forecast", "on_cycle": ""}
    called = {
        "on_quote": "at each quote that came through the door",
        "on_bar": "at each finished bar (the exchange in the box sends none)",
        "on_forecast": "at each outside forecast",
        "on_cycle": "once a cycle: `runtime.cycle`",
    }
    rows = [(f"`{hook}(view{', ' + shown[hook] if shown[hook] else ''})`", called[hook]) for hook in HOOKS]
    return table(("method", "called"), rows)


def digest_example() -> str:
    """What the digest of a release covers."""
    order = Order(
        order_id="00000000-0000-0000-0000-000000000000", intent_id="i-0000000000000000", attempt=1,
        instrument="KXHIGHSIM-26JAN05-B44.5", side="buy", type="limit", price=350_000, qty=3_000_000,
        time_in_force="ioc",
    )  # fmt: skip
    return f"```text\n{msgspec.json.encode(order).decode()}\nsha256 {order_digest(order)}\n```"


def outcomes_part() -> str:
    """What each answer of Kalshi's to a write means."""
    tables = (("order", outcomes.CREATE), ("cancel", outcomes.CANCEL))
    meant: dict[tuple[int, str], dict[str, str]] = {}
    for what, rows in tables:
        for pair, meaning in rows.items():
            meant.setdefault(pair, {})[what] = meaning
    rows_told = [
        (str(status), f"`{code}`", told.get("order", "unknown"), told.get("cancel", "unknown"))
        for (status, code), told in sorted(meant.items())
    ]
    return table(("status", "code", "an order is", "a cancel is"), rows_told)


PARTS: Final[Mapping[str, Callable[[], str]]] = {
    "settings": settings,
    "variables": variables,
    "files": files,
    "token-scopes": token_scopes,
    "credentials": credentials,
    "levels": levels,
    "causes": causes,
    "rules": rules,
    "limits": limits,
    "assents": assents,
    "refused-answers": refused_answers,
    "look-limits": look_limits,
    "reasons": reasons,
    "effects": effects_part,
    "transitions": transitions,
    "outcomes": outcomes_part,
    "order-fates": fates_of_orders,
    "cancel-fates": fates_of_cancels,
    "clockwork": clockwork,
    "layout": layout,
    "schema": schema,
    "proposal": proposal,
    "view": view,
    "hooks": hooks,
    "bench": bench,
    "digest": digest_example,
    "facts": facts_table,
    "inputs": inputs_table,
    "shapes": parts_tables,
    "commands": commands,
    "exit-codes": exit_codes,
    **HTTP_PARTS,
}


def main() -> int:
    changed = fill_pages(PARTS)
    names = ", ".join(str(page.relative_to(ROOT)) for page in changed)
    sys.stdout.write(f"written anew: {names}\n" if changed else "every page says what the code says\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
