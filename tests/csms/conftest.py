from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from csms.server import Csms
from tests.csms.running import running


@pytest.fixture
async def csms() -> AsyncIterator[Csms]:
    async with running(accept_all=True) as started:
        yield started
