"""The published language. Importing any part of it enters every event class in the register of `contracts.kinds`."""
from contracts import crm, kpi, lead_scoring, pipeline, segmentation, surveys

__all__ = ("crm", "kpi", "lead_scoring", "pipeline", "segmentation", "surveys")
