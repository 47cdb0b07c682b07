"""TC_A, TC_M: the charger's certificate towards cars, signed by the CSMS, renewed, and asked about."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from agent.config import V2g
from tests.octt import states
from tests.octt.bench import Bench, bench
from tests.octt.test_a_security import SETTINGS, context, judge_csr, secured
from tests.octt.tool import ABSENT, require
from tests.security import ca, minting
from tests.security.test_trials import shown

LOOPBACK: Final = "::1"
TALKS: Final = V2g(host=LOOPBACK, sdp_port=None)
V2G: Final = "V2GCertificate"
CHAIN: Final = ("cpo-sub2", "cpo-sub1")
ISO: Final = {
    "ISO15118Ctrlr.V2GCertificateInstallationEnabled": True,
    "ISO15118Ctrlr.CountryName": "NL",
    "ISO15118Ctrlr.OrganizationName": "Operator Ltd",
    "ISO15118Ctrlr.SeccId": "SECC-1",
}


def talking(directory: Path, **more: Any) -> Any:
    """A station that speaks ISO 15118, by the machine's clock, which TLS judges certificates by."""
    return bench(directory, v2g=TALKS, machine_clock=True, settings=ISO | more.pop("settings", {}), **more)


async def rooted(one: Bench) -> None:
    """CertificateInstalled for V2GRootCertificate and MORootCertificate."""
    await states.certificate_installed(one, "V2GRootCertificate", minting.pem("v2g-root"))
    await states.certificate_installed(one, "MORootCertificate", minting.pem("mo-root"))


def chain(certificate: x509.Certificate) -> str:
    """With what is between it and the root."""
    return ca.pem(certificate, *(ca.authority(name)[0] for name in CHAIN))


async def asked(one: Bench, message: str, **fields: Any) -> str:
    """The message is triggered; the request for a certificate that comes."""
    require(await one.tool.send("TriggerMessage", requestedMessage=message), status="Accepted")
    csr = str((await one.tool.expect("SignCertificate", **fields))["csr"])
    judge_csr(csr)
    return csr


async def renewed(one: Bench, begins: dt.timedelta = -ca.HOUR) -> x509.Certificate:
    """RenewV2GChargingStationCertificate."""
    csr = await asked(one, "SignV2GCertificate", certificateType=V2G)
    request = judge_csr(csr)
    assert isinstance(request.public_key(), ec.EllipticCurvePublicKey)
    assert request.public_key().key_size >= 256
    assert request.subject.rfc4514_string() == "DC=CPO,C=NL,O=Operator Ltd,CN=SECC-1"
    certificate = ca.signed(csr, "cpo-sub2", begins=begins)
    answer = await one.tool.send("CertificateSigned", certificateChain=chain(certificate), certificateType=V2G)
    require(answer, status="Accepted")
    return certificate


async def met(one: Bench) -> int:
    """The serial number of the certificate that a car meets which trusts the V2G root."""
    agent = one.station.agent
    assert agent is not None
    car = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    car.load_verify_locations(minting.path("v2g-root"))
    car.maximum_version = ssl.TLSVersion.TLSv1_2
    car.check_hostname = False  # a SECC's certificate names no host
    _, writer = await asyncio.open_connection(LOOPBACK, agent.v2g[one.evse].port, ssl=car)
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    with suppress(ConnectionError, ssl.SSLError):
        await writer.wait_closed()
    await asyncio.sleep(1)  # the charger is free for the next car
    return x509.load_der_x509_certificate(der).serial_number


@pytest.mark.octt("TC_A_12_CS")
@pytest.mark.req("A02.FR.02", "A02.FR.03", "A02.FR.06", "A02.FR.13", "A02.FR.15", "A03.FR.13", "A03.FR.15")
async def test_the_certificate_towards_cars_is_renewed_and_the_next_car_meets_it(tmp_path: Path):
    async with talking(tmp_path) as one:
        await rooted(one)
        first = await renewed(one)
        assert await met(one) == first.serial_number
        second = await renewed(one, -ca.HOUR / 2)
        assert await met(one) == second.serial_number


@pytest.mark.octt("TC_A_13_CS")
@pytest.mark.req("A00.FR.428", "A02.FR.13")
async def test_one_certificate_serves_the_link_to_the_csms_and_the_link_to_cars(tmp_path: Path):
    secret = context()
    secret.load_verify_locations(minting.path("v2g-root"))
    async with secured(tmp_path, 3, v2g=TALKS, tls=secret) as one:
        await rooted(one)
        csr = await asked(one, "SignCombinedCertificate", certificateType=ABSENT)
        certificate = ca.signed(csr, "cpo-sub2", begins=-ca.HOUR / 2)
        require(await one.tool.send("CertificateSigned", certificateChain=chain(certificate)), status="Accepted")
        await one.tool.until(lambda: len(one.tool.handshakes) == 2)
        assert shown(one.tool) == certificate
        assert await met(one) == certificate.serial_number


@pytest.mark.req("A02.FR.07", "A02.FR.20")
@pytest.mark.parametrize("flaw", ["a stranger", "the CSMS's root", "another use"])
async def test_a_certificate_towards_cars_that_is_no_good_is_refused(tmp_path: Path, flaw: str):
    async with talking(tmp_path) as one:
        await rooted(one)
        csr = await asked(one, "SignV2GCertificate", certificateType=V2G)
        by = {"a stranger": "stranger-root", "the CSMS's root": "csms-root"}.get(flaw, "cpo-sub2")
        usage = x509.OID_CLIENT_AUTH if flaw == "another use" else None
        whole = chain(ca.signed(csr, by, usage=usage))
        answer = await one.tool.send("CertificateSigned", certificateChain=whole, certificateType=V2G)
        require(answer, status="Rejected")
        await one.tool.expect("SecurityEventNotification", type="InvalidChargingStationCertificate")
        with pytest.raises(ConnectionError):
            await met(one)


async def triggered(one: Bench, message: str) -> str:
    return str((await one.tool.send("TriggerMessage", requestedMessage=message))["status"])


async def test_certificates_towards_cars_are_asked_for_only_where_that_is_wanted_and_cars_are_talked_to(tmp_path: Path):
    off = {"ISO15118Ctrlr.V2GCertificateInstallationEnabled": False}
    async with talking(tmp_path / "off", settings=off) as one:
        assert await triggered(one, "SignV2GCertificate") == "Rejected"
    async with bench(tmp_path / "silent", settings=SETTINGS) as one:
        assert await triggered(one, "SignV2GCertificate") == "NotImplemented"
        assert await triggered(one, "SignCombinedCertificate") == "NotImplemented"
    nameless = {"ISO15118Ctrlr.OrganizationName": ""}
    async with talking(tmp_path / "nameless", settings=nameless) as one:
        assert await triggered(one, "SignV2GCertificate") == "Rejected"
