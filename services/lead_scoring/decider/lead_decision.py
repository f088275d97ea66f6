"""Decision builder of leads: the lead after the events so far, and the scorecard that decides on it."""
from chassis.domain.decision import DecisionBuilder
from services.lead_scoring.definitions.scorecard import Scorecard, Scorecards
from services.lead_scoring.state.model import LeadState


class LeadDecision(DecisionBuilder[LeadState, Scorecards]):
    @property
    def scorecard(self) -> Scorecard | None:
        return scorecard_of(self.definitions, self.state)


def scorecard_of(scorecards: Scorecards, lead: LeadState) -> Scorecard | None:
    return scorecards.version(lead.model) if lead.model else None
