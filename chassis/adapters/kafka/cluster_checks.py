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
         "a record on fewer brokers is acknowledged, and lost with one of them"),
    SettingRule("unclean.leader.election.enable", lambda v, _: v == "false", lambda _: "false",
         "a lagging broker may become the leader, and records that it lacks are lost"),
    SettingRule("cleanup.policy", lambda v, _: v == "delete", lambda _: "delete",
         "compaction removes events that are not consumed yet"),
    SettingRule("retention.ms", lambda v, _: not 0 <= int(v) < OUTAGE_DAYS * DAY_MS, lambda _: "-1",
         f"events expire before an outage of {OUTAGE_DAYS} days is over"),
    SettingRule("retention.ms", lambda v, _: int(v) < 0, lambda _: "-1",
         "figures cannot be rebuilt from before the retained records", False),
    SettingRule("retention.bytes", lambda v, _: int(v) < 0, lambda _: "-1",
         "events expire by size, even if they are not consumed yet", False),
    SettingRule("message.timestamp.type", lambda v, _: v == "LogAppendTime", lambda _: "LogAppendTime",
         "publishers' clocks decide what is late, and a replay may decide otherwise", False),
)


def in_sync(copies: int) -> int:
    """min.insync.replicas that loses no record when one broker is lost permanently."""
    return min(2, copies)


def weak_producer(settings: Mapping[str, Any]) -> list[ClusterFinding]:
    findings = []
    if settings.get("acks") not in ("all", -1):
        findings.append(ClusterFinding(
            f"acks={settings.get('acks')!r} of the producer: a record is acknowledged before it is replicated, "
            "and lost with one broker. Set acks='all'."))
    if settings.get("enable_idempotence") is not True:
        findings.append(ClusterFinding(
            f"enable_idempotence={settings.get('enable_idempotence')!r} of the producer: a retry may change the order "
            "of records. Set enable_idempotence=True."))
    return findings


def wanted_copies(configured: int | None, hosts: Sequence[str]) -> int:
    """The configured number; else 3, or the number of brokers for a cluster that is entirely on loopback."""
    if configured is not None:
        return configured
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
            f"brokers; or set TRIPTYCH_KAFKA_COPIES={len(hosts)}, if acknowledged records may be lost with a disk.")]
    if copies < COPIES:
        return [ClusterFinding(
            f"Each record is on {copies} of {len(hosts)} brokers: acknowledged records may be lost with a disk. For "
            "production set TRIPTYCH_KAFKA_COPIES=3 on three brokers.", refused=False)]
    return []


def weak_brokers(configs: Configs, hosts: Sequence[str]) -> list[ClusterFinding]:
    loose = sorted(node for node, settings in configs.items() if settings.get("auto.create.topics.enable") == "true")
    if not loose:
        return []
    return [ClusterFinding(
        f"auto.create.topics.enable=true on broker {', '.join(loose)}: a deleted topic is re-created with another "
        "number of partitions, which moves keys. Set auto.create.topics.enable=false in server.properties.",
        refused=not on_loopback(hosts))]


def weak_topics(configs: Configs, replicas: Mapping[str, int], copies: int) -> list[ClusterFinding]:
    """`replicas`: replica count of the partition that has the fewest."""
    findings = []
    few = {t: n for t, n in replicas.items() if n < copies}
    if few:
        topic = min(few)
        findings.append(ClusterFinding(
            f"replication factor={few[topic]} on {_named(list(few))}: {copies} copies of each record are needed. Raise "
            "it with kafka-reassign-partitions.sh, or set TRIPTYCH_KAFKA_COPIES to the required number."))
    for rule in TOPIC_RULES:
        bad = sorted(t for t, settings in configs.items() if rule.setting in settings and not rule.good(
            settings[rule.setting], copies))
        if bad:
            needed = f"{rule.setting}={rule.needed(copies)}"
            findings.append(ClusterFinding(
                f"{rule.setting}={configs[bad[0]][rule.setting]} on {_named(bad)}: {rule.why}. Set {needed}: "
                f"kafka-configs.sh --alter --entity-type topics --entity-name {bad[0]} --add-config {needed}",
                rule.refused))
    return findings


def _named(topics: Sequence[str]) -> str:
    first = f"topic {min(topics)}"
    return first if len(topics) == 1 else f"{first} and {len(topics) - 1} more"
