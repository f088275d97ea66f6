"""Command line: output, one-line error messages and exit statuses."""
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rich.console import Console

from chassis.support.settings import settings
from dev.kafka_cluster import free_ports
from tests.journeys.system import port_block
from tests.support.running_service import DEFINITIONS
from tools.cli import main
from tools.up import _exclusive

Output = tuple[int, str, str]
Run = Callable[..., Output]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Run]:
    """(exit status, standard output, standard error) of `triptych …`, with these settings."""
    def triptych(*words: str, **env: str) -> Output:
        for name, value in {"DATA_DIR": str(tmp_path / "data"), **env}.items():
            monkeypatch.setenv(f"TRIPTYCH_{name}", value)
        monkeypatch.setattr("sys.argv", ["triptych", *words])
        monkeypatch.setattr("tools.cli.out", Console(width=200))
        monkeypatch.chdir(DEFINITIONS.parent)
        settings.cache_clear()
        with pytest.raises(SystemExit) as exited:
            main()
        output = capsys.readouterr()
        status = exited.value.code
        return (status if isinstance(status, int) else 1), output.out, output.err

    yield triptych
    settings.cache_clear()


def unused_address() -> str:
    return f"127.0.0.1:{free_ports(1)[0]}"


@pytest.mark.parametrize(("words", "env", "message"), [
    (["import", "nothing", "."], {}, "definitions/mappings: mapping 'nothing' does not exist; use one of "
                                     "crm_opportunities, orders_rfm, superstore"),
    (["import", "orders_rfm", "docs"], {}, "docs has no file 'orders.csv', which the mapping orders_rfm reads."),
    (["run", "billing"], {}, "service 'billing' does not exist; services are gateway, kpi, lead_scoring, pipeline, "
                             "segmentation, surveys."),
    (["check", "nowhere"], {}, "Directory nowhere does not exist; name the directory of your definitions."),
    (["simulate", "--until", "soon"], {}, "--until soon: must be a time such as 2026-03-31T18:00:00Z."),
    (["lag"], {"TIMEZONE": "Mars/Olympus"},
     "TRIPTYCH_TIMEZONE=Mars/Olympus: 'Mars/Olympus' must be an IANA time zone such as Europe/Berlin or "
     "Asia/Shanghai."),
    (["lag"], {"FIRST_PORT": "many"}, "TRIPTYCH_FIRST_PORT=many: Input should be a valid integer"),
    (["up"], {"HTTP": "127.0.0.1:99999"}, "TRIPTYCH_HTTP=127.0.0.1:99999: must be host:port, such as 127.0.0.1:8080."),
])
def test_a_user_error_is_one_line_with_exit_status_1(
    run: Run, words: list[str], env: dict[str, str], message: str,
) -> None:
    status, _, error = run(*words, **env)
    assert status == 1
    assert error.startswith(f"triptych: {message}"), error
    assert error.count("\n") == 1 and "Traceback" not in error, "one line of any length"


@pytest.mark.parametrize("file", ["nowhere.json", "Makefile"])
def test_a_content_file_that_is_missing_or_not_json_is_named(run: Run, file: str) -> None:
    status, _, error = run("dead-letters", "replay", "x", "--with", file)
    assert status == 2 and file in error and "Traceback" not in error


def test_without_a_running_system_the_error_names_the_command_to_start_one(run: Run) -> None:
    for words in (["lag"], ["dead-letters", "list"]):
        status, _, error = run(*words, HTTP=unused_address())
        assert status == 1 and "No system answers at http://127.0.0.1:" in error and "`triptych up`" in error


def test_the_shipped_definitions_are_valid(run: Run) -> None:
    status, output, _ = run("check", "--language", "en")
    assert status == 0 and "definitions of 10 kinds are valid" in output


FAULTS = [
    ("business_lines/software.yaml", "blueprints:", "blueprint:", "30:1: blueprint: unknown key; use one of "),
    ("calendar.yaml", "Europe/Berlin", "Europe/Bärlin", "5:11: timezone: 'Europe/Bärlin' must be an IANA time zone"),
    ("mappings/orders_rfm.yaml", "slug(customer_id)", "slug(customer_id", "15:24: emit/0/data/customer_id: "),
    ("measures/visits.yaml", "kind: count", "kind: number", "9:7: kind: must be one of count, "),
    ("scorecards/software.yaml", "qualify_at:", "qualify_when:", "qualify_at: is required"),
    ("segments/rfm.yaml", "r: [5, 5], f: [5, 5]", "r: [5, 9], f: [5, 5]", "21:64: segments/0/r/1: must be at most 5"),
    ("surveys/after_win.yaml", "audience: customer", "audience: everybody", "9:11: audience: must be one of customer"),
]


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    root = tmp_path / "definitions"
    shutil.copytree(DEFINITIONS, root)
    for file, old, new, _ in FAULTS:
        text = (root / file).read_text("utf-8")
        assert old in text, file
        (root / file).write_text(text.replace(old, new), "utf-8")
    return root


def test_check_prints_every_fault_of_every_file_with_line_and_column(run: Run, faulty: Path) -> None:
    status, output, error = run("check", str(faulty), "--language", "en")
    lines = error.splitlines()
    assert (status, output) == (1, "")
    for file, _, _, fault in FAULTS:
        assert any(line.startswith(f"{faulty / file}:") and fault in line for line in lines), (file, fault, error)
    assert all(re.match(r".+\.yaml:\d+:\d+: \S+: \S", line) for line in lines[:-1]), error
    assert lines[:-1] == sorted(lines[:-1], key=lambda line: line.split(":")[0]) and "Traceback" not in error
    assert lines[-1] == f"{len(lines) - 1} faults in 7 files."


@pytest.mark.parametrize(("words", "env"), [
    (("--language", "zh"), {}), ((), {"LC_ALL": "zh_CN.UTF-8"}), ((), {"LC_ALL": "", "LANG": "zh_CN.UTF-8"}),
])
def test_check_answers_in_the_requested_language(
    run: Run, faulty: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], env: dict[str, str],
) -> None:
    monkeypatch.delenv("LC_MESSAGES", raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    status, _, error = run("check", str(faulty), *words)
    assert status == 1
    assert f"{faulty / 'segments/rfm.yaml'}:21:64: segments/0/r/1: 不能大于 5。" in error.splitlines()
    for line in error.splitlines():
        assert re.search("[\u4e00-\u9fff]", line), line


def test_check_refuses_an_unsupported_language(run: Run) -> None:
    status, _, error = run("check", "--language", "fr")
    assert status == 1 and error == "triptych: --language fr: use one of en, zh.\n"


# --- import ----------------------------------------------------------------------------------------------------------

ORDERS = "customer_id,order_date,revenue\nBrion Stark,2004-12-20,32\nEthyl Botsford,2005-05-02,36\n"


def test_an_import_ends_with_a_summary_and_status_0_and_a_repeat_prints_the_same(run: Run, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(ORDERS)
    words = ("import", "orders_rfm", str(tmp_path), "--bus", "--wait", "0")
    status, output, _ = run(*words)
    assert status == 0
    for line in ("rows read from orders.csv", "events crm.order.placed.v1", "events sent", "rows rejected"):
        assert line in output
    assert figures(output) == [2, 2, 2, 0]
    assert run(*words)[1] == output


def test_rejected_rows_are_printed_with_file_line_and_reason_and_status_1(run: Run, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(ORDERS + "Ada,2005-05-02,[12]\n,2005-05-03,7\n")
    status, output, _ = run("import", "orders_rfm", str(tmp_path), "--bus", "--wait", "0")
    assert status == 1 and figures(output) == [4, 3, 2, 2]
    assert "rejected orders.csv, line 4: not_an_amount: '[12]' is not an amount" in output
    assert "rejected orders.csv, line 5: invalid: /data/customer_id: is required" in output


def figures(output: str) -> list[int]:
    return [int(line.split("│")[-2].strip().replace(",", "")) for line in output.splitlines() if "│" in line]


# --- refusals of up --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["0.0.0.0:8080", "[::]:8080", "192.0.2.1:8080", "example.org:8080"])
def test_up_refuses_an_address_that_other_machines_can_reach(run: Run, address: str) -> None:
    status, _, error = run("up", HTTP=address)
    assert status == 1 and f"TRIPTYCH_HTTP={address}" in error and "loopback" in error


def test_up_refuses_a_data_directory_that_another_system_uses(run: Run, tmp_path: Path) -> None:
    with _exclusive(tmp_path / "data"):
        status, _, error = run("up", HTTP=unused_address(), FIRST_PORT=str(free_port_block()))
    assert status == 1 and "Stop it, or choose another TRIPTYCH_DATA_DIR." in error


def test_up_refuses_a_port_in_use_and_names_the_setting(run: Run) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        status, _, error = run("up", HTTP=address, FIRST_PORT=str(free_port_block()))
    assert status == 1 and error.startswith(f"triptych: {address} cannot be bound")
    assert "Set TRIPTYCH_HTTP and TRIPTYCH_FIRST_PORT to choose other" in error


def test_up_refuses_invalid_definitions_before_anything_starts(run: Run, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    status, _, error = run("up", HTTP=unused_address(), FIRST_PORT=str(free_port_block()), DEFINITIONS=str(empty))
    assert status == 1 and "definitions/segments: needs at least one segmentation; add a file" in error
    assert not (tmp_path / "data").exists()


def free_port_block() -> int:
    return port_block()


# --- doctor, map -----------------------------------------------------------------------------------------------------


def test_the_doctor_lists_the_environment_without_passwords(run: Run) -> None:
    status, output, _ = run("doctor", HTTP=unused_address(), MONGO="mongodb://anna:secret@db.example:27017/?w=majority")
    assert status == 0 and "SQLite of the embedded log and store" in output and "(free)" in output
    assert "db.example" in output and "secret" not in output and "anna" not in output


def test_the_doctor_fails_where_up_would(run: Run) -> None:
    status, output, _ = run("doctor", HTTP=unused_address(), DEFINITIONS="nowhere")
    assert status == 1 and "✗" in output


def test_the_event_map_is_current_and_a_stale_one_is_reported(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert run("map", "--check")[0] == 0
    page = tmp_path / "ARCHITECTURE.md"
    text = Path("ARCHITECTURE.md").read_text("utf-8")
    page.write_text(text.replace("| lead_scoring, pipeline, kpi |", "| none |"), "utf-8")
    monkeypatch.setattr("tools.event_map.PAGE", page)
    status, output, _ = run("map", "--check")
    assert status == 1 and "stale" in output and "triptych map" in output
    assert run("map")[0] == 0 and page.read_text("utf-8") == text
