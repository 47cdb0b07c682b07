"""A whole station against a CSMS that others wrote: every message of 1.6 and of its whitepaper, once at least.

The package holds what it hears, and what it is answered, against its own schemas; a message that it did not like never
reaches a handler here, and an answer that it did not like is an exception.
"""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import ocpp.v16
import pytest
from ocpp.routing import on
from ocpp.v16 import call, call_result
from websockets.asyncio.server import ServerConnection, serve

from agent.ocpp.stamps import to_wire
from sim.board import BoardSpec
from sim.stage.place import Wall
from sim.station import SimStation
from sim.vehicle import VehicleSpec
from tests.agent.runtime.transfer.servers import http_server
from tests.octt.bench import VALID, built
from tests.octt.minted import pem, root, signature, signing
from tests.security import ca, minting

EVERY: Final = {name for name, one in vars(call).items() if dataclasses.is_dataclass(one)}
ACCEPTED: Final = {"status": "Accepted"}
NUMBER: Final = 99
WITHIN_S: Final = 300.0
MESSAGES: Final[dict[str, Callable[[], Any]]] = {  # what the station may say, and what it is answered
    "Authorize": lambda: call_result.Authorize(id_tag_info=ACCEPTED),
    "BootNotification": lambda: call_result.BootNotification(to_wire(time.time()), 300, "Accepted"),  # type: ignore[arg-type]
    "DataTransfer": lambda: call_result.DataTransfer(status="Accepted", data="yes"),  # type: ignore[arg-type]
    "DiagnosticsStatusNotification": call_result.DiagnosticsStatusNotification,
    "FirmwareStatusNotification": call_result.FirmwareStatusNotification,
    "Heartbeat": lambda: call_result.Heartbeat(to_wire(time.time())),
    "LogStatusNotification": call_result.LogStatusNotification,
    "MeterValues": call_result.MeterValues,
    "SecurityEventNotification": call_result.SecurityEventNotification,
    "SignCertificate": lambda: call_result.SignCertificate(status="Accepted"),  # type: ignore[arg-type]
    "SignedFirmwareStatusNotification": call_result.SignedFirmwareStatusNotification,
    "StartTransaction": lambda: call_result.StartTransaction(NUMBER, ACCEPTED),
    "StatusNotification": call_result.StatusNotification,
    "StopTransaction": lambda: call_result.StopTransaction(id_tag_info=ACCEPTED),
}


class Csms(ocpp.v16.ChargePoint):
    """The package's end of the link: keeps what it hears, asks what it is told to."""

    def __init__(self, identity: str, socket: ServerConnection) -> None:
        super().__init__(identity, socket)
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.asked: set[str] = set()
        self.news = asyncio.Event()

    async def ask(self, action: str, status: str | None = "Accepted", **fields: Any) -> Any:
        """A request; its answer, of this status."""
        answer = await self.call(getattr(call, action)(**fields), suppress=False)
        self.asked.add(action)
        assert status is None or answer.status == status, answer
        return answer

    async def hears(self, action: str, **fields: Any) -> dict[str, Any]:
        """The first message of this action with these fields, once it has come."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                self.news.clear()
                for said, told in self.heard:
                    if said == action and fields.items() <= told.items():
                        return told
                await self.news.wait()


def _handler(action: str, name: str) -> Any:
    def take(self: Csms, **fields: Any) -> Any:
        self.heard.append((action, fields))
        self.news.set()
        return MESSAGES[action]()

    take.__name__ = name  # by which the package finds it
    return on(action)(take)


for _action in MESSAGES:
    setattr(Csms, f"on_{_action}", _handler(_action, f"on_{_action}"))


@asynccontextmanager
async def connected(directory: Path) -> AsyncIterator[tuple[SimStation, Csms]]:
    """A station that their CSMS has accepted; both go by the machine's clock, as OpenSSL does."""
    arrived: asyncio.Future[Csms] = asyncio.get_running_loop().create_future()

    async def talk(socket: ServerConnection) -> None:
        peer = Csms("CP", socket)
        if not arrived.done():
            arrived.set_result(peer)
        await peer.start()

    settings = {"CpoName": "Operator Ltd", "AuthorizeRemoteTxRequests": True, "MeterValueSampleInterval": 10}
    wall = Wall(time.time() - asyncio.get_running_loop().time())
    async with serve(talk, "127.0.0.1", 0, subprotocols=["ocpp1.6"]) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        station = built(directory, url, "1.6", wall, settings, spec=BoardSpec(), unsigned=True)
        await station.start()
        try:
            peer = await arrived
            await peer.hears("StatusNotification", connector_id=1)
            yield station, peer
        finally:
            await station.stop()


async def configured(peer: Csms) -> None:
    """Keys, cache, list, reservation."""
    await peer.ask("GetConfiguration", None)
    await peer.ask("ChangeConfiguration", key="HeartbeatInterval", value="600")
    await peer.ask("ClearCache")
    await peer.ask("GetLocalListVersion", None)
    await peer.ask("SendLocalList", list_version=1, update_type="Full", local_authorization_list=[])
    expiry = to_wire(time.time() + 3600)
    await peer.ask("ReserveNow", connector_id=1, expiry_date=expiry, id_tag=VALID, reservation_id=1)
    await peer.ask("CancelReservation", reservation_id=1)
    await peer.ask("TriggerMessage", requested_message="Heartbeat")
    await peer.hears("Heartbeat")
    await peer.ask("DataTransfer", "UnknownVendorId", vendor_id="com.example", message_id="m", data="x")


async def certified(peer: Csms) -> None:
    """A root, a certificate of the station's own by it, and the root's end."""
    kind = "CentralSystemRootCertificate"
    await peer.ask("InstallCertificate", certificate_type=kind, certificate=minting.pem("csms-root"))
    await peer.ask("ExtendedTriggerMessage", requested_message="SignChargePointCertificate")
    csr = (await peer.hears("SignCertificate"))["csr"]
    await peer.ask("CertificateSigned", certificate_chain=ca.pem(ca.signed(csr)))
    found = await peer.ask("GetInstalledCertificateIds", certificate_type=kind)
    (named,) = found.certificate_hash_data
    await peer.ask("DeleteCertificate", certificate_hash_data=named)


async def served(peer: Csms) -> None:
    """Diagnostics and a log are uploaded; firmware that is not there is not fetched, signed or not."""
    async with http_server() as server:
        await peer.ask("GetDiagnostics", None, location=server.url("/up/"))
        await peer.hears("DiagnosticsStatusNotification", status="Uploaded")
        log = {"remote_location": server.url("/up/")}
        await peer.ask("GetLog", log=log, log_type="SecurityLog", request_id=1)
        await peer.hears("LogStatusNotification", status="Uploaded")
        past = to_wire(time.time() - 60)
        await peer.ask("UpdateFirmware", None, location=server.url("/none"), retrieve_date=past, retries=0)
        await peer.hears("FirmwareStatusNotification", status="DownloadFailed")
        maker = root("Maker")
        leaf = signing(maker)
        kind = "ManufacturerRootCertificate"
        await peer.ask("InstallCertificate", certificate_type=kind, certificate=pem(maker))
        firmware = {
            "location": server.url("/none"),
            "retrieve_date_time": past,
            "signing_certificate": pem(leaf),
            "signature": signature(leaf, b"firmware"),
        }
        await peer.ask("SignedUpdateFirmware", request_id=2, firmware=firmware, retries=0)
        await peer.hears("SignedFirmwareStatusNotification", status="DownloadFailed", request_id=2)


async def charged(station: SimStation, peer: Csms) -> None:
    """A driver whom the CSMS starts and stops, under a profile, and who is billed what has flowed."""
    period = [{"start_period": 0, "limit": 10.0}]
    profile = {
        "charging_profile_id": 1,
        "stack_level": 0,
        "charging_profile_purpose": "TxDefaultProfile",
        "charging_profile_kind": "Relative",
        "charging_schedule": {"charging_rate_unit": "A", "charging_schedule_period": period},
    }
    await peer.ask("SetChargingProfile", connector_id=1, cs_charging_profiles=profile)
    await peer.ask("GetCompositeSchedule", connector_id=1, duration=300)
    station.board.plug_in(1, VehicleSpec())
    await peer.hears("StatusNotification", status="Preparing")
    await peer.ask("RemoteStartTransaction", id_tag=VALID, connector_id=1)
    await peer.hears("Authorize", id_tag=VALID)
    start = await peer.hears("StartTransaction", connector_id=1, id_tag=VALID)
    await peer.hears("MeterValues", transaction_id=NUMBER)
    await peer.ask("ClearChargingProfile", id=1)
    await peer.ask("RemoteStopTransaction", transaction_id=NUMBER)
    stop = await peer.hears("StopTransaction", transaction_id=NUMBER, reason="Remote")
    assert stop["meter_stop"] - start["meter_start"] == pytest.approx(station.board.true_energy_wh(1), abs=1.5)
    station.board.plug_out(1)


async def test_every_message_of_1_6_and_its_whitepaper_passes_between_us(tmp_path: Path):
    async with connected(tmp_path) as (station, peer):
        await configured(peer)
        await certified(peer)
        await served(peer)
        await charged(station, peer)
        await peer.hears("SecurityEventNotification", type="StartupOfTheDevice")
        assert station.agent is not None
        assert await station.agent.station.transfer("com.example", "m", "x") is not None
        await peer.ask("UnlockConnector", "Unlocked", connector_id=1)
        await peer.ask("ChangeAvailability", connector_id=1, type="Inoperative")
        await peer.ask("Reset", type="Soft")
        told = {action for action, _ in peer.heard}
        assert told == set(MESSAGES)
        assert peer.asked == EVERY - set(MESSAGES) | {"DataTransfer"}
