"""The wheel contains the built console, the definitions and the published contracts, and nothing else."""
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.gateway.console import BUILT
from tests.journeys.system import ROOT

pytestmark = [pytest.mark.slow]

UV = Path(sys.executable).parent / "uv"
BUILD_DIRECTORY = ROOT / "build"  # files of an earlier build would be packed again


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[frozenset[str]]:
    if not (BUILT / "index.html").exists():
        pytest.skip("not proven here: the console is not built (make console)")
    place = tmp_path_factory.mktemp("wheel")
    shutil.rmtree(BUILD_DIRECTORY, ignore_errors=True)
    made = subprocess.run([UV, "build", "--wheel", "--quiet", "--out-dir", place], cwd=ROOT, capture_output=True,
                          text=True)
    shutil.rmtree(BUILD_DIRECTORY, ignore_errors=True)
    if made.returncode and "Failed to fetch" in made.stderr:
        pytest.skip("not proven here: what builds a wheel cannot be fetched")
    assert made.returncode == 0, made.stderr
    [wheel] = place.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        yield frozenset(archive.namelist())


PACKED = ("definitions", "definitions/mappings", "contracts/published", "services/gateway/static")


@pytest.mark.parametrize("directory", PACKED)
def test_every_file_of_the_directory_is_in_the_wheel(packed: frozenset[str], directory: str) -> None:
    files = {str(f.relative_to(ROOT)) for f in (ROOT / directory).rglob("*") if f.is_file() and f.suffix != ".pyc"}
    assert files
    assert files - packed == set()


def test_the_wheel_contains_no_other_files(packed: frozenset[str]) -> None:
    tops = {name.split("/")[0] for name in packed}
    own = {"chassis", "contracts", "definitions", "services", "tools"}
    assert {t for t in tops if not t.endswith(".dist-info")} == own
    assert not [name for name in packed if "node_modules" in name or name.endswith((".ts", ".tsx", ".pyc"))]
