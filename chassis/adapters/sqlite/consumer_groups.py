"""SQL of consumer groups: live members, leases on partition numbers, committed offsets. One transaction each.

A lease is valid while its owner sends heartbeats, and no longer than its process lives. Taking a lease over raises its
generation; a commit checks owner and generation in its own transaction, so a slow former owner is refused.
"""
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import apsw

from chassis.adapters.partition_quota import quotas
from chassis.adapters.sqlite.member_names import process_has_ended
from chassis.adapters.sqlite.sql import rows
from chassis.support.clock import now_ms


@dataclass(frozen=True, slots=True)
class GroupState:
    """Leases of a member (generation by partition number), and its quota."""

    held: Mapping[int, int]
    quota: int


def heartbeat(connection: apsw.Connection, team: str, member: str, session: float) -> list[str]:
    """Records a heartbeat; removes members without one for a session (seconds) and members whose process has ended.
    Returns the live members."""
    now, session_ms = now_ms(), int(session * 1000)
    connection.execute("INSERT OR REPLACE INTO members VALUES(?, ?, ?)", (team, member, now))
    # a heartbeat in the future: the clock was set back
    forget = "DELETE FROM members WHERE team=? AND (seen < ? OR seen > ?)"
    connection.execute(forget, (team, now - session_ms, now + session_ms))
    members = [name for (name,) in rows(connection, "SELECT member FROM members WHERE team=?", (team,))]
    dead = [name for name in members if name != member and process_has_ended(name)]
    connection.executemany("DELETE FROM members WHERE team=? AND member=?", [(team, name) for name in dead])
    return [name for name in members if name not in dead]


def balance(connection: apsw.Connection, team: str, member: str, session: float, numbers: int) -> GroupState:
    """Heartbeat, then lease free partitions up to the quota. The member itself releases a surplus."""
    live = set(heartbeat(connection, team, member, session))
    select = "SELECT number, owner, generation FROM leases WHERE team=?"
    leases = {number: (owner, generation) for number, owner, generation in rows(connection, select, (team,))}
    counted = Counter(owner for owner, _ in leases.values() if owner in live)
    quota = quotas({name: counted[name] for name in live}, numbers)[member]
    held = {number: generation for number, (owner, generation) in leases.items() if owner == member}
    for number in range(numbers):
        owner, generation = leases.get(number, (None, 0))
        if len(held) < quota and owner not in live:
            held[number] = generation + 1
            write = "INSERT OR REPLACE INTO leases VALUES(?, ?, ?, ?)"
            connection.execute(write, (team, number, member, generation + 1))
    return GroupState(held, quota)


def release(connection: apsw.Connection, team: str, member: str, numbers: Sequence[int]) -> None:
    for number in numbers:
        free = "UPDATE leases SET owner=NULL WHERE team=? AND number=? AND owner=?"
        connection.execute(free, (team, number, member))


def leave(connection: apsw.Connection, team: str, member: str) -> None:
    connection.execute("UPDATE leases SET owner=NULL WHERE team=? AND owner=?", (team, member))
    connection.execute("DELETE FROM members WHERE team=? AND member=?", (team, member))


def commit(
    connection: apsw.Connection, team: str, member: str, generations: Mapping[int, int], offsets: Mapping[int, int]
) -> list[int]:
    """Commits the offsets if the member still holds all leases in these generations, else nothing.

    Returns the partition numbers that belong to another member.
    """
    lost = []
    for number, generation in generations.items():
        select = "SELECT 1 FROM leases WHERE team=? AND number=? AND owner=? AND generation=?"
        if not rows(connection, select, (team, number, member, generation)):
            lost.append(number)
    if not lost:
        written = [(team, place, offset) for place, offset in offsets.items()]
        connection.executemany("INSERT OR REPLACE INTO commits VALUES(?, ?, ?)", written)
    return lost


def committed(connection: apsw.Connection, team: str) -> dict[int, int]:
    return dict(rows(connection, "SELECT place, next FROM commits WHERE team=?", (team,)))


def live_members(connection: apsw.Connection, session: float) -> dict[str, int]:
    """Live members by group."""
    since = now_ms() - int(session * 1000)
    select = ("SELECT team, coalesce(sum(seen >= ?), 0) FROM (SELECT team, seen FROM members UNION ALL "
              "SELECT DISTINCT team, NULL FROM commits) GROUP BY team ORDER BY team")
    return dict(rows(connection, select, (since,)))


def forget(connection: apsw.Connection, team: str, session: float) -> bool:
    """Deletes the group; False, and nothing deleted, while it has members."""
    if live_members(connection, session).get(team, 0):
        return False
    for table in ("commits", "leases", "members"):
        connection.execute(f"DELETE FROM {table} WHERE team=?", (team,))
    return True
