"""What an import does besides counting: nothing twice, nothing in the present, and it says what it could not take."""
import csv
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from chassis.support.clock import utc_now
from tests.journeys.conftest import Imported
from tests.journeys.system import DATA, System

pytestmark = [pytest.mark.journey, pytest.mark.slow]

ACTS = {"crm.survey.invited.v1", "crm.survey.reminded.v1", "crm.survey.suppressed.v1", "crm.issue.raised.v1",
        "crm.sla.breached.v1", "crm.sla.retracted.v1", "crm.action.requested.v1", "crm.offer.proposed.v1",
        "crm.transition.refused.v1", "crm.target.at_risk.v1", "crm.target.missed.v1", "crm.anomaly.detected.v1"}
"""What would make somebody, or another system, do something now."""
WITHIN = {"from": "2016-10-01", "to": "2022-01-01"}

DEALS = """
name: late_deals
version: 1
title: {en: Deals of the last days, zh: 近日商机}
source: import/late_deals
files: {deals: {path: deals.csv}}
emit:
  - file: deals
    event: crm.opportunity.opening_requested.v1
    id: concat('open:', deal)
    time: opened
    data: {opportunity_id: deal, business_line: "'software'", customer_id: customer, region: "'Past'"}
  - file: deals
    event: crm.opportunity.stage_reported.v1
    when: won != null
    id: concat('won:', deal)
    time: won
    data: {opportunity_id: deal, stage: "'won'", amount: "money(amount, 'EUR')"}
  - file: deals
    event: crm.survey.responded.v1
    when: score != null
    id: concat('answer:', deal)
    time: won
    data:
      response_id: concat('answer-', deal)
      survey: "'after_win'"
      respondent_kind: "'customer'"
      respondent_id: customer
      answers: {nps: int(score)}
      complete: true
      region: "'Past'"
"""


def of_services(types: Counter[str]) -> Counter[str]:
    """Without what is only heard (enterprises say a second import twice), and without what moves with the clock: at
    the close of a day, and when customers were added, segments get new cut-offs."""
    others = ("crm.opportunity.opening", "crm.opportunity.stage_reported", "crm.customer", "crm.employee",
              "crm.product", "crm.order.", "crm.segment.", "crm.segmentation.rescoring")
    return Counter({name: n for name, n in types.items() if not name.startswith(others)})


def test_an_import_of_history_acts_on_nothing(imported: Imported) -> None:
    assert imported.events["crm.opportunity.won.v1"] == 4238
    assert not ACTS & set(imported.events)
    assert imported.system.get("/v1/surveys/after_win/invitations")["items"] == []
    worklist = imported.system.get("/v1/worklist", rep_id="darcel-schlecht")
    assert worklist["next"]
    assert worklist["overdue"] == worklist["due_today"] == []


def test_nothing_of_the_public_data_became_a_dead_letter(imported: Imported) -> None:
    assert imported.dead_letters == []


def test_what_is_imported_of_the_last_days_acts_on_nothing_and_what_is_told_live_does(
    imported: Imported, tmp_path: Path,
) -> None:
    system, now = imported.system, utc_now().replace(microsecond=0)
    opened, won = (now - timedelta(days=6)).isoformat(), (now - timedelta(days=1)).isoformat()
    rows = [{"deal": "past-open", "customer": "past-a", "opened": opened},
            {"deal": "past-won", "customer": "past-b", "opened": opened, "won": won, "amount": "120", "score": "2"}]
    with (tmp_path / "deals.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, ["deal", "customer", "opened", "won", "amount", "score"])
        table.writeheader()
        table.writerows(rows)
    (tmp_path / "late_deals.yaml").write_text(DEALS)
    before = system.types()
    done = system.run("import", str(tmp_path / "late_deals.yaml"), str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    after = system.types()
    assert after["crm.opportunity.won.v1"] == before["crm.opportunity.won.v1"] + 1
    assert after["crm.survey.answer_accepted.v1"] == before["crm.survey.answer_accepted.v1"] + 1
    assert {name: after[name] - before[name] for name in ACTS if after[name] != before[name]} == {}

    # the same, said as news: the open deal has been overdue for a day, the win is asked about, the answer is an issue
    live = [{**e, "source": "live"} for e in told_live(opened, won)]
    system.publish(live)
    system.settle()
    wanted = {"crm.sla.breached.v1", "crm.survey.invited.v1", "crm.issue.raised.v1"}
    system.until(lambda: wanted <= set(system.types() - after), "the live deals have acted")


def told_live(opened: str, won: str) -> list[dict[str, object]]:
    def event(type: str, id: str, time: str, **data: object) -> dict[str, object]:
        return {"specversion": "1.0", "type": type, "id": id, "time": time, "data": data}

    asked, reported = "crm.opportunity.opening_requested.v1", "crm.opportunity.stage_reported.v1"
    deal = {"business_line": "software", "region": "Live"}
    return [
        event(asked, "1", opened, opportunity_id="live-open", customer_id="live-a", **deal),
        event(asked, "2", opened, opportunity_id="live-won", customer_id="live-b", **deal),
        event(reported, "3", won, opportunity_id="live-won", stage="won",
              amount={"amount_minor": 12000, "currency": "EUR"}),
        event("crm.survey.responded.v1", "4", won, response_id="live-answer", survey="after_win",
              respondent_kind="customer", respondent_id="live-b", answers={"nps": 2}, complete=True, region="Live"),
    ]


def test_a_second_import_of_the_same_files_changes_nothing(imported: Imported) -> None:
    system = imported.system

    def figures() -> dict[str, object]:
        return {name: system.figures(name, **WITHIN, grain="quarter", by="region") for name in (
            "signed_amount", "opportunities_won", "opportunities_opened", "open_pipeline", "orders", "order_amount")}

    before, said = figures(), of_services(system.types())
    done = system.import_("crm_opportunities", DATA / "crm_opportunities")
    assert done.returncode == 0, done.stdout + done.stderr
    assert figures() == before
    assert of_services(system.types()) == said


def test_a_row_that_cannot_be_taken_is_told_with_file_line_and_reason(imported: Imported, tmp_path: Path) -> None:
    files = DATA / "crm_opportunities"
    for name in ("accounts.csv", "products.csv", "sales_teams.csv"):
        (tmp_path / name).write_text((files / name).read_text())
    (tmp_path / "sales_pipeline.csv").write_text(
        "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value\n"
        "BAD00001,Nobody Here,GTX Pro,Cancity,Engaging,2022-01-03,,\n"
        "BAD00002,Moses Frase,GTX Pro,Cancity,Engaging,2022-13-03,,\n"
        "BAD00003,Moses Frase,GTX Pro,Cancity,Won,2022-01-03,2022-02-03,much\n"
        "BAD 0004,Moses Frase,GTX Pro,Cancity,Engaging,2022-01-03,,\n"
        "GOOD0005,Moses Frase,GTX Pro,Cancity,Won,2022-01-03,2022-02-03,17\n")
    done = imported.system.import_("crm_opportunities", tmp_path)
    assert done.returncode == 1
    told = [line for line in done.stdout.splitlines() if line.startswith("rejected")]
    for start in ("rejected sales_pipeline.csv, line 2: not_found: teams has no row with the key 'Nobody Here'",
                  "rejected sales_pipeline.csv, line 3: bad_time: '2022-13-03'",
                  "rejected sales_pipeline.csv, line 4: not_an_amount: 'much'",
                  "rejected sales_pipeline.csv, line 5: "):
        assert any(line.startswith(start) for line in told), (start, done.stdout)
    assert "/data/opportunity_id" in done.stdout
    signed = imported.system.figures("signed_amount", period="2022")
    assert signed == {("2022",): 1700}


def test_without_a_system_an_import_says_how_to_get_one(data: None, tmp_path: Path) -> None:
    done = System(tmp_path).import_("orders_rfm", DATA / "orders_rfm")  # never started: nobody answers there
    assert done.returncode == 1
    assert "triptych up" in done.stderr
