"""`evse sim` as a process, asked over HTTP for a car that pays by contract: real TCP, real TLS, and the right bill."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from csms.server import Csms
from tests.agent.iso15118 import pki
from tests.journeys.processes import ended
from tests.journeys.test_blackbox import IDENTITY, READY_S, Box, bill, csms, launched

__all__ = ["csms"]  # the fixture

pytestmark = [pytest.mark.realtime, pytest.mark.timeout(180)]

ATTEMPTS = 3

CONFIG = """
schema_version = 1
[station]
identity = "{identity}"
vendor = "evse-agent"
model = "Plug & charge"
[ocpp]
url = "ws://127.0.0.1:{port}/ocpp"
security_profile = 0
allow_plain_text = true
[[evse]]
id = 1
[evse.v2g]
host = "::1"
sdp_port = 0
certificate_file = "{pki}/secc.pem"
key_file = "{pki}/secc.key"
contract_roots_file = "{pki}/mo-root.pem"
[hal.options]
car_certificates = "{pki}"
[hal.options.link]
poll_s = 0.25
"""


@asynccontextmanager
async def box(folder: Path, csms: Csms) -> AsyncIterator[Box]:
    config = folder / "evse.toml"
    config.write_text(CONFIG.format(identity=IDENTITY, port=csms.port, pki=pki.folder()))
    words = ("--config", str(config), "--state-dir", str(folder / "state"), "--control", "0", "--json")
    process = await launched(*words)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(READY_S):
            line = await process.stdout.readline()
        yield Box(process, json.loads(line))
    finally:
        await ended(process)


def talks_and_draws(state: dict[str, Any]) -> bool:
    seen = state["physics"]["evses"][0]
    return bool(seen["power_w"] > 20_000 and seen["cp"]["duty_pct"] == pytest.approx(5.0))


async def charging(one: Box) -> int:
    """Plug a car in until it charges; how often that took.

    On a machine that is too busy to answer the board in its time, the interlock keeps the contactor open for 30 s; a
    charger that cannot close in 3 s says so to the car.
    """
    for attempt in range(1, ATTEMPTS + 1):
        await one.control("plug_in", evse=1, protocol="iso15118", payment="Contract", departure_s=3600, current_a=32)
        try:
            await one.wait_until(talks_and_draws)
        except TimeoutError:
            await one.control("plug_out", evse=1)
            await one.wait_until(lambda s: not s["physics"]["evses"][0]["plugged"])
        else:
            return attempt
    raise AssertionError((await one.state())["agent"])


async def test_a_car_pays_by_contract_over_http_tcp_and_tls(tmp_path: Path, csms: Csms):
    csms.add_token(pki.EMAID, kind="eMAID")
    async with box(tmp_path, csms) as one:
        await one.wait_until(lambda s: s["agent"]["link"]["accepted"])
        attempts = await charging(one)
        state = await one.state()
        assert state["agent"]["evses"][0]["id_token"] == pki.EMAID
        await one.control("plug_out", evse=1)
        paid = await bill(csms, attempts)
        assert paid[-1].token == pki.EMAID
        state = await one.wait_until(lambda s: not s["physics"]["evses"][0]["plugged"])
        flowed_wh = state["physics"]["evses"][0]["true_energy_wh"]
        assert sum(each.energy_wh or 0.0 for each in paid) == pytest.approx(flowed_wh, abs=1.0)
