"""TC_A, and what of TC_B and TC_M needs TLS: certificates of both sides, renewed, replaced and refused."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.octt import states
from tests.octt.bench import Bench, bench
from tests.octt.minted import named
from tests.octt.test_a_password_and_network import boots_at, set_priority, set_profile
from tests.octt.tool import Tool, require
from tests.security import ca, minting
from tests.security.test_trials import outfit, shown, tls
from tests.security.tls_servers import alert

PASSWORD: Final = "0123456789abcdef"
SUITES: Final = (
    {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"},
    {"AES128-GCM-SHA256", "AES256-GCM-SHA384"},
)
SETTINGS: Final = {
    "SecurityCtrlr.OrganizationName": "Operator Ltd",
    "OCPPCommCtrlr.RetryBackOffWaitMinimum": 1,
    "OCPPCommCtrlr.RetryBackOffRandomRange": 0,
}
CSMS: Final = "CSMSRootCertificate"
PROTOCOL_VERSION: Final = 70  # RFC 5246 7.2.2
REPLACING: Final = {"SecurityCtrlr.AdditionalRootCertificateCheck": True}


def context(certificate: str | Path = "csms") -> ssl.SSLContext:
    """The tool's TLS, with a minted certificate or one from a file; it takes the certificates of every station."""
    made = tls(certificate if isinstance(certificate, Path) else None)
    if isinstance(certificate, str):
        made.load_cert_chain(minting.path(certificate), minting.key(certificate))
    made.load_verify_locations(minting.path("station-root"))
    return made


@asynccontextmanager
async def secured(directory: Path, security: int, **more: Any) -> AsyncIterator[Bench]:
    """A station on profile 2 or 3 that has its root and, on 3, its certificate."""
    outfit(directory / "state", own=("station",) if security == 3 else ())
    fields = {
        "tls": context(),
        "security_profile": security,
        "password": PASSWORD if security < 3 else None,
        "settings": SETTINGS | more.pop("settings", {}),
    } | more
    async with bench(directory, **fields) as one:
        yield one


@asynccontextmanager
async def endpoint(secret: ssl.SSLContext) -> AsyncIterator[Tool]:
    """The tool's second endpoint."""
    one = Tool(tls=secret)
    await one.start()
    yield one
    await one.stop()


def url(tool: Tool) -> str:
    return f"wss://localhost:{tool.port}/ocpp"


def judge_suites(tool: Tool) -> None:
    """What the station offered in its handshake."""
    assert tool.socket is not None
    secret = tool.socket.transport.get_extra_info("ssl_object")
    assert secret.version() in {"TLSv1.2", "TLSv1.3"}
    offered = {name for name, _, _ in secret.shared_ciphers()}
    assert any(suites <= offered for suites in SUITES), offered


def judge_csr(pem: str) -> x509.CertificateSigningRequest:
    """A request in PEM, with a key that is long enough and a signature that is right."""
    request = x509.load_pem_x509_csr(pem.encode())
    assert request.is_signature_valid
    key = request.public_key()
    assert key.key_size >= (224 if isinstance(key, ec.EllipticCurvePublicKey) else 2048)  # type: ignore[union-attr]
    return request


async def asked_to_renew(one: Bench) -> str:
    """SignChargingStationCertificate is triggered; the request that the station makes."""
    answer = await one.tool.send("TriggerMessage", requestedMessage="SignChargingStationCertificate")
    require(answer, status="Accepted")
    csr = str((await one.tool.expect("SignCertificate"))["csr"])
    judge_csr(csr)
    return csr


async def hand_over(one: Bench, certificate: x509.Certificate, status: str = "Accepted") -> None:
    answer = await one.tool.send(
        "CertificateSigned", certificateChain=ca.pem(certificate), certificateType="ChargingStationCertificate"
    )
    require(answer, status=status)


async def renewed(one: Bench) -> x509.Certificate:
    """RenewChargingStationCertificate."""
    certificate = ca.signed(await asked_to_renew(one))
    await hand_over(one, certificate)
    return certificate


@pytest.mark.octt("TC_A_04_CS")
async def test_the_station_takes_a_good_server_certificate_and_shows_its_password(tmp_path: Path):
    async with secured(tmp_path, 2) as one:
        await states.booted(one)
        judge_suites(one.tool)
        assert shown(one.tool) is None
        assert "Authorization" in one.tool.handshakes[-1].headers


@pytest.mark.octt("TC_A_07_CS")
async def test_the_station_shows_its_certificate(tmp_path: Path):
    async with secured(tmp_path, 3) as one:
        await states.booted(one)
        judge_suites(one.tool)
        certificate = shown(one.tool)
        assert certificate is not None
        assert certificate.serial_number
        (name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        assert name.value == one.tool.calls("BootNotification")[0].payload["chargingStation"]["serialNumber"]
        key = certificate.public_key()
        assert key.key_size >= (224 if isinstance(key, ec.EllipticCurvePublicKey) else 2048)  # type: ignore[union-attr]
        assert "Authorization" not in one.tool.handshakes[-1].headers


@pytest.mark.octt("TC_A_05_CS")
@pytest.mark.parametrize("flawed", ["csms-unknown-root", "csms-expired", "csms-wrong-name"])
async def test_a_bad_server_certificate_ends_the_attempt_and_is_reported(tmp_path: Path, flawed: str):
    good, bad, hellos = context(), context(flawed), 0

    def meet(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        nonlocal hellos
        hellos += 1
        if hellos == 1:
            connection.context = bad

    good.sni_callback = meet  # type: ignore[assignment]
    twice = {"OCPPCommCtrlr.NetworkProfileConnectionAttempts": 2}
    async with secured(tmp_path, 2, tls=good, settings=twice, accepted=False) as one:
        await boots_at(one, one.tool)
        await one.tool.expect("SecurityEventNotification", type="InvalidCsmsCertificate")
        assert (hellos, len(one.tool.handshakes)) == (2, 1)


@pytest.mark.octt("TC_A_06_CS")
async def test_an_old_tls_version_ends_the_attempt_and_is_reported(tmp_path: Path):
    hello = asyncio.Event()

    async def too_old(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(64)
        writer.write(alert(PROTOCOL_VERSION))  # what a server says that has nothing newer than TLS 1.1
        writer.close()
        hello.set()

    once = {"OCPPCommCtrlr.NetworkProfileConnectionAttempts": 1}
    async with secured(tmp_path, 2, settings=once) as one:
        await one.station.kill()
        await one.tool.go_offline()
        async with await asyncio.start_server(too_old, "127.0.0.1", one.tool.port):
            one.station.boot()
            await hello.wait()
        await one.tool.go_online()
        await boots_at(one, one.tool)
        await one.tool.expect("SecurityEventNotification", type="InvalidTLSVersion")


@pytest.mark.octt("TC_A_11_CS", "TC_M_23_CS")
async def test_the_stations_certificate_is_renewed_and_cannot_be_deleted(tmp_path: Path):
    async with secured(tmp_path, 3) as one:
        certificate = await renewed(one)
        await one.tool.until(lambda: len(one.tool.handshakes) == 2)
        assert shown(one.tool) == certificate
        await one.tool.send("GetInstalledCertificateIds")
        issuer, _ = ca.authority("csms-root")
        answer = await one.tool.send("DeleteCertificate", certificateHashData=named(certificate, issuer))
        require(answer, status={"NotFound", "Failed"})


@pytest.mark.octt("TC_A_14_CS")
async def test_a_certificate_by_a_stranger_is_rejected_and_reported(tmp_path: Path):
    async with secured(tmp_path, 3) as one:
        await hand_over(one, ca.signed(await asked_to_renew(one), "stranger-root"), "Rejected")
        await one.tool.expect("SecurityEventNotification", type="InvalidChargingStationCertificate")


@pytest.mark.octt("TC_A_15_CS")
async def test_a_rejected_request_for_a_certificate_is_given_up(tmp_path: Path):
    async with secured(tmp_path, 3, answers={"SignCertificate": {"status": "Rejected"}}) as one:
        await asked_to_renew(one)
        await one.tool.silence("SignCertificate", 1.0)


@pytest.mark.octt("TC_A_23_CS")
async def test_a_request_for_a_certificate_that_nobody_answers_is_made_again_later_and_later(tmp_path: Path):
    wait = {"SecurityCtrlr.CertSigningWaitMinimum": 60, "SecurityCtrlr.CertSigningRepeatTimes": 1}
    async with secured(tmp_path, 3, settings=wait) as one:
        await asked_to_renew(one)
        for _ in range(2):
            judge_csr((await one.tool.expect("SignCertificate", 150.0))["csr"])
        first, second, third = one.tool.calls("SignCertificate")
        assert second.at_s - first.at_s >= 60
        assert third.at_s - second.at_s >= 120
        await hand_over(one, ca.signed(third.payload["csr"]))


@pytest.mark.octt("TC_A_19_CS")
@pytest.mark.parametrize("security", [1, 2])
async def test_the_station_goes_up_one_security_profile_and_forgets_the_lower_one(tmp_path: Path, security: int):
    plain = {"tls": None, "machine_clock": True} if security == 1 else {}
    async with secured(tmp_path, security, **plain) as one, endpoint(context()) as other:
        if security == 2:
            await renewed(one)
        else:
            await states.certificate_installed(one, CSMS, minting.pem("csms-root"))
        await set_profile(one, url(other), "Accepted", security=security + 1)
        assert await set_priority(one, "1,0") in {"Accepted", "RebootRequired"}
        require(await one.tool.send("Reset", type="OnIdle"), status="Accepted")
        await boots_at(one, other)
        one.tool = other
        assert await one.value("SecurityCtrlr.SecurityProfile") == str(security + 1)
        assert "0" not in (await one.value("OCPPCommCtrlr.NetworkConfigurationPriority")).split(",")


@pytest.mark.octt("TC_A_22_CS")
async def test_a_network_profile_with_less_security_is_rejected(tmp_path: Path):
    async with secured(tmp_path, 2) as one:
        await set_profile(one, "ws://localhost:1/ocpp", "Rejected", security=1)


@asynccontextmanager
async def server_by(directory: Path, authority: tuple[x509.Certificate, Any]) -> AsyncIterator[Path]:
    """The file of a server certificate with its key."""
    file = directory / "server.pem"
    file.write_bytes(ca.server_certificate(authority))
    yield file


@pytest.mark.octt("TC_B_50_CS")
async def test_the_station_moves_to_a_csms_with_another_root(tmp_path: Path):
    second = ca.root("Second")
    async with (
        secured(tmp_path, 2) as one,
        server_by(tmp_path, second) as server,
        endpoint(context(server)) as other,
    ):
        await states.certificate_installed(one, CSMS, ca.pem(second[0]))
        await set_profile(one, url(other), "Accepted", security=2)
        assert await set_priority(one, "1,0") in {"Accepted", "RebootRequired"}
        require(await one.tool.send("Reset", type="OnIdle"), status="Accepted")
        await boots_at(one, other)


@pytest.mark.octt("TC_B_47_CS")
async def test_a_new_csms_that_the_new_root_does_not_know_is_left_for_the_old_one(tmp_path: Path):
    second = ca.root("Second", ca.authority("csms-root"))
    once = REPLACING | {"OCPPCommCtrlr.NetworkProfileConnectionAttempts": 1}
    async with secured(tmp_path, 2, settings=once) as one, endpoint(context()) as other:
        await states.certificate_installed(one, CSMS, ca.pem(second[0]))
        await set_profile(one, url(other), "Accepted", security=2)
        assert await set_priority(one, "1,0") in {"Accepted", "RebootRequired"}
        require(await one.tool.send("Reset", type="OnIdle"), status="Accepted")
        await boots_at(one, one.tool)
        assert not other.handshakes
        assert await installed(one) >= {ca.authority("csms-root")[0].serial_number}


async def installed(one: Bench) -> set[int]:
    found = await states.installed_certificates(one, CSMS)
    return {int(each["certificateHashData"]["serialNumber"], 16) for each in found}


@pytest.mark.octt("TC_M_30_CS", "TC_M_31_CS")
async def test_the_old_root_serves_until_the_new_one_has_verified_the_csms(tmp_path: Path):
    old, second = ca.authority("csms-root")[0], ca.root("Second", ca.authority("csms-root"))
    async with secured(tmp_path, 2, settings=REPLACING) as one, server_by(tmp_path, second) as server:
        await states.certificate_installed(one, CSMS, ca.pem(second[0]))
        await states.booted(one, kind="OnIdle")
        assert old.serial_number in await installed(one)
        assert one.tool.tls is not None
        one.tool.tls.load_cert_chain(server)
        await states.booted(one, kind="OnIdle")
        assert await installed(one) == {second[0].serial_number}
