"""Prometheus metrics of a service. Labels never hold ids, keys or other unbounded values."""
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

BATCH_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
AGE_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 600.0, 3600.0)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The metrics of one service; updated per batch, never per event."""

    def __init__(self, service: str, version: str = "0") -> None:
        self.registry = CollectorRegistry()
        self._service = service
        self.consumed = self._counter("triptych_events_consumed_total", "Records consumed", "topic")
        self.published = self._counter("triptych_events_published_total", "Events published", "topic")
        self.dead = self._counter("triptych_events_dead_lettered_total", "Dead-lettered records", "code")
        self.conflicts = self._counter("triptych_store_conflicts_total", "Saves that failed by a version conflict")
        self.republished = self._counter("triptych_outbox_republished_total", "Outbox entries the scheduler published")
        self.fired = self._counter("triptych_timers_fired_total", "Deadlines fired by the scheduler")
        self.retries = self._counter("triptych_batch_retries_total", "Batches retried", "error")
        self.recreated = self._counter("triptych_consumer_recreated_total", "Consumers replaced by the watchdog")
        self.producers = self._counter("triptych_producer_recreated_total", "Producers replaced after a hang or error")
        self.http_commands = self._counter("triptych_commands_total", "Commands over HTTP", "outcome")
        self.integrity = self._counter("triptych_integrity_errors_total", "Faults found by an audit", "check")
        self.audited = self._gauge("triptych_audit_completed_timestamp_seconds", "Time of the last completed audit")
        self.batch = self._histogram("triptych_batch_seconds", "Seconds from poll to commit of a batch", BATCH_SECONDS)
        self.age = self._histogram("triptych_event_age_seconds", "Age of the oldest record at commit", AGE_SECONDS)
        self.loop_lag = self._histogram("triptych_loop_lag_seconds", "Delay of the event loop", BATCH_SECONDS)
        self.lag = self._gauge("triptych_lag_records", "Records not yet processed", "topic")
        self.ready = self._gauge("triptych_ready", "1 when the service is ready, else 0")
        build = self._gauge("triptych_build_info", "Running release", "version")
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
        """Add one for each element of `topics`."""
        counts: dict[str, int] = {}
        for topic in topics:
            counts[topic] = counts.get(topic, 0) + 1
        for topic, n in counts.items():
            self.add(counter, n, topic)

    def text(self) -> bytes:
        return generate_latest(self.registry)
