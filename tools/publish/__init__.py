"""Writes `contracts/published/`: what outsiders may rely on, as files that they can read without our code.

`python -m tools.publish` writes, and refuses what would break a reader of what lies there; `--check` only looks.
"""
from tools.publish.compare import breaking
from tools.publish.files import PUBLISHED, broken, files, stale, write

__all__ = ("PUBLISHED", "breaking", "broken", "files", "stale", "write")
