from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.gateway.town import Town, town


@pytest.fixture(scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """One system for the tests of a module that do not get into each other's way."""
    async with town("memory", tmp_path_factory.mktemp("town")) as made:
        yield made


@pytest.fixture
async def fresh(tmp_path: Path) -> AsyncIterator[Town]:
    async with town("sqlite", tmp_path) as made:
        yield made
