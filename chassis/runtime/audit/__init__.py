"""Whether what is kept agrees with itself: figures, sequences on the log, outboxes."""
from chassis.runtime.audit.auditor import CHECKS, Auditor, Finding, Report
from chassis.runtime.audit.sequence_audit import Sequences

__all__ = ["CHECKS", "Auditor", "Finding", "Report", "Sequences"]
