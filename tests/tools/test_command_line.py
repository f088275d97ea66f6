"""What the command line says: one sentence that a person can act on, and a status that a script can."""
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

Said = tuple[int, str, str]
Run = Callable[..., Said]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Run]:
    """(exit status, standard output, standard error) of `triptych …`, with these settings."""
    def triptych(*words: str, **env: str) -> Said:
        for name, value in {"DATA_DIR": str(tmp_path / "data"), **env}.items():
            monkeypatch.setenv(f"TRIPTYCH_{name}", value)
        monkeypatch.setattr("sys.argv", ["triptych", *words])
        monkeypatch.setattr("tools.cli.out", Console(width=200))
        monkeypatch.chdir(DEFINITIONS.parent)
        settings.cache_clear()
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        status = ended.value.code
        return (status if isinstance(status, int) else 1), told.out, told.err

    yield triptych
    settings.cache_clear()


def nobody() -> str:
    return f"127.0.0.1:{free_ports(1)[0]}"


@pytest.mark.parametrize(("words", "env", "sentence"), [
    (["import", "nothing", "."], {}, "definitions/mappings: mapping 'nothing' does not exist; use one of "
                                     "crm_opportunities, orders_rfm, superstore"),
    (["import", "orders_rfm", "docs"], {}, "docs has no file 'orders.csv', which the mapping orders_rfm reads."),
    (["run", "billing"], {}, "service 'billing' does not exist; services are gateway, kpi, lead_scoring, pipeline, "
                             "segmentation, surveys."),
    (["check", "nowhere"], {}, "Directory nowhere does not exist; name the directory of your definitions."),
    (["simulate", "--until", "soon"], {}, "--until soon: must be a time such as 2026-03-31T18:00:00Z."),
    (["lag"], {"TIMEZONE": "Mars/Olympus"},
     "TRIPTYCH_TIMEZONE=Mars/Olympus: 'Mars/Olympus' is no IANA time zone such as Europe/Berlin or Asia/Shanghai."),
    (["lag"], {"FIRST_PORT": "many"}, "TRIPTYCH_FIRST_PORT=many: Input should be a valid integer"),
    (["up"], {"HTTP": "127.0.0.1:99999"}, "TRIPTYCH_HTTP=127.0.0.1:99999: must be host:port, such as 127.0.0.1:8080."),
])
def test_what_a_person_can_mend_is_one_sentence_and_status_1(
    run: Run, words: list[str], env: dict[str, str], sentence: str,
) -> None:
    status, _, said = run(*words, **env)
    assert status == 1
    assert said.startswith(f"triptych: {sentence}"), said
    assert said.count("\n") == 1 and "Traceback" not in said, "one line, however long"


@pytest.mark.parametrize("file", ["nowhere.json", "Makefile"])
def test_mended_content_that_is_not_there_or_not_json_is_named(run: Run, file: str) -> None:
    status, _, said = run("dead-letters", "replay", "x", "--with", file)
    assert status == 2 and file in said and "Traceback" not in said


def test_without_a_running_system_it_says_how_to_start_one(run: Run) -> None:
    for words in (["lag"], ["dead-letters", "list"]):
        status, _, said = run(*words, HTTP=nobody())
        assert status == 1 and "No system answers at http://127.0.0.1:" in said and "`triptych up`" in said


def test_the_shipped_definitions_are_valid(run: Run) -> None:
    status, said, _ = run("check", "--language", "en")
    assert status == 0 and "definitions of 10 kinds are valid" in said


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
    status, said, error = run("check", str(faulty), "--language", "en")
    lines = error.splitlines()
    assert (status, said) == (1, "")
    for file, _, _, place in FAULTS:
        assert any(line.startswith(f"{faulty / file}:") and place in line for line in lines), (file, place, error)
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


def test_check_refuses_a_language_that_it_does_not_have(run: Run) -> None:
    status, _, error = run("check", "--language", "fr")
    assert status == 1 and error == "triptych: --language fr: use one of en, zh.\n"


# --- import ----------------------------------------------------------------------------------------------------------

ORDERS = "customer_id,order_date,revenue\nBrion Stark,2004-12-20,32\nEthyl Botsford,2005-05-02,36\n"


def test_an_import_ends_with_a_summary_and_status_0_and_repeats_itself_word_for_word(run: Run, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(ORDERS)
    words = ("import", "orders_rfm", str(tmp_path), "--bus", "--wait", "0")
    status, said, _ = run(*words)
    assert status == 0
    for line in ("rows read from orders.csv", "events crm.order.placed.v1", "events sent", "rows rejected"):
        assert line in said
    assert figures(said) == [2, 2, 2, 0]
    assert run(*words)[1] == said


def test_rejected_rows_are_told_with_file_line_and_reason_and_status_1(run: Run, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(ORDERS + "Ada,2005-05-02,[12]\n,2005-05-03,7\n")
    status, said, _ = run("import", "orders_rfm", str(tmp_path), "--bus", "--wait", "0")
    assert status == 1 and figures(said) == [4, 3, 2, 2]
    assert "rejected orders.csv, line 4: not_an_amount: '[12]' is no amount" in said
    assert "rejected orders.csv, line 5: invalid: /data/customer_id: is required" in said


def figures(said: str) -> list[int]:
    return [int(line.split("│")[-2].strip().replace(",", "")) for line in said.splitlines() if "│" in line]


# --- up refuses ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["0.0.0.0:8080", "[::]:8080", "192.0.2.1:8080", "example.org:8080"])
def test_up_refuses_to_listen_where_others_can_reach_it(run: Run, address: str) -> None:
    status, _, said = run("up", HTTP=address)
    assert status == 1 and f"TRIPTYCH_HTTP={address}" in said and "loopback" in said


def test_up_refuses_a_data_directory_that_another_system_uses(run: Run, tmp_path: Path) -> None:
    with _exclusive(tmp_path / "data"):
        status, _, said = run("up", HTTP=nobody(), FIRST_PORT=str(ports_in_a_row()))
    assert status == 1 and "Stop it, or choose another TRIPTYCH_DATA_DIR." in said


def test_up_refuses_a_port_that_is_taken_and_names_the_setting(run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        status, _, said = run("up", HTTP=address, FIRST_PORT=str(ports_in_a_row()))
    assert status == 1 and said.startswith(f"triptych: {address} cannot be listened on")
    assert "TRIPTYCH_HTTP and TRIPTYCH_FIRST_PORT choose other" in said


def test_up_refuses_a_definition_that_cannot_be_used_before_anything_starts(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    status, _, said = run("up", HTTP=nobody(), FIRST_PORT=str(ports_in_a_row()), DEFINITIONS=str(tmp_path / "empty"))
    assert status == 1 and "definitions/segments: there is no segmentation" in said
    assert not (tmp_path / "data").exists()


def ports_in_a_row() -> int:
    return port_block()


# --- doctor, map -----------------------------------------------------------------------------------------------------


def test_the_doctor_says_what_there_is_and_hides_passwords(run: Run) -> None:
    status, said, _ = run("doctor", HTTP=nobody(), MONGO="mongodb://anna:secret@db.example:27017/?w=majority")
    assert status == 0 and "SQLite of the embedded log and store" in said and "(free)" in said
    assert "db.example" in said and "secret" not in said and "anna" not in said


def test_the_doctor_fails_where_up_would(run: Run) -> None:
    status, said, _ = run("doctor", HTTP=nobody(), DEFINITIONS="nowhere")
    assert status == 1 and "✗" in said


def test_the_event_map_is_fresh_and_a_stale_one_is_noticed(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert run("map", "--check")[0] == 0
    page = tmp_path / "ARCHITECTURE.md"
    text = Path("ARCHITECTURE.md").read_text("utf-8")
    page.write_text(text.replace("| lead_scoring, pipeline, kpi |", "| nobody |"), "utf-8")
    monkeypatch.setattr("tools.event_map.PAGE", page)
    status, said, _ = run("map", "--check")
    assert status == 1 and "stale" in said and "triptych map" in said
    assert run("map")[0] == 0 and page.read_text("utf-8") == text
