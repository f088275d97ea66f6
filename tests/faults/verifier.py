"""Does everything the system says equal what the ledger says? Each difference is a line of text; none: it is exact."""
import asyncio
from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

from chassis.service.discovery import find_service, internal_names
from chassis.support.clock import utc_now
from tests.faults import reference_model
from tests.faults.load import PLANTED
from tests.faults.outputs import Outputs, read_outputs, read_topic
from tests.faults.reference_model import Figures, History, documents, expected_figures
from tests.faults.reference_model.history import day
from tests.faults.system_under_test import SystemUnderTest, parts_of

LASTING = 120.0  # seconds
TOLD_WITHIN = 5.0  # seconds, of a deadline: services look every second, and first hear what lies in the log
SHOWN = 8  # differences of one kind that are told in full


async def differences(stage: SystemUnderTest) -> list[str]:
    """Figures, documents, lists, targets; outputs on the log; journal against cells; what is still owed."""
    history = reference_model.read(stage.ledger.said.values())
    began = utc_now()
    outputs = await read_outputs(stage)
    found = await _lasting_ends(stage)
    found += await _figures(stage, expected_figures(history))
    found += await _leads(stage, history)
    found += await _deals(stage, history)
    found += _breaches(history, outputs, began, stage.ahead)
    found += await _segments(stage, history)
    found += await _funnel(stage, history)
    found += await _survey(stage, history)
    found += await _targets(stage, history)
    found += outputs.faults
    found += await _dead_letters(stage)
    found += await _audit(stage)
    return found


async def _lasting_ends(stage: SystemUnderTest) -> list[str]:
    """A job may begin something in the moment after all had settled; what is owed for longer is a difference."""
    until = asyncio.get_running_loop().time() + LASTING
    while (ends := await stage.open_ends()) and asyncio.get_running_loop().time() < until:  # noqa: ASYNC110
        await asyncio.sleep(0.5)
    return [f"still open: {what} {n}" for what, n in ends.items()]


def compared(what: str, expected: dict[Any, Any], actual: dict[Any, Any]) -> list[str]:
    wrong = sorted((k for k in expected.keys() | actual.keys() if expected.get(k) != actual.get(k)), key=repr)
    told = [f"{what} {k}: {actual.get(k)} instead of {expected.get(k)}" for k in wrong[:SHOWN]]
    return told + ([f"{what}: {len(wrong) - SHOWN} more"] if len(wrong) > SHOWN else [])


# --- figures ---------------------------------------------------------------------------------------------------------


async def _figures(stage: SystemUnderTest, expected: dict[str, Figures]) -> list[str]:
    found: list[str] = []
    for measure, wanted in expected.items():
        found += compared(measure, wanted.values, await figures(stage, measure, wanted.by, wanted.grain))
    return found


async def figures(stage: SystemUnderTest, measure: str, by: tuple[str, ...], grain: str) -> dict[Any, Any]:
    """What kpi answers, without zeros."""
    start = day(stage.ledger.start)
    words: dict[str, Any] = {"from": str(start - timedelta(days=60)), "to": str(start + timedelta(days=2))}
    words |= {"by": ",".join(by)} if by else {}
    words |= {"grain": "day"} if grain == "day" else {}
    made: dict[Any, Any] = {}
    for row in await stage.pages("kpi", f"/v1/kpis/{measure}", "rows", **words):
        labels = row["dimensions"]
        money = ("currency",) if "currency" in labels else ()
        spot = (date.fromisoformat(row["from"]) if grain == "day" else None, *(labels[name] for name in (*by, *money)))
        if row["value"]:
            made[spot] = row["value"]
    return made


async def _targets(stage: SystemUnderTest, history: History) -> list[str]:
    expected, actual = dict(stage.requests.targets), {}
    reached = expected_figures(history)
    for period in {p for p, _ in expected}:
        for item in (await stage.get("kpi", f"/v1/targets/{period}/attainment"))["items"]:
            actual[period, item["measure"]] = item["value"]
            values = reached[item["measure"]].values
            total = sum(v for spot, v in values.items() if spot[0].strftime("%Y-%m") == period)
            if item["actual"] != total:
                return [f"attainment of {item['measure']}: {item['actual']} instead of {total}"]
    return compared("target", expected, actual)


# --- documents -------------------------------------------------------------------------------------------------------


async def _leads(stage: SystemUnderTest, history: History) -> list[str]:
    expected = {x.id: (x.score, x.grade, x.fit, x.engagement, x.status) for x in history.leads.values()}
    items = await stage.pages("lead_scoring", "/v1/leads")
    actual = {x["lead_id"]: (x["score"], x["grade"], x["fit"], x["engagement"], x["status"]) for x in items}
    return compared("lead", expected, actual)


async def _deals(stage: SystemUnderTest, history: History) -> list[str]:
    expected = {d.id: (d.stage, d.status, d.amount, d.customer, day(d.closed) if d.closed else None, d.reason)
                for d in history.deals.values()}
    actual = {}
    for x in await stage.pages("pipeline", "/v1/opportunities"):
        closed = None if x["closed_at"] is None else day(datetime.fromisoformat(x["closed_at"]))
        amount = None if x["amount"] is None else x["amount"]["amount_minor"]
        actual[x["opportunity_id"]] = (x["stage"], x["status"], amount, x["customer_id"], closed, x["loss_reason"])
    return compared("deal", expected, actual)


def _breaches(history: History, outputs: Outputs, began: datetime, ahead: float) -> list[str]:
    """Breaches less those that were taken back, each with the moment for which it was told. `began`: the outputs were
    read from then on. A deadline that came in the moment before it may be told or not."""
    expected = {d.id: at for d in history.deals.values()
                if (at := d.breach(began + timedelta(seconds=ahead - TOLD_WITHIN))) is not None}
    # what has come since or just before, or had come before a clock was set back
    latest = utc_now() + timedelta(seconds=max(ahead, 0.0))
    expected |= {d.id: at for d in history.deals.values() if (at := d.breach(latest)) is not None
                 and d.id in outputs.breaches}
    refused = Counter({d.id: d.refused for d in history.deals.values() if d.refused})
    return compared("breach", expected, outputs.breaches) + compared("refusals", dict(refused), outputs.refusals)


async def _segments(stage: SystemUnderTest, history: History) -> list[str]:
    """As on the day of the load; and, once the cut-offs were told to everybody, as each customer stands."""
    as_of = day(stage.ledger.start)
    expected = documents.segments(history, as_of)
    actual: dict[str, str] = {}
    for name in sorted(set(expected.values())):
        for item in await stage.pages("segmentation", f"/v1/segments/{name}/members", as_of=str(as_of)):
            actual[item["customer_id"]] = item["segment"]
    return compared("segment", expected, actual)


async def _funnel(stage: SystemUnderTest, history: History) -> list[str]:
    rows = (await stage.get("pipeline", "/v1/funnels/hardware"))["stages"]
    actual = {r["stage"]: {n: r[n] for n in ("reached", "converted", "lost", "loss_reasons")} for r in rows}
    return compared("funnel", documents.funnel(history), actual)


async def _survey(stage: SystemUnderTest, history: History) -> list[str]:
    (row,) = (await stage.get("surveys", "/v1/surveys/after_win/results"))["rows"]
    marks = {q["id"]: q for q in row["questions"]}
    actual = {"n": row["n"], "invited": row["invited"], "answered": row["answered"], "nps": marks["nps"]["nps"],
              "csat": marks["csat"]["csat"]["top2"]["value"]}
    return compared("survey", documents.survey(history), actual)


async def _dead_letters(stage: SystemUnderTest) -> list[str]:
    """Exactly what was planted, with its code; a letter that was given back has its number still."""
    actual: dict[Any, Any] = {}
    for service in internal_names():
        for topic in find_service(service).topics:
            for record in await read_topic(stage, f"{topic}.{service}.dlq"):
                headers = dict(record.headers)
                number = int(headers.get(PLANTED, b"-1"))
                actual[service, topic, number] = headers["dlq.code"].decode()
                if number < 0:
                    actual[service, topic, headers.get("ce_id")] = headers["dlq.error"].decode()
    return compared("dead letter", stage.ledger.planted, actual)


async def _audit(stage: SystemUnderTest) -> list[str]:
    """The journal against the cells, and the facts, counted anew, against both."""
    from chassis.projections.cell_audit import audit_journal
    from chassis.projections.documents import ProjectionCollections
    from chassis.projections.fact_audit import audit_facts

    layout = ProjectionCollections("kpi", await stage.generation(), ("day", "month"))
    projection = parts_of("kpi").projection
    assert projection is not None
    until = asyncio.get_running_loop().time() + LASTING
    while True:
        looked = (await audit_journal(stage.store, layout), await audit_facts(stage.store, layout, projection))
        moving = [m for found in looked for m in (*found.unfinished, *found.undecided)]  # a deadline came meanwhile
        if not moving or asyncio.get_running_loop().time() > until:
            return [f"audit: {m}" for found in looked for m in found.mismatches] + [f"audit: {m}" for m in moving]
        await asyncio.sleep(0.5)
