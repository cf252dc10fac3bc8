"""The desk's folder and its one file, `assent.toml`, read into `Settings` that nothing can change afterwards.

Begin with `table.py`: every setting stands there once, with its range, its default and an example. `values.py` reads
one value, `load.py` a whole file.
"""

from assent.config.load import (
    DEMO_SEED,
    FILE_NAME,
    ConfigError,
    Problem,
    demo_settings,
    load,
    template_path,
)
from assent.config.settings import Settings, StrategySettings
from assent.config.table import CANNOT_GO_LIVE, SETTINGS, STRATEGY_OPTIONS, STRATEGY_SETTINGS

__all__ = [
    "CANNOT_GO_LIVE",
    "DEMO_SEED",
    "FILE_NAME",
    "SETTINGS",
    "STRATEGY_OPTIONS",
    "STRATEGY_SETTINGS",
    "ConfigError",
    "Problem",
    "Settings",
    "StrategySettings",
    "demo_settings",
    "load",
    "template_path",
]
