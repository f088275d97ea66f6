"""Quix Streams: one-minute windows of event time per message key, state in RocksDB with its changelog topic.

    python quix_minutes.py BOOTSTRAP TOPIC RECORDS DIRECTORY        prints one JSON object

The topic ends with one record per key, an hour later, which closes every window and is not counted.
"""
import json
import sys
import time
from datetime import UTC, datetime
from typing import Any

from quixstreams import Application

MINUTE, GRACE = 60_000, 15 * 60_000


def event_time(value: Any, headers: Any, timestamp: float, kind: Any) -> int:
    return int(datetime.fromisoformat(dict(headers)["ce_time"].decode()).timestamp() * 1000)


def main() -> None:
    bootstrap, name, records, directory = sys.argv[1:]
    app = Application(
        broker_address=bootstrap, consumer_group="quix", auto_offset_reset="earliest", state_dir=directory,
        loglevel="ERROR")
    topic = app.topic(name, value_deserializer="json", key_deserializer="str", timestamp_extractor=event_time)
    times: list[float] = []
    cpu: list[float] = []
    cells: dict[str, list[int]] = {}

    def start(value: Any) -> Any:
        times.append(time.perf_counter())
        if len(times) in (1, int(records)):
            cpu.append(time.process_time())
        if len(times) == int(records):
            app.stop()  # after this one, whose window it closes
        return value

    def fold(sums: list[int], value: Any) -> list[int]:
        return [sums[0] + 1, sums[1] + (value["amount"]["amount_minor"] if "amount" in value else 0)]

    def collect(result: Any, key: Any, timestamp: int, headers: Any) -> None:
        minute = datetime.fromtimestamp(result["start"] / 1000, UTC).strftime("%Y-%m-%dT%H:%M")
        cells[f"{key}|{minute}"] = result["value"]

    frame = app.dataframe(topic).apply(start)
    frame = frame.tumbling_window(duration_ms=MINUTE, grace_ms=GRACE).reduce(
        reducer=fold, initializer=lambda value: fold([0, 0], value)).final()
    frame.update(collect, metadata=True)
    app.run()
    print(json.dumps({
        "seconds": times[-1] - times[0], "cpu_seconds": cpu[-1] - cpu[0], "records": int(records), "cells": cells}))


if __name__ == "__main__":
    main()
