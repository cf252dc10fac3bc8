"""Which code this is: a digest over a package's source files. Ours, and each plug-in's, is recorded at each start."""

import hashlib
from functools import cache
from pathlib import Path

from assent import __version__


@cache
def build_digest() -> str:
    """Version and hash of every module's bytes, in the order of their names: the same for the same code anywhere."""
    return f"{__version__}+{source_digest(Path(__file__).parents[1])[:16]}"


def source_digest(root: Path) -> str:
    """SHA-256 over every module below `root`, or over the one that it is, each with its name and length."""
    single = root.is_file()
    hasher = hashlib.sha256()
    home = root.parent if single else root
    paths = [root] if single else sorted(root.rglob("*.py"), key=lambda path: path.relative_to(root).as_posix())
    for path in paths:
        _add(hasher, path.relative_to(home).as_posix(), path.read_bytes())
    return hasher.hexdigest()


def text_digest(name: str, content: bytes) -> str:
    """The same for one module whose bytes were read already: what is digested is what is run."""
    hasher = hashlib.sha256()
    _add(hasher, name, content)
    return hasher.hexdigest()


def _add(hasher: "hashlib._Hash", name: str, content: bytes) -> None:
    encoded = name.encode()
    hasher.update(len(encoded).to_bytes(4, "big") + encoded + len(content).to_bytes(8, "big") + content)
