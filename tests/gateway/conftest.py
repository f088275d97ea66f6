from collections.abc import AsyncIterator

import pytest

from tests.adapters.real import kafka, mongo  # noqa: F401  (fixtures)
from tests.gateway.town import Town, town


@pytest.fixture(scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """One system for the tests of a module that do not get into each other's way."""
    async with town("memory", tmp_path_factory.mktemp("town")) as made:
        yield made
