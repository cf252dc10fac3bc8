"""What a start needs to know, checked and then unchangeable, and where the desk's files lie."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from assent.config.kinds import Kind
from assent.config.table import GROUP_LIMIT_OFF, ORDER_LIFE_OFF, SCOPE
from assent.config.together import mode_of
from assent.model.belts import Belts
from assent.model.constitution import LIMITS, Constitution, Narrowing
from assent.model.inputs import Environment, Mode
from assent.model.units import MICRO

Member = Literal["direct", "non_direct"]
SelfTradePrevention = Literal["taker_at_cross", "maker"]
KALSHI_OWN: Final = (
    "box_url",
    "member",
    "self_trade_prevention",
    "cancel_on_pause",
    "order_group_limit",
    "order_life_max",
)
WEB_OWN: Final = (
    "host", "port", "allow", "hosts", "proxies", "behind_https", "certificate", "certificate_key",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySettings:
    """Where one API key is found: its id, and a file or a variable with the private half. Empty: not said."""

    id: str
    file: str
    variable: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KalshiSettings:
    """How Kalshi is reached. `trading` is loaded by dry-run and live, `reading` by paper and observe."""

    trading: KeySettings
    reading: KeySettings
    box_url: str
    member: Member
    self_trade_prevention: SelfTradePrevention
    cancel_on_pause: bool
    order_group_limit: int
    order_life_max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WebOptions:
    """Where the console listens, to whom, under which names, and how it speaks https. Empty: not said.

    Whether these go together is judged where the console starts: nothing else of a desk depends on them.
    """

    host: str
    port: int
    allow: tuple[str, ...]
    hosts: tuple[str, ...]
    proxies: tuple[str, ...]
    behind_https: bool
    certificate: str
    certificate_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategySettings:
    """One strategy; `options` holds a checked value for every option of its kind. `plugin`: it does not ship."""

    kind: str
    name: str
    options: Mapping[str, int | str]
    plugin: Kind | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a start needs to know, checked. `mode` is what it comes to: `live` with `dry_run` is a dry-run.

    `demo`: a folder that holds one simulated day and nothing else. `narrowed` and `ledger_override` are what one start
    was told besides the file: to trade less of the scope, and to keep its ledger elsewhere.
    """

    root: Path
    name: str
    mode: Mode
    dry_run: bool
    venue: str
    environment: Environment
    account: str
    constitution: Constitution
    strategies: tuple[StrategySettings, ...]
    cash: int
    cycle_ns: int
    exchange_seed: int
    kalshi: KalshiSettings
    web: WebOptions
    forecasts_url: str
    forecasts_every_ns: int
    hang_max_ns: int
    memory_max_mib: int
    kill_switch_env: str
    kill_switch_env_file: str
    kill_switch_file: str
    kill_switch_allows_exits: bool
    demo: bool = False
    narrowed: Narrowing | None = None
    ledger_override: Path | None = None

    @property
    def ledger_name(self) -> str:
        """Venue, environment and mode: no two of them ever share a ledger."""
        return f"{self.venue}_{self.environment}_{self.mode.replace('-', '')}"

    @property
    def state_dir(self) -> Path:
        """Everything that belongs to this environment and mode, and to no other: beside a ledger that lies elsewhere,
        in a folder with that ledger's name."""
        if self.ledger_override is not None:
            return self.ledger_override.with_suffix(".state")
        if self.demo:
            return self.root
        return self.root / "state" / (self.mode if self.environment == "sim" else f"{self.environment}-{self.mode}")

    @property
    def ledger_path(self) -> Path:
        if self.ledger_override is not None:
            return self.ledger_override
        return self.state_dir / f"{'ledger' if self.demo else self.ledger_name}.sqlite"

    @property
    def exchange_journal(self) -> Path:
        """Each ledger has an account of its own at the exchange in this process. The seed makes it the same world."""
        if self.ledger_override is not None:
            return self.ledger_override.with_suffix(".journal")
        return self.root / "state" / "exchange" / f"{self.ledger_name}.journal"

    @property
    def sends(self) -> bool:
        """Whether orders of this desk can reach somebody's exchange."""
        return self.mode == "live"

    @property
    def belts(self) -> Belts:
        """What stands at the venue for every order of a run. Only what is sent can stand in anything there."""
        own = self.kalshi
        grouped = self.sends and own.order_group_limit != GROUP_LIMIT_OFF
        return Belts(
            order_life_max=None if own.order_life_max == ORDER_LIFE_OFF else own.order_life_max,
            group_limit=own.order_group_limit * MICRO if grouped else 0,
            cancel_on_pause=own.cancel_on_pause and self.sends,
        )

    @property
    def key(self) -> KeySettings | None:
        """The key that this mode loads, and the only one that it may; None where none is needed."""
        if self.environment == "sim":
            return None
        return self.kalshi.reading if self.mode in ("paper", "observe") else self.kalshi.trading

    @property
    def env_file_path(self) -> Path | None:
        """The service's env file, where one is named."""
        return self.root / self.kill_switch_env_file if self.kill_switch_env_file else None

    @property
    def sentinel_path(self) -> Path:
        """The file that stops the desk, in whichever mode, by being there."""
        return self.root / self.kill_switch_file

    @property
    def control_path(self) -> Path:
        return self.state_dir / "control.sock"

    @property
    def access_path(self) -> Path:
        """Who may look, assent and operate besides the user of this machine: tokens, sessions, second factors."""
        return self.state_dir / "access.sqlite"

    @property
    def console_note(self) -> Path:
        """Where the console's process says at which address it listens, as long as it does."""
        return self.state_dir / "console.json"

    @property
    def console_log(self) -> Path:
        """What the console's process has to say, when the desk has started it."""
        return self.state_dir / "console.log"


def settings_from(root: Path, values: Mapping[str, Any], strategies: tuple[StrategySettings, ...]) -> Settings:
    """What the values of a file, each checked by itself, come to."""
    return Settings(
        root=root,
        name=values["desk.name"],
        mode=mode_of(values["desk.mode"], dry_run=values["desk.dry_run"]),
        dry_run=values["desk.dry_run"],
        venue=values["desk.venue"],
        environment=values["desk.environment"],
        account=values["desk.account"],
        constitution=Constitution(**{limit.key: values[_dotted(limit.key)] for limit in LIMITS}),
        strategies=strategies,
        cash=values["paper.cash"],
        cycle_ns=values["runtime.cycle"],
        exchange_seed=values["exchange.seed"],
        kalshi=KalshiSettings(
            trading=KeySettings(**{part: values[f"kalshi.key_{part}"] for part in ("id", "file", "variable")}),
            reading=KeySettings(**{part: values[f"kalshi.read_key_{part}"] for part in ("id", "file", "variable")}),
            **{name: values[f"kalshi.{name}"] for name in KALSHI_OWN},
        ),
        web=WebOptions(**{name: values[f"web.{name}"] for name in WEB_OWN}),
        forecasts_url=values["forecasts.url"],
        forecasts_every_ns=values["forecasts.every"],
        hang_max_ns=values["runtime.hang_max"],
        memory_max_mib=values["runtime.memory_max_mib"],
        kill_switch_env=values["runtime.kill_switch_env"],
        kill_switch_env_file=values["runtime.kill_switch_env_file"],
        kill_switch_file=values["runtime.kill_switch_file"],
        kill_switch_allows_exits=values["runtime.kill_switch_allows_exits"],
    )


def _dotted(limit: str) -> str:
    return f"scope.{limit}" if limit in SCOPE else f"constitution.{limit}"
