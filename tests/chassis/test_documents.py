"""How documents are read: the outbox only while something in it may still be owed."""
from hypothesis import given
from hypothesis import strategies as st

from chassis.aggregates.aggregate_store import unpublished
from chassis.aggregates.documents import NO_FENCE_KEY, DocumentCodec, OutboxEntry, StoredAggregate, empty_aggregate
from chassis.ports import Document
from tests.chassis.harness import COUNTER

LAYOUT = DocumentCodec("lead_scoring", COUNTER)
OFFSETS = st.integers(0, 4)


def entry(seq: int, place: int, offset: int) -> OutboxEntry:
    return OutboxEntry(seq, f"id-{seq}", "type", "topic", b"a", b"{}", (("ce_id", b"1"),), 0, place, offset)


def document(out: tuple[OutboxEntry, ...], fences: dict[int, int]) -> Document:
    """As it is saved, and read again."""
    stored: StoredAggregate = empty_aggregate()
    stored.outbox, stored.fences = out, fences
    return LAYOUT.encode("a", 1, stored, COUNTER.decider.initial_state("a"))


def test_an_outbox_that_is_published_is_left_unread_and_all_else_is_as_it_was():
    saved = document((entry(1, 0, 7), entry(2, 1, 3)), {0: 7, 1: 3})
    whole, state = LAYOUT.decode(saved)
    lean, same = LAYOUT.decode(saved, {0: 8, 1: 4})
    assert len(whole.outbox) == 2 and lean.outbox == ()
    assert same == state and (lean.rev, lean.fences) == (whole.rev, whole.fences)
    assert lean.outbox_sequence == whole.outbox_sequence
    assert lean.state == whole.state


def test_a_document_that_is_saved_without_what_was_left_unread_is_the_same_otherwise():
    saved = document((entry(1, 0, 7),), {0: 7})
    lean, state = LAYOUT.decode(saved, {0: 8})
    assert LAYOUT.encode("a", 1, lean, state) == document((), {0: 7})


@given(
    entries=st.lists(st.tuples(st.sampled_from([NO_FENCE_KEY, 0, 1]), OFFSETS), max_size=4),
    beyond=st.tuples(OFFSETS, OFFSETS), settled=st.dictionaries(st.sampled_from([0, 1, 2]), OFFSETS))
def test_what_is_owed_is_never_left_unread(
    entries: list[tuple[int, int]], beyond: tuple[int, int], settled: dict[int, int],
) -> None:
    out = tuple(entry(seq, place, offset) for seq, (place, offset) in enumerate(entries, 1))
    fences = {p: more + max(o for q, o in entries if q == p) for p, more in enumerate(beyond) if (p in dict(entries))}
    read, _ = LAYOUT.decode(document(out, fences), settled)
    assert unpublished(read.outbox, settled) == unpublished(out, settled)
