"""CloudEvents in and out of the log and the door, and every reason why one is not taken."""
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka, to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.domain.decider import changed as other
from chassis.messages import codec, envelope
from chassis.messages.envelope import Message, RejectedMessage, decode, decode_structured, encode, forward
from chassis.ports import Outgoing, Record
from chassis.ports.partitioner import partition_of
from contracts.crm import (
    EngagementRecorded,
    LeadRevised,
    OpportunityTransitionRequested,
    OrderPlaced,
    OrderRevised,
    RatePublished,
)
from contracts.kinds import EVENTS, Line, Money, Subject
from contracts.topics import PARTITIONS
from tests.contracts.strategies import IDS, INSTANTS, any_event
from tests.support.effort import examples

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DATA = Path(__file__).parents[3] / "shared" / "data" / "cloudevents"
VISIT = EngagementRecorded(engagement_id="e", kind="open", subject=Subject(kind="lead", id="l"))


def euros(amount: int) -> Money:
    return Money(amount_minor=amount, currency="EUR")


def record(out: Outgoing, at: datetime = NOW) -> Record:
    assert out.key is not None
    place = partition_of(out.key, PARTITIONS)
    return Record(out.topic, place, 7, int(at.timestamp() * 1000), out.key, out.value, out.headers)


def arrived(event: Any = VISIT, *, time: datetime = NOW, at: datetime = NOW, **extensions: Any) -> Record:
    return record(encode(event, id="1", source="/crm", time=time, extensions=extensions), at)


def changed(before: Record, *, value: bytes | None = None, **headers: str | bytes | None) -> Record:
    held = dict(before.headers)
    for name, text in headers.items():
        name = name.replace("_type", "-type") if name == "content_type" else name
        held.pop(name, None)
        if text is not None:
            held[name] = text.encode() if isinstance(text, str) else text
    return other(before, headers=tuple(held.items()), value=before.value if value is None else value)


def code_of(what: Message | RejectedMessage | None) -> str:
    assert isinstance(what, RejectedMessage), what
    return what.code


def message_of(what: Message | RejectedMessage | None) -> Message:
    assert isinstance(what, Message), what
    return what


# --- there and back --------------------------------------------------------------------------------------------------


@given(any_event.filter(lambda e: not EVENTS[type(e)].topic.endswith("commands.v1")), IDS, IDS, INSTANTS)
@settings(max_examples=examples(150), deadline=None)
def test_what_is_written_is_read_back_with_its_identity(event: Any, id: str, source: str, time: datetime) -> None:
    out = encode(event, id=id, source=source, time=time, extensions={"sequence": 4, "correlationid": "c"})
    read = decode(record(out, max(time, NOW)))
    if isinstance(read, RejectedMessage):
        assert read.code == "lines_do_not_add_up"
        return
    message = message_of(read)
    assert message.event == event
    assert (message.meta.id, message.meta.source, message.meta.time) == (id, source, time)
    assert (message.meta.sequence, message.meta.correlation_id, message.meta.causation_id) == (4, "c", None)
    assert message.key == EVENTS[type(event)].key(event)


@given(any_event.filter(lambda e: not hasattr(e, "lines")), IDS)
@settings(max_examples=examples(100), deadline=None)
def test_the_door_reads_what_the_log_reads(event: Any, id: str) -> None:
    by_log = message_of(decode(record(encode(event, id=id, source="s", time=NOW))))
    whole = envelope.to_structured(event, id=id, source="s", time=NOW)
    for sent in (whole, msgspec.json.encode(whole)):
        by_door = message_of(decode_structured(sent, now=NOW))
        assert (by_door.event, by_door.meta, by_door.digest) == (by_log.event, by_log.meta, by_log.digest)


def test_the_time_is_written_in_utc_and_to_the_microsecond() -> None:
    local = datetime.fromisoformat("2026-03-01T13:00:00.000005+01:00")
    assert envelope.format_time(local) == "2026-03-01T12:00:00.000005Z"
    assert envelope.format_time(NOW) == "2026-03-01T12:00:00Z"
    with pytest.raises(ValueError, match="offset"):
        envelope.format_time(datetime(2026, 3, 1))  # noqa: DTZ001


def test_key_topic_and_type_come_from_the_register() -> None:
    out = encode(VISIT, id="1", source="s", time=NOW)
    assert (out.topic, out.key) == ("crm.engagements.v1", b"lead:l")
    assert dict(out.headers)["ce_type"] == b"crm.engagement.recorded.v1"
    assert dict(out.headers)["ce_partitionkey"] == b"lead:l"


def test_passing_on_keeps_what_we_do_not_know() -> None:
    whole = envelope.to_structured(VISIT, id="1", source="s", time=NOW, extensions={"traceparent": "00-ab-cd-01"})
    whole["data"]["later"] = {"deep": [1.0, None]}
    out = forward(message_of(decode_structured(whole, now=NOW)))
    assert json.loads(out.value or b"")["later"] == {"deep": [1.0, None]}
    assert dict(out.headers)["ce_traceparent"] == b"00-ab-cd-01"
    assert message_of(decode(record(out))).event == VISIT


# --- the standard and its SDK ----------------------------------------------------------------------------------------


def test_the_sdk_reads_what_we_write() -> None:
    out = encode(VISIT, id="1", source="/crm", time=NOW, extensions={"sequence": 3, "backfill": True})
    sent = KafkaMessage(dict(out.headers), out.key, out.value or b"")
    event = from_kafka(sent, JSONFormat())
    assert (event.get_id(), event.get_source(), event.get_type()) == ("1", "/crm", "crm.engagement.recorded.v1")
    assert event.get_time() == NOW
    assert event.get_data() == codec.to_wire(VISIT)
    assert (event.get_extension("sequence"), event.get_extension("backfill")) == ("3", "true")


@pytest.mark.parametrize("write", [to_binary, to_structured])
def test_we_read_what_the_sdk_writes(write: Any) -> None:
    attributes = {"id": "1", "source": "/crm", "type": "crm.engagement.recorded.v1", "time": NOW, "sequence": "3",
                  "specversion": "1.0", "datacontenttype": "application/json", "partitionkey": "lead:l"}
    sent = write(CloudEvent(attributes, codec.to_wire(VISIT)), JSONFormat())
    headers = tuple((name, value) for name, value in sent.headers.items())
    read = message_of(decode(other(arrived(), headers=headers, value=sent.value)))
    assert (read.event, read.meta.id, read.meta.time, read.meta.sequence) == (VISIT, "1", NOW, 3)


def test_the_conformance_vectors_are_understood() -> None:
    """Their type is none of ours: what is shown is that all of the envelope before it was read."""
    path = DATA / "vectors_kafka.json"
    if not path.exists():
        pytest.skip(f"no conformance vectors at {path}")
    for vector in json.loads(path.read_text()):
        headers = tuple((name, text.encode()) for name, text in vector["headers"].items())
        read = decode(Record("crm.leads.v1", 0, 0, 0, b"k", vector["value"].encode(), headers))
        assert code_of(read) == "unknown_type" and vector["attributes"]["type"] in read.message, vector["name"]  # type: ignore[union-attr]


def test_the_structured_form_is_valid_by_the_standard_s_schema() -> None:
    import jsonschema

    path = DATA / "spec.json"
    if not path.exists():
        pytest.skip(f"no CloudEvents schema at {path}")
    jsonschema.validate(envelope.to_structured(VISIT, id="1", source="/crm", time=NOW), json.loads(path.read_text()))


@pytest.mark.parametrize("content", [
    "application/cloudevents+json", "application/cloudevents+json; charset=utf-8",
    'Application/CloudEvents+JSON;charset="UTF-8"', "application/cloudevents+json; charset=iso-8859-1",
])
def test_structured_events_are_read_in_any_declared_charset(content: str) -> None:
    charset = "iso-8859-1" if "8859" in content else "utf-8"
    event = other(VISIT, region="Zürich")
    whole = json.dumps(envelope.to_structured(event, id="1", source="s", time=NOW), ensure_ascii=False)
    read = decode(other(arrived(), headers=(("content-type", content.encode()),), value=whole.encode(charset)))
    assert message_of(read).event == event


def test_data_in_base64_is_read() -> None:
    whole = envelope.to_structured(VISIT, id="1", source="s", time=NOW)
    import base64

    whole["data_base64"] = base64.b64encode(msgspec.json.encode(whole.pop("data"))).decode()
    assert message_of(decode_structured(whole, now=NOW)).event == VISIT


# --- what is refused -------------------------------------------------------------------------------------------------

REFUSED: Mapping[str, tuple[Record, str]] = {
    "no value": (other(arrived(), value=None), "not_json"),
    "not JSON": (changed(arrived(), value=b"{"), "not_json"),
    "not UTF-8": (changed(arrived(), value=b'{"engagement_id":"\xff"}'), "not_json"),
    "another format": (changed(arrived(), content_type="text/xml"), "not_json"),
    "an unknown charset": (changed(arrived(), content_type="application/json; charset=klingon"), "not_json"),
    "too deep": (changed(arrived(), value=b"[" * 100_000), "not_json"),
    "too large": (changed(arrived(), value=b" " * (256 * 1024 + 1)), "too_large"),
    "no envelope": (other(arrived(), headers=()), "not_cloudevents"),
    "another version of the standard": (changed(arrived(), ce_specversion="0.3"), "not_cloudevents"),
    "no id": (changed(arrived(), ce_id=None), "not_cloudevents"),
    "an empty source": (changed(arrived(), ce_source=""), "not_cloudevents"),
    "no type": (changed(arrived(), ce_type=None), "not_cloudevents"),
    "attributes in another encoding": (changed(arrived(), ce_id=b"\xff"), "not_cloudevents"),
    "a batch": (changed(arrived(), content_type="application/cloudevents-batch+json"), "not_cloudevents"),
    "a control character in the id": (changed(arrived(), ce_id="a\x00b"), "invalid"),
    "an endless id": (changed(arrived(), ce_id="a" * 1025), "invalid"),
    "no time": (changed(arrived(), ce_time=None), "invalid"),
    "a time without offset": (changed(arrived(), ce_time="2026-03-01T12:00:00"), "invalid"),
    "a day for a time": (changed(arrived(), ce_time="2026-03-01"), "invalid"),
    "a day that is none": (changed(arrived(), ce_time="2026-02-30T12:00:00Z"), "invalid"),
    "a time before all times": (changed(arrived(), ce_time="0001-01-01T00:00:00+14:00"), "invalid"),
    "a time in other digits": (changed(arrived(), ce_time="２０２６-03-01T12:00:00Z"), "invalid"),
    "a missing field": (changed(arrived(), value=b'{"kind":"open","subject":{"kind":"lead","id":"l"}}'), "invalid"),
    "an unknown type": (changed(arrived(), ce_type="crm.lead.eaten.v1"), "unknown_type"),
    "an unknown version": (changed(arrived(), ce_type="crm.engagement.recorded.v2"), "unknown_version"),
    "another topic": (other(arrived(), topic="crm.leads.v1"), "wrong_topic"),
    "another key": (other(arrived(), key=b"lead:m"), "key_mismatch"),
    "no key": (other(arrived(), key=None), "key_mismatch"),
    "another partition key": (changed(arrived(), ce_partitionkey="lead:m"), "key_mismatch"),
    "another partition": (other(arrived(), partition=(arrived().partition + 1) % PARTITIONS), "wrong_partition"),
    "too far ahead": (arrived(time=NOW + timedelta(hours=24, seconds=1)), "in_the_future"),
}


@pytest.mark.parametrize("text", [b'{"x":' + b"[" * 100_000, b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"])
def test_a_nested_attribute_is_refused_at_both_doors(text: bytes) -> None:
    assert code_of(decode_structured(text, now=NOW)) == "not_json"
    sent = other(arrived(), headers=(("content-type", b"application/cloudevents+json"),), value=text)
    assert code_of(decode(sent)) == "not_json"


@pytest.mark.parametrize("what", REFUSED)
def test_a_record_that_cannot_be_taken_says_why(what: str) -> None:
    refused, code = REFUSED[what]
    assert code_of(decode(refused)) == code


@given(st.binary(max_size=60), st.sampled_from([b"application/json", b"application/cloudevents+json", b"\xff", b""]),
       st.dictionaries(st.sampled_from(["ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time", "ce_x"]),
                       st.sampled_from([b"1.0", b"crm.lead.lost.v1", b"", b"\xff", b"2026-01-01T00:00:00Z"])))
@settings(max_examples=examples(300), deadline=None)
def test_reading_a_record_never_fails(value: bytes, content: bytes, headers: dict[str, bytes]) -> None:
    held = (("content-type", content), *headers.items())
    assert isinstance(decode(Record("crm.leads.v1", 0, 0, 0, b"k", value, held)), (RejectedMessage, Message))


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2), max_leaves=4)


NAMES = ["specversion", "id", "type", "source", "time", "data", "data_base64", "x", "Y"]


GOOD = st.sampled_from(["1.0", "crm.lead.lost.v1", "2026-01-01T00:00:00Z"])


@given(st.dictionaries(st.sampled_from(NAMES), GOOD | ANYTHING))
@settings(max_examples=examples(300), deadline=None)
def test_reading_at_the_door_never_fails(sent: dict[str, Any]) -> None:
    assert isinstance(decode_structured(sent, now=NOW), (RejectedMessage, Message))


def test_a_type_that_is_not_heard_is_passed_over_unread() -> None:
    assert decode(changed(arrived(), value=b"broken"), consumes=frozenset({"crm.lead.lost.v1"})) is None
    assert message_of(decode(arrived(), consumes=frozenset({"crm.engagement.recorded.v1"}))).event == VISIT


def test_the_door_says_where_every_fault_is() -> None:
    sent = {"specversion": "1.0", "id": "1", "source": "s", "time": "2026-03-01T12:00:00Z",
            "type": "crm.order.placed.v1", "data": {"order_id": "a b", "amount": {"amount_minor": "5"}}}
    refused = decode_structured(sent, now=NOW)
    assert isinstance(refused, RejectedMessage)
    assert {(f.code, f.pointer) for f in refused.errors} == {
        ("invalid", "/data/order_id"), ("missing", "/data/customer_id"), ("invalid", "/data/amount/amount_minor"),
        ("missing", "/data/amount/currency")}


def test_the_door_derives_the_key_and_refuses_another() -> None:
    whole = envelope.to_structured(VISIT, id="1", source="s", time=NOW)
    del whole["partitionkey"]
    assert message_of(decode_structured(whole, now=NOW)).key == "lead:l"
    assert code_of(decode_structured(whole | {"partitionkey": "lead:m"}, now=NOW)) == "key_mismatch"


# --- lines, plans, history, actors, digests --------------------------------------------------------------------------


def order(amount: int, *lines: Money) -> OrderPlaced:
    held = tuple(Line(product_id="p", amount=line) for line in lines)
    return OrderPlaced(order_id="o", customer_id="c", amount=euros(amount), lines=held or None)


@pytest.mark.parametrize(("event", "adds_up"), [
    (order(10), True), (order(10, euros(4), euros(6)), True), (order(10, euros(4), euros(5)), False),
    (order(10, euros(4), Money(amount_minor=6, currency="USD")), False), (order(0, euros(-4), euros(4)), True),
    (OrderRevised(order_id="o", customer_id="c", lines=order(1, euros(9)).lines, given=("lines",)), True),
])
def test_lines_add_up_to_their_whole(event: Any, adds_up: bool) -> None:
    read = decode(arrived(event))
    assert isinstance(read, Message) if adds_up else code_of(read) == "lines_do_not_add_up"


def test_a_plan_may_lie_ahead() -> None:
    from datetime import date

    rate = RatePublished(base="EUR", quote="USD", rate="1.1", valid_on=date(2026, 5, 1))
    assert message_of(decode(arrived(rate, time=NOW + timedelta(days=60)))).key == "EUR:USD"


def test_history_is_told_by_when_the_log_appended_it() -> None:
    week = timedelta(days=7)
    assert message_of(decode(arrived(at=NOW + week))).meta.live
    assert not message_of(decode(arrived(at=NOW + week + timedelta(seconds=1)))).meta.live
    backfill = message_of(decode(arrived(backfill=True))).meta
    assert backfill.backfill and not backfill.live
    assert message_of(decode(arrived(timeprecision="day"))).meta.day_only


def test_an_actor_counts_only_from_a_trusted_source() -> None:
    asked = arrived(OpportunityTransitionRequested(opportunity_id="o", transition="t", actor_id="eve"))
    assert message_of(decode(asked)).meta.actor == "/crm"
    assert message_of(decode(asked, trusted=frozenset({"/crm"}))).meta.actor == "eve"
    assert message_of(decode(arrived(), trusted=frozenset({"/crm"}))).meta.actor == "/crm"


def test_a_foreign_sequence_orders_nothing() -> None:
    assert message_of(decode(arrived(sequence="12a"))).meta.sequence is None
    assert message_of(decode(arrived(sequence="²"))).meta.sequence is None


def test_the_digest_tells_payloads_apart_and_nothing_else() -> None:
    plain = message_of(decode(arrived())).digest
    spaced = b'{ "subject": {"id": "l", "kind": "lead"}, "kind": "open", "region": null, "engagement_id": "e" }'
    assert message_of(decode(changed(arrived(), value=spaced))).digest == plain
    assert message_of(decode(arrived(other(VISIT, region="N")))).digest != plain
    nothing = LeadRevised(lead_id="l", given=("lead_id",))
    nulled = LeadRevised(lead_id="l", given=("lead_id", "source"))
    assert message_of(decode(arrived(nothing))).digest != message_of(decode(arrived(nulled))).digest
