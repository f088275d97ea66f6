"""Checks of cluster settings that durability relies on: each finding names the setting, the problem and the fix.

Pure: broker settings in, findings out. `copies` is the required number of replicas.
"""
from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_address
from typing import Any, NamedTuple

COPIES = 3
OUTAGE_DAYS = 7  # the longest outage after which no unread record may have expired
DAY_MS = 86_400_000

Configs = Mapping[str, Mapping[str, str]]
"""{topic or node: {setting: value}}"""


class ClusterFinding(NamedTuple):
    """`refused`: start-up is refused; otherwise the finding is a warning."""

    text: str
    refused: bool = True


class SettingRule(NamedTuple):
    """One rule: `good(value, copies)` accepts, `needed(copies)` is the recommended value."""

    setting: str
    good: Callable[[str, int], bool]
    needed: Callable[[int], str]
    why: str
    refused: bool = True


TOPIC_RULES = (
    SettingRule("min.insync.replicas", lambda v, n: int(v) >= in_sync(n), lambda n: str(in_sync(n)),
         "a record that fewer brokers have is acknowledged, and goes with one of them"),
    SettingRule("unclean.leader.election.enable", lambda v, _: v == "false", lambda _: "false",
         "a broker that lags may become the leader, and what it missed is gone"),
    SettingRule("cleanup.policy", lambda v, _: v == "delete", lambda _: "delete",
         "compaction takes away events that nobody has read yet"),
    SettingRule("retention.ms", lambda v, _: not 0 <= int(v) < OUTAGE_DAYS * DAY_MS, lambda _: "-1",
         f"events expire before an outage of {OUTAGE_DAYS} days is over"),
    SettingRule("retention.ms", lambda v, _: int(v) < 0, lambda _: "-1",
         "nothing can be rebuilt from before what it keeps", False),
    SettingRule("retention.bytes", lambda v, _: int(v) < 0, lambda _: "-1",
         "events expire by size, whoever has not read them yet", False),
    SettingRule("message.timestamp.type", lambda v, _: v == "LogAppendTime", lambda _: "LogAppendTime",
         "publishers' clocks decide what is late, and a replay may decide otherwise", False),
)


def in_sync(copies: int) -> int:
    """min.insync.replicas that loses no record when one broker is lost permanently."""
    return min(2, copies)


def weak_producer(settings: Mapping[str, Any]) -> list[ClusterFinding]:
    found = []
    if settings.get("acks") not in ("all", -1):
        found.append(ClusterFinding(
            f"acks={settings.get('acks')!r} of the producer: a record counts as published before its copies are "
            "made, and goes with one broker. Set acks='all'."))
    if settings.get("enable_idempotence") is not True:
        found.append(ClusterFinding(
            f"enable_idempotence={settings.get('enable_idempotence')!r} of the producer: a retry may put records in "
            "another order. Set enable_idempotence=True."))
    return found


def wanted_copies(asked: int | None, hosts: Sequence[str]) -> int:
    """The configured number; else 3, or the number of brokers for a cluster that is entirely on loopback."""
    if asked is not None:
        return asked
    return min(COPIES, len(hosts)) if on_loopback(hosts) else COPIES


def on_loopback(hosts: Sequence[str]) -> bool:
    return bool(hosts) and all(_is_loopback(host) for host in hosts)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def weak_cluster(hosts: Sequence[str], copies: int) -> list[ClusterFinding]:
    if len(hosts) < copies:
        return [ClusterFinding(
            f"TRIPTYCH_KAFKA names a cluster of {len(hosts)} brokers, and each record needs {copies} copies. Add "
            f"brokers; or set TRIPTYCH_KAFKA_COPIES={len(hosts)}, if what they acknowledge may go with a disk.")]
    if copies < COPIES:
        return [ClusterFinding(
            f"Each record lies on {copies} of {len(hosts)} brokers: what is acknowledged may go with a disk. That is "
            "for trying out; TRIPTYCH_KAFKA_COPIES=3 on three brokers is for keeps.", refused=False)]
    return []


def weak_brokers(configs: Configs, hosts: Sequence[str]) -> list[ClusterFinding]:
    loose = sorted(node for node, said in configs.items() if said.get("auto.create.topics.enable") == "true")
    if not loose:
        return []
    return [ClusterFinding(
        f"auto.create.topics.enable=true on broker {', '.join(loose)}: a topic that was deleted comes back with "
        "another number of partitions, and keys move. Set auto.create.topics.enable=false in server.properties.",
        refused=not on_loopback(hosts))]


def weak_topics(configs: Configs, replicas: Mapping[str, int], copies: int) -> list[ClusterFinding]:
    """`replicas`: replica count of the partition that has the fewest."""
    found = []
    few = {t: n for t, n in replicas.items() if n < copies}
    if few:
        topic = min(few)
        found.append(ClusterFinding(
            f"replication factor={few[topic]} on {_named(list(few))}: {copies} copies of each record are needed. Raise "
            "it with kafka-reassign-partitions.sh, or say with TRIPTYCH_KAFKA_COPIES how many there ought to be."))
    for rule in TOPIC_RULES:
        bad = sorted(t for t, said in configs.items() if rule.setting in said and not rule.good(
            said[rule.setting], copies))
        if bad:
            needed = f"{rule.setting}={rule.needed(copies)}"
            found.append(ClusterFinding(
                f"{rule.setting}={configs[bad[0]][rule.setting]} on {_named(bad)}: {rule.why}. Set {needed}: "
                f"kafka-configs.sh --alter --entity-type topics --entity-name {bad[0]} --add-config {needed}",
                rule.refused))
    return found


def _named(topics: Sequence[str]) -> str:
    first = f"topic {min(topics)}"
    return first if len(topics) == 1 else f"{first} and {len(topics) - 1} more"
