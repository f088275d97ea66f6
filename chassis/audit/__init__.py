"""Whether what is kept agrees with itself: figures, sequences on the log, outboxes."""
from chassis.audit.auditor import CHECKS, Auditor, Finding, Report
from chassis.audit.sequences import Sequences

__all__ = ["CHECKS", "Auditor", "Finding", "Report", "Sequences"]
