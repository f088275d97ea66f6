"""The recipes of CONTRIBUTING.md, each applied as printed to a copy of this checkout, generated and run."""
import json
from pathlib import Path

import pytest
import yaml

from tests.contributing.recipes import (
    EVENT,
    FUNCTION,
    MEASURE,
    ROOT,
    SERVICE,
    Checkout,
    blocks_without_a_file,
    copy_checkout,
    edits,
    files_below,
    sections,
)

RULES = (
    "tests/architecture/test_service_structure.py", "tests/architecture/test_glossary.py",
    "tests/architecture/test_terms.py", "tests/contracts/test_reserved_events.py")
"""Hold for every service, event and definition."""


@pytest.fixture
def copy(tmp_path: Path) -> Checkout:
    return copy_checkout(tmp_path / "checkout")


def check_style(copy: Checkout, paths: set[str]) -> None:
    copy.run("-m", "ruff", "check", "--no-cache", *sorted(path for path in paths if path.endswith(".py")))


def test_every_recipe_is_printed_with_its_files() -> None:
    assert set(sections()) == {EVENT, MEASURE, FUNCTION, SERVICE}
    assert all(edits(title) for title in sections())
    assert [title for title in sections() if blocks_without_a_file(title)] == [FUNCTION]


@pytest.mark.slow
def test_an_event_is_added_by_at_most_eight_files_and_changes_figures_and_purchases(copy: Checkout) -> None:
    written = copy.apply(EVENT)
    assert len(written) <= 8 and not [path for path in written if path.startswith("contracts/published/")]
    before = set(files_below(copy.root / "contracts" / "published"))
    copy.publish()
    new = set(files_below(copy.root / "contracts" / "published")) - before
    assert new == {"schemas/crm.contract.renewed.v1.schema.json", "samples/crm.contract.renewed.v1.json"}
    asyncapi = yaml.safe_load(copy.read("contracts/published/asyncapi.yaml"))
    assert "crm.contract.renewed.v1" in asyncapi["channels"]["crm.contracts.v1"]["messages"]
    sample = json.loads(copy.read("contracts/published/samples/crm.contract.renewed.v1.json"))
    assert set(sample["data"]) >= {"contract_id", "renewal_id", "customer_id", "amount"}
    assert "`crm.contract.renewed.v1` | segmentation, kpi |" in copy.read("ARCHITECTURE.md")
    for path in sorted((ROOT / "contracts" / "published" / "schemas").iterdir()):
        assert copy.read(f"contracts/published/schemas/{path.name}") == path.read_text("utf-8"), "others are unchanged"
    check_style(copy, written)
    copy.test("tests/contributing/check_event.py", "tests/contracts/test_published.py", *RULES)


@pytest.mark.slow
def test_a_measure_is_one_file_and_counts_earlier_events_after_a_restart(copy: Checkout) -> None:
    assert [edit.path for edit in edits(MEASURE)] == ["definitions/measures/large_orders.yaml"]
    copy.test("tests/contributing/check_measure.py")
    assert "are valid" in copy.run("-m", "tools.cli", "check")


@pytest.mark.slow
def test_a_criteria_function_is_one_file_and_serves_every_definition(copy: Checkout) -> None:
    written = copy.apply(FUNCTION)
    assert written == {"chassis/domain/criteria/functions.py"}
    [rule] = blocks_without_a_file(FUNCTION)
    scorecard = copy.root / "definitions" / "scorecards" / "hardware.yaml"
    scorecard.write_text(scorecard.read_text("utf-8").replace("engagement:\n", f"{rule}engagement:\n", 1), "utf-8")
    check_style(copy, written)
    copy.test("tests/contributing/check_function.py", "tests/chassis/test_criteria.py")


@pytest.mark.slow
def test_a_service_is_a_package_that_everything_finds(copy: Checkout) -> None:
    before = set(files_below(copy.root))
    written = copy.apply(SERVICE)
    assert not written & before, "no file elsewhere is edited"
    assert all(path.startswith(("services/greetings/", "contracts/greetings.py")) for path in written)
    copy.publish()
    assert "`crm.customer.greeted.v1`" in copy.read("ARCHITECTURE.md")
    check_style(copy, written)
    copy.run("-c", "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))")
    copy.test("tests/contributing/check_service.py", "tests/architecture/test_services.py",
              "tests/architecture/test_names.py", *RULES)
