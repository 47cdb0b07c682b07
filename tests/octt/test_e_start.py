"""TC_E: transactions, their start points and local starts."""

from __future__ import annotations

import pytest

from tests.octt import states
from tests.octt.bench import Bench


@pytest.mark.octt("TC_E_03_CS")
async def test_local_start_with_the_cable_first(bench: Bench):
    await states.connected(bench)
    await states.authorized(bench)
    await states.charging(bench)


@pytest.mark.octt("TC_E_04_CS")
async def test_local_start_with_the_token_first(bench: Bench):
    await states.authorized(bench)
    await states.charging(bench)
