"""`assent status`: how the desk stands, from itself when it runs, else from its ledger. Exit 6 when it does not run."""

from pathlib import Path
from typing import Any

import click

from assent.cli.exits import Exit
from assent.cli.options import desk_options, say, say_json, settings_of
from assent.cli.words import in_unit, line, money, plain, table, time_left, when
from assent.model.units import MICRO

BAR_CHARS = 20
HYPOTHETICAL = "HYPOTHETICAL: what the orders that observe did not send would have got on paper"


@click.command(name="status", short_help="How the desk stands.")
@desk_options
def command(folder: Path, mode: str | None, *, as_json: bool) -> int:
    """How the desk stands: level, halts, money, limits, positions, orders.

    Exits 0 when the desk runs and 6 when it does not; what its ledger says is shown either way.
    """
    from assent.cli.reading import standing

    status = standing(settings_of(folder, mode=mode))
    if as_json:
        say_json(status)
    else:
        say(status_lines(status))
    return Exit.OK if status["running"] else Exit.NOT_RUNNING


def status_lines(status: dict[str, Any]) -> list[str]:
    """The whole status on at most 100 columns."""
    if not status["ledger"]["records"]:
        return head_lines(status)
    return [
        *head_lines(status),
        "",
        "limits",
        *_indented(limit_lines(status)),
        *_block("halts", halt_lines(status)),
        *_block("stopped strategies", [f"{s['strategy']} [{s['reason']}] {s['sentence']}" for s in status["stopped"]]),
        *_only("waiting for assent", asked_lines(status)),
        *_block("positions", position_lines(status)),
        *_block("orders", order_lines(status["orders"])),
        *_only("their belts at the venue", belt_lines(status["orders"])),
        *_only("orders that would rest (observe sends nothing)", order_lines(status["would"])),
        *_only(HYPOTHETICAL, shadow_lines(status.get("shadow"))),
        *_only("waiting for a last look at the market", look_lines(status["looks"])),
    ]


def head_lines(status: dict[str, Any]) -> list[str]:
    """Who, which mode, at which level, with how much."""
    if not status["ledger"]["records"]:
        return [f"{line(status['name'])}  has never run in this mode: there is no ledger yet"]
    ledger, mandatory = status["ledger"], status["approval_mandatory"]
    sums = [f"{name} {money(status[name])}" for name in ("cash", "equity", "exposure", "reserved")]
    return [
        f"{banner(status)}  {_running(status)}",
        f"level   {status['level']}; allowed: {', '.join(status['allowed']) or 'nothing without a person'}",
        f"money   {'   '.join(sums)}",
        f"switch  {switch_words(status)}",
        *(["assent  mandatory: nothing opens, closes or is claimed without a person"] if mandatory else []),
        f"ledger  {line(ledger['id'])}   {ledger['records']} records, head {ledger['head'][:16]}, {when(ledger['ts'])}",
    ]


def switch_words(status: dict[str, Any]) -> str:
    """How the kill switch stands, and why."""
    switch = status["kill_switch"]
    return line(f"SET: {switch['detail']}") if switch["set"] else f"clear ({line(switch['variable'])})"


def banner(status: dict[str, Any]) -> str:
    """The mode first, in capitals: nobody may take paper for money, or money for paper."""
    return line(
        f"{status['mode'].upper()}  {status['name']}  {status['venue']} {status['environment']}"
        f"  account {status['account']}"
    )


def limit_lines(status: dict[str, Any]) -> list[str]:
    """Those of which something can be used up while the desk stands; the others bound one decision at a time."""
    rows = [
        (
            limit["key"], in_unit(limit["unit"], limit["measured"]), in_unit(limit["unit"], limit["limit"]),
            f"{bar_of(limit['share'])}  {limit['of']}".rstrip(),
        )
        for limit in status["limits"] if limit["measured"] is not None
    ]  # fmt: skip
    others = len(status["limits"]) - len(rows)
    return [*table(rows, right=(1, 2)), f"and {others} more that each order must keep: assent constitution show"]


def bar_of(share: int) -> str:
    """How much of a limit is used, from parts per million; full also when it is passed."""
    filled = min(BAR_CHARS, share * BAR_CHARS // MICRO)
    return f"[{'#' * filled}{'.' * (BAR_CHARS - filled)}]"


def halt_lines(status: dict[str, Any]) -> list[str]:
    lines = []
    for halt in status["halts"]:
        lines += [
            line(f"{halt['level']} [{halt['cause']}] since {when(halt['since_ts'])} by {halt['by']}"),
            line(f"  {halt['sentence']} {halt['detail']}"),
            line(f"  ends: {halt['reset_how']}"),
            *override_lines(halt),
        ]
    return lines


def override_lines(halt: dict[str, Any]) -> list[str]:
    """Whoever reads of a halt that holds nothing now must read that it does not."""
    if halt["overridden_until_ts"] is None:
        return []
    until = when(halt["overridden_until_ts"])
    return [line(f"  OVERRIDDEN until {until} by {halt['overridden_by']}: {halt['overridden_why']}")]


def position_lines(status: dict[str, Any]) -> list[str]:
    rows = [
        (p["instrument"], p["side"].upper(), in_unit("qty", abs(p["qty"])), money(p["cost"]), money(p["exposure"]))
        for p in status["positions"]
    ]
    return table(rows, head=("market", "side", "qty", "cost", "at risk"), right=(2, 3, 4)) if rows else []


def order_lines(orders: list[dict[str, Any]]) -> list[str]:
    rows = [
        (
            o["order_id"][:8], o["code"], o["words"], o["instrument"],
            f"{in_unit('qty', o['filled'])}/{in_unit('qty', o['qty'])}",
            order_stands(o), when(o["released_ts"]),
        )
        for o in orders
    ]  # fmt: skip
    head = ("order", "code", "what", "market", "filled", "status", "released")
    return table(rows, head=head, right=(4,)) if rows else []


def belt_lines(orders: list[dict[str, Any]]) -> list[str]:
    """What holds at the venue for each order, also when this process is gone."""
    rows = [
        (
            o["order_id"][:8], when(o["expires_ts"]) if o["expires_ts"] else "never",
            belt_group(o["group_limit"]), "taken off" if o["cancel_on_pause"] else "stays",
            ", ".join(name for name in ("post-only", "reduce-only") if o[name.replace("-", "_")]),
        )
        for o in orders
    ]  # fmt: skip
    return table(rows, head=("order", "expires", "order group", "on a pause", "besides")) if rows else []


def belt_group(limit: int) -> str:
    """The brake of the order group that an order stands in."""
    return f"{in_unit('qty', limit)} contracts in 15 s" if limit else "none"


def shadow_lines(shadow: dict[str, Any] | None) -> list[str]:
    """The shadow book's sums. None of it happened; nothing where no order was ever played."""
    if shadow is None or shadow["opening_cash"] is None:
        return []
    gain, cost = shadow["gained"] - shadow["fees"], sum(held["cost"] for held in shadow["held"].values())
    closed = f"what was closed would have {'gained' if gain >= 0 else 'lost'} {money(abs(gain))} after all fees"
    cash = f"cash {money(shadow['opening_cash'])} would be {money(shadow['cash'])}"
    lines = [
        f"{shadow['orders']} orders played, {shadow['untaken']} would not have been taken, {shadow['resting']} rest",
        f"{shadow['fills']} fills over {in_unit('qty', shadow['contracts'])} contracts, fees {money(shadow['fees'])}",
        f"{shadow['settled']} markets settled; {closed}",
        f"{len(shadow['held'])} markets held at a cost of {money(cost)}; {cash}",
    ]
    if shadow["skipped"]:
        lines.append(f"{shadow['skipped']} orders were too many at once, or legs of a bracket, and were not played")
    return lines + ([f"stopped: {line(shadow['stopped'])}"] if shadow["stopped"] else [])


def asked_lines(status: dict[str, Any]) -> list[str]:
    """What waits for people, and how long it still does."""
    now = status["now_ts"]
    rows = [
        (
            o["code"], o["words"], o["instrument"], in_unit("qty", o["qty"]), money(o["worst_loss"]),
            f"{len(o['given'])} of {o['needed']}", time_left(o["expires_ts"] - now),
        )
        for o in status["intents"]
    ]  # fmt: skip
    head = ("code", "what", "market", "qty", "worst loss", "given", "left")
    return table(rows, head=head, right=(3, 4, 6)) if rows else []


def look_lines(looks: list[dict[str, Any]]) -> list[str]:
    rows = [(o["code"], o["words"], o["instrument"], in_unit("qty", o["qty"]), when(o["asked_ts"])) for o in looks]
    return table(rows, head=("code", "what", "market", "qty", "since"), right=(3,)) if rows else []


def order_stands(order: dict[str, Any]) -> str:
    """Its status, and how far a cancel of it is."""
    return f"{order['status']}, cancel {order['cancel']}" if order["cancel"] else str(order["status"])


def _running(status: dict[str, Any]) -> str:
    return f"running, pid {status['pid']}" if status["running"] else "not running"


def _block(title: str, lines: list[str]) -> list[str]:
    return ["", title, *_indented([plain(text) for text in lines])] if lines else ["", f"{title}: none"]


def _only(title: str, lines: list[str]) -> list[str]:
    """A block that most desks never have."""
    return _block(title, lines) if lines else []


def _indented(lines: list[str]) -> list[str]:
    return [f"  {text}" for text in lines]
