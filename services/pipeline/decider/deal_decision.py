"""Decision builder of opportunities: the deal as it is after the events so far, and the blueprint it runs under."""
from chassis.domain.decision import DecisionBuilder
from contracts.pipeline import Opportunity as Deal
from services.pipeline.definitions.model import BlueprintDefinition, Book
from services.pipeline.state.model import OpportunityState


class DealDecision(DecisionBuilder[OpportunityState, Book]):
    @property
    def id(self) -> str:
        return self.state.opportunity_id

    @property
    def deal(self) -> Deal:
        deal = self.state.deal
        assert deal is not None, "requires an opened opportunity"
        return deal

    @property
    def blueprint(self) -> BlueprintDefinition:
        return self.definitions.of(self.deal.blueprint)
