"""Which code this is: a digest over the package's own source files, recorded at each start."""

import hashlib
from functools import cache
from pathlib import Path

from assent import __version__


@cache
def build_digest() -> str:
    """Version and hash of every module's bytes, in the order of their names: the same for the same code anywhere."""
    root = Path(__file__).parents[1]
    hasher = hashlib.sha256()
    for path in sorted(root.rglob("*.py"), key=lambda path: path.relative_to(root).as_posix()):
        content = path.read_bytes()
        name = path.relative_to(root).as_posix().encode()
        hasher.update(len(name).to_bytes(4, "big") + name + len(content).to_bytes(8, "big") + content)
    return f"{__version__}+{hasher.hexdigest()[:16]}"
