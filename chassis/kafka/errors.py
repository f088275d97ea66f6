"""Kafka's many errors as the three that the port knows."""
from collections.abc import Iterator
from contextlib import contextmanager

from aiokafka.errors import KafkaError
from faststream.exceptions import IncorrectState

from chassis.ports import BusUnavailable


@contextmanager
def kafka_errors(doing: str) -> Iterator[None]:
    """Whatever Kafka or its client says while `doing` (a deadline that passed too) is BusUnavailable."""
    try:
        yield
    except (KafkaError, TimeoutError, OSError, IncorrectState) as error:
        raise BusUnavailable(f"{doing}: {type(error).__name__} {error}".rstrip()) from error
