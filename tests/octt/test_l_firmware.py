"""TC_L, and of TC_F what triggers their messages: firmware over real HTTP, judged by real signatures, installed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
import pytest_asyncio

from certs.make_pki import Minted
from tests.agent.runtime.transfer.servers import HttpServer, http_server
from tests.octt import minted, states
from tests.octt.bench import Bench
from tests.octt.minted import pem, signature, signing
from tests.octt.tool import PRESENT, require

PAST: Final = "2025-12-31T22:00:00Z"
OFFSET_S: Final = 60
SOON: Final = "2026-01-01T00:01:00Z"  # so much later than the test begins
WITHIN_S: Final = 120.0  # a step of an update, waiting for its time included
FIRMWARE: Final = json.dumps({"version": "2.0", "restart": True}).encode()
PATH: Final = "/firmware.bin"
FETCHED: Final = ("Downloading", "Downloaded", "SignatureVerified")
ENDS_AT_DEPARTURE: Final = {"TxCtrlr.TxStopPoint": "EVConnected"}


@pytest.fixture(scope="module")
def root() -> Minted:
    return minted.root("Manufacturer Root")


@pytest.fixture(scope="module")
def leaf(root: Minted) -> Minted:
    return signing(root)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[HttpServer]:
    async with http_server() as one:
        one.files[PATH] = FIRMWARE
        yield one


class Update:
    """How the tool asks for firmware, and hears of it."""

    def __init__(self, bench: Bench, server: HttpServer, leaf: Minted) -> None:
        self.bench = bench
        self.server = server
        self.leaf = leaf
        self.id = 0

    async def ask(self, status: str = "Accepted", content: bytes = FIRMWARE, **firmware: Any) -> None:
        """UpdateFirmware, now unless `firmware` says another time, which is answered so."""
        self.id += 1
        fields = {
            "location": self.server.url(PATH),
            "retrieveDateTime": PAST,
            "installDateTime": PAST,
            "signingCertificate": pem(self.leaf),
            "signature": signature(self.leaf, content),
        } | firmware
        sent = {name: value for name, value in fields.items() if value is not None}
        answer = await self.bench.tool.send("UpdateFirmware", requestId=self.id, firmware=sent)
        require(answer, status=status)

    async def hears(self, *words: str) -> None:
        """These statuses are told next, in this order, and of this request."""
        for word in words:
            told = await self.bench.tool.expect("FirmwareStatusNotification", WITHIN_S)
            require(told, status=word, requestId=self.id)

    async def installs(self) -> None:
        """All connectors go out of service, the station restarts, tells of its new firmware, and serves again."""
        for evse in self.bench.station.board.evses:
            await states.told(self.bench, "Unavailable", evse, within_s=WITHIN_S)
        await self.hears("Installing", "InstallRebooting")
        await self.bench.tool.expect("BootNotification", reason="FirmwareUpdate")
        await self.hears("Installed")
        await self.bench.tool.expect("SecurityEventNotification", type="FirmwareUpdated")
        for evse in self.bench.station.board.evses:
            await states.told(self.bench, "Available", evse)

    async def reports(self, kind: str) -> None:
        await self.bench.tool.expect("SecurityEventNotification", type=kind, timestamp=PRESENT)


@pytest_asyncio.fixture
async def update(bench: Bench, server: HttpServer, root: Minted, leaf: Minted) -> Update:
    await states.certificate_installed(bench, "ManufacturerRootCertificate", pem(root))
    return Update(bench, server, leaf)


@pytest.mark.octt("TC_L_01_CS")
async def test_firmware_is_fetched_verified_and_installed_at_once(update: Update):
    await update.ask()
    await update.hears(*FETCHED)
    await update.installs()


@pytest.mark.octt("TC_L_02_CS")
async def test_firmware_waits_for_the_time_of_its_installation(update: Update):
    await update.ask(installDateTime=SOON)
    await update.hears(*FETCHED, "InstallScheduled")
    await update.bench.tool.silence("FirmwareStatusNotification", OFFSET_S - 20)
    await update.installs()


@pytest.mark.octt("TC_L_03_CS")
async def test_firmware_is_fetched_when_its_time_has_come(update: Update):
    await update.ask(retrieveDateTime=SOON)
    await update.hears("DownloadScheduled")
    await update.bench.tool.silence("FirmwareStatusNotification", OFFSET_S - 20)
    assert not update.server.asked
    await update.hears(*FETCHED)
    await update.installs()


@pytest.mark.octt("TC_L_05_CS")
async def test_a_signing_certificate_of_somebody_else_is_refused_and_reported(update: Update):
    await update.ask("InvalidCertificate", signingCertificate=pem(signing(minted.root())))
    await update.reports("InvalidFirmwareSigningCertificate")


@pytest.mark.octt("TC_L_06_CS")
async def test_a_signature_over_another_file_is_found_out_and_reported(update: Update):
    await update.ask(content=FIRMWARE + b" ")
    await update.hears("Downloading", "Downloaded", "InvalidSignature")
    await update.reports("InvalidFirmwareSignature")


@pytest.mark.octt("TC_L_07_CS")
async def test_a_file_that_is_not_there_is_a_failed_download(update: Update):
    await update.ask(location=update.server.url(PATH + "_does_not_exist"))
    await update.hears("Downloading", "DownloadFailed")


@pytest.mark.octt("TC_L_08_CS")
async def test_signed_firmware_that_does_not_fit_is_not_installed_and_the_station_serves_again(update: Update):
    unfit = update.server.files[PATH] = b"for another hardware"
    await update.ask(content=unfit)
    await update.hears(*FETCHED)
    await states.told(update.bench, "Unavailable")
    await update.hears("Installing", "InstallVerificationFailed")
    await states.told(update.bench, "Available")


@pytest.mark.octt("TC_L_10_CS")
async def test_a_second_request_cancels_the_download_of_the_first(update: Update):
    update.server.stall = True
    await update.ask()
    await update.hears("Downloading")
    update.server.stall = False
    await update.ask("AcceptedCanceled")
    await update.hears(*FETCHED)
    await update.installs()


async def second_evse_charges(bench: Bench) -> None:
    bench.evse, bench.connected, bench.authorized, bench.tx = 2, False, False, None
    bench.token = {"idToken": "AABBCCD2", "type": "ISO14443"}
    await states.charging(bench)


@pytest.mark.octt("TC_L_14_CS")
@pytest.mark.bench(
    evses=2, settings=ENDS_AT_DEPARTURE | {"ChargingStation.AllowNewSessionsPendingFirmwareUpdate": True}
)
async def test_firmware_waits_for_all_who_charge_and_who_may_still_begin(update: Update):
    bench = update.bench
    await states.charging(bench)
    first = bench.token, bench.tx
    await update.ask()
    await update.hears(*FETCHED, "InstallScheduled")
    await second_evse_charges(bench)
    second = bench.token, bench.tx
    for evse, (token, tx) in ((1, first), (2, second)):
        assert not bench.tool.left("FirmwareStatusNotification")
        bench.evse, bench.token, bench.tx, bench.authorized, bench.connected = evse, token, tx, True, True
        await states.left(bench)
    await update.installs()


@pytest.mark.octt("TC_L_15_CS")
@pytest.mark.bench(
    evses=2, settings=ENDS_AT_DEPARTURE | {"ChargingStation.AllowNewSessionsPendingFirmwareUpdate": False}
)
async def test_firmware_waits_for_who_charges_and_nobody_else_may_begin(update: Update):
    bench = update.bench
    await states.charging(bench)
    await update.ask()
    await update.hears(*FETCHED, "InstallScheduled")
    await states.told(bench, "Unavailable", 2)
    await bench.tool.silence("FirmwareStatusNotification", 60)
    await states.stop_authorized(bench)
    await states.post_session(bench)
    bench.unplug()
    await states.event(bench, eventType="Ended")
    await update.hears("Installing", "InstallRebooting")
    await bench.tool.expect("BootNotification", reason="FirmwareUpdate")
    await update.hears("Installed")
    await update.reports("FirmwareUpdated")
    for evse in (1, 2):
        await states.told(bench, "Available", evse)


@pytest.mark.octt("TC_L_18_CS")
async def test_firmware_that_nobody_has_signed_is_refused(update: Update):
    await update.ask("Rejected", signingCertificate=None, signature=None)
    await update.bench.tool.silence("FirmwareStatusNotification", 60)


@pytest.mark.parametrize(
    "place",
    [
        pytest.param({"evse": {"id": 1}}, marks=pytest.mark.octt("TC_F_17_CS"), id="at an EVSE"),
        pytest.param({}, marks=pytest.mark.octt("TC_F_18_CS"), id="of the station"),
    ],
)
async def test_the_status_without_an_update_is_idle(bench: Bench, place: dict[str, Any]):
    answer = await bench.tool.send("TriggerMessage", requestedMessage="FirmwareStatusNotification", **place)
    require(answer, status="Accepted")
    await bench.tool.expect("FirmwareStatusNotification", status="Idle")


@pytest.mark.octt("TC_F_19_CS")
async def test_the_status_of_a_download_under_way_is_told_again(update: Update):
    update.server.stall = True
    await update.ask()
    await update.hears("Downloading")
    answer = await update.bench.tool.send("TriggerMessage", requestedMessage="FirmwareStatusNotification")
    require(answer, status="Accepted")
    await update.hears("Downloading")
