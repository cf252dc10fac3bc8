"""What a start needs to know, checked and then unchangeable, and where the desk's files lie."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assent.config.kinds import Kind
from assent.model.constitution import Constitution

# What a file may name in this version; the model knows more, for later ones.
RunnableMode = Literal["paper", "observe"]
RunnableEnvironment = Literal["sim"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategySettings:
    """One strategy; `options` holds a checked value for every option of its kind. `plugin`: it does not ship."""

    kind: str
    name: str
    options: Mapping[str, int | str]
    plugin: Kind | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a start needs to know, checked. `demo`: a folder that holds one simulated day and nothing else."""

    root: Path
    name: str
    mode: RunnableMode
    venue: str
    environment: RunnableEnvironment
    account: str
    constitution: Constitution
    strategies: tuple[StrategySettings, ...]
    cash: int
    cycle_ns: int
    exchange_seed: int
    hang_max_ns: int
    memory_max_mib: int
    kill_switch_env: str
    kill_switch_env_file: str
    kill_switch_file: str
    kill_switch_allows_exits: bool
    demo: bool = False

    @property
    def state_dir(self) -> Path:
        """Everything that belongs to this mode, and to no other."""
        return self.root if self.demo else self.root / "state" / self.mode

    @property
    def ledger_path(self) -> Path:
        name = "ledger" if self.demo else f"{self.venue}_{self.environment}_{self.mode}"
        return self.state_dir / f"{name}.sqlite"

    @property
    def exchange_journal(self) -> Path:
        """Each mode has an account of its own at the exchange in the box. The seed makes it the same world."""
        return self.root / "state" / "exchange" / f"{self.venue}_{self.environment}_{self.mode}.journal"

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
