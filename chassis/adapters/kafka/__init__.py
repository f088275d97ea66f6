"""The log on Apache Kafka: FastStream owns the connections, our own consumer loop commits explicit offsets.

aiokafka and FastStream are imported only here, and this package only when Kafka is configured.
"""
from chassis.adapters.kafka.bus import KafkaBus
from chassis.adapters.kafka.consumer import KafkaConsumer

__all__ = ["KafkaBus", "KafkaConsumer"]
