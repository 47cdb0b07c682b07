from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from csms.server import Csms
from tests.csms.running import http, running


@pytest.fixture
async def csms() -> AsyncIterator[Csms]:
    async with running(accept_all=True) as started:
        yield started


@pytest.fixture
async def web(csms: Csms) -> AsyncIterator[httpx.AsyncClient]:
    async with http(csms) as client:
        yield client
