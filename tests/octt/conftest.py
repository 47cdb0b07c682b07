"""The fixture of the certification cases: `@pytest.mark.bench(evses=2, settings={...})` says which station it is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.octt.bench import Bench
from tests.octt.bench import bench as made


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "bench(**fields): the station of this case, arguments of tests.octt.bench.bench")


@pytest_asyncio.fixture
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    fields: dict[str, object] = {}
    for mark in reversed(list(request.node.iter_markers("bench"))):
        fields |= mark.kwargs
    async with made(tmp_path, **fields) as one:
        yield one
