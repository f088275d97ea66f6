"""Maps Kafka errors to the errors of the port."""
import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from aiokafka.errors import KafkaError
from faststream.exceptions import IncorrectState

from chassis.ports import BusUnavailable
from chassis.support.cancellation import cancellation_requested


@contextmanager
def kafka_errors(doing: str) -> Iterator[None]:
    """Context manager: errors of Kafka or its client while `doing`, timeouts included, become BusUnavailable.

    So does a CancelledError that was not requested: aiokafka leaks those of its own tasks when it loses a broker, and
    it would silently end the caller's task.
    """
    try:
        yield
    except asyncio.CancelledError as error:
        if cancellation_requested():
            raise
        raise BusUnavailable(f"{doing}: cancelled by the Kafka client") from error
    except (KafkaError, TimeoutError, OSError, IncorrectState) as error:
        raise BusUnavailable(f"{doing}: {type(error).__name__} {error}".rstrip()) from error
