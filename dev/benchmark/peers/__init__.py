"""The same workload on other stream processors, written as their documentation recommends.

They run in the environment of the group `bench` and know nothing of this project: events come in a file, one JSON
array `[time, key, data]` a line.
"""
