import argparse
import sys
from pathlib import Path

from dev.contract_files.files import PUBLISHED, broken, stale, write


def main(arguments: list[str] | None = None) -> int:
    """0: done, or up to date. 1: stale (--check). 2: would break readers, nothing written."""
    parser = argparse.ArgumentParser(prog="python -m dev.contract_files", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file is stale")
    parser.add_argument("--allow-breaking", action="store_true", help="write even what breaks readers")
    parser.add_argument("--directory", type=Path, default=PUBLISHED)
    asked = parser.parse_args(arguments)
    faults = broken(asked.directory)
    for fault in faults:
        print(f"breaks readers: {fault}", file=sys.stderr)
    if asked.check:
        old = stale(asked.directory)
        for name in old:
            print(f"stale: {name} (run `python -m dev.contract_files`)", file=sys.stderr)
        return 1 if old else 0
    if faults and not asked.allow_breaking:
        print("nothing was written: such a change is a .v2 beside the .v1", file=sys.stderr)
        return 2
    print(f"{write(asked.directory)} files written to {asked.directory.name}/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
