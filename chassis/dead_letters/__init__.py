"""Records that could not be taken: kept as they came, with the reason; given back after a mend, or closed."""
from chassis.dead_letters.doors import router
from chassis.dead_letters.guard import Guard, Storm
from chassis.dead_letters.letter import Letter, addressed, letter_id, replays_of
from chassis.dead_letters.letters import MOST_REPLAYS, DeadLetters, Replays

__all__ = (
    "MOST_REPLAYS", "DeadLetters", "Guard", "Letter", "Replays", "Storm", "addressed", "letter_id", "replays_of",
    "router")
