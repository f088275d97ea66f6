"""Where keys lie, and how partitions are shared."""
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from chassis.adapters.partition_quota import quotas
from chassis.ports.partitioner import partition_of


@given(st.binary(max_size=40), st.integers(1, 64))
def test_a_key_lies_where_aiokafka_puts_it(key: bytes, partitions: int) -> None:
    theirs = DefaultPartitioner()(key, list(range(partitions)), list(range(partitions)))
    assert partition_of(key, partitions) == theirs


@given(st.integers(1, 16))
def test_without_a_key_any_partition_may_be_drawn(partitions: int) -> None:
    assert 0 <= partition_of(None, partitions) < partitions


@given(st.dictionaries(st.text(min_size=1, max_size=3), st.integers(0, 20), min_size=1, max_size=8), st.integers(0, 40))
def test_shares_are_fair_and_complete(owned: dict[str, int], partitions: int) -> None:
    shares = quotas(owned, partitions)
    assert sum(shares.values()) == partitions
    assert max(shares.values()) - min(shares.values()) <= 1
    assert quotas(shares, partitions) == shares, "a fair state stays as it is"


def test_nobody_gets_nothing() -> None:
    assert quotas({}, 8) == {}
