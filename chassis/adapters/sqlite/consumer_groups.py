"""The SQL of groups: who lives, who holds which partition numbers, what is committed. One transaction each.

A lease holds for as long as its owner is seen, and no longer than its process lives. Whoever takes a lease over raises
its generation, and a commit looks at both in its own transaction, so a former owner that was only slow is refused.
"""
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import apsw

from chassis.adapters.partition_quota import quotas
from chassis.adapters.sqlite.member_names import gone
from chassis.adapters.sqlite.sql import rows
from chassis.support.clock import now_ms


@dataclass(frozen=True, slots=True)
class Standing:
    """What a member holds (generations by partition number), and how many it should hold."""

    held: Mapping[int, int]
    quota: int


def beat(connection: apsw.Connection, team: str, member: str, session: float) -> list[str]:
    """Say that this member lives; forget those that were not seen for a session (seconds), and those whose process has
    ended. The live ones."""
    now, away = now_ms(), int(session * 1000)
    connection.execute("INSERT OR REPLACE INTO members VALUES(?, ?, ?)", (team, member, now))
    # seen in the future: the clock was set back
    forget = "DELETE FROM members WHERE team=? AND (seen < ? OR seen > ?)"
    connection.execute(forget, (team, now - away, now + away))
    found = [name for (name,) in rows(connection, "SELECT member FROM members WHERE team=?", (team,))]
    dead = [name for name in found if name != member and gone(name)]
    connection.executemany("DELETE FROM members WHERE team=? AND member=?", [(team, name) for name in dead])
    return [name for name in found if name not in dead]


def balance(connection: apsw.Connection, team: str, member: str, session: float, numbers: int) -> Standing:
    """Beat, then take what is free up to the fair share. Giving up the surplus is left to the member itself."""
    live = set(beat(connection, team, member, session))
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
    return Standing(held, quota)


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
    """Commit offsets by place if all leases still are the member's in these generations, else nothing.

    Returns the partition numbers that are another's.
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


def living(connection: apsw.Connection, session: float) -> dict[str, int]:
    """Members by group, those that were not seen for a session left out."""
    since = now_ms() - int(session * 1000)
    select = ("SELECT team, coalesce(sum(seen >= ?), 0) FROM (SELECT team, seen FROM members UNION ALL "
              "SELECT DISTINCT team, NULL FROM commits) GROUP BY team ORDER BY team")
    return dict(rows(connection, select, (since,)))


def forget(connection: apsw.Connection, team: str, session: float) -> bool:
    """False when it has members, and then nothing is forgotten."""
    if living(connection, session).get(team, 0):
        return False
    for table in ("commits", "leases", "members"):
        connection.execute(f"DELETE FROM {table} WHERE team=?", (team,))
    return True
