"""A strategy that does not ship with us, as a start records it."""

import msgspec


class PluginUsed(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Which source a strategy was run from: its kind, and the digest over its source."""

    strategy: str
    kind: str
    digest: str
