import argparse
import sys
from pathlib import Path

from dev.contract_files.files import PUBLISHED, broken, stale, write


def main(arguments: list[str] | None = None) -> int:
    """Exit status 0: written, or up to date; 1: stale (--check); 2: incompatible, nothing written."""
    parser = argparse.ArgumentParser(prog="python -m dev.contract_files", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file is stale")
    parser.add_argument("--allow-breaking", action="store_true", help="write incompatible changes too")
    parser.add_argument("--directory", type=Path, default=PUBLISHED)
    options = parser.parse_args(arguments)
    faults = broken(options.directory)
    for fault in faults:
        print(f"breaks readers: {fault}", file=sys.stderr)
    if options.check:
        outdated = stale(options.directory)
        for name in outdated:
            print(f"stale: {name} (run `python -m dev.contract_files`)", file=sys.stderr)
        return 1 if outdated else 0
    if faults and not options.allow_breaking:
        print("nothing was written: publish an incompatible change as .v2 beside the .v1", file=sys.stderr)
        return 2
    print(f"{write(options.directory)} files written to {options.directory.name}/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
