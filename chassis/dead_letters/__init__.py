"""Records that could not be taken: kept as they came, with the reason; given back after a mend, or closed."""
from chassis.dead_letters.record import Letter, addressed, letter_id, replays_of
from chassis.dead_letters.repository import MOST_REPLAYS, DeadLetters, Replays
from chassis.dead_letters.routes import router
from chassis.dead_letters.storm_guard import Guard, Storm

__all__ = (
    "MOST_REPLAYS", "DeadLetters", "Guard", "Letter", "Replays", "Storm", "addressed", "letter_id", "replays_of",
    "router")
