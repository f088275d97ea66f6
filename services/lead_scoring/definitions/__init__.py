"""Compiled scorecards (`definitions/scorecards/*.yaml`); `schema` validates a file, `compiler` compiles it."""
from services.lead_scoring.definitions.scorecard import EngagementRule, FitRule, Limits, Scorecard, Scorecards

__all__ = ["EngagementRule", "FitRule", "Limits", "Scorecard", "Scorecards"]
