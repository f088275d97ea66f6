"""Dead letters: records that could not be processed, stored unchanged with the reason, to be replayed or discarded."""
from chassis.dead_letters.record import DeadLetterRecord, dead_letter_id, is_addressed_to, replay_count
from chassis.dead_letters.repository import MOST_REPLAYS, DeadLetterRepository, ReplayResult
from chassis.dead_letters.routes import router
from chassis.dead_letters.storm_guard import FailureStorm, StormGuard

__all__ = (
    "MOST_REPLAYS",
    "DeadLetterRecord",
    "DeadLetterRepository",
    "FailureStorm",
    "ReplayResult",
    "StormGuard",
    "dead_letter_id",
    "is_addressed_to",
    "replay_count",
    "router",
)
