"""Worker: the consume loop of one service, and its membership in the consumer group."""
from chassis.runtime.worker.consume_loop import Worker

__all__ = ("Worker",)
