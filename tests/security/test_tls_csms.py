"""The bundled CSMS's side of TLS over real sockets: who comes in, who does not, and what both sides learn of it."""

from __future__ import annotations

import asyncio
import base64
import shutil
import socket
import ssl
import subprocess
import tempfile
import warnings
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import ocsp
from msgspec.structs import replace
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus, WebSocketException

from agent.ocpp.codec import Version
from agent.ocpp.settings.secure_link import SECURITY_PROFILE
from agent.pki import certificates as pki
from agent.pki.names import Subject
from agent.pki.requests import key_pem, new_key, signing_request
from csms import commands as c
from csms.pki import Pki
from csms.server import Csms
from tests.agent.ocpp.stand import stand
from tests.csms.charger import JsonCharger, RefusedError
from tests.security import ca, minting
from tests.security.matrix import Matrix
from tests.security.test_trials import options, outfit, until

pytestmark = pytest.mark.realtime

PASSWORD = "0123456789abcdef"
TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


@dataclass
class Door:
    csms: Csms
    plain: int
    secure: int


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    csms = Csms(accept_all=True)
    csms.set_password("GARAGE", PASSWORD)
    plain = await csms.start()
    secure = await csms.start_secure(Pki(minting.pki()))
    yield Door(csms, plain, secure)
    await csms.stop()


@dataclass(frozen=True)
class Case:
    """`refused`: what the charger sees of the refusal; None: it comes in."""

    name: str
    refused: str | None = None
    identity: str = minting.STATION
    certificate: str | None = None
    password: str | None = None
    version: ssl.TLSVersion | None = None
    ciphers: str = "DEFAULT"
    noted: str = ""


def both(name: str, **fields: Any) -> list[Case]:
    return [
        Case(f"{name}, TLS 1.2", version=TLS12, **fields),
        Case(f"{name}, TLS 1.3", version=TLS13, **fields),
    ]


SUITES = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
)
CASES = (
    *both("the right password", identity="GARAGE", password=PASSWORD),
    *both("a wrong password", identity="GARAGE", password="x" * 16, refused="HTTP 401"),
    *both("no password", identity="GARAGE", refused="HTTP 401"),
    *both("a good certificate", certificate="station"),
    *both("somebody else's good certificate", certificate="station", identity="GARAGE", refused="HTTP 403"),
    *both("a certificate made out to an address", certificate="station-wrong-name", refused="HTTP 403"),
    *both("expired", certificate="station-expired", refused="expired", noted="certificate has expired"),
    *both("not yet valid", certificate="station-not-yet-valid", refused="bad certificate", noted="not yet valid"),
    *both("by an unknown root", certificate="station-unknown-root", refused="unknown ca", noted="issuer certificate"),
    *both("for another purpose", certificate="station-wrong-purpose", refused="unsupported", noted="purpose"),
    *both("a chain too long", certificate="station-chain-too-long", refused="unknown ca", noted="path length"),
    *both("by what is no CA", certificate="station-leaf-as-ca", refused="unknown ca", noted="invalid CA"),
    *(Case(f"suite {name}", identity="NEW", version=TLS12, ciphers=name) for name in SUITES),
    Case("only suite AES128-SHA", identity="NEW", version=TLS12, ciphers="AES128-SHA", refused="handshake failure"),
    Case("only suite NULL-SHA256", identity="NEW", version=TLS12, ciphers="NULL-SHA256", refused="handshake failure"),
    Case("TLS 1.1", identity="NEW", version=ssl.TLSVersion.TLSv1_1, refused="protocol version"),
    Case("TLS 1.0", identity="NEW", version=ssl.TLSVersion.TLSv1, refused="protocol version"),
)


def client(case: Case) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.load_verify_locations(minting.path("csms-root"))
    made.set_ciphers(f"{case.ciphers}:@SECLEVEL=0")
    made.options &= ~ssl.OP_NO_TLSv1 & ~ssl.OP_NO_TLSv1_1
    if case.version is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            made.minimum_version = made.maximum_version = case.version
    if case.certificate is not None:
        made.load_cert_chain(minting.path(case.certificate), minting.key(case.certificate))
    return made


def basic(identity: str, password: str | None) -> dict[str, str]:
    if password is None:
        return {}
    return {"Authorization": f"Basic {base64.b64encode(f'{identity}:{password}'.encode()).decode()}"}


def seen_by_a_plain_socket(case: Case, port: int) -> str:
    """The alert that a blocking client of the standard library is sent."""
    with socket.create_connection(("127.0.0.1", port), 5) as tcp:
        try:
            with client(case).wrap_socket(tcp, server_hostname="localhost") as secured:
                secured.recv(1)
        except ssl.SSLError as error:
            return str(error)
    return "nothing"


@pytest.mark.req("A00.FR.207", "A00.FR.318", "A00.FR.324", "A00.FR.403", "A00.FR.405", "A00.FR.407", "A00.FR.418")
@pytest.mark.req("A00.FR.306", "A00.FR.307", "A00.FR.315", "A00.FR.322")
@pytest.mark.req("A00.FR.409", "A00.FR.410", "A00.FR.421", "A00.FR.425")  # of profile 3, the same
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_the_csms_lets_in_who_may_come_in_and_says_why_it_does_not(case, door, tls_cases: Matrix):
    url = f"wss://localhost:{door.secure}/{case.identity}"
    headers = basic(case.identity, case.password)
    result = "comes in"
    try:
        async with connect(url, ssl=client(case), subprotocols=["ocpp2.0.1"], additional_headers=headers) as link:
            assert link.subprotocol == "ocpp2.0.1"
    except InvalidStatus as refusal:
        result = f"HTTP {refusal.response.status_code}"
    except (OSError, WebSocketException) as error:
        result = str(error)
        if case.refused is not None and not case.refused.startswith("HTTP"):
            result = await asyncio.to_thread(seen_by_a_plain_socket, case, door.secure)
    assert result == "comes in" if case.refused is None else case.refused in result, result
    turned_away = [each.reason for each in door.csms.turned_away]
    assert bool(turned_away) == (case.refused is not None)
    assert case.noted in " ".join(turned_away)
    tls_cases.add("CSMS", case.name, "comes in" if case.refused is None else f"refused: {case.refused}", ())


@dataclass(frozen=True)
class Late:
    """Who comes in with which certificate at a CSMS that lets only the station come in late."""

    certificate: str
    identity: str
    refused: str = ""


@pytest.mark.req("A00.FR.429", "A00.FR.806", "A00.FR.807")
@pytest.mark.parametrize("version", ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"])
async def test_a_named_charger_may_come_late_and_waits_until_its_certificate_is_renewed(version):
    csms = Csms(accept_all=True)
    port = await csms.start_secure(Pki(minting.pki(), expired=[minting.STATION]))
    url = f"wss://localhost:{port}/{minting.STATION}"
    context = client(Case("", certificate="station-expired"))
    async with connect(url, ssl=context, subprotocols=[version]) as link:
        cp = JsonCharger(link)
        cp.answers = {"CertificateSigned": {"status": "Accepted"}}
        assert (await cp.boot())["status"] == "Pending"
        asked = "ExtendedTriggerMessage" if version == "ocpp1.6" else "TriggerMessage"
        assert (await cp.until_asked(asked))["requestedMessage"].startswith("SignCharg")
        with pytest.raises(RefusedError, match="SecurityError"):
            await cp.call("Heartbeat", {})
        key = new_key()
        csr = signing_request(key, Subject(minting.STATION, "Op")).decode()
        assert (await cp.call("SignCertificate", {"csr": csr}))["status"] == "Accepted"
        chain = (await cp.until_asked("CertificateSigned"))["certificateChain"]
        await cp.close()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "new.pem"
        file.write_bytes(chain.encode() + key_pem(key))
        renewed = client(Case(""))
        renewed.load_cert_chain(file)
        async with connect(url, ssl=renewed, subprotocols=[version]) as link:
            cp = JsonCharger(link)
            assert (await cp.boot())["status"] == "Accepted"
            await cp.close()
    await csms.stop()


@pytest.mark.req("A00.FR.404", "A00.FR.407", "A00.FR.408", "A00.FR.429")
@pytest.mark.parametrize(
    "late",
    [
        Late("station", minting.STATION),
        Late("station-expired", minting.STATION),
        Late("station-expired", "GARAGE", "has expired"),
        Late("station-not-yet-valid", minting.STATION, "not valid yet"),
        Late("station-unknown-root", minting.STATION, "unable to get local issuer certificate"),
    ],
    ids=str,
)
async def test_nobody_else_comes_in_late_nor_anybody_early(late, tls_cases: Matrix):
    csms = Csms(accept_all=True)
    port = await csms.start_secure(Pki(minting.pki(), expired=[minting.STATION]))
    context = client(Case("", certificate=late.certificate))
    try:
        async with connect(f"wss://localhost:{port}/{late.identity}", ssl=context, subprotocols=["ocpp2.0.1"]):
            assert not late.refused
    except (InvalidStatus, OSError, WebSocketException):
        assert late.refused
        assert late.refused in csms.turned_away[-1].reason
    await csms.stop()
    name = f"{late.certificate} shown by {late.identity}, where {minting.STATION} may come late"
    tls_cases.add("CSMS", name, f"refused: {late.refused.strip()}" if late.refused else "comes in", ())


@pytest.mark.req("A00.FR.404", "A00.FR.408")
async def test_a_certificate_must_name_the_operator_where_that_is_asked_for(tls_cases: Matrix):
    owner = pki.organization(x509.load_pem_x509_certificate(minting.pem("station").encode()))
    context = client(Case("", certificate="station"))
    for organization in (owner, "Somebody Else"):
        csms = Csms(accept_all=True)
        port = await csms.start_secure(Pki(minting.pki()), organization=organization)
        dialled = connect(f"wss://localhost:{port}/{minting.STATION}", ssl=context, subprotocols=["ocpp2.0.1"])
        if organization == owner:
            await (await dialled).close()
        else:
            with pytest.raises(InvalidStatus):
                await dialled
            noted = f"InvalidChargingStationCertificate: the certificate is owned by {owner!r}"
            assert noted in csms.turned_away[-1].reason
        await csms.stop()
        result = "comes in" if organization == owner else "refused: HTTP 403"
        tls_cases.add("CSMS", f"a good certificate, the operator being {organization}", result, ())


@pytest.mark.req("A00.FR.701")
async def test_a_csms_certificate_of_short_life_is_exchanged_while_the_csms_runs(tmp_path, caplog):
    folder = tmp_path / "pki"
    shutil.copytree(minting.pki(), folder)
    (folder / "csms-rsa.pem").unlink()
    chain, key = folder / "csms.pem", folder / "csms.key"
    csms = Csms(accept_all=True)
    url = f"wss://localhost:{await csms.start_secure(Pki(folder))}/NEW"

    async def shown() -> bytes:
        async with connect(url, ssl=client(Case("")), subprotocols=["ocpp2.0.1"]) as link:
            found = link.transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return bytes(found)

    async with connect(f"{url}-2", ssl=client(Case("")), subprotocols=["ocpp2.0.1"]) as stays:
        old = await shown()
        renewed = ca.server_certificate(ca.authority("csms-root"))
        chain.write_bytes(renewed)
        assert await shown() == old  # its key is not there yet
        assert "the old one stays" in caplog.text
        key.write_bytes(renewed)
        assert await shown() == x509.load_pem_x509_certificate(renewed).public_bytes(serialization.Encoding.DER)
        await stays.ping()
    port = int(url.rpartition(":")[2].partition("/")[0])
    expired = Case("", certificate="station-expired")
    assert "expired" in await asyncio.to_thread(
        seen_by_a_plain_socket, expired, port
    )  # who comes in is looked at still
    await csms.stop()


@pytest.mark.req("A05.FR.07", "A00.FR.002")
async def test_nobody_comes_in_with_less_than_before(door):
    async def tried(url: str, **more: Any) -> int:
        headers = basic("GARAGE", PASSWORD)
        try:
            async with connect(url, subprotocols=["ocpp2.0.1"], additional_headers=headers, **more):
                return 101
        except InvalidStatus as refusal:
            return refusal.response.status_code

    plain, secure = f"ws://127.0.0.1:{door.plain}/GARAGE", f"wss://localhost:{door.secure}/GARAGE"
    assert await tried(plain) == 101
    assert await tried(secure, ssl=client(Case(""))) == 101
    assert door.csms.store.chargers["GARAGE"].profile == 2
    assert await tried(plain) == 403


@pytest.mark.req("A02.FR.11", "A02.FR.14", "A03.FR.11", "A03.FR.14", "A00.FR.702", "A00.FR.704", "A00.FR.705")
@pytest.mark.parametrize("version", [Version.V16, Version.V201, Version.V21])
async def test_station_and_csms_go_from_password_to_certificate_to_renewal_to_revocation(version, door, tmp_path):
    csms, url = door.csms, f"wss://localhost:{door.secure}"
    csms.set_password("CP 1", PASSWORD)
    more = options(version, outfit(tmp_path), password=PASSWORD, profile=2)
    async with stand(None, url=url, **more) as one:  # type: ignore[arg-type]
        await until(lambda: one.station.online and csms.store.chargers["CP 1"].serial == "S-1")
        answer = await csms.ask("CP 1", c.InstallRoot(use=c.RootUse.MANUFACTURER))
        assert answer.status == "Accepted"
        listed = await csms.ask("CP 1", c.ListRoots())
        assert listed.status == "Accepted"
        assert (await csms.ask("CP 1", c.Renew())).status == "Accepted"
        await until(lambda: csms.store.issued)
        (issued,) = csms.store.issued.values()
        assert issued.subject == "O=Operator Ltd,CN=S-1"
        await until(lambda: list((tmp_path / "certs" / "own" / "station").glob("*.pem")))
    more = options(version, tmp_path, profile=3)
    async with stand(None, url=url, **more) as one:  # type: ignore[arg-type]
        await until(lambda: one.station.online and one.settings.get(SECURITY_PROFILE) == 3)
        assert csms.store.chargers["CP 1"].profile == 3
        assert (await csms.ask("CP 1", c.Renew())).status == "Accepted"
        await until(lambda: len(csms.store.issued) == 2)
        second = next(each for each in csms.store.issued.values() if each.serial != issued.serial)
        await until(lambda: [leaf.stem for leaf in (tmp_path / "certs" / "own" / "station").glob("*.pem")] != [])
        await until(lambda: one.station.online)
        assert csms.certificates is not None
        csms.certificates.revoke(issued.serial)
        csms.certificates.revoke(second.serial)
        assert second.pem
        one.station.reconnect()
        await until(lambda: any("revoked" in each.reason for each in csms.turned_away))


def test_the_responder_answers_as_openssl_understands_it(tmp_path):
    if shutil.which("openssl") is None:
        pytest.skip("openssl is the independent judge, and is not installed")
    authority = Pki(minting.pki())
    now = ca.now().timestamp()
    issued = authority.sign(signing_request(new_key(), Subject("S-1", "Op")).decode(), "CP", frozenset({"S-1"}), now)
    leaf, root = tmp_path / "leaf.pem", minting.path("csms-root")
    leaf.write_text(issued.pem)
    request, response = tmp_path / "req.der", tmp_path / "resp.der"
    base = ["openssl", "ocsp", "-issuer", str(root), "-sha256", "-cert", str(leaf), "-no_nonce"]
    subprocess.run([*base, "-reqout", str(request)], check=True, capture_output=True)
    for revoked, word in ((None, ": good"), (now, ": revoked")):
        known = replace(issued, revoked_utc_s=revoked)
        response.write_bytes(authority.answer(request.read_bytes(), {issued.serial: known}.get, now))
        done = subprocess.run(
            [*base, "-respin", str(response), "-CAfile", str(root)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert word in done.stdout, done.stdout + done.stderr
        assert "Response verify OK" in done.stderr
    assert ocsp.load_der_ocsp_response(authority.answer(b"nonsense", {}.get, now)).response_status.name == (
        "MALFORMED_REQUEST"
    )
    assert ocsp.load_der_ocsp_response(authority.answer(request.read_bytes(), {}.get, now)).response_status.name == (
        "UNAUTHORIZED"
    )
