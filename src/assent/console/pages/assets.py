"""The files that pages are made with: our own few, and the chart library out of its installed package.

All of ours lie under one digest of them all, so that they are cached for ever, change together, and the modules find
each other. A name that is not in the table does not exist, whatever lies on the disk.
"""

import gzip
import hashlib
import re
from functools import cache
from importlib import metadata, util
from pathlib import Path
from typing import Final, NamedTuple

STATIC: Final = Path(__file__).parent.parent / "static"
PLOTLY: Final = "plotly.min.js"
FOREVER: Final = "public, max-age=31536000, immutable"
_STYLE_IDS: Final = re.compile(rb'getElementById\("([0-9a-f]{64})"\)')
_TYPES: Final = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


class Asset(NamedTuple):
    """One file as it goes out. `packed`: the same under gzip, for whom takes it."""

    body: bytes
    media_type: str
    packed: bytes


class Assets:
    """Every file that may be asked for, read once."""

    def __init__(self) -> None:
        self._ours = {path.name: path.read_bytes() for path in sorted(STATIC.iterdir()) if path.suffix in _TYPES}
        told = hashlib.sha256()
        for name, body in self._ours.items():
            told.update(hashlib.sha256(name.encode()).digest() + hashlib.sha256(body).digest())
        self.digest = told.hexdigest()[:16]
        self._plotly = _plotly_file()
        self._plotly_version = f"plotly-{metadata.version('plotly')}" if self._plotly else ""
        self._packed: dict[str, Asset] = {}
        self.library_ids = _style_ids(self._plotly) if self._plotly else ()

    def address(self, name: str) -> str:
        """Where a page finds the file."""
        folder = self._plotly_version if name == PLOTLY else self.digest
        return f"/console/static/{folder}/{name}"

    @property
    def has_charts(self) -> bool:
        return self._plotly is not None

    def find(self, folder: str, name: str) -> Asset | None:
        """The file under this address, or None. The large one is packed when it is first asked for."""
        if name == PLOTLY and self._plotly and folder == self._plotly_version:
            return self._packed.get(name) or self._pack(name, self._plotly.read_bytes())
        if folder != self.digest or name not in self._ours:
            return None
        return self._packed.get(name) or self._pack(name, self._ours[name])

    def _pack(self, name: str, body: bytes) -> Asset:
        asset = Asset(body, _TYPES[Path(name).suffix], gzip.compress(body, 6, mtime=0))
        self._packed[name] = asset
        return asset


@cache
def _style_ids(path: Path) -> tuple[str, ...]:
    """The library puts style elements into the page unless elements of these names are there, and our content policy
    would refuse each with an error. So the page has them, empty."""
    return tuple(sorted({found.decode() for found in _STYLE_IDS.findall(path.read_bytes())}))


def _plotly_file() -> Path | None:
    """The library's own file, without importing the library."""
    found = util.find_spec("plotly")
    if found is None or found.origin is None:
        return None
    path = Path(found.origin).parent / "package_data" / PLOTLY
    return path if path.is_file() else None
