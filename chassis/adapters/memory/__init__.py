"""Both ports in memory, for tests: the guarantees of the durable adapters, with hooks for fault injection."""
from chassis.adapters.memory.bus import MemoryBus, MemoryConsumer
from chassis.adapters.memory.store import MemoryStore

__all__ = ["MemoryBus", "MemoryConsumer", "MemoryStore"]
