"""Bytewax: one-minute windows of event time per key, with recovery on disk.

    python bytewax_minutes.py FILE FIELD DIRECTORY        prints one JSON object
"""
import json
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import bytewax.operators as op
import bytewax.operators.windowing as win
import orjson
from bytewax.dataflow import Dataflow
from bytewax.operators.windowing import EventClock, TumblingWindower
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import TestingSink, TestingSource, run_main

ALIGNED = datetime(2020, 1, 1, tzinfo=UTC)
Item = tuple[str, bytes]
Sums = tuple[int, int]


def flow(items: list[Item], field: str, out: list[tuple[str, tuple[int, Sums]]]) -> Dataflow:
    def keyed(item: Item) -> tuple[str, tuple[datetime, int]]:
        data = orjson.loads(item[1])
        amount = data["amount"]["amount_minor"] if "amount" in data else 0
        return data[field], (datetime.fromisoformat(item[0]), amount)

    def fold(sums: Sums, event: tuple[datetime, int]) -> Sums:
        return sums[0] + 1, sums[1] + event[1]

    dataflow = Dataflow("minutes")
    stream = op.map("decode", op.input("in", dataflow, TestingSource(items, batch_size=500)), keyed)
    clock = EventClock(ts_getter=lambda event: event[0], wait_for_system_duration=timedelta(minutes=15))
    windower = TumblingWindower(length=timedelta(minutes=1), align_to=ALIGNED)
    folded = win.fold_window(
        "fold", stream, clock, windower, lambda: (0, 0), fold, lambda a, b: (a[0] + b[0], a[1] + b[1]))
    op.output("out", folded.down, TestingSink(out))
    return dataflow


def main() -> None:
    file, field, directory = sys.argv[1:]
    lines = Path(file).read_bytes().splitlines()
    items = [(time_, orjson.dumps(data)) for time_, _, data in map(orjson.loads, lines)]
    out: list[tuple[str, tuple[int, Sums]]] = []
    dataflow = flow(items, field, out)
    Path(directory).mkdir(parents=True, exist_ok=True)
    init_db_dir(directory, 1)
    began, cpu = time.perf_counter(), time.process_time()
    run_main(dataflow, recovery_config=RecoveryConfig(directory))
    seconds, used = time.perf_counter() - began, time.process_time() - cpu
    cells = {
        f"{key}|{(ALIGNED + timedelta(minutes=window)).strftime('%Y-%m-%dT%H:%M')}": list(sums)
        for key, (window, sums) in out}
    print(json.dumps({"seconds": seconds, "cpu_seconds": used, "records": len(items), "cells": cells}))


if __name__ == "__main__":
    main()
