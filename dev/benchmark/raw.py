"""Raw aiokafka reading topics from their beginning: the measure of everything else. Nothing is decoded or kept.

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
        places = []
        for topic in topics:
            await consumer._client.add_topic(topic)
            await consumer._client.force_metadata_update()
            places += [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic) or ()]
        consumer.assign(places)
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
    found = await consumer.getmany(timeout_ms=10_000, max_records=BATCH)
    if not found:
        raise SystemExit("the topics hold less than was published")
    return sum(map(len, found.values()))


def main() -> None:
    import uvloop

    bootstrap, records, *topics = sys.argv[1:]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(read(bootstrap, int(records), topics))))


if __name__ == "__main__":
    main()
