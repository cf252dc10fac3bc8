"""The kill switch of a desk, by its settings."""

from assent.config import Settings
from assent.runtime.kill_switch import KillSwitch


def switch_of(settings: Settings) -> KillSwitch:
    """Where this desk's owner may stop it from outside."""
    return KillSwitch(
        settings.kill_switch_env, settings.env_file_path, settings.sentinel_path, settings.kill_switch_allows_exits
    )
