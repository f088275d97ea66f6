"""Others' programs for the same work, written as their own documentation recommends.

They run in the environment of the group `bench` and know nothing of this project: events come in a file, one JSON
array `[time, key, data]` a line.
"""
