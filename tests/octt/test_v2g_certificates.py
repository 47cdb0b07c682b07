"""TC_A, TC_M: the charger's certificate towards cars, signed by the CSMS, renewed, and asked about."""

from __future__ import annotations

import asyncio
import base64
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec.structs import replace

from agent.config import V2g
from agent.iso15118.secc.events import Protocol
from agent.iso15118.secc.snapshot import Payment
from csms.authorities import Authorities
from csms.pki import ocsp_request
from sim.evcc.plan import Plan
from tests.agent.iso15118 import pki
from tests.agent.iso15118.test_certificate_installation import EMAID, Office
from tests.octt import states
from tests.octt.bench import DURATION_S, Bench, bench
from tests.octt.test_a_security import SETTINGS, context, judge_csr, secured
from tests.octt.test_v2g import car
from tests.octt.tool import ABSENT, PRESENT, require
from tests.security import ca
from tests.security.test_trials import shown

LOOPBACK: Final = "::1"
TALKS: Final = V2g(host=LOOPBACK, sdp_port=None)
V2G: Final = "V2GCertificate"
BOTH: Final = (x509.OID_SERVER_AUTH, x509.OID_CLIENT_AUTH)
RESPONDER: Final = "http://127.0.0.1:9/ocsp"
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
    for kind, name in (("V2GRootCertificate", "v2g-root"), ("MORootCertificate", "mo-root")):
        await states.certificate_installed(one, kind, (pki.folder() / f"{name}.pem").read_text())


@cache
def cas() -> Authorities:
    return Authorities(pki.folder())


def signed(csr: str, shift_s: float = 0.0, usages: Iterable[x509.ObjectIdentifier] = BOTH) -> x509.Certificate:
    """What the CPO's sub-CA makes of a request."""
    request = x509.load_pem_x509_csr(csr.encode())
    by = cas().get("cpo-sub2")
    assert by is not None
    return by.sign(request.subject, request.public_key(), list(usages), time.time() + shift_s, RESPONDER)


def chain(certificate: x509.Certificate) -> str:
    """With what is between it and the root."""
    by = cas().get("cpo-sub2")
    assert by is not None
    return ca.pem(certificate, *by.chain)


async def asked(one: Bench, message: str, **fields: Any) -> str:
    """The message is triggered; the request for a certificate that comes."""
    require(await one.tool.send("TriggerMessage", requestedMessage=message), status="Accepted")
    csr = str((await one.tool.expect("SignCertificate", **fields))["csr"])
    judge_csr(csr)
    return csr


async def renewed(
    one: Bench, shift_s: float = 0.0, then: Callable[[x509.Certificate], None] = lambda _: None
) -> x509.Certificate:
    """RenewV2GChargingStationCertificate."""
    csr = await asked(one, "SignV2GCertificate", certificateType=V2G)
    request = judge_csr(csr)
    assert isinstance(request.public_key(), ec.EllipticCurvePublicKey)
    assert request.public_key().key_size >= 256
    assert request.subject.rfc4514_string() == "DC=CPO,C=NL,O=Operator Ltd,CN=SECC-1"
    certificate = signed(csr, shift_s)
    then(certificate)
    answer = await one.tool.send("CertificateSigned", certificateChain=chain(certificate), certificateType=V2G)
    require(answer, status="Accepted")
    return certificate


async def met(one: Bench) -> int:
    """The serial number of the certificate that a car meets which trusts the V2G root."""
    agent = one.station.agent
    assert agent is not None
    car = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    car.load_verify_locations(pki.folder() / "v2g-root.pem")
    car.maximum_version = ssl.TLSVersion.TLSv1_2
    car.check_hostname = False  # a SECC's certificate names no host
    one.plug()  # a charger lets go of a line on which no car can be
    await asyncio.sleep(1)
    _, writer = await asyncio.open_connection(LOOPBACK, agent.v2g[one.evse].port, ssl=car)
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    with suppress(ConnectionError, ssl.SSLError):
        await writer.wait_closed()
    one.unplug()
    await asyncio.sleep(1)  # the charger is free for the next car
    return x509.load_der_x509_certificate(der).serial_number


@pytest.mark.octt("TC_A_12_CS")
@pytest.mark.req("A02.FR.02", "A02.FR.03", "A02.FR.06", "A02.FR.13", "A02.FR.15", "A03.FR.13", "A03.FR.15")
async def test_the_certificate_towards_cars_is_renewed_and_the_next_car_meets_it(tmp_path: Path):
    async with talking(tmp_path) as one:
        await rooted(one)
        first = await renewed(one)
        assert await met(one) == first.serial_number
        second = await renewed(one, 60.0)
        assert await met(one) == second.serial_number
        third = await renewed(one, 120.0)
        listed = await states.installed_certificates(one, "V2GCertificateChain")
        serials = {each["certificateHashData"]["serialNumber"] for each in listed}
        assert serials == {f"{each.serial_number:x}" for each in (second, third)}  # one, and one to fall back to


@pytest.mark.octt("TC_A_13_CS")
@pytest.mark.req("A00.FR.428", "A02.FR.13")
async def test_one_certificate_serves_the_link_to_the_csms_and_the_link_to_cars(tmp_path: Path):
    secret = context()
    secret.load_verify_locations(pki.folder() / "v2g-root.pem")
    async with secured(tmp_path, 3, v2g=TALKS, tls=secret) as one:
        await rooted(one)
        csr = await asked(one, "SignCombinedCertificate", certificateType=ABSENT)
        certificate = signed(csr)
        require(await one.tool.send("CertificateSigned", certificateChain=chain(certificate)), status="Accepted")
        await one.tool.until(lambda: len(one.tool.handshakes) == 2)
        assert shown(one.tool) == certificate
        assert await met(one) == certificate.serial_number


@pytest.mark.req("A02.FR.07", "A02.FR.20")
@pytest.mark.parametrize("flaw", ["stranger-root", "csms-root", "another use"])
async def test_a_certificate_towards_cars_that_is_no_good_is_refused(tmp_path: Path, flaw: str):
    async with talking(tmp_path) as one:
        await rooted(one)
        csr = await asked(one, "SignV2GCertificate", certificateType=V2G)
        made = signed(csr, usages=[x509.OID_CLIENT_AUTH]) if flaw == "another use" else ca.signed(csr, flaw)
        whole = chain(made)
        answer = await one.tool.send("CertificateSigned", certificateChain=whole, certificateType=V2G)
        require(answer, status="Rejected")
        await one.tool.expect("SecurityEventNotification", type="InvalidChargingStationCertificate")
        with pytest.raises(ConnectionError):
            await met(one)


@pytest.mark.req("A02.FR.06", "A02.FR.07")
@pytest.mark.parametrize("usage", BOTH, ids=["cars only", "the CSMS only"])
async def test_a_certificate_for_both_links_must_be_good_for_both(tmp_path: Path, usage: x509.ObjectIdentifier):
    async with talking(tmp_path) as one:
        await rooted(one)
        csr = await asked(one, "SignCombinedCertificate", certificateType=ABSENT)
        whole = chain(signed(csr, usages=[usage]))
        require(await one.tool.send("CertificateSigned", certificateChain=whole), status="Rejected")


@pytest.mark.req("M04.FR.02")
async def test_a_certificate_towards_cars_can_be_deleted_and_no_car_meets_it_any_more(tmp_path: Path):
    async with talking(tmp_path) as one:
        await rooted(one)
        await renewed(one)
        (listed,) = await states.installed_certificates(one, "V2GCertificateChain")
        answer = await one.tool.send("DeleteCertificate", certificateHashData=listed["certificateHashData"])
        require(answer, status="Accepted")
        require(
            await one.tool.send("GetInstalledCertificateIds", certificateType=["V2GCertificateChain"]),
            status="NotFound",
        )
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


class Responder:
    """The tool answers about certificates as the CAs' responder would."""

    def __init__(self, one: Bench) -> None:
        self._signed: dict[str, Any] = {}
        one.tool.answer("GetCertificateStatus", self._answer)

    def knows(self, certificate: x509.Certificate, revoked_utc_s: float | None = None) -> None:
        record = SimpleNamespace(pem=ca.pem(certificate), revoked_utc_s=revoked_utc_s)
        self._signed[f"{certificate.serial_number:x}"] = record

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        named = request["ocspRequestData"]
        assert named["responderURL"] == RESPONDER
        asked = [named[name] for name in ("hashAlgorithm", "issuerNameHash", "issuerKeyHash", "serialNumber")]
        der = cas().answer(ocsp_request(*asked), self._signed.get, time.time())
        return {"status": "Accepted", "ocspResult": base64.b64encode(der).decode()}


def kept(one: Bench) -> list[Path]:
    return sorted((one.station.config.certificates / "own" / "ocsp").glob("*.der"))


@pytest.mark.octt("TC_M_24_CS")
@pytest.mark.req("M06.FR.06", "M06.FR.07", "M06.FR.10")
async def test_the_responders_are_asked_about_a_new_chain_through_the_csms_and_their_answers_kept(tmp_path: Path):
    async with talking(tmp_path) as one:
        responder = Responder(one)
        await rooted(one)
        certificate = await renewed(one, then=responder.knows)
        told = [await one.tool.expect("GetCertificateStatus") for _ in range(3)]  # the leaf and both intermediates
        assert told[0]["ocspRequestData"]["serialNumber"] == f"{certificate.serial_number:x}"
        await one.tool.until(lambda: len(kept(one)) == 3)
        second = await renewed(one, 60.0, then=responder.knows)
        again = await one.tool.expect("GetCertificateStatus")
        assert again["ocspRequestData"]["serialNumber"] == f"{second.serial_number:x}"
        await one.tool.silence("GetCertificateStatus", 10.0)  # about the intermediates enough is known
        assert len(kept(one)) == 3


@pytest.mark.octt("TC_M_25_CS")
@pytest.mark.req("M06.FR.04")
async def test_a_status_that_the_csms_cannot_get_does_not_keep_cars_from_tls(tmp_path: Path):
    async with talking(tmp_path) as one:
        one.tool.answer("GetCertificateStatus", {"status": "Failed"})
        await rooted(one)
        certificate = await renewed(one)
        for _ in range(3):
            await one.tool.expect("GetCertificateStatus")
        await one.tool.silence("GetCertificateStatus", 10.0)
        assert kept(one) == []
        assert await met(one) == certificate.serial_number


PROVISIONED: Final = Plan(offers=(Protocol.ISO_2,), payment=Payment.CONTRACT, charge_s=DURATION_S)
INSTALLING: Final = {"ISO15118Ctrlr.ContractCertificateInstallationEnabled": True, "TxCtrlr.TxStartPoint": "Authorized"}
E_MAID: Final = {"idToken__idToken": EMAID, "idToken__type": "eMAID"}


@asynccontextmanager
async def asking(directory: Path, **plan: Any) -> AsyncIterator[tuple[Bench, AbstractAsyncContextManager[None]]]:
    """A station, and the car (from EVConnectedPreSession on) that wants a contract from it."""
    folder = pki.folder()
    v2g = replace(TALKS, certificate_file=folder / "secc.pem", key_file=folder / "secc.key")
    async with bench(directory, v2g=v2g, machine_clock=True, settings=ISO | INSTALLING) as one:
        one.tool.answer("GetCertificateStatus", {"status": "Failed"})
        await rooted(one)
        states.verdict(one, "Accepted", certificateStatus="Accepted")
        await states.connected(one, digital=True)
        yield one, car(one, replace(PROVISIONED, provisioned=pki.provisioned(), **plan))


def provide(one: Bench, contracts: dict[str, str]) -> None:
    """The tool answers for a pool of contracts."""
    office = Office(contracts)

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        assert request["iso15118SchemaVersion"] == Protocol.ISO_2.value
        asked = base64.b64decode(request["exiRequest"])
        made, _ = office.desk.made(asked, "OCTT", update=request["action"] == "Update")
        return {"status": "Accepted", "exiResponse": base64.b64encode(made).decode()}

    one.tool.answer("Get15118EVCertificate", answer)


@pytest.mark.octt("TC_M_26_CS")
@pytest.mark.req("M01.FR.01")
async def test_a_car_without_a_contract_gets_one_and_is_authorized_by_it(tmp_path: Path):
    async with asking(tmp_path) as (one, talking_car):
        provide(one, {pki.PCID: EMAID})
        async with talking_car:
            await one.tool.expect("Get15118EVCertificate", action="Install", exiRequest=PRESENT)
            await one.tool.expect("Authorize", **E_MAID)
            await states.event(one, triggerReason="Authorized")
            one.authorized = True
            await states.charging(one)


@pytest.mark.octt("TC_M_28_CS")
@pytest.mark.req("M02.FR.01")
async def test_a_car_with_a_contract_gets_a_new_one_and_is_authorized_by_it(tmp_path: Path):
    async with asking(tmp_path, contract=pki.contract()) as (one, talking_car):
        provide(one, {pki.PCID: pki.EMAID})
        async with talking_car:
            await one.tool.expect("Get15118EVCertificate", action="Update", exiRequest=PRESENT)
            await one.tool.expect("Authorize", **E_MAID | {"idToken__idToken": pki.EMAID})
            await states.event(one, triggerReason="Authorized")
            one.authorized = True
            await states.charging(one)


@pytest.mark.parametrize(
    ("action", "contract"),
    [
        pytest.param("Install", None, marks=pytest.mark.octt("TC_M_27_CS")),
        pytest.param("Update", pki.EMAID, marks=pytest.mark.octt("TC_M_29_CS")),
    ],
)
@pytest.mark.parametrize(
    "answer", [{"status": "Failed"}, {"status": "Failed", "exiResponse": ""}], ids=["none", "empty"]
)
async def test_a_car_for_which_the_csms_has_nothing_is_not_authorized(
    tmp_path: Path, action: str, contract: str | None, answer: dict[str, str]
):
    shown_ = pki.contract() if contract is not None else None
    async with asking(tmp_path, contract=shown_) as (one, talking_car):
        one.tool.answer("Get15118EVCertificate", {"status": "Failed"} | answer)
        async with talking_car:
            await one.tool.expect("Get15118EVCertificate", action=action)
            await one.tool.silence("Authorize", 30.0)
            assert not one.closed
