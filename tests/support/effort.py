"""How thorough property tests and model checks are: `TRIPTYCH_TEST_EFFORT`, 1 unless `make quick` or `make nightly`
says otherwise."""
import os

EFFORT = float(os.environ.get("TRIPTYCH_TEST_EFFORT") or 1)
FEWEST = 5


def examples(n: int) -> int:
    """The number of examples for a test that draws `n` in `make test`."""
    return max(FEWEST, round(n * EFFORT))
