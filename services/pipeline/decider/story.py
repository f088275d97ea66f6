"""A decision told step by step: each event is applied before the next one is decided on."""
from typing import Any

from chassis.domain.decider import DeadLetter
from contracts.pipeline import Opportunity as Deal
from services.pipeline.definitions import Blueprint, Book
from services.pipeline.state import Opportunity, evolve


class Story:
    """`events` is what the decision leads to, `state` what the opportunity is after them."""

    def __init__(self, book: Book, state: Opportunity) -> None:
        self.book, self.state = book, state
        self.events: list[Any] = []

    def decline(self, code: str, message: str) -> None:
        """The command contradicts what is known: a dead letter, and nothing else happens."""
        self.events = [DeadLetter(code, message)]

    def tell(self, *events: Any) -> None:
        for event in events:
            self.events.append(event)
            self.state = evolve(self.state, event)

    @property
    def id(self) -> str:
        return self.state.opportunity_id

    @property
    def deal(self) -> Deal:
        deal = self.state.deal
        assert deal is not None, "only told of an opportunity that was opened"
        return deal

    @property
    def blueprint(self) -> Blueprint:
        return self.book.of(self.deal.blueprint)
