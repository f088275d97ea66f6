"""What the tests of segmentation share that look at the cut-offs of a living house."""
from services.segmentation.api.cutoff_announcements import look, tell
from tests.living import House


async def looked(house: House) -> None:
    """As the service looks by itself every so many seconds; whoever is owed something has heard it."""
    await look(house.app)
    await told(house)


async def told(house: House) -> None:
    while house.app.parts.extra.memory.owing:
        await tell(house.app)
        await house.quiet()
