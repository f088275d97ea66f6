"""Raw aiokafka reading topics from their beginning, the reference of all results. Nothing is decoded or stored.

    python -m dev.benchmark.raw BOOTSTRAP RECORDS TOPIC...        prints one JSON object
"""
import asyncio
import json
import sys
import time

from aiokafka import AIOKafkaConsumer, TopicPartition

BATCH = 2_000


async def read(bootstrap: str, records: int, topics: list[str]) -> dict[str, float]:
    """From the first batch to the last."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = []
        for topic in topics:
            await consumer._client.add_topic(topic)
            await consumer._client.force_metadata_update()
            partitions += [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic) or ()]
        consumer.assign(partitions)
        await consumer.seek_to_beginning()
        first = n = await _batch(consumer)
        began, cpu = time.perf_counter(), time.process_time()
        while n < records:
            n += await _batch(consumer)
        return {"records": n - first, "seconds": time.perf_counter() - began,
                "cpu_seconds": time.process_time() - cpu}
    finally:
        await consumer.stop()


async def _batch(consumer: AIOKafkaConsumer) -> int:
    batches = await consumer.getmany(timeout_ms=10_000, max_records=BATCH)
    if not batches:
        raise SystemExit("the topics have fewer records than were published")
    return sum(map(len, batches.values()))


def main() -> None:
    import uvloop

    bootstrap, records, *topics = sys.argv[1:]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(read(bootstrap, int(records), topics))))


if __name__ == "__main__":
    main()
