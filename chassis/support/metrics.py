"""What is counted while events move, for Prometheus. No id, key or other unbounded value is ever a label."""
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

BATCH_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
AGE_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 600.0, 3600.0)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The instruments of one service; updated once per batch, never once per event."""

    def __init__(self, service: str, version: str = "0") -> None:
        self.registry = CollectorRegistry()
        self._service = service
        self.consumed = self._counter("triptych_events_consumed_total", "Records taken from the log", "topic")
        self.published = self._counter("triptych_events_published_total", "Records appended to the log", "topic")
        self.dead = self._counter("triptych_events_dead_lettered_total", "Records that could not be taken", "code")
        self.conflicts = self._counter("triptych_store_conflicts_total", "Saves that lost the race")
        self.republished = self._counter("triptych_outbox_republished_total", "Outbox entries sent by the sweeper")
        self.fired = self._counter("triptych_timers_fired_total", "Deadlines that the scheduler fired")
        self.retries = self._counter("triptych_batch_retries_total", "Batches begun again", "error")
        self.recreated = self._counter("triptych_consumer_recreated_total", "Consumers replaced by the watchdog")
        self.producers = self._counter("triptych_producer_recreated_total", "Producers that stuck and were replaced")
        self.http_commands = self._counter("triptych_commands_total", "Commands asked over HTTP", "outcome")
        self.integrity = self._counter("triptych_integrity_errors_total", "What an audit found to be wrong", "check")
        self.audited = self._gauge("triptych_audit_completed_timestamp_seconds", "When an audit last came to its end")
        self.batch = self._histogram("triptych_batch_seconds", "From poll to commit", BATCH_SECONDS)
        self.age = self._histogram("triptych_event_age_seconds", "From append to commit, of the oldest", AGE_SECONDS)
        self.loop_lag = self._histogram("triptych_loop_lag_seconds", "How late the event loop wakes", BATCH_SECONDS)
        self.lag = self._gauge("triptych_lag_records", "Records not yet processed", "topic")
        self.ready = self._gauge("triptych_ready", "1 when the service takes events and answers")
        build = self._gauge("triptych_build_info", "The release that runs", "version")
        build.labels(service, version).set(1)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, ("service", *labels), registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, text, ("service",), buckets=buckets, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(name, text, ("service", *labels), registry=self.registry)

    def add(self, counter: Counter, n: int, *labels: str) -> None:
        counter.labels(self._service, *labels).inc(n)

    def observe(self, histogram: Histogram, seconds: float) -> None:
        histogram.labels(self._service).observe(seconds)

    def set(self, gauge: Gauge, value: float, *labels: str) -> None:
        gauge.labels(self._service, *labels).set(value)

    def add_topics(self, counter: Counter, topics: Iterable[str]) -> None:
        """One per topic named; a topic named twice counts twice."""
        found: dict[str, int] = {}
        for topic in topics:
            found[topic] = found.get(topic, 0) + 1
        for topic, n in found.items():
            self.add(counter, n, topic)

    def text(self) -> bytes:
        return generate_latest(self.registry)
