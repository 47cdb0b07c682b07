"""The OCPP side of a station as a process that can be cut: real journal, real files, no EVSE that does anything.

python -m tests.security.trial_station FOLDER URL SECURE_URL SECURITY
"""

from __future__ import annotations

import asyncio
import random
import sys
import uuid
from pathlib import Path

from agent.core.token_cache import Policy
from agent.ocpp.codec import Version
from agent.ocpp.device_model import Nameplate
from agent.ocpp.station import Station
from agent.ocpp.uplink import Home
from agent.ocpp.variables import Settings
from agent.runtime.clock import LoopClock
from agent.runtime.journal import FILE_NAME, Journal, PutSetting
from tests.agent.ocpp.stand import FakeCharger, Memory, MemoryStore, furnish

SETTINGS = {
    "RetryBackOffWaitMinimum": "1",
    "RetryBackOffRandomRange": "0",
    "RetryBackOffRepeatTimes": "0",
    "OCPPCommCtrlr.NetworkProfileConnectionAttempts": "1",
    "CpoName": "Operator Ltd",
}


async def main(folder: Path, url: str, secure_url: str, security: int) -> None:
    journal = Journal.open(folder / FILE_NAME)
    settings = Settings(
        start_values=SETTINGS,
        stored_values=journal.settings(),
        persist=lambda key, text: journal.commit(PutSetting(key, text)),
    )
    home = Home(
        url=url,
        identity=folder.name,
        versions=(Version.V16,),
        security=security,
        password="0123456789abcdef",
        secure_url=secure_url,
        binary_keys=False,
        certificates=folder / "certs",
        secrets=folder / "secrets",
    )
    clock, charger = LoopClock(), FakeCharger()
    furnish(charger, journal, clock, settings)
    station = Station(
        settings,
        charger,
        journal,
        clock,
        lambda: str(uuid.uuid4()),
        random.Random(1),
        home,
        Nameplate("Vendor", "Model", "S-1", "1.0"),
        tokens=Memory(MemoryStore(), clock, settings.auth_rules, lambda: Policy.LRU),
    )
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await station.run()


if __name__ == "__main__":
    place, plain, secure, profile = sys.argv[1:]
    Path(place).mkdir(parents=True, exist_ok=True)
    asyncio.run(main(Path(place), plain, secure, int(profile)))
