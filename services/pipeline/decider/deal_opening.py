"""How a deal comes to be: asked for, by a qualified lead, or by a report that was heard first."""
import hashlib
from collections.abc import Iterator

from chassis.domain.decider import replace
from chassis.messages.codec import canonical
from contracts.pipeline import Opportunity as Deal
from contracts.pipeline import OpportunityOpened, OpportunityRevised, Reason
from services.pipeline.commands import Changes, OpenOpportunity
from services.pipeline.decider.checks import about, pointer
from services.pipeline.decider.stage_entry import LAYOUT, Move, merge, move
from services.pipeline.decider.story import Story
from services.pipeline.decider.values import ABOUT, facts, plain, with_values
from services.pipeline.definitions import LOSS_REASON, Blueprint, Book, misfit
from services.pipeline.state import FieldsKept, OpeningKept

BY_LEAD = "lead:"
"""Before the digest of an opening that nobody asked for: the lead's qualification opened the deal."""
NOTHING = Reason(code="", path="", message="")


def opening(story: Story, command: OpenOpportunity) -> None:
    """Opens once. The same request again changes nothing, another one contradicts it.

    A deal that its lead has opened by itself waits for the request of whoever goes on with it: that one fills it in.
    """
    if story.state.deal is not None and not story.state.assumed:
        if command.for_lead or digest_of(command) == story.state.opening:
            return
        if not _fills_in(story, command):
            story.decline("already_known", f"There is a deal {story.id!r} already, opened by another request.")
            return
    if command.for_lead and not _switched_on(story.book, command):
        return
    blueprint, why = blueprint_for(story.book, command)
    if blueprint is None:
        story.decline(why.code, why.message)
    elif wrong := tuple(wrong_opening(blueprint, command)):
        story.decline(wrong[0].code, " ".join(r.message for r in wrong))
    elif story.state.deal is None:
        begin(story, blueprint, command, assumed=False)
    else:
        _complete(story, command)


def blueprint_for(book: Book, command: OpenOpportunity) -> tuple[Blueprint | None, Reason]:
    """By pipeline when it is named, else the line's first that takes such a deal."""
    if command.pipeline is not None:
        found = book.pipelines.get(command.pipeline)
        if found is not None and command.business_line in (None, found.line):
            return found, NOTHING
        return None, _reason("unknown_pipeline", "/pipeline", f"The line has no pipeline {command.pipeline!r}.")
    line = book.lines.get(command.business_line or "")
    if line is None:
        return None, _reason("unknown_business_line", "/business_line",
                             f"There is no business line {command.business_line!r}.")
    first = line.blueprints[0]
    if first.when is None:
        return first, NOTHING
    values = {n: plain(v) for n, v in {**command.about, **command.fields}.items() if v is not None}
    return line.blueprint_for(facts(values)), _reason(
        "no_blueprint", "/business_line", f"No blueprint of {line.name!r} takes such a deal.")


def _fills_in(story: Story, command: OpenOpportunity) -> bool:
    """Whether the deal was opened by its lead, and the request is for it: in that pipeline, of that lead."""
    lead = command.about.get("lead_id")
    return (story.state.opening.startswith(BY_LEAD) and command.pipeline in (None, story.deal.pipeline)
            and lead in (None, story.deal.lead_id))


def _switched_on(book: Book, command: OpenOpportunity) -> bool:
    line = book.lines.get(command.business_line or "")
    return line is not None and line.form.opens_on_qualified


def wrong_opening(blueprint: Blueprint, command: OpenOpportunity) -> Iterator[Reason]:
    if command.stage is not None and command.stage not in blueprint.stages:
        yield _reason("unknown_stage", "/stage", f"{command.stage!r} is no stage of {blueprint.name!r}.")
    yield from wrong_fields(blueprint, command.fields)


def wrong_fields(blueprint: Blueprint, fields: Changes) -> Iterator[Reason]:
    """Values that do not fit the layout. What the layout does not know is passed over."""
    for name, value in fields.items():
        form = blueprint.fields.get(name)
        if form is not None and (said := misfit(form, value)) is not None:
            yield Reason(code="field_invalid", path=pointer("fields", name), message=f"{form.label.en} {said}.",
                         params=about(form))


def begin(story: Story, blueprint: Blueprint, command: OpenOpportunity, *, assumed: bool) -> None:
    stage = command.stage or blueprint.initial
    opened_at = None if command.undated else command.at
    empty = Deal(
        pipeline=blueprint.name, business_line=blueprint.line, stage=stage, opened_at=opened_at,
        forecast_category=blueprint.stages[stage].forecast_category, deal_kind="new", blueprint=blueprint.ref,
    )
    about = {"customer_id": story.state.customer, **command.about}
    about = {n: v for n, v in about.items() if v is not None}
    fields = {n: v for n, v in command.fields.items() if n in blueprint.fields and n not in ABOUT and v is not None}
    deal = with_values(empty, blueprint, about)
    story.tell(
        OpportunityOpened(opportunity_id=story.id, opportunity=deal, actor_id=command.actor or None),
        OpeningKept(digest_of(command), assumed, opened_at, (*about, *(LAYOUT + n for n in fields))),
    )
    if fields:
        story.tell(FieldsKept(fields))
    move(story, Move(
        to=stage, at=opened_at, said_at=command.at, live=command.live, actor=command.actor or None,
        category=deal.forecast_category, loss_reason=command.fields.get(LOSS_REASON),
    ))


def _complete(story: Story, command: OpenOpportunity) -> None:
    """The opening of a deal that a report had to open: its own moment and values, as far as they are not outdated."""
    actor = command.actor or None
    opened_at = None if command.undated else command.at
    if story.state.opening.startswith(BY_LEAD) and story.deal.opened_at is not None:
        opened_at = min(opened_at or story.deal.opened_at, story.deal.opened_at)  # it has been open since then
    if opened_at != story.deal.opened_at:
        after = replace(story.deal, opened_at=opened_at)
        story.tell(OpportunityRevised(opportunity_id=story.id, opportunity=after, before=story.deal, actor_id=actor))
    merge(story, command.at, {n: v for n, v in command.about.items() if v is not None}, command.fields, actor)
    story.tell(OpeningKept(digest_of(command), False, opened_at))
    first = story.state.visits[0].at
    if opened_at is not None and first is not None and opened_at < first:
        move(story, Move(to=command.stage or story.blueprint.initial, at=opened_at, said_at=command.at, live=False,
                         actor=actor))


def digest_of(command: OpenOpportunity) -> str:
    said = [command.business_line, command.pipeline, command.stage, command.undated,
            command.at.timestamp(), dict(command.about), dict(command.fields)]
    digest = hashlib.sha256(canonical(said)).hexdigest()[:32]
    return BY_LEAD + digest if command.for_lead else digest


def _reason(code: str, path: str, message: str) -> Reason:
    return Reason(code=code, path=path, message=message)
