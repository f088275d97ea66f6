"""Issues: bad answers that somebody has to look after."""
from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from chassis.http.i18n import titled
from chassis.http.responses import paged
from chassis.http.routing import Paged, Write, answer, not_found, page
from chassis.ports import Condition
from chassis.service.context import Context
from contracts.surveys import IssueResolved
from services.surveys.api import schemas
from services.surveys.commands import ResolveIssue
from services.surveys.definitions import Surveys
from services.surveys.state import Issue


class ResolutionBody(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    note: str | None = Field(default=None, max_length=4000)


def add(routes: APIRouter, context: Context) -> None:
    known: Surveys = context.parts.extra

    @routes.get("/v1/issues", response_model=paged(schemas.Issue))
    async def issues(
        request: Request, paged: Paged, status: Literal["open", "resolved"] | None = None, survey: str | None = None,
        business_line: str | None = None, region: str | None = None, rep_id: str | None = None,
        updated_since: AwareDatetime | None = None,
    ) -> Response:
        """Issues, newest first."""
        asked = {"status": status, "survey": survey, "business_line": business_line, "region": region, "rep_id": rep_id}
        where: dict[str, Condition] = {name: held for name, held in asked.items() if held is not None}
        found = await context.find("issue", where, order="raised_at", descending=True, after=paged.cursor,
                                   limit=paged.limit, updated_since=updated_since)
        return page(request, [_shown(e.state, known) for e in found.items], found.next)

    @routes.get("/v1/issues/{issue_id}", response_model=schemas.Issue)
    async def issue(issue_id: str) -> Response:
        return answer(_shown(await _known(context, issue_id), known))

    @routes.post("/v1/issues/{issue_id}/resolve", response_model=schemas.Issue)
    async def resolve(issue_id: str, write: Write, body: ResolutionBody | None = None) -> Response:
        """Resolve it; a resolved one stays as it was resolved first."""
        raised = await _known(context, issue_id)
        note = body.note if body else None
        command = ResolveIssue(at=context.now(), actor=write.principal, issue_id=issue_id, note=note)
        outcome = await context.ask(
            "respondent", raised.respondent_id, command, idempotency_key=write.idempotency_key,
            body_hash=write.body_hash, principal=write.principal)
        done = any(isinstance(event, IssueResolved) for event in outcome.events)
        told = {"resolved_at": command.at, "note": note, "actor_id": write.principal} if done else {}
        return answer({**_shown(raised, known), "status": "resolved", **told})


async def _known(context: Context, issue_id: str) -> Issue:
    entity = await context.read("issue", issue_id)
    if entity is None or entity.state.raised_at is None:
        raise not_found("issue", issue_id)
    state: Issue = entity.state
    return state


def _shown(issue: Issue, known: Surveys) -> dict[str, object]:
    """Its reason in the words of the survey as it now stands, for who asks in another language than the log's."""
    survey = known.one(issue.survey)
    rule = next((r for r in survey.issues if r.reason == issue.reason), None) if survey else None
    return {
        "issue_id": issue.issue_id, "status": issue.status, "survey": issue.survey,
        "reason": titled(rule.title, issue.reason) if rule else issue.reason, "rule": rule.name if rule else None,
        "respondent_id": issue.respondent_id, "response_id": issue.response_id, "context": issue.context,
        "raised_at": issue.raised_at, "resolved_at": issue.resolved_at, "note": issue.note, "actor_id": issue.actor_id,
    }
