"""Records that must not be taken, each with the dead letters it has to end in: which services, which code.

What cannot be read at all, or is of no known type, is a dead letter of everybody who reads the topic; what is of a type
that a service does not hear is none of its business.
"""
import gzip
import random
from collections.abc import Callable
from datetime import timedelta

from chassis.ports import Outgoing
from tests.faults.event_families import SourceEvent
from tests.faults.load import Planted, encoded

READERS = {
    "crm.leads.v1": ("lead_scoring", "pipeline", "kpi"), "crm.activities.v1": ("lead_scoring", "pipeline", "kpi"),
    "crm.orders.v1": ("segmentation", "kpi"), "crm.opportunities.commands.v1": ("pipeline",),
    "crm.payments.v1": ("kpi",), "crm.surveys.responses.v1": ("surveys",),
}
HEARERS = {
    "crm.lead.captured.v1": ("lead_scoring", "kpi"), "crm.activity.logged.v1": ("lead_scoring", "pipeline", "kpi"),
    "crm.order.placed.v1": ("segmentation", "kpi"), "crm.payment.received.v1": ("kpi",),
    "crm.opportunity.transition_requested.v1": ("pipeline",), "crm.survey.responded.v1": ("surveys",),
}
LARGEST = 5 * 1024 * 1024
BOMB = gzip.compress(b"[" * 10_000_000)
DEEP = b'{"lead_id":' + b"[" * 100_000
NONSENSE = (b"\xff\xfe{\x80", DEEP, BOMB, b"", b"{", b'{"a": NaN}', b"null " * 9, b"\x00" * 40)


class Hostile:
    """`made(event)`: a bad record beside this good one, which was published before."""

    def __init__(self, seed: int, *, largest: int = LARGEST) -> None:
        self._chance = random.Random(f"hostile {seed}")
        self._largest = largest
        self._ways: tuple[Callable[[SourceEvent], Planted], ...] = (
            self._nonsense, self._nonsense, self._huge_number, self._missing, self._unknown_type, self._unknown_version,
            self._forged, self._wrong_key, self._future, self._no_value, self._no_event, self._reused, self._reused,
            self._operators, self._too_large, self._wrong_sums, self._bad_attribute)

    def made(self, event: SourceEvent) -> Planted | None:
        """None: beside this one nothing can be planted."""
        if event.type not in HEARERS:
            return None
        return self._chance.choice(self._ways)(event)

    def elsewhere(self, event: SourceEvent) -> Planted:
        """On a partition that is not its key's, as by another partitioner. Few, or the storm guard stops us."""
        from chassis.ports.partitioner import partition_of

        right = partition_of(event.key.encode(), 8)
        record = self._record(event, partition=(right + 1 + self._chance.randrange(7)) % 8)
        return record, HEARERS[event.type], "wrong_partition"

    # --- records -----------------------------------------------------------------------------------------------------

    def _record(
        self, event: SourceEvent, value: bytes | None = None, *, partition: int | None = None, key: bytes | None = None,
        **headers: bytes,
    ) -> Outgoing:
        """With an id of its own, unless one is given."""
        headers = {"ce_id": f"bad-{self._chance.getrandbits(60)}".encode(), **headers}
        made = encoded(event, **headers)
        return Outgoing(made.topic, key or made.key, made.value if value is None else value, made.headers, partition)

    def _nonsense(self, event: SourceEvent) -> Planted:
        return self._record(event, self._chance.choice(NONSENSE)), HEARERS[event.type], "not_json"

    def _huge_number(self, event: SourceEvent) -> Planted:
        """In a field that is known: what is not is passed over unread."""
        name = b"note" if event.type == "crm.opportunity.transition_requested.v1" else b"business_line"
        value = (encoded(event).value or b"")[:-1] + b',"%s":1e999}' % name
        return self._record(event, value), HEARERS[event.type], "not_json"

    def _missing(self, event: SourceEvent) -> Planted:
        return self._record(event, b'{"rep_id": "rep 1"}'), HEARERS[event.type], "invalid"

    def _operators(self, event: SourceEvent) -> Planted:
        """As a store would like to run it, if it were let in unread."""
        value = b'{"$where": "sleep(9)", "lead_id": {"$gt": ""}, "order_id": {"$ne": null}, "customer_id": "$$ROOT"}'
        return self._record(event, value), HEARERS[event.type], "invalid"

    def _unknown_type(self, event: SourceEvent) -> Planted:
        return self._record(event, ce_type=b"crm.lead.exploded.v1"), READERS[event.topic], "unknown_type"

    def _unknown_version(self, event: SourceEvent) -> Planted:
        other = event.type.replace(".v1", ".v9").encode()
        return self._record(event, ce_type=other), READERS[event.topic], "unknown_version"

    def _forged(self, event: SourceEvent) -> Planted:
        """As if one of our own services had said on an enterprise's topic that a deal was won."""
        headers = {"ce_type": b"crm.opportunity.won.v1", "ce_source": b"/triptych/pipeline/opportunity"}
        return self._record(event, **headers), READERS[event.topic], "wrong_topic"

    def _wrong_key(self, event: SourceEvent) -> Planted:
        return self._record(event, key=b"somebody-else"), HEARERS[event.type], "key_mismatch"

    def _future(self, event: SourceEvent) -> Planted:
        ahead = (event.time + timedelta(days=400)).isoformat().encode()
        return self._record(event, ce_time=ahead), HEARERS[event.type], "in_the_future"

    def _no_value(self, event: SourceEvent) -> Planted:
        made = self._record(event)
        return Outgoing(made.topic, made.key, None, made.headers), READERS[event.topic], "not_json"

    def _no_event(self, event: SourceEvent) -> Planted:
        made = self._record(event)
        return Outgoing(made.topic, made.key, made.value, ()), READERS[event.topic], "not_cloudevents"

    def _too_large(self, event: SourceEvent) -> Planted:
        size = self._largest if self._chance.random() < 0.05 else 300_000
        return self._record(event, b'{"a":"' + b"x" * size + b'"}'), READERS[event.topic], "too_large"

    def _bad_attribute(self, event: SourceEvent) -> Planted:
        return self._record(event, ce_subject=b"\xff\xff"), READERS[event.topic], "not_cloudevents"

    def _wrong_sums(self, event: SourceEvent) -> Planted:
        if event.type != "crm.order.placed.v1":
            return self._nonsense(event)
        line = {"product_id": "p1", "amount": {"amount_minor": 1, "currency": "JPY"}}
        wrong = event._replace(data={**event.data, "lines": [line]})
        return self._record(wrong), HEARERS[event.type], "lines_do_not_add_up"

    def _reused(self, event: SourceEvent) -> Planted:
        """The id of the good one with another content. Who keeps no document of it cannot know: an activity with a
        customer is a fact of kpi's alone."""
        told = {"team": "intruders"} if event.type != "crm.opportunity.transition_requested.v1" else {"note": "again"}
        if event.type == "crm.survey.responded.v1":
            told = {"channel": "forged"}
        wrong = event._replace(data={**event.data, **told})
        of_kpi_alone = event.data.get("subject", {}).get("kind") == "customer"
        hearers = ("kpi",) if of_kpi_alone else HEARERS[event.type]
        return self._record(wrong, ce_id=event.id.encode()), hearers, "id_reused"
