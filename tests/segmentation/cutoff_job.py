"""Runs the cut-off job of a running service step by step."""
from services.segmentation.api.cutoff_announcements import announce, check_cutoffs
from services.segmentation.queries.process_state import runtime_of
from tests.support.running_service import RunningService


async def check_and_announce(service: RunningService) -> None:
    """Runs one check of the job and all announcements that follow from it."""
    await check_cutoffs(service.app)
    await announce_all(service)


async def announce_all(service: RunningService) -> None:
    while runtime_of(service.app).process.pending:
        await announce(service.app)
        await service.settle()
