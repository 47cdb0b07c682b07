"""Plug & charge over 1.6: what 2.0.1 has messages for in data transfers, each held against the schemas of 2.0.1."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
from msgspec.structs import replace
from ocpp.messages import MessageType

from tests.agent.iso15118 import pki
from tests.agent.iso15118.test_certificate_installation import Office
from tests.octt import states16 as states
from tests.octt.bench import Bench
from tests.octt.minted import named, pem, root
from tests.octt.test_v2g import MINTED, by_contract, car, taking_contracts
from tests.octt.test_v2g_certificates import Responder, chain, met, signed, talking
from tests.octt.tool import ABSENT, PRESENT, judge, require

VENDOR: Final = "org.openchargealliance.iso15118pnc"
V2G: Final = "V2GRootCertificate"
GOOD: Final = {"idTokenInfo": {"status": "Accepted"}, "certificateStatus": "Accepted"}
GONE: Final = {"idTokenInfo": {"status": "Invalid"}, "certificateStatus": "ContractCancelled"}
UNKNOWN: Final = {"status": "UnknownVendorId"}


def packed(answer: dict[str, Any]) -> dict[str, Any]:
    """DataTransfer.conf with a response of 2.0.1's in it."""
    return {"status": "Accepted", "data": json.dumps(answer)}


async def hears(bench: Bench, message: str, within_s: float = 60.0, **where: Any) -> dict[str, Any]:
    """The next message of the station's that travels in a data transfer."""
    told = await bench.tool.expect("DataTransfer", within_s, vendorId=VENDOR, messageId=message)
    payload = json.loads(told["data"])
    judge(MessageType.Call, message, payload, "2.0.1")
    return dict(require(payload, **where))


async def asks(bench: Bench, message: str, **fields: Any) -> dict[str, Any]:
    """A message of the tool's in a data transfer; the station's response."""
    judge(MessageType.Call, message, fields, "2.0.1")
    transfer = {"vendorId": VENDOR, "messageId": message, "data": json.dumps(fields)}
    answer = require(await bench.tool.send("DataTransfer", **transfer), status="Accepted")
    payload = json.loads(answer["data"])
    judge(MessageType.CallResult, message, payload, "2.0.1")
    return dict(payload)


@pytest_asyncio.fixture
async def paid(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    """A station that takes contracts."""
    async with taking_contracts(request, tmp_path, "mo-root") as one:
        yield one


@pytest_asyncio.fixture
async def rootless(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    """A station that takes contracts, without the root that the car's leads to."""
    async with taking_contracts(request, tmp_path, "v2g-root") as one:
        yield one


E_MAID: Final = {"idToken__idToken": pki.EMAID, "idToken__type": "eMAID"}
V16 = pytest.mark.bench(version="1.6")


@V16
async def test_a_contract_that_is_good_charges(paid: Bench):
    paid.tool.answer("DataTransfer", packed(GOOD))
    paid.token = {"idToken": pki.EMAID, "type": "eMAID"}
    await states.plugged(paid, digital=True)
    async with car(paid, by_contract()):
        await hears(paid, "Authorize", iso15118CertificateHashData=PRESENT, certificate=ABSENT, **E_MAID)
        await states.started(paid)
        assert not paid.tool.left("Authorize")
        paid.tool.forget()


@V16
@pytest.mark.parametrize(
    "answer",
    [
        packed(GONE),
        UNKNOWN,
        packed(GOOD) | {"status": "Rejected"},
        packed({"idTokenInfo": {"status": "Accepted", "cacheExpiryDateTime": "tomorrow"}}),
        {"status": "Accepted", "data": "{"},
    ],
)
async def test_a_contract_that_the_csms_does_not_accept_charges_nothing(paid: Bench, answer: dict[str, Any]):
    paid.tool.answer("DataTransfer", answer)
    await states.plugged(paid, digital=True)
    async with car(paid, by_contract()):
        await hears(paid, "Authorize", **E_MAID)
        await states.nothing_starts(paid)


@V16
@pytest.mark.parametrize("allowed", [True, False])
async def test_a_contract_that_only_the_csms_can_check_goes_to_it_where_that_is_allowed(rootless: Bench, allowed: bool):
    await rootless.configure("CentralContractValidationAllowed", allowed)
    rootless.tool.answer("DataTransfer", packed(GOOD))
    rootless.token = {"idToken": pki.EMAID, "type": "eMAID"}
    await states.plugged(rootless, digital=True)
    async with car(rootless, by_contract()):
        if allowed:
            await hears(rootless, "Authorize", certificate=PRESENT, **E_MAID)
            await states.started(rootless)
        else:
            await states.nothing_starts(rootless)
        assert not rootless.tool.left("DataTransfer")
        rootless.tool.forget()


@pytest.mark.bench(version="1.6")
async def test_roots_of_cars_and_contracts_are_installed_listed_and_deleted(bench: Bench):
    new = root("V2G")
    require(await asks(bench, "InstallCertificate", certificateType=V2G, certificate=pem(new)), status="Accepted")
    wanted = {"certificateType": V2G, "certificateHashData": named(new.certificate)}
    found = await asks(bench, "GetInstalledCertificateIds", certificateType=[V2G])
    require(found, status="Accepted", certificateHashDataChain=[wanted])
    require(await asks(bench, "GetInstalledCertificateIds"), certificateHashDataChain=[wanted])
    require(await asks(bench, "GetInstalledCertificateIds", certificateType=["MORootCertificate"]), status="NotFound")
    require(await asks(bench, "DeleteCertificate", certificateHashData=named(new.certificate)), status="Accepted")
    require(await asks(bench, "GetInstalledCertificateIds", certificateType=[V2G]), status="NotFound")


@pytest.mark.bench(version="1.6")
@pytest.mark.parametrize(
    ("message", "data", "status"),
    [
        ("Nonsense", "{}", "UnknownMessageId"),
        (None, "{}", "UnknownMessageId"),
        ("InstallCertificate", "{", "Rejected"),
        ("InstallCertificate", json.dumps({"certificateType": V2G}), "Rejected"),
        ("InstallCertificate", json.dumps({"certificateType": "CSMSRootCertificate", "certificate": ""}), "Rejected"),
        ("DeleteCertificate", None, "Rejected"),
    ],
)
async def test_what_is_no_message_of_plug_and_charge_is_turned_down(
    bench: Bench, message: str | None, data: str | None, status: str
):
    fields = {"vendorId": VENDOR, "messageId": message, "data": data}
    answer = await bench.tool.send("DataTransfer", **{name: one for name, one in fields.items() if one is not None})
    require(answer, status=status, data=ABSENT)


@pytest.mark.bench(version="1.6")
async def test_a_certificate_towards_cars_is_not_asked_for_where_none_talk(bench: Bench):
    require(await asks(bench, "TriggerMessage", requestedMessage="SignV2GCertificate"), status="NotImplemented")
    require(await asks(bench, "TriggerMessage", requestedMessage="Heartbeat"), status="NotImplemented")


async def test_the_certificate_that_cars_meet_is_asked_for_signed_and_asked_about(tmp_path: Path):
    async with talking(tmp_path, version="1.6") as one:
        responder = Responder(one)
        answers = one.tool.answers

        def transferred(request: dict[str, Any]) -> dict[str, Any]:
            asked = request["messageId"] == "GetCertificateStatus"
            told = answers["GetCertificateStatus"](json.loads(request["data"])) if asked else {"status": "Accepted"}
            return packed(told)

        one.tool.answer("DataTransfer", transferred)
        for kind, name in ((V2G, "v2g-root"), ("MORootCertificate", "mo-root")):
            pems = (pki.folder() / f"{name}.pem").read_text()
            require(await asks(one, "InstallCertificate", certificateType=kind, certificate=pems), status="Accepted")
        require(await asks(one, "TriggerMessage", requestedMessage="SignV2GCertificate"), status="Accepted")
        csr = (await hears(one, "SignCertificate", certificateType="V2GCertificate"))["csr"]
        certificate = signed(csr)
        responder.knows(certificate)
        handed = {"certificateChain": chain(certificate), "certificateType": "V2GCertificate"}
        require(await asks(one, "CertificateSigned", **handed), status="Accepted")
        told = await hears(one, "GetCertificateStatus")
        assert told["ocspRequestData"]["serialNumber"] == f"{certificate.serial_number:x}"
        await asyncio.sleep(1)
        assert await met(one) == certificate.serial_number


@V16
@pytest.mark.parametrize("status", ["Accepted", "Failed"])
async def test_a_car_without_a_contract_gets_one_where_the_csms_has_one_for_it(paid: Bench, status: str):
    office = Office({pki.PCID: pki.EMAID}, MINTED)

    def transferred(request: dict[str, Any]) -> dict[str, Any]:
        if request["messageId"] != "Get15118EVCertificate":
            return packed(GOOD)
        asked = json.loads(request["data"])
        made, _ = office.desk.made(base64.b64decode(asked["exiRequest"]), "OCTT", update=asked["action"] == "Update")
        return packed({"status": status, "exiResponse": base64.b64encode(made).decode()})

    paid.tool.answer("DataTransfer", transferred)
    paid.token = {"idToken": pki.EMAID, "type": "eMAID"}
    await states.plugged(paid, digital=True)
    plan = replace(by_contract(), contract=None, provisioned=pki.provisioned(MINTED))
    async with car(paid, plan):
        await hears(
            paid, "Get15118EVCertificate", action="Install", iso15118SchemaVersion="urn:iso:15118:2:2013:MsgDef"
        )
        if status == "Accepted":
            await hears(paid, "Authorize", **E_MAID)
            await states.started(paid)
        else:
            await states.nothing_starts(paid)
        paid.tool.forget()
