"""Both ports in memory, for tests: the same promises as the lasting adapters, and places to put faults."""
from chassis.adapters.memory.bus import MemoryBus, MemoryConsumer
from chassis.adapters.memory.store import MemoryStore

__all__ = ["MemoryBus", "MemoryConsumer", "MemoryStore"]
