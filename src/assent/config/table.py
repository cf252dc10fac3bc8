"""Every setting there is, in one table: the loader, the docs and the templates' tests read it.

The limits come from the constitution's own table, a strategy's options from the strategy's.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from assent.config.values import Setting
from assent.model.constitution import LIMITS, Constitution
from assent.model.units import DAY, HOUR, MICRO, MINUTE, SECOND
from assent.strategy import threshold
from assent.strategy.options import Option

STRATEGIES_MAX: Final = 32
SCOPE: Final = ("markets", "events", "series")
# As with a limit that may be off: so much stands for none at all.
GROUP_LIMIT_OFF: Final = 1_000_000
ORDER_LIFE_OFF: Final = 366 * DAY

_DEFAULTS = Constitution()
_LIMIT_SETTINGS = tuple(
    Setting(
        "scope" if limit.key in SCOPE else "constitution", limit.key, limit.kind, limit.least, limit.most,
        getattr(_DEFAULTS, limit.key), limit.example, limit.sentence, optional=limit.optional,
    )
    for limit in LIMITS
)  # fmt: skip

SETTINGS: Final[tuple[Setting, ...]] = (
    Setting("desk", "name", "name", 1, 64, None, '"my-desk"', "What this desk is called in banners and alerts."),
    Setting(
        "desk", "mode", "choice", 0, 0, "paper", '"paper"',
        "`paper` trades on simulated fills; `observe` runs everything and cannot send an order; `dry-run` does all but "
        "send; `live` sends, if `dry_run` is false, and is a dry-run if not.",
        choices=("paper", "observe", "dry-run", "live"),
    ),
    Setting(
        "desk", "dry_run", "flag", 0, 1, True, "true",
        "While it is true, mode `live` is a dry-run. Only a file can make it false: no variable and no option does.",
    ),
    Setting(
        "desk", "venue", "choice", 0, 0, "kalshi", '"kalshi"', "Where the markets are.",
        choices=("kalshi",), later=("polymarket", "ibkr"),
    ),
    Setting(
        "desk", "environment", "choice", 0, 0, "sim", '"sim"',
        "Which world the venue is: `sim` is the exchange inside this process, `box` one on this machine "
        "(`assent exchange`), `demo` the venue's own for trying, `production` the one with money. Each has its host.",
        choices=("sim", "box", "demo", "production"),
    ),
    Setting("desk", "account", "name", 1, 64, "paper", '"paper"', "The account at the venue that this desk trades."),
    Setting(
        "paper", "cash", "money", MICRO, 100_000_000 * MICRO, 1_000 * MICRO, '"1000.00"',
        "The bankroll with which the account is opened on the exchange in the box.",
    ),
    Setting(
        "exchange", "seed", "count", 0, (1 << 63) - 1, 1, "7",
        "Which world the exchange in the box plays: the same seed gives the same markets, traders and outcomes.",
    ),
    Setting(
        "kalshi", "key_id", "name", 1, 64, "", '"a952bcbe-ec3b-4b5b-b8f9-11dae589608c"',
        "The id of the API key that may trade, as the account's settings show it. Only dry-run and live load that key.",
        optional=True,
    ),
    Setting(
        "kalshi", "key_file", "path", 1, 400, "", '"/etc/assent/kalshi.pem"',
        "The file with its private half in PEM, which only its owner may read; from the desk's folder if not absolute.",
        optional=True,
    ),
    Setting(
        "kalshi", "key_variable", "variable", 1, 64, "", '"KALSHI_TRADING_KEY"',
        "Instead of the file: the environment variable that holds the PEM. It is forgotten once it has been read.",
        optional=True,
    ),
    Setting(
        "kalshi", "read_key_id", "name", 1, 64, "", '"0c7b7c5e-2f60-4c0f-9d5e-6d7b9f2a1c11"',
        "The id of a key that can only read. Paper and observe load this one and no other, so that they cannot trade.",
        optional=True,
    ),
    Setting(
        "kalshi", "read_key_file", "path", 1, 400, "", '"/etc/assent/kalshi-read.pem"',
        "The file with its private half in PEM, which only its owner may read; from the desk's folder if not absolute.",
        optional=True,
    ),
    Setting(
        "kalshi", "read_key_variable", "variable", 1, 64, "", '"KALSHI_READING_KEY"',
        "Instead of the file: the environment variable that holds the PEM. It is forgotten once it has been read.",
        optional=True,
    ),
    Setting(
        "kalshi", "box_url", "loopback", 0, 0, "http://127.0.0.1:8551", '"http://127.0.0.1:8551"',
        "Where the exchange in the box listens: on this machine only. The other environments have hosts of their own.",
    ),
    Setting(
        "kalshi", "member", "choice", 0, 0, "direct", '"direct"',
        "How the account stands at the venue; it decides how its fees are rounded.", choices=("direct", "non_direct"),
    ),
    Setting(
        "kalshi", "self_trade_prevention", "choice", 0, 0, "taker_at_cross", '"taker_at_cross"',
        "Which of two orders of the account that would meet is cancelled: the one that came, or the one that rested.",
        choices=("taker_at_cross", "maker"),
    ),
    Setting(
        "kalshi", "cancel_on_pause", "flag", 0, 1, True, "true",
        "Whether the venue takes resting orders off the book when it pauses trading.",
    ),
    Setting(
        "kalshi", "order_group_limit", "count", 1, GROUP_LIMIT_OFF, GROUP_LIMIT_OFF, "50",
        "How many contracts may be matched within 15 seconds. Beyond it the venue itself takes all orders of this desk "
        "off its book and takes no more, until a person resumes. In live only.", optional=True,
    ),
    Setting(
        "kalshi", "order_life_max", "duration", SECOND, ORDER_LIFE_OFF, ORDER_LIFE_OFF, '"15m"',
        "The longest that what opens a position may rest on the book. The venue takes it off then, also when this "
        "process is gone.", optional=True,
    ),
    Setting(
        "forecasts", "url", "url", 1, 400, "", '"http://127.0.0.1:9000/forecasts.json"',
        "Where a program of your own tells its estimates, as one list in JSON; see docs/live.md.", optional=True,
    ),
    Setting(
        "forecasts", "every", "duration", SECOND, HOUR, 10 * SECOND, '"10s"', "How often it is asked for them.",
    ),
    *_LIMIT_SETTINGS,
    Setting(
        "runtime", "cycle", "duration", SECOND // 10, HOUR, 10 * SECOND, '"10s"',
        "How often equity is marked, halts are looked at and strategies of the cycle are asked.",
    ),
    Setting(
        "runtime", "hang_max", "duration", SECOND, 10 * MINUTE, 10 * SECOND, '"10s"',
        "How long one input may take before the watchdog ends the process.",
    ),
    Setting(
        "runtime", "memory_max_mib", "count", 64, 1_048_576, 1_024, "1024",
        "How much memory, in MiB, the process may take before the watchdog ends it.",
    ),
    Setting(
        "runtime", "kill_switch_env", "variable", 1, 64, "BOT_DISABLE_TRADING", '"BOT_DISABLE_TRADING"',
        "The variable that stops the desk, unless it is unset, `0`, `false`, `no` or `off`.",
    ),
    Setting(
        "runtime", "kill_switch_env_file", "path", 1, 400, "", '"/etc/assent/desk.env"',
        "The service's env file, in which that variable is looked for as well; from the desk's folder if not absolute.",
        optional=True,
    ),
    Setting(
        "runtime", "kill_switch_file", "path", 1, 400, "STOP", '"STOP"',
        "The file that stops the desk by being there; from the desk's folder if not absolute.",
    ),
    Setting(
        "runtime", "kill_switch_allows_exits", "flag", 0, 0, False, "false",
        "Whether orders that leave a position may still be sent while the kill switch is set.",
    ),
    Setting(
        "web", "host", "host", 0, 0, "127.0.0.1", '"127.0.0.1"',
        "Where the console listens. Beyond this machine it takes https: a certificate, or proxies that speak it.",
    ),
    Setting(
        "web", "port", "count", 1, 65_535, 8_787, "8787", "On which port. Two desks on one machine need two ports.",
    ),
    Setting(
        "web", "allow", "networks", 0, 32, ("127.0.0.0/8", "::1/128"), '["127.0.0.0/8", "192.168.1.0/24"]',
        "The networks that may ask it anything, judged by the other end of the connection.",
    ),
    Setting(
        "web", "hosts", "names", 0, 32, ("localhost", "127.0.0.1", "[::1]"), '["localhost", "desk.example"]',
        "The names under which browsers may call it; any other is refused, so that none can be turned on it.",
    ),
    Setting(
        "web", "proxies", "networks", 0, 8, (), '["127.0.0.1"]',
        "The reverse proxies whose word about who asks is believed.",
    ),
    Setting(
        "web", "behind_https", "flag", 0, 1, False, "true", "Whether these proxies speak https to the world.",
    ),
    Setting(
        "web", "certificate", "path", 1, 400, "", '"/etc/assent/console.pem"',
        "The certificate, in PEM, with which the console itself speaks https; from the desk's folder if not absolute.",
        optional=True,
    ),
    Setting(
        "web", "certificate_key", "path", 1, 400, "", '"/etc/assent/console.key"',
        "The certificate's private key, in PEM.", optional=True,
    ),
)  # fmt: skip

STRATEGY_SETTINGS: Final[tuple[Setting, ...]] = (
    Setting(
        "strategy", "kind", "choice", 0, 0, "threshold", '"threshold"', "Which strategy this is.",
        choices=("threshold",),
    ),
    Setting("strategy", "name", "name", 1, 64, None, '"value"', "Its own name in the ledger; each name once."),
)  # fmt: skip
# What the table of a strategy that does not ship with us may say besides.
PLUGIN_SETTINGS: Final[tuple[Setting, ...]] = (
    Setting(
        "strategy", "digest", "digest", 0, 0, "", '"sha256:' + "0" * 64 + '"',
        "The digest of the plug-in's source, from `assent strategy list`: other source is then refused. Live needs it.",
    ),
)  # fmt: skip


def options_of(table: Iterable[Option]) -> tuple[Setting, ...]:
    """A strategy's own options as settings of its table in the file."""
    return tuple(
        Setting(
            "strategy", option.key, option.kind, option.least, option.most, option.default, option.example,
            option.sentence, choices=option.choices,
        )
        for option in table
    )  # fmt: skip


# kind -> the settings that are the strategy's own.
STRATEGY_OPTIONS: Final[Mapping[str, tuple[Setting, ...]]] = {"threshold": options_of(threshold.OPTIONS)}
