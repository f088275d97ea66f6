"""Kafka's many errors as the three that the port knows."""
import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from aiokafka.errors import KafkaError
from faststream.exceptions import IncorrectState

from chassis.ports import BusUnavailable
from chassis.support.cancellation import told_to_stop


@contextmanager
def kafka_errors(doing: str) -> Iterator[None]:
    """Whatever Kafka or its client says while `doing` (a deadline that passed too) is BusUnavailable.

    So is a CancelledError that nobody asked for: aiokafka lets those of its own tasks out when it loses a broker, and
    one that gets through would end whoever called, without a word.
    """
    try:
        yield
    except asyncio.CancelledError as error:
        if told_to_stop():
            raise
        raise BusUnavailable(f"{doing}: Kafka's client has given it up") from error
    except (KafkaError, TimeoutError, OSError, IncorrectState) as error:
        raise BusUnavailable(f"{doing}: {type(error).__name__} {error}".rstrip()) from error
