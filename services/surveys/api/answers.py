"""Answers of customers with their free text."""
from collections.abc import Mapping, Sequence
from typing import Any

from chassis.ports import Condition
from chassis.service.context import Entity, ServiceContext
from services.surveys.state.feedback import FeedbackState
from services.surveys.state.respondent import RespondentState

MAX_PAGES = 8  # read per request while searching for free text


async def answers_page(
    context: ServiceContext, where: Mapping[str, Condition], texts: Sequence[str] | None, cursor: str | None,
    limit: int,
) -> tuple[list[dict[str, Any]], str | None]:
    """Answers, latest first, and the next cursor; with `texts` only those that answer one of these questions."""
    items: list[dict[str, Any]] = []
    for _ in range(MAX_PAGES):
        page = await context.find("feedback", where, order="answered_at", descending=True, after=cursor,
                                   limit=limit - len(items))
        respondents = await context.get_many("respondent", list({e.state.respondent_id for e in page.items}))
        bodies = [_answer_body(e.state, respondents.get(e.state.respondent_id)) for e in page.items]
        items += [i for i in bodies if texts is None or any(i["answers"].get(id) for id in texts)]
        cursor = page.next
        if cursor is None or texts is None or len(items) >= limit:
            break
    return items, cursor


def _answer_body(feedback: FeedbackState, entity: Entity | None) -> dict[str, Any]:
    """Free text is stored with the respondent only, so that erasing the respondent removes it."""
    respondent: RespondentState | None = entity.state if entity else None
    _, slash, response = feedback.feedback_id.partition("/")  # an invitation's id, else respondent/response
    key = f"response/{response}" if slash else feedback.feedback_id
    answer = None if respondent is None or respondent.erased else respondent.given.get(key)
    return {
        "feedback_id": feedback.feedback_id, "respondent_id": feedback.respondent_id, "channel": feedback.channel,
        "answered_at": feedback.answered_at, "context": feedback.context,
        "answers": answer.answers if answer else feedback.answers,
    }
