"""Compiled scorecards (`definitions/scorecards/*.yaml`); `compiler` makes them of the file, `schema` validates it."""
from services.lead_scoring.definitions.scorecard import EngagementRule, FitRule, Limits, Scorecard, Scorecards

__all__ = ["EngagementRule", "FitRule", "Limits", "Scorecard", "Scorecards"]
