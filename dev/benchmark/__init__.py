"""Benchmark: each workload runs in its own processes, and is checked before its speed is reported."""
