"""Writes `contracts/published/`: what outsiders may rely on, as files that they can read without our code.

`python -m dev.contract_files` writes, and refuses what would break a reader of what lies there; `--check` only looks.
"""
from dev.contract_files.compatibility import breaking
from dev.contract_files.files import PUBLISHED, broken, files, stale, write

__all__ = ("PUBLISHED", "breaking", "broken", "files", "stale", "write")
