"""Routes of issues: bad answers that require action."""
from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from chassis.http.i18n import localized
from chassis.http.problems import not_found
from chassis.http.responses import page_schema
from chassis.http.routing import Paged, Write, json_response, page_response
from chassis.ports import Condition
from chassis.service.context import ServiceContext
from contracts.surveys import IssueResolved
from services.surveys.api.schemas import Issue
from services.surveys.commands import ResolveIssue
from services.surveys.definitions import Surveys
from services.surveys.state.issue import IssueState


class ResolutionBody(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    note: str | None = Field(default=None, max_length=4000)


def add_routes(routes: APIRouter, context: ServiceContext) -> None:
    surveys: Surveys = context.components.extra

    @routes.get("/v1/issues", response_model=page_schema(Issue))
    async def issues(
        request: Request, paged: Paged, status: Literal["open", "resolved"] | None = None, survey: str | None = None,
        business_line: str | None = None, region: str | None = None, rep_id: str | None = None,
        updated_since: AwareDatetime | None = None,
    ) -> Response:
        """Issues, newest first."""
        filters = {"status": status, "survey": survey, "business_line": business_line, "region": region,
                   "rep_id": rep_id}
        where: dict[str, Condition] = {name: value for name, value in filters.items() if value is not None}
        page = await context.find("issue", where, order="raised_at", descending=True, after=paged.cursor,
                                   limit=paged.limit, updated_since=updated_since)
        return page_response(request, [_issue_body(e.state, surveys) for e in page.items], page.next)

    @routes.get("/v1/issues/{issue_id}", response_model=Issue)
    async def issue(issue_id: str) -> Response:
        return json_response(_issue_body(await _issue_or_404(context, issue_id), surveys))

    @routes.post("/v1/issues/{issue_id}/resolve", response_model=Issue)
    async def resolve(issue_id: str, write: Write, body: ResolutionBody | None = None) -> Response:
        """Resolve it; the first resolution of an issue stays."""
        raised = await _issue_or_404(context, issue_id)
        note = body.note if body else None
        command = ResolveIssue(at=context.now(), actor=write.principal, issue_id=issue_id, note=note)
        result = await context.execute(
            "respondent", raised.respondent_id, command, idempotency_key=write.idempotency_key,
            body_hash=write.body_hash, principal=write.principal)
        done = any(isinstance(event, IssueResolved) for event in result.events)
        resolution = {"resolved_at": command.at, "note": note, "actor_id": write.principal} if done else {}
        return json_response({**_issue_body(raised, surveys), "status": "resolved", **resolution})


async def _issue_or_404(context: ServiceContext, issue_id: str) -> IssueState:
    entity = await context.get("issue", issue_id)
    if entity is None or entity.state.raised_at is None:
        raise not_found("issue", issue_id)
    state: IssueState = entity.state
    return state


def _issue_body(issue: IssueState, surveys: Surveys) -> dict[str, object]:
    """`reason` in the language of the request, by the present version of the survey."""
    survey = surveys.find(issue.survey)
    rule = next((r for r in survey.issues if r.reason == issue.reason), None) if survey else None
    return {
        "issue_id": issue.issue_id, "status": issue.status, "survey": issue.survey,
        "reason": localized(rule.title, issue.reason) if rule else issue.reason, "rule": rule.name if rule else None,
        "respondent_id": issue.respondent_id, "response_id": issue.response_id, "context": issue.context,
        "raised_at": issue.raised_at, "resolved_at": issue.resolved_at, "note": issue.note, "actor_id": issue.actor_id,
    }
