"""Certificates over OCPP, in every version: installed, listed, deleted, asked for, signed and refused."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from agent.core.security import SecurityEventKind
from agent.ocpp.codec import Version
from agent.pki import certificates as pki
from agent.pki.names import HashAlgorithm, LeafUse, RootUse, Subject
from agent.pki.requests import KeyKind
from agent.pki.store import Store
from tests.agent.ocpp.scripted_csms import ScriptedCsms
from tests.agent.ocpp.stand import Stand, settled, stand
from tests.security import ca, minting

ALL = [Version.V16, Version.V201, Version.V21]
NUMBERS = itertools.count()
INVALID = SecurityEventKind.INVALID_STATION_CERTIFICATE
NAMED = {"CpoName": "Operator Ltd"}


def serving(version: Version, **answers: Any) -> ScriptedCsms:
    return ScriptedCsms(versions=(version.value,), answers=answers)


def options(version: Version, tmp_path, **settings: str) -> dict[str, Any]:
    return {
        "versions": (version,),
        "folder": tmp_path,
        "epoch_s": ca.now().timestamp(),
        "start_values": NAMED | settings,
    }


async def ask(one: Stand, action: str, payload: dict[str, Any]) -> dict[str, Any]:
    frame = await one.csms.call(action, payload, f"c-{next(NUMBERS)}")
    assert frame[0] == 3, frame
    return frame[2]  # type: ignore[no-any-return]


def word(version: Version, use: RootUse = RootUse.CSMS) -> str:
    return "CentralSystemRootCertificate" if version is Version.V16 and use is RootUse.CSMS else use.value


async def install(one: Stand, version: Version, pem: str, use: RootUse = RootUse.CSMS) -> str:
    return (await ask(one, "InstallCertificate", {"certificateType": word(version, use), "certificate": pem}))["status"]


async def listed(one: Stand, version: Version, use: RootUse = RootUse.CSMS) -> list[dict[str, Any]]:
    asked: Any = word(version, use)
    answer = await ask(
        one, "GetInstalledCertificateIds", {"certificateType": asked if version is Version.V16 else [asked]}
    )
    assert answer["status"] == ("Accepted" if len(answer) > 1 else "NotFound")
    if version is Version.V16:
        return answer.get("certificateHashData", [])
    return [chain["certificateHashData"] for chain in answer.get("certificateHashDataChain", [])]


async def delete(one: Stand, named: dict[str, Any]) -> str:
    return (await ask(one, "DeleteCertificate", {"certificateHashData": named}))["status"]


def named(certificate: x509.Certificate, issuer: x509.Certificate, algorithm: str = "SHA256") -> dict[str, Any]:
    one = pki.hash_data(certificate, issuer, HashAlgorithm(algorithm))
    return {
        "hashAlgorithm": algorithm,
        "issuerNameHash": one.issuer_name_hash,
        "issuerKeyHash": one.issuer_key_hash,
        "serialNumber": one.serial,
    }


def root(name: str = "csms-root") -> x509.Certificate:
    return pki.read_pem(minting.pem(name))[0]


# M03, M04, M05


@pytest.mark.req("M03.FR.01", "M03.FR.02", "M03.FR.03", "M03.FR.04", "M04.FR.01", "M04.FR.02", "M04.FR.04")
@pytest.mark.req("M05.FR.01", "M05.FR.02", "M05.FR.17")
@pytest.mark.octt("TC_M_01_CS", "TC_M_12_CS", "TC_M_20_CS", "TC_075_1_CS", "TC_075_2_CS", "TC_076_CS")
@pytest.mark.parametrize("version", ALL)
async def test_a_root_is_installed_listed_with_the_hashes_of_rfc_6960_and_deleted(version, tmp_path):
    async with stand(serving(version), **options(version, tmp_path)) as one:
        await one.accepted()
        assert await listed(one, version) == []
        assert await install(one, version, minting.pem("csms-root")) == "Accepted"
        assert await install(one, version, minting.pem("csms-root")) == "Accepted"  # M05.FR.17
        assert await listed(one, version) == [named(root(), root())]
        assert await delete(one, named(root("mo-root"), root("mo-root"))) == "NotFound"
        assert await delete(one, named(root(), root())) == "Accepted"
        assert await listed(one, version) == []
        assert one.events.count(SecurityEventKind.SECURITY_RECONFIGURED) == 3


@pytest.mark.parametrize("version", [Version.V201, Version.V21])
@pytest.mark.parametrize("use", [RootUse.MANUFACTURER, RootUse.MO, RootUse.V2G, RootUse.CSMS])
async def test_every_kind_of_root_has_its_place(version, use, tmp_path):
    async with stand(serving(version), **options(version, tmp_path)) as one:
        await one.accepted()
        assert await install(one, version, minting.pem("v2g-root"), use) == "Accepted"
        assert len(await listed(one, version, use)) == 1
        whole = await ask(one, "GetInstalledCertificateIds", {})
        assert [one["certificateType"] for one in whole["certificateHashDataChain"]] == [use.value]
        assert [each.use for each in Store(tmp_path / "certs").roots(use)] == [use]


async def test_2_1_has_a_place_for_the_roots_of_car_makers(tmp_path):
    async with stand(serving(Version.V21), **options(Version.V21, tmp_path)) as one:
        await one.accepted()
        assert await install(one, Version.V21, minting.pem("oem-root"), RootUse.OEM) == "Accepted"


@pytest.mark.parametrize("algorithm", ["SHA256", "SHA384", "SHA512"])
async def test_a_certificate_is_deleted_by_the_hash_that_the_csms_likes(algorithm, tmp_path):
    async with stand(serving(Version.V201), **options(Version.V201, tmp_path)) as one:
        await one.accepted()
        await install(one, Version.V201, minting.pem("csms-root"))
        shouted = {
            key: value.upper() if key != "hashAlgorithm" else value
            for key, value in named(root(), root(), algorithm).items()
        }
        assert await delete(one, shouted) == "Accepted"


BAD_ROOTS = {
    "no certificate": lambda: "hello",
    "a leaf": lambda: minting.pem("csms"),
    "an intermediate": lambda: minting.pem("cpo-sub1"),
    "expired": lambda: ca.pem(ca.root(lasts=ca.DAY)[0]),
    "no CA though it signed itself": lambda: ca.pem(ca.root(ca=False)[0]),
    "two of them": lambda: minting.pem("csms-root") + minting.pem("mo-root"),
    "a weak key": lambda: minting.pem("csms-weak-key"),
}


@pytest.mark.req("M05.FR.07")
@pytest.mark.octt("TC_M_05_CS")
@pytest.mark.parametrize("version", [Version.V16, Version.V201])
@pytest.mark.parametrize("what", BAD_ROOTS)
async def test_what_is_no_self_signed_ca_that_is_valid_now_is_refused(what, version, tmp_path):
    async with stand(serving(version), **options(version, tmp_path)) as one:
        await one.accepted()
        assert await install(one, version, BAD_ROOTS[what]()) == "Rejected"
        assert await listed(one, version) == []


@pytest.mark.req("M05.FR.06")
async def test_the_store_takes_so_many_roots_and_no_more(tmp_path, monkeypatch):
    async with stand(serving(Version.V16), **options(Version.V16, tmp_path)) as one:
        await one.accepted()
        one.settings.derive(one.settings.find16("CertificateStoreMaxLength"), 2)
        assert await install(one, Version.V16, minting.pem("csms-root")) == "Accepted"
        assert await install(one, Version.V16, minting.pem("mo-root")) == "Accepted"
        assert await install(one, Version.V16, minting.pem("v2g-root")) == "Rejected"
        assert await install(one, Version.V16, minting.pem("mo-root")) == "Accepted"  # it is there already


@pytest.mark.req("M05.FR.03")
async def test_a_disk_that_does_not_take_the_root_is_a_failure(tmp_path):
    (tmp_path / "certs").write_text("in the way of the folder")
    async with stand(serving(Version.V201), **options(Version.V201, tmp_path)) as one:
        await one.accepted()
        assert await install(one, Version.V201, minting.pem("csms-root")) == "Failed"


@pytest.mark.req("M04.FR.03", "M04.FR.06")
@pytest.mark.octt("TC_M_23_CS")
@pytest.mark.parametrize("version", ALL)
async def test_the_stations_own_certificate_cannot_be_deleted(version, tmp_path):
    folder = tmp_path / "certs" / "own" / "station"
    folder.mkdir(parents=True)
    (folder / "own.pem").write_text(minting.pem("station"))
    (folder / "own.key").write_bytes(minting.key("station").read_bytes())
    async with stand(serving(version), **options(version, tmp_path)) as one:
        await one.accepted()
        await install(one, version, minting.pem("station-root"))
        own = pki.read_pem(minting.pem("station"))[0]
        assert await delete(one, named(own, root("station-root"))) == "Failed"
        assert (folder / "own.pem").exists()


@pytest.mark.req("M05.FR.09", "M05.FR.10", "M05.FR.11", "M05.FR.12")
@pytest.mark.octt("TC_M_30_CS", "TC_M_31_CS")
@pytest.mark.parametrize("version", [Version.V16, Version.V201])
async def test_with_the_additional_check_a_new_root_must_be_signed_by_the_old_one_which_stays_for_a_while(
    version, tmp_path
):
    check = {"AdditionalRootCertificateCheck": "true"}
    async with stand(serving(version), **options(version, tmp_path, **check)) as one:
        await one.accepted()
        assert await install(one, version, minting.pem("csms-root")) == "Accepted"
        assert await install(one, version, minting.pem("mo-root")) == "Rejected"
        second, key = ca.root("Second", ca.authority("csms-root"))
        assert await install(one, version, ca.pem(second)) == "Accepted"
        assert len(await listed(one, version)) == 2
        third, _ = ca.root("Third", (second, key))
        assert await install(one, version, ca.pem(third)) == "Accepted"
        found = {each.certificate for each in Store(tmp_path / "certs").roots(RootUse.CSMS)}
        assert found == {second, third}  # one, and one to fall back to


async def test_a_station_without_a_place_for_certificates_says_that_it_has_no_such_function():
    async with stand(serving(Version.V201), versions=(Version.V201,)) as one:
        await one.accepted()
        frame = await one.csms.call(
            "InstallCertificate", {"certificateType": "CSMSRootCertificate", "certificate": minting.pem("csms-root")}
        )
        assert frame[:3] == [4, "c1", "NotSupported"]


# A02, A03


async def triggered(one: Stand, version: Version) -> dict[str, Any]:
    """Have the station ask for a certificate; its request."""
    before = len(one.csms.calls("SignCertificate"))
    action, message = (
        ("ExtendedTriggerMessage", "SignChargePointCertificate")
        if version is Version.V16
        else ("TriggerMessage", "SignChargingStationCertificate")
    )
    assert (await ask(one, action, {"requestedMessage": message}))["status"] == "Accepted"
    return (await one.csms.heard_of("SignCertificate", before + 1))[-1].payload


def accepting(version: Version, status: str = "Accepted") -> ScriptedCsms:
    return serving(version, SignCertificate={"status": status})


async def give(one: Stand, certificate: str, **more: Any) -> str:
    return (await ask(one, "CertificateSigned", {"certificateChain": certificate} | more))["status"]


@pytest.mark.req("A02.FR.02", "A02.FR.03", "A02.FR.06", "A02.FR.13", "A02.FR.24", "A03.FR.06", "A03.FR.20")
@pytest.mark.octt("TC_A_11_CS", "TC_074_CS")
@pytest.mark.parametrize("version", ALL)
async def test_a_certificate_is_asked_for_made_out_to_the_serial_number_and_the_operator_and_kept(version, tmp_path):
    async with stand(accepting(version), **options(version, tmp_path)) as one:
        await one.accepted()
        await install(one, version, minting.pem("csms-root"))
        request = await triggered(one, version)
        csr = x509.load_pem_x509_csr(request["csr"].encode())
        assert csr.subject.rfc4514_string() == "O=Operator Ltd,CN=S-1"
        assert isinstance(csr.public_key(), ec.EllipticCurvePublicKey)
        assert request.get("certificateType") == (None if version is Version.V16 else "ChargingStationCertificate")
        assert ("requestId" in request) == (version is Version.V21)
        more = {"requestId": request["requestId"]} if version is Version.V21 else {}
        assert (
            await give(one, ca.pem(ca.signed(csr.public_bytes(pki.serialization.Encoding.PEM))), **more) == "Accepted"
        )
        (leaf,) = Store(tmp_path / "certs").leaves(LeafUse.STATION)
        assert leaf.certificate.public_key() == csr.public_key()
        assert one.events.count(SecurityEventKind.SECURITY_RECONFIGURED) == 2
        assert not [frame for frame in one.csms.frames if "PRIVATE KEY" in str(frame)]  # A02.FR.05


BAD_CERTIFICATES = {
    "no certificate": lambda _: "hello",
    "another key's": lambda csr: ca.pem(ca.signed(csr, key=ec.generate_private_key(ec.SECP256R1()).public_key())),
    "expired": lambda csr: ca.pem(ca.signed(csr, begins=-10 * ca.DAY, lasts=ca.DAY)),
    "not yet valid": lambda csr: ca.pem(ca.signed(csr, begins=ca.DAY)),
    "by a root that is not installed": lambda csr: ca.pem(ca.signed(csr, by="mo-root")),
    "made out to somebody else": lambda csr: ca.pem(ca.signed(csr, name="S-2")),
    "for another purpose": lambda csr: ca.pem(ca.signed(csr, usage=x509.OID_SERVER_AUTH)),
    "by what is no CA": lambda csr: ca.pem(ca.signed(csr, by="csms")) + minting.pem("csms"),
}


@pytest.mark.req("A02.FR.06", "A02.FR.07", "A02.FR.20", "A03.FR.07")
@pytest.mark.octt("TC_A_14_CS", "TC_A_15_CS", "TC_077_CS")
@pytest.mark.parametrize("version", [Version.V16, Version.V201])
@pytest.mark.parametrize("what", BAD_CERTIFICATES)
async def test_a_signed_certificate_that_is_no_good_is_refused_with_an_event_and_no_more_is_asked(
    what, version, tmp_path
):
    async with stand(accepting(version), **options(version, tmp_path)) as one:
        await one.accepted()
        await install(one, version, minting.pem("csms-root"))
        csr = (await triggered(one, version))["csr"]
        assert await give(one, BAD_CERTIFICATES[what](csr)) == "Rejected"
        assert one.events.count(INVALID) == 1
        assert Store(tmp_path / "certs").leaves(LeafUse.STATION) == []
        await settled(100_000)
        assert len(one.csms.calls("SignCertificate")) == 1


@pytest.mark.req("A03.FR.02", "A03.FR.03", "A03.FR.13")
@pytest.mark.parametrize("use", [LeafUse.V2G, LeafUse.COMBINED])
async def test_a_certificate_towards_cars_is_renewed_by_itself_when_it_nears_its_end(use, tmp_path):
    version = Version.V201
    store = Store(tmp_path / "certs")
    csr = store.new_request(use, KeyKind.P256, Subject("SECC-1", "Operator Ltd"))
    store.add_leaf(use, [ca.signed(csr, "cpo-sub2", lasts=4 * ca.HOUR)])  # of which one has passed
    if use is LeafUse.COMBINED:  # an older one, for cars alone, need not be renewed
        old = store.new_request(LeafUse.V2G, KeyKind.P256, Subject("SECC-1", "Operator Ltd"))
        store.add_leaf(LeafUse.V2G, [ca.signed(old, "cpo-sub2", begins=-2 * ca.HOUR, lasts=5 * ca.HOUR)])
    async with stand(accepting(version), **options(version, tmp_path)) as one:
        await one.accepted()
        await settled(3600)
        assert one.csms.calls("SignCertificate") == []
        await settled(2 * 3600)
        (request,) = {each.payload["csr"]: each.payload for each in one.csms.calls("SignCertificate")}.values()
        assert request.get("certificateType") == ("V2GCertificate" if use is LeafUse.V2G else None)
        subject = x509.load_pem_x509_csr(request["csr"].encode()).subject
        assert subject.rfc4514_string() == "DC=CPO,O=Operator Ltd,CN=S-1"


async def test_a_certificate_that_nobody_asked_for_is_refused(tmp_path):
    async with stand(accepting(Version.V201), **options(Version.V201, tmp_path)) as one:
        await one.accepted()
        await install(one, Version.V201, minting.pem("station-root"))
        assert await give(one, minting.pem("station")) == "Rejected"


@pytest.mark.req("A02.FR.26", "A03.FR.22")
async def test_2_1_a_certificate_for_another_request_is_refused(tmp_path):
    async with stand(accepting(Version.V21), **options(Version.V21, tmp_path)) as one:
        await one.accepted()
        await install(one, Version.V21, minting.pem("csms-root"))
        request = await triggered(one, Version.V21)
        good = ca.pem(ca.signed(request["csr"]))
        assert await give(one, good, requestId=request["requestId"] + 7) == "Rejected"
        assert await give(one, good, requestId=request["requestId"]) == "Accepted"


@pytest.mark.req("A02.FR.16", "A03.FR.16")
async def test_a_chain_longer_than_the_limit_is_refused(tmp_path):
    async with stand(accepting(Version.V16), **options(Version.V16, tmp_path)) as one:
        await one.accepted()
        one.settings.derive(one.settings.find16("CertificateSignedMaxChainSize"), 700)
        await install(one, Version.V16, minting.pem("csms-root"))
        csr = (await triggered(one, Version.V16))["csr"]
        good = ca.pem(ca.signed(csr))
        assert await give(one, good + minting.pem("csms-root")) == "Rejected"
        assert await give(one, good) == "Accepted"


@pytest.mark.req("A02.FR.17", "A02.FR.18", "A02.FR.19", "A03.FR.17", "A03.FR.18", "A03.FR.19")
@pytest.mark.octt("TC_A_23_CS")
async def test_a_request_that_is_not_answered_is_repeated_with_doubled_waits_and_then_no_more(tmp_path):
    waits = {"CertSigningWaitMinimum": "30", "CertSigningRepeatTimes": "1"}
    async with stand(accepting(Version.V201), **options(Version.V201, tmp_path, **waits)) as one:
        await one.accepted()
        await triggered(one, Version.V201)
        await settled(100_000)
        asked = one.csms.calls("SignCertificate")
        gaps = [second.at_s - first.at_s for first, second in itertools.pairwise(asked)]
        assert gaps == pytest.approx([30.0, 60.0], abs=0.5)
        assert len({each.payload["csr"] for each in asked}) == 1
        await triggered(one, Version.V201)  # until the CSMS wants it again
        assert len(one.csms.calls("SignCertificate")) == 4


@pytest.mark.req("A02.FR.12", "A03.FR.12")
async def test_a_request_that_the_csms_refuses_is_not_repeated(tmp_path):
    async with stand(accepting(Version.V201, "Rejected"), **options(Version.V201, tmp_path)) as one:
        await one.accepted()
        await triggered(one, Version.V201)
        await settled(100_000)
        assert len(one.csms.calls("SignCertificate")) == 1


@pytest.mark.parametrize("version", [Version.V16, Version.V201])
async def test_without_the_operators_name_no_certificate_is_asked_for(version, tmp_path):
    more = options(version, tmp_path) | {"start_values": {}}
    async with stand(accepting(version), **more) as one:
        await one.accepted()
        action, message = (
            ("ExtendedTriggerMessage", "SignChargePointCertificate")
            if version is Version.V16
            else ("TriggerMessage", "SignChargingStationCertificate")
        )
        assert (await ask(one, action, {"requestedMessage": message}))["status"] == "Rejected"
