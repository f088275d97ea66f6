"""Integrity audit of a service: figures, event sequences on the log, outboxes."""
from chassis.runtime.audit.auditor import CHECKS, AuditFinding, Auditor, AuditReport
from chassis.runtime.audit.sequence_audit import SequenceAudit

__all__ = ["CHECKS", "AuditFinding", "AuditReport", "Auditor", "SequenceAudit"]
