"""What customers answered, word for word."""
from collections.abc import Mapping, Sequence
from typing import Any

from chassis.ports import Condition
from chassis.service.context import Context, Entity
from services.surveys.state import Feedback, Respondent

LOOKS = 8  # pages looked through for free text before what was found is handed out


async def answers_page(
    context: Context, where: Mapping[str, Condition], texts: Sequence[str] | None, cursor: str | None, limit: int,
) -> tuple[list[dict[str, Any]], str | None]:
    """Answers, latest first, and where to go on; with `texts` only those that fill in one of these questions."""
    items: list[dict[str, Any]] = []
    for _ in range(LOOKS):
        found = await context.find("feedback", where, order="answered_at", descending=True, after=cursor,
                                   limit=limit - len(items))
        people = await context.read_many("respondent", list({e.state.respondent_id for e in found.items}))
        shown = [_answer(e.state, people.get(e.state.respondent_id)) for e in found.items]
        items += [i for i in shown if texts is None or any(i["answers"].get(id) for id in texts)]
        cursor = found.next
        if cursor is None or texts is None or len(items) >= limit:
            break
    return items, cursor


def _answer(feedback: Feedback, entity: Entity | None) -> dict[str, Any]:
    """Free text is remembered with the respondent alone, so that it goes when the respondent is erased."""
    respondent: Respondent | None = entity.state if entity else None
    _, slash, response = feedback.feedback_id.partition("/")  # an invitation's id, else respondent/response
    key = f"response/{response}" if slash else feedback.feedback_id
    given = None if respondent is None or respondent.erased else respondent.given.get(key)
    return {
        "feedback_id": feedback.feedback_id, "respondent_id": feedback.respondent_id, "channel": feedback.channel,
        "answered_at": feedback.answered_at, "context": feedback.context,
        "answers": given.answers if given else feedback.answers,
    }
