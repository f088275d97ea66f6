"""One truth of criteria: what each kind of value means as a condition. Every service is tested with this table."""
from typing import Any

TRUTH: list[tuple[Any, bool]] = [
    (True, True), (False, False), (None, False), (0, False), (1, False), (2.5, False), ("", False), ("true", False),
    ("yes", False), ([], False), ([True], False), ({}, False), ({"a": 1}, False),
]
"""(the value of a criterion, whether the criterion is met): only true is."""
