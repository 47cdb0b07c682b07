"""A short charge on real processes, and whether what was billed for it is what flowed."""

from __future__ import annotations

import asyncio

from csms.server import Csms
from tests.journeys.processes import Charger

TAG = "AABBCCDD"
CHARGE_S = 4.0  # tap, close, charge, tap, open
RECOVERY_S = 25.0
CAR = {"reaction_s": 0.2, "s2_delay_s": 0.1, "max_current_a": 32.0}
TOLERANCE_WH = 1.0  # the meter's resolution, for each session


async def charge(charger: Charger) -> None:
    """Tap, charge, tap: the car is plugged in already."""
    await charger.do("present_token", token=TAG)
    await asyncio.sleep(3.0)
    await charger.do("present_token", token=TAG)
    await asyncio.sleep(1.0)


async def settled(csms: Csms, charger: Charger) -> list:
    """The charger's sessions once all are closed and nothing is on its way."""
    async with asyncio.timeout(RECOVERY_S):
        while True:
            await asyncio.sleep(0.5)
            sessions = await csms.sessions(charger.identity)
            state = await charger.do("snapshot", evse=1)
            if all(one.ended_utc_s is not None for one in sessions) and not any(state["poles"]):
                return sessions


async def released(charger: Charger) -> None:
    """The cable comes out: it does not while it is locked."""
    await charger.do("plug_out", evse=1)
    async with asyncio.timeout(RECOVERY_S):
        while (await charger.do("snapshot", evse=1))["soc_pct"] is not None:  # noqa: ASYNC110 - a process
            await asyncio.sleep(0.1)


def wrong(flowed_wh: float, sessions: list) -> str:
    """What is wrong with the bills for one charge; empty when nothing is."""
    if len(sessions) > 2:
        return f"{len(sessions)} sessions: one before the cut and one after it are the most there can be"
    for one in sessions:
        if one.remark is not None or one.energy_wh is None or one.energy_wh < 0:
            return f"an odd session: {one}"
    billed_wh = sum(one.energy_wh for one in sessions)
    if abs(flowed_wh - billed_wh) > TOLERANCE_WH * max(1, len(sessions)):
        return f"flowed {flowed_wh:.2f} Wh, billed {billed_wh:.2f} Wh in {len(sessions)} sessions"
    return ""
