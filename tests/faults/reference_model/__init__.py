"""Every figure, reckoned from the ledger alone: plain loops over what was said, none of the product's code.

It knows what `definitions/` say, in numbers of its own; whoever changes a definition changes these too.
"""
from tests.faults.reference_model.figures import Figures, expected_figures
from tests.faults.reference_model.history import History, read

__all__ = ("Figures", "History", "expected_figures", "read")
