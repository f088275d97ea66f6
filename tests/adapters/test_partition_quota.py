"""Partitioner and partition quotas: equal to the Kafka client, fair and complete."""
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from chassis.adapters.partition_quota import quotas
from chassis.ports.partitioner import partition_of


@given(st.binary(max_size=40), st.integers(1, 64))
def test_a_key_has_the_partition_that_aiokafka_computes(key: bytes, partitions: int) -> None:
    expected = DefaultPartitioner()(key, list(range(partitions)), list(range(partitions)))
    assert partition_of(key, partitions) == expected


@given(st.integers(1, 16))
def test_a_record_without_a_key_gets_any_partition(partitions: int) -> None:
    assert 0 <= partition_of(None, partitions) < partitions


@given(st.dictionaries(st.text(min_size=1, max_size=3), st.integers(0, 20), min_size=1, max_size=8), st.integers(0, 40))
def test_quotas_are_fair_and_complete(owned: dict[str, int], partitions: int) -> None:
    shares = quotas(owned, partitions)
    assert sum(shares.values()) == partitions
    assert max(shares.values()) - min(shares.values()) <= 1
    assert quotas(shares, partitions) == shares, "a fair distribution does not change"


def test_without_members_there_are_no_quotas() -> None:
    assert quotas({}, 8) == {}
