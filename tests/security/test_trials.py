"""Changes of the secured link over real TLS: what is new is proved, then what is old is forgotten."""

from __future__ import annotations

import asyncio
import itertools
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from agent.core.security import SecurityEventKind as Event
from agent.ocpp.codec import Version
from agent.ocpp.settings.secure_link import SECURITY_PROFILE
from agent.pki import certificates as pki
from agent.pki.names import LeafUse, RootUse
from agent.pki.store import Store
from tests.agent.ocpp.scripted_csms import ScriptedCsms
from tests.agent.ocpp.stand import MemoryStore, stand
from tests.security import ca, minting

pytestmark = pytest.mark.realtime

NUMBERS = itertools.count()
PASSWORD = "0123456789abcdef"
QUICK = {
    "RetryBackOffWaitMinimum": "1",
    "RetryBackOffRandomRange": "0",
    "RetryBackOffRepeatTimes": "0",
    "OCPPCommCtrlr.NetworkProfileConnectionAttempts": "1",
    "CpoName": "Operator Ltd",
}
BOTH = [Version.V16, Version.V201]


def tls(certificate: Path | None = None, clients: str = "csms-root", **more: Any) -> ssl.SSLContext:
    """A CSMS's TLS that takes a charger's certificate when it shows one."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if certificate is None:
        made.load_cert_chain(minting.path("csms"), minting.key("csms"))
    else:
        made.load_cert_chain(certificate)
    made.verify_mode = ssl.CERT_OPTIONAL
    made.load_verify_locations(minting.path(clients))
    for name, value in more.items():
        setattr(made, name, value)
    return made


def csms(version: Version, secured: ssl.SSLContext | None = None) -> ScriptedCsms:
    return ScriptedCsms(versions=(version.value,), tls=secured, answers={"SignCertificate": {"status": "Accepted"}})


def outfit(folder: Path, roots: tuple[str, ...] = ("csms-root",), own: tuple[str, ...] = ()) -> Path:
    certs = folder / "certs"
    for name in roots:
        Store(certs).add_root(RootUse.CSMS, pki.read_pem(minting.pem(name))[0])
    place = certs / "own" / "station"
    place.mkdir(parents=True, exist_ok=True)
    for name in own:
        (place / f"{name}.pem").write_text(minting.pem(name))
        (place / f"{name}.key").write_bytes(minting.key(name).read_bytes())
    return folder


def options(version: Version, folder: Path, **more: Any) -> dict[str, Any]:
    epoch_s = ca.now().timestamp() - asyncio.get_running_loop().time()
    settings = QUICK | more.pop("settings", {})
    return {"versions": (version,), "folder": folder, "epoch_s": epoch_s, "start_values": settings} | more


async def ask(server: ScriptedCsms, action: str, payload: dict[str, Any]) -> dict[str, Any]:
    frame = await server.call(action, payload, f"c-{next(NUMBERS)}")
    assert frame[0] == 3, frame
    return frame[2]  # type: ignore[no-any-return]


async def connected(server: ScriptedCsms, count: int) -> None:
    """Wait for the connection of this number, and until it can be used."""
    await server.until(lambda: len(server.handshakes) >= count, 20)
    async with asyncio.timeout(10):
        while not server.frames or server.socket is None:  # noqa: ASYNC110 - two things to wait for
            await asyncio.sleep(0.02)


async def until(what: Callable[[], Any]) -> None:
    async with asyncio.timeout(15):
        while not what():  # noqa: ASYNC110 - what files say has no event
            await asyncio.sleep(0.02)


def shown(server: ScriptedCsms) -> x509.Certificate | None:
    """The certificate that the station has shown on this connection."""
    assert server.socket is not None
    der = server.socket.transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
    return None if der is None else x509.load_der_x509_certificate(der)


async def renewed(server: ScriptedCsms, version: Version, by: str = "csms-root") -> x509.Certificate:
    """Have a certificate asked for, sign it, and hand it over."""
    before = len(server.calls("SignCertificate"))
    action, message = (
        ("ExtendedTriggerMessage", "SignChargePointCertificate")
        if version is Version.V16
        else ("TriggerMessage", "SignChargingStationCertificate")
    )
    assert (await ask(server, action, {"requestedMessage": message}))["status"] == "Accepted"
    csr = (await server.heard_of("SignCertificate", before + 1))[-1].payload["csr"]
    certificate = ca.signed(csr, by)
    assert (await ask(server, "CertificateSigned", {"certificateChain": ca.pem(certificate)}))["status"] == "Accepted"
    return certificate


async def raise_profile(server: ScriptedCsms, security: int) -> str:
    payload = {"key": "SecurityProfile", "value": str(security)}
    return (await ask(server, "ChangeConfiguration", payload))["status"]  # type: ignore[no-any-return]


@pytest.mark.req("A05.FR.05", "A05.FR.06", "A05.FR.07", "A02.FR.08")
@pytest.mark.octt("TC_083_CS", "TC_086_CS", "TC_074_CS")
async def test_1_6_from_plain_text_to_a_certificate_of_its_own_step_by_step(tmp_path):
    plain, secure = csms(Version.V16), csms(Version.V16, tls())
    url, secure_url = await plain.start(), await secure.start()
    more = options(Version.V16, tmp_path, password=PASSWORD, secure_url=secure_url)
    async with stand(plain, url=url, **more) as one:
        await one.accepted()
        assert await raise_profile(plain, 2) == "Rejected"
        root = {"certificateType": "CentralSystemRootCertificate", "certificate": minting.pem("csms-root")}
        assert (await ask(plain, "InstallCertificate", root))["status"] == "Accepted"
        assert await raise_profile(plain, 2) == "Accepted"
        await connected(secure, 1)
        assert shown(secure) is None
        assert "Authorization" in secure.handshakes[-1].headers
        await until(lambda: one.settings.get(SECURITY_PROFILE) == 2)
        assert await raise_profile(secure, 3) == "Rejected"  # A05.FR.04: no certificate
        certificate = await renewed(secure, Version.V16)
        assert await raise_profile(secure, 3) == "Accepted"
        await connected(secure, 2)
        assert shown(secure) == certificate
        assert "Authorization" not in secure.handshakes[-1].headers
        await until(lambda: one.settings.get(SECURITY_PROFILE) == 3)
        assert await raise_profile(secure, 2) == "Rejected"
        assert len(plain.handshakes) == 1
    await plain.stop()
    await secure.stop()


@pytest.mark.req("A05.FR.08")
@pytest.mark.octt("TC_087_CS")
async def test_1_6_a_raised_profile_that_does_not_connect_ends_where_it_began(tmp_path):
    plain, secure = csms(Version.V16), csms(Version.V16, tls())
    secure.tls = tls()
    secure.tls.load_cert_chain(minting.path("csms-unknown-root"), minting.key("csms-unknown-root"))
    url, secure_url = await plain.start(), await secure.start()
    more = options(Version.V16, outfit(tmp_path), password=PASSWORD, secure_url=secure_url)
    store = MemoryStore()
    async with stand(plain, url=url, store=store, **more) as one:
        await one.accepted()
        assert await raise_profile(plain, 2) == "Accepted"
        await connected(plain, 2)
        await until(lambda: one.settings.get(SECURITY_PROFILE) == 1)
        assert one.events.count(Event.INVALID_CSMS_CERTIFICATE) == 1
        assert secure.handshakes == []
    async with stand(plain, url=url, store=store, **more):  # and after a restart nobody tries it again
        await connected(plain, 3)
    await plain.stop()
    await secure.stop()


@pytest.mark.req("A02.FR.08", "A02.FR.10", "A03.FR.08", "A03.FR.10")
@pytest.mark.parametrize("version", BOTH)
async def test_a_renewed_certificate_is_used_at_once_and_the_old_one_goes_when_it_has_connected(version, tmp_path):
    secure = csms(version, tls(clients="csms-root"))
    secure.tls.load_verify_locations(minting.path("station-root"))  # type: ignore[union-attr]
    more = options(version, outfit(tmp_path, own=("station",)), profile=3)
    async with stand(secure, **more) as one:
        await one.accepted()
        assert shown(secure) == pki.read_pem(minting.pem("station"))[0]
        certificate = await renewed(secure, version)
        await connected(secure, 2)
        assert shown(secure) == certificate
        await until(lambda: len(Store(tmp_path / "certs").leaves(LeafUse.STATION)) == 1)
        assert len(list((tmp_path / "certs").rglob("*.key"))) == 1
        assert one.events.count(Event.DISCARDED_RENEWED_CERTIFICATE) == 0


@pytest.mark.req("A02.FR.28", "A02.FR.29", "A03.FR.24", "A03.FR.25")
@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("version", BOTH)
async def test_a_renewed_certificate_that_the_csms_does_not_take_makes_way_for_the_old_one(version, newest, tmp_path):
    secure = csms(version, tls(clients="station-root", maximum_version=newest))  # knows nothing of csms-root
    more = options(version, outfit(tmp_path, own=("station",)), profile=3)
    async with stand(secure, **more) as one:
        await one.accepted()
        await renewed(secure, version)
        await connected(secure, 2)
        old = pki.read_pem(minting.pem("station"))[0]
        assert shown(secure) == old
        await until(lambda: Event.DISCARDED_RENEWED_CERTIFICATE in one.events)
        assert [leaf.certificate for leaf in Store(tmp_path / "certs").leaves(LeafUse.STATION)] == [old]


@pytest.mark.req("M05.FR.12", "M05.FR.13", "M05.FR.14", "M04.FR.06")
@pytest.mark.octt("TC_M_30_CS")
@pytest.mark.parametrize("version", BOTH)
async def test_the_old_root_is_there_to_fall_back_to_until_the_new_one_has_verified_a_connection(version, tmp_path):
    secure = csms(version, tls())
    check = {"AdditionalRootCertificateCheck": "true"}
    more = options(version, outfit(tmp_path), password=PASSWORD, profile=2, settings=check)
    word = "CentralSystemRootCertificate" if version is Version.V16 else "CSMSRootCertificate"
    first = pki.read_pem(minting.pem("csms-root"))[0]
    async with stand(secure, **more) as one:
        await one.accepted()
        named = pki.hash_data(first, first)
        hashes = {
            "hashAlgorithm": "SHA256",
            "issuerNameHash": named.issuer_name_hash,
            "issuerKeyHash": named.issuer_key_hash,
            "serialNumber": named.serial,
        }
        answer = await ask(secure, "DeleteCertificate", {"certificateHashData": hashes})
        assert answer["status"] == "Failed"  # the connection rests on it
        second = ca.root("Second", ca.authority("csms-root"))
        payload = {"certificateType": word, "certificate": ca.pem(second[0])}
        assert (await ask(secure, "InstallCertificate", payload))["status"] == "Accepted"
        await secure.hang_up()
        await connected(secure, 2)  # still with the old server certificate
        store = Store(tmp_path / "certs")
        assert len(store.roots(RootUse.CSMS)) == 2
        renewed_server = tmp_path / "server.pem"
        renewed_server.write_bytes(ca.server_certificate(second))
        assert secure.tls is not None
        secure.tls.load_cert_chain(renewed_server)
        await secure.hang_up()
        await connected(secure, 3)
        await until(lambda: [each.certificate for each in store.roots(RootUse.CSMS)] == [second[0]])


@pytest.mark.req("A05.FR.06", "B10.FR.04")
async def test_2_0_1_a_network_profile_with_more_security_is_kept_and_the_lower_ones_are_removed(tmp_path):
    plain, secure, store = csms(Version.V201), csms(Version.V201, tls()), MemoryStore()
    url, secure_url = await plain.start(), await secure.start()
    more = options(Version.V201, outfit(tmp_path), password=PASSWORD, store=store)
    profile = {
        "ocppVersion": "OCPP20",
        "ocppTransport": "JSON",
        "ocppCsmsUrl": secure_url,
        "messageTimeout": 30,
        "securityProfile": 2,
        "ocppInterface": "Wired0",
    }
    first = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "NetworkConfigurationPriority"}}
    async with stand(plain, url=url, **more) as one:
        await one.accepted()
        payload = {"configurationSlot": 1, "connectionData": profile}
        assert (await ask(plain, "SetNetworkProfile", payload))["status"] == "Accepted"
        await ask(plain, "SetVariables", {"setVariableData": [first | {"attributeValue": "1,0"}]})
    async with stand(plain, url=url, **more) as one:
        await connected(secure, 1)
        await until(lambda: one.settings.get(SECURITY_PROFILE) == 2)
        answer = await ask(secure, "GetVariables", {"getVariableData": [first]})
        assert answer["getVariableResult"][0]["attributeValue"] == "1"
        answer = await ask(secure, "SetVariables", {"setVariableData": [first | {"attributeValue": "0,1"}]})
        assert answer["setVariableResult"][0]["attributeStatus"] == "Rejected"  # slot 0 has gone
        lower = {"configurationSlot": 2, "connectionData": profile | {"securityProfile": 1, "ocppCsmsUrl": url}}
        assert (await ask(secure, "SetNetworkProfile", lower))["statusInfo"]["reasonCode"] == "NoSecurityDowngrade"
    await plain.stop()
    await secure.stop()
