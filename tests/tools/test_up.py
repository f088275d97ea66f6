"""Instance names of the processes of `triptych up`."""
from pathlib import Path

from chassis.service.discovery import internal_names
from chassis.support.settings import Settings
from tools.up import instance_name


def test_each_process_has_a_unique_name_that_survives_restarts(tmp_path: Path) -> None:
    here, elsewhere = Settings(data_dir=tmp_path / "a"), Settings(data_dir=tmp_path / "b")
    names = {instance_name(name, where, n)
             for name in internal_names() for where in (here, elsewhere) for n in range(3)}
    assert len(names) == len(internal_names()) * 2 * 3
    assert instance_name("kpi", here, 1) == instance_name("kpi", Settings(data_dir=tmp_path / "a"), 1)
    assert all(Settings(instance=name) for name in names)  # Kafka accepts them


def test_a_configured_name_is_extended_by_service_and_number(tmp_path: Path) -> None:
    named = Settings(data_dir=tmp_path, instance="shop-0")
    assert instance_name("pipeline", named, 0) == "shop-0.pipeline.0"
    assert instance_name("pipeline", named, 1) == "shop-0.pipeline.1"
