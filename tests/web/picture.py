"""Draws the pages for the documentation: `python -m tests.web.picture docs/images`."""

from __future__ import annotations

import asyncio
import math
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

from agent.ocpp.stamps import to_wire
from csms.server import Csms
from csms.tariff import Tariff
from csms.web.app import serving
from tests.csms.charger import JsonCharger, charger
from tests.web.browser import Browser, browsing, chromium

AGO_S = 2_400
STEP_S = 60


async def charging(cp: JsonCharger) -> None:
    """Forty minutes of a charge, the last of them now."""
    began_s = time.time() - AGO_S
    evse = {"id": 1, "connectorId": 1}
    token = {"idToken": "04A2B3C4D5E680", "type": "ISO14443"}
    register_wh = 48_210.0
    for number, after_s in enumerate(range(0, AGO_S + 1, STEP_S)):
        power_w = 11_040 * min(1.0, after_s / 120) * (1 - 0.03 * math.sin(after_s / 400) ** 2)
        power_w *= 0.55 if 1_100 < after_s < 1_700 else 1.0  # a neighbour cooks
        register_wh += power_w * STEP_S / 3_600 if number else 0.0
        values = [
            {"value": round(register_wh, 0), "measurand": "Energy.Active.Import.Register"},
            {"value": round(power_w), "measurand": "Power.Active.Import", "unitOfMeasure": {"unit": "W"}},
        ]
        stamp = to_wire(began_s + after_s)
        event: dict[str, Any] = {
            "eventType": "Updated" if number else "Started",
            "timestamp": stamp,
            "triggerReason": "MeterValuePeriodic" if number else "Authorized",
            "seqNo": number,
            "transactionInfo": {"transactionId": "7f2c1a8e-44b0", "chargingState": "Charging"},
            "meterValue": [{"timestamp": stamp, "sampledValue": values}],
        }
        await cp.call("TransactionEvent", event if number else event | {"evse": evse, "idToken": token})


async def say(cp: JsonCharger, status: str, connector: int = 1) -> None:
    message = {"timestamp": to_wire(time.time()), "connectorStatus": status, "evseId": 1, "connectorId": connector}
    await cp.call("StatusNotification", message)


async def shoot(browser: Browser, url: str, path: Path, *, height: int) -> None:
    await browser.emulate(width=1180, height=height)
    await browser.open(url)
    await browser.until("document.querySelector('#link').innerText === 'live'")
    await asyncio.sleep(1)
    await asyncio.to_thread(path.write_bytes, await browser.screenshot())


async def draw(program: str, folder: Path, profile: Path) -> None:
    csms = Csms()
    csms.set_tariff(Tariff(per_kwh=Decimal("0.39"), session_fee=Decimal("0.50")))
    csms.add_token("04A2B3C4D5E680")
    await csms.start()
    async with AsyncExitStack() as stack:
        pages = await stack.enter_async_context(serving(csms))
        for identity, version, status in (
            ("GARAGE-1", "ocpp2.0.1", "Occupied"),
            ("GARAGE-2", "ocpp1.6", None),
            ("YARD-1", "ocpp2.1", "Available"),
            ("YARD-2", "ocpp2.0.1", None),
        ):
            if identity != "YARD-2":
                csms.accept(identity)
            cp = await stack.enter_async_context(charger(csms, identity, version))
            await cp.boot()
            if status:
                await say(cp, status)
            elif version == "ocpp1.6":
                await cp.call("StatusNotification", {"connectorId": 1, "status": "Available", "errorCode": "NoError"})
            if identity == "GARAGE-1":
                await charging(cp)
                await cp.next_frame('[2,"9","Authorize",{"idToken":{"idToken":"04A2","type":"Card"}}]')
        browser = await stack.enter_async_context(browsing(program, profile))
        await shoot(browser, pages, folder / "csms.png", height=430)
        await shoot(browser, f"{pages}chargers/GARAGE-1", folder / "csms-charger.png", height=1_000)
        await shoot(browser, f"{pages}sessions/1", folder / "csms-session.png", height=780)
    await csms.stop()


def main() -> int:
    program = chromium()
    if program is None:
        sys.stderr.write("no Chromium here: install Debian's package `chromium`\n")
        return 1
    with tempfile.TemporaryDirectory() as profile:
        asyncio.run(draw(program, Path(sys.argv[1]), Path(profile)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
