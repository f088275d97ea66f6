"""The log on Apache Kafka: FastStream holds the connections, our own loop reads, named offsets are committed.

aiokafka and FastStream are imported nowhere else, and this package only where a Kafka is asked for.
"""
from chassis.adapters.kafka.bus import KafkaBus
from chassis.adapters.kafka.consumer import KafkaConsumer

__all__ = ["KafkaBus", "KafkaConsumer"]
