"""Cases of 1.6's security whitepaper: passwords, certificates of both sides, security profiles and their events."""

from __future__ import annotations

import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from tests.octt import states16 as states
from tests.octt.bench import IDENTITY, Bench
from tests.octt.minted import named, pem, root
from tests.octt.test_a_security import PASSWORD, context, judge_csr, judge_suites
from tests.octt.test_a_security import secured as secured_2
from tests.octt.tool import ABSENT, PRESENT, Tool, require
from tests.security import ca, minting
from tests.security.test_trials import shown

OLD, NEW = PASSWORD, "00112233445566778899aabbccddeeff0102ffff"
CSMS, MANUFACTURER = "CentralSystemRootCertificate", "ManufacturerRootCertificate"
PLAIN = pytest.mark.bench(version="1.6")
WITH_PASSWORD = pytest.mark.bench(version="1.6", security_profile=1, password=OLD)


def secured(directory: Path, security: int, **more: Any) -> AbstractAsyncContextManager[Bench]:
    """A station on this profile; what it signs is taken."""
    answers = {"SignCertificate": {"status": "Accepted"}} | more.pop("answers", {})
    return secured_2(directory, security, version="1.6", answers=answers, **more)


def credentials(tool: Tool) -> tuple[str, bytes]:
    """Who came last: the user and the password."""
    kind, _, encoded = tool.handshakes[-1].headers["Authorization"].partition(" ")
    assert kind == "Basic"
    user, _, password = base64.b64decode(encoded).partition(b":")
    return user.decode(), password


async def certificate_ids(bench: Bench, kind: str) -> list[dict[str, str]]:
    """What is installed of a kind."""
    answer = await bench.tool.send("GetInstalledCertificateIds", certificateType=kind)
    if answer["status"] == "NotFound":
        require(answer, certificateHashData=ABSENT)
        return []
    return list(require(answer, status="Accepted")["certificateHashData"])


async def install(bench: Bench, kind: str, text: str) -> None:
    answer = await bench.tool.send("InstallCertificate", certificateType=kind, certificate=text)
    require(answer, status="Accepted")


async def asked_to_renew(bench: Bench) -> str:
    """A new certificate is triggered; the request that the station makes for it."""
    answer = await bench.tool.send("ExtendedTriggerMessage", requestedMessage="SignChargePointCertificate")
    require(answer, status="Accepted")
    csr = str((await bench.tool.expect("SignCertificate"))["csr"])
    judge_csr(csr)
    return csr


async def hand_over(bench: Bench, certificate: x509.Certificate, status: str = "Accepted") -> None:
    require(await bench.tool.send("CertificateSigned", certificateChain=ca.pem(certificate)), status=status)


async def renewed(bench: Bench) -> x509.Certificate:
    """A new certificate is triggered, signed and handed over."""
    certificate = ca.signed(await asked_to_renew(bench))
    await hand_over(bench, certificate)
    return certificate


async def security_event(bench: Bench, kind: str) -> None:
    await bench.tool.expect("SecurityEventNotification", type=kind, timestamp=PRESENT)


@pytest.mark.octt("TC_073_CS")
@WITH_PASSWORD
async def test_a_new_password_is_used_from_the_next_connection_on(bench: Bench):
    """The key is set to new bytes: the station connects anew and shows them."""
    answer = await bench.tool.send("ChangeConfiguration", key="AuthorizationKey", value=NEW)
    require(answer, status="Accepted")
    await bench.tool.until(lambda: len(bench.tool.handshakes) == 2)
    assert credentials(bench.tool) == (IDENTITY, bytes.fromhex(NEW))
    (key,) = (await bench.tool.send("GetConfiguration", key=["AuthorizationKey"])).get("configurationKey", [{}])
    assert not key.get("value")


@pytest.mark.octt("TC_085_CS")
@WITH_PASSWORD
async def test_the_station_says_who_it_is_by_its_password(bench: Bench):
    """The station starts and connects, with its identity and password."""
    await states.booted(bench)
    assert credentials(bench.tool) == (IDENTITY, OLD.encode())


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(MANUFACTURER, marks=pytest.mark.octt("TC_075_1_CS")),
        pytest.param(CSMS, marks=pytest.mark.octt("TC_075_2_CS")),
    ],
)
@PLAIN
async def test_a_root_is_installed_and_listed_by_its_hashes(bench: Bench, kind: str):
    """A root of a kind is installed; it is among those of its kind, named as RFC 6960 has it."""
    new = root("New")
    await install(bench, kind, pem(new))
    assert named(new.certificate) in await certificate_ids(bench, kind)


@pytest.mark.octt("TC_076_CS")
@PLAIN
async def test_a_root_is_deleted_once(bench: Bench):
    """A root is installed, listed, deleted by what the list says; then it is gone, and cannot be deleted again."""
    await install(bench, CSMS, pem(root("New")))
    (name,) = await certificate_ids(bench, CSMS)
    require(await bench.tool.send("DeleteCertificate", certificateHashData=name), status="Accepted")
    assert await certificate_ids(bench, CSMS) == []
    require(await bench.tool.send("DeleteCertificate", certificateHashData=name), status="NotFound")


@pytest.mark.octt("TC_074_CS")
async def test_the_stations_certificate_is_renewed_and_shown(tmp_path: Path):
    """A new certificate is triggered, asked for, signed and handed over: the station connects anew and shows it."""
    async with secured(tmp_path, 3) as bench:
        certificate = await renewed(bench)
        await bench.tool.until(lambda: len(bench.tool.handshakes) == 2)
        assert shown(bench.tool) == certificate


@pytest.mark.octt("TC_077_CS")
async def test_a_certificate_by_a_stranger_is_rejected_and_reported(tmp_path: Path):
    """The certificate that is handed over was signed by nobody whom the station trusts."""
    async with secured(tmp_path, 3) as bench:
        await hand_over(bench, ca.signed(await asked_to_renew(bench), "stranger-root"), "Rejected")
        await security_event(bench, "InvalidChargePointCertificate")


@pytest.mark.octt("TC_078_CS")
@PLAIN
async def test_a_root_that_is_no_good_is_rejected_and_reported(bench: Bench):
    """A root of the CSMS's is to be installed that has expired: it is rejected, reported, and not there."""
    expired = pem(root("Expired", ends_days=-1))
    answer = await bench.tool.send("InstallCertificate", certificateType=CSMS, certificate=expired)
    require(answer, status="Rejected")
    await security_event(bench, "InvalidCentralSystemCertificate")
    assert await certificate_ids(bench, CSMS) == []


async def test_a_bad_server_certificate_ends_the_attempt_and_is_reported(tmp_path: Path):
    """The CSMS shows a certificate of nobody's: the station leaves, and reports it when it has got through."""
    good, bad, hellos = context(), context("csms-unknown-root"), 0

    def meet(connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        nonlocal hellos
        hellos += 1
        if hellos == 1:
            connection.context = bad

    good.sni_callback = meet  # type: ignore[assignment]
    async with secured(tmp_path, 2, tls=good, accepted=False) as bench:
        await bench.tool.expect("BootNotification", 120.0)
        await security_event(bench, "InvalidCentralSystemCertificate")
        assert (hellos, len(bench.tool.handshakes)) == (2, 1)


@asynccontextmanager
async def endpoint() -> AsyncIterator[Tool]:
    """The tool's second endpoint, with TLS."""
    one = Tool(version="1.6", tls=context())
    await one.start()
    yield one
    await one.stop()


async def raise_profile(bench: Bench, security: int, status: str) -> None:
    answer = await bench.tool.send("ChangeConfiguration", key="SecurityProfile", value=str(security))
    require(answer, status=status)


@pytest.mark.octt("TC_083_CS")
async def test_the_station_goes_up_from_a_password_to_tls_and_then_to_its_own_certificate(tmp_path: Path):
    """A root is installed, the profile raised: the station comes to the secured endpoint, boots there after a reset.

    Then it gets a certificate of its own, the profile is raised again, and it shows that instead of the password.
    """
    async with endpoint() as other:
        url = f"wss://localhost:{other.port}/ocpp"
        async with secured(tmp_path, 1, tls=None, machine_clock=True, secure_url=url) as bench:
            await install(bench, CSMS, minting.pem("csms-root"))
            await raise_profile(bench, 2, "Accepted")
            await other.until(lambda: len(other.handshakes) == 1)
            bench.tool = other
            other.answer("SignCertificate", {"status": "Accepted"})
            await states.booted(bench, kind="Hard")
            assert await bench.value("SecurityProfile") == "2"
            assert "Authorization" in other.handshakes[-1].headers
            before = len(other.handshakes)
            certificate = await renewed(bench)
            await raise_profile(bench, 3, "Accepted")
            await other.until(lambda: len(other.handshakes) > before)
            assert shown(other) == certificate
            assert "Authorization" not in other.handshakes[-1].headers


@pytest.mark.octt("TC_084_CS")
async def test_a_lower_security_profile_is_rejected(tmp_path: Path):
    """A station with TLS is to go without."""
    async with secured(tmp_path, 2) as bench:
        await raise_profile(bench, 1, "Rejected")
        assert await bench.value("SecurityProfile") == "2"


@pytest.mark.octt("TC_086_CS")
async def test_the_station_takes_a_good_server_certificate_and_shows_its_password(tmp_path: Path):
    """The station starts and connects over TLS that is new enough; it shows its password and no certificate."""
    async with secured(tmp_path, 2) as bench:
        await states.booted(bench)
        judge_suites(bench.tool)
        assert shown(bench.tool) is None
        assert credentials(bench.tool) == (IDENTITY, PASSWORD.encode())


@pytest.mark.octt("TC_087_CS")
async def test_the_station_shows_its_own_certificate(tmp_path: Path):
    """The station starts and connects over TLS; it shows its certificate and no password."""
    async with secured(tmp_path, 3) as bench:
        await states.booted(bench)
        judge_suites(bench.tool)
        certificate = shown(bench.tool)
        assert certificate is not None
        assert certificate.serial_number
        (name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        assert name.value == bench.tool.calls("BootNotification")[0].payload["chargePointSerialNumber"]
        assert "Authorization" not in bench.tool.handshakes[-1].headers
