"""Writes `contracts/published/`: the published language as files that other systems can read without this code.

`python -m dev.contract_files` writes the files and refuses incompatible changes; `--check` only reports stale files.
"""
from dev.contract_files.compatibility import breaking
from dev.contract_files.files import PUBLISHED, broken, files, stale, write

__all__ = ("PUBLISHED", "breaking", "broken", "files", "stale", "write")
