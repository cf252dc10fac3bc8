"""The desk's folder and its one file, `assent.toml`, read into `Settings` that nothing can change afterwards.

Begin with `table.py`: every setting stands there once, with its range, its default and an example. `values.py` reads
one value, `load.py` a whole file, `kinds.py` the strategies that do not ship.
"""

from assent.config.kinds import Kind, KindError, load_file
from assent.config.load import (
    DEMO_SEED,
    FILE_NAME,
    Loaded,
    demo_of,
    demo_settings,
    load,
    read_all,
    template_path,
    with_strategy,
)
from assent.config.problems import ConfigError, Problem
from assent.config.settings import KalshiSettings, KeySettings, Settings, StrategySettings, WebOptions
from assent.config.table import SETTINGS, STRATEGY_OPTIONS, STRATEGY_SETTINGS

__all__ = [
    "DEMO_SEED",
    "FILE_NAME",
    "SETTINGS",
    "STRATEGY_OPTIONS",
    "STRATEGY_SETTINGS",
    "ConfigError",
    "KalshiSettings",
    "KeySettings",
    "Kind",
    "KindError",
    "Loaded",
    "Problem",
    "Settings",
    "StrategySettings",
    "WebOptions",
    "demo_of",
    "demo_settings",
    "load",
    "load_file",
    "read_all",
    "template_path",
    "with_strategy",
]
