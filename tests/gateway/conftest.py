from collections.abc import AsyncIterator

import pytest

from tests.adapters.real import kafka, mongo  # noqa: F401  (fixtures)
from tests.gateway.harness import GatewayHarness, gateway_harness


@pytest.fixture(scope="module")
async def harness(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GatewayHarness]:
    """One system for the tests of a module, without data. Modules with a company define a fixture of this name."""
    async with gateway_harness("memory", tmp_path_factory.mktemp("system")) as running:
        yield running
