"""A CSMS written on the `ocpp` package, behind mutual TLS: security profile 3 with nothing of ours on the other end."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

import pytest
from ocpp.routing import on
from ocpp.v16 import ChargePoint as ChargePoint16
from ocpp.v16 import call as call16
from ocpp.v16 import call_result as result16
from ocpp.v201 import ChargePoint as ChargePoint201
from ocpp.v201 import call as call201
from ocpp.v201 import call_result as result201
from websockets.asyncio.server import ServerConnection, serve

from agent.ocpp.codec import Version
from tests.agent.ocpp.stand import stand
from tests.security import ca, minting
from tests.security.test_trials import options, outfit, until

pytestmark = pytest.mark.realtime
NOW = "2026-01-01T00:00:00Z"


class Csms16(ChargePoint16):
    @on("BootNotification")
    async def on_boot(self, **_: Any) -> Any:
        return result16.BootNotification(current_time=NOW, interval=300, status="Accepted")

    @on("StatusNotification")
    async def on_status(self, **_: Any) -> Any:
        return result16.StatusNotification()

    @on("SecurityEventNotification")
    async def on_event(self, **_: Any) -> Any:
        return result16.SecurityEventNotification()

    @on("SignCertificate")
    async def on_sign(self, csr: str, **_: Any) -> Any:
        self.csr = csr
        return result16.SignCertificate(status="Accepted")

    async def renew(self) -> str:
        asked = await self.call(call16.ExtendedTriggerMessage(requested_message="SignChargePointCertificate"))
        assert asked.status == "Accepted"
        await until(lambda: hasattr(self, "csr"))
        answer = await self.call(call16.CertificateSigned(certificate_chain=ca.pem(ca.signed(self.csr))))
        return str(answer.status)


class Csms201(ChargePoint201):
    @on("BootNotification")
    async def on_boot(self, **_: Any) -> Any:
        return result201.BootNotification(current_time=NOW, interval=300, status="Accepted")

    @on("StatusNotification")
    async def on_status(self, **_: Any) -> Any:
        return result201.StatusNotification()

    @on("SecurityEventNotification")
    async def on_event(self, **_: Any) -> Any:
        return result201.SecurityEventNotification()

    @on("SignCertificate")
    async def on_sign(self, csr: str, **_: Any) -> Any:
        self.csr = csr
        return result201.SignCertificate(status="Accepted")

    async def renew(self) -> str:
        asked = await self.call(call201.TriggerMessage(requested_message="SignChargingStationCertificate"))
        assert asked.status == "Accepted"
        await until(lambda: hasattr(self, "csr"))
        answer = await self.call(call201.CertificateSigned(certificate_chain=ca.pem(ca.signed(self.csr))))
        return str(answer.status)


@pytest.mark.parametrize(("version", "kind"), [(Version.V16, Csms16), (Version.V201, Csms201)])
async def test_profile_3_against_a_foreign_csms_with_a_renewal_in_between(version, kind, tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(minting.path("csms"), minting.key("csms"))
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(minting.path("csms-root"))
    context.load_verify_locations(minting.path("station-root"))
    peers: list[Any] = []
    serials: list[int] = []

    async def attend(socket: ServerConnection) -> None:
        shown = socket.transport.get_extra_info("ssl_object").getpeercert()
        serials.append(int(shown["serialNumber"], 16))
        peers.append(kind("CP 1", socket))
        await asyncio.gather(peers[-1].start(), return_exceptions=True)

    async with serve(attend, "127.0.0.1", 0, ssl=context, subprotocols=[version.value]) as server:
        url = f"wss://localhost:{server.sockets[0].getsockname()[1]}"
        more = options(version, outfit(tmp_path, own=("station",)), profile=3)
        async with stand(None, url=url, **more) as one:  # type: ignore[arg-type]
            await until(lambda: one.station.online)
            assert await peers[0].renew() == "Accepted"
            await until(lambda: len(peers) == 2 and one.station.online)
    assert len(set(serials)) == 2
