"""Contracts fetched for cars: passed on as they come, in time or not at all; no car takes one that it cannot judge."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from agent.iso15118 import exi
from agent.iso15118.contract_key import unwrapped, wrapped
from agent.iso15118.exi import iso2 as m
from agent.iso15118.exi import xmldsig
from agent.iso15118.secc.events import CertificateWanted, ContractProved, Outcome, Protocol, ReceiptGiven
from agent.iso15118.secc.snapshot import EnergyMode, Meter, Payment
from agent.iso15118.secc.state import Dice
from agent.iso15118.secc.timing import CERTIFICATE_S, RECEIPT_S
from agent.iso15118.server import SeccServer
from agent.iso15118.tls import context
from csms.pki import Pki
from csms.provisioning import Provisioning
from sim.evcc.evcc import charge
from sim.evcc.link import StreamLink
from sim.evcc.plan import Plan
from tests.agent.iso15118 import pki
from tests.agent.iso15118.stand import DC, DICE, Battery, Stand
from tests.agent.iso15118.test_contracts import PAYING, judge, stand, trusting
from tests.security import ca

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "v2g"
EMAID = "DEEVSC00000042"
PLAN = Plan(offers=(Protocol.ISO_2,), payment=Payment.CONTRACT, charge_s=1.0, loop_s=0.1)
NOTHING = "CertificateInstallationReq: FAILED_NoCertificateAvailable"
P256 = ec.SECP256R1()


def installing() -> Plan:
    return replace(PLAN, provisioned=pki.provisioned())


class Office:
    """As much of a CSMS as provisioning needs."""

    def __init__(self, contracts: dict[str, str] | None = None, minted: dt.datetime | None = None) -> None:
        self.signed: list[Any] = []
        self.provide: Any = None
        self._minted = minted
        self.store = SimpleNamespace(write=self._write)
        self.desk = Provisioning(self, Pki(pki.folder(minted)), {pki.PCID: EMAID} if contracts is None else contracts)  # type: ignore[arg-type]

    def now(self) -> float:
        return (self._minted or ca.now()).timestamp()

    async def _write(self, record: Any) -> None:
        self.signed.append(record)

    async def answer(self, wanted: CertificateWanted) -> bytes | None:
        made = await self.provide("CP-1", wanted.update, base64.b64encode(wanted.request).decode())
        return None if made is None else base64.b64decode(made)


async def wanted(made: Stand) -> CertificateWanted:
    while True:
        for event in made.events:
            if isinstance(event, CertificateWanted):
                return event
        await asyncio.sleep(0.01)


def tell(made: Stand, octets: bytes | None) -> None:
    made.engine.fetched(octets, made.now())
    made._after()


async def fetched(made: Stand, plan: Plan, change: Any = lambda octets: octets, office: Office | None = None) -> Any:
    """A car's session, in which the contract is fetched and (perhaps) changed on its way; its report."""
    session = asyncio.create_task(charge(made, plan, Battery()))
    asked = await wanted(made)
    tell(made, change(await (office or Office()).answer(asked)))
    return await session


async def test_a_car_gets_a_contract_signed_for_its_key_and_pays_with_it():
    made, office = stand(), Office()
    report = await fetched(made, installing(), office=office)
    assert report.ended == "done"
    assert report.contract.emaid == EMAID
    assert [one.emaid for one in made.events if isinstance(one, ContractProved)] == [EMAID]
    assert [one.charger for one in office.signed] == ["CP-1"]


async def test_a_car_has_its_contract_renewed_with_the_old_ones_key():
    office = Office({"whichever": pki.EMAID})
    made = stand()
    report = await fetched(made, replace(installing(), contract=pki.contract()), office=office)
    assert report.ended == "done"
    assert report.contract.emaid == pki.EMAID
    assert (await wanted(made)).update
    assert report.contract.chain[0] != pki.contract().chain[0]


async def test_the_request_is_passed_on_as_it_came():
    made = stand()
    link = Interposed(made)
    session = asyncio.create_task(charge(link, installing(), Battery()))  # type: ignore[arg-type]
    asked = await wanted(made)
    session.cancel()
    assert not asked.update
    assert asked.request == link.last


def recorded() -> list[tuple[bytes, Any]]:
    lines = (VECTORS / "iso2_dc_pnc_install.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    octets = [bytes.fromhex(one["exi"]) for one in records if "V2G_Message" in one["content"]]
    return [(one, exi.decode(m, one).Body.BodyElement) for one in octets]  # type: ignore[attr-defined]


async def test_a_foreign_services_answer_reaches_the_car_octet_by_octet_but_for_the_session():
    """EcoG's charger made this one, with the Java codec."""
    foreign = next(octets for octets, body in recorded() if isinstance(body, m.CertificateInstallationRes))
    made = stand()
    session = asyncio.create_task(charge(made, installing(), Battery()))
    await wanted(made)
    message = exi.decode(m, foreign)
    assert isinstance(message, m.V2G_Message)
    own = replace(message, Header=replace(message.Header, SessionID=made.engine.state.session_id))
    before = len(made.sent)
    tell(made, foreign)
    assert made.sent[before + 8 :] == exi.encode(own)
    report = await session
    assert "nobody trusted has signed" in report.ended


async def test_an_answer_for_this_session_goes_out_untouched():
    made = stand()
    session = asyncio.create_task(charge(made, installing(), Battery()))
    octets = await Office().answer(await wanted(made))
    assert octets is not None
    before = len(made.sent)
    tell(made, octets + b"\x00")  # as some write them: still theirs
    assert made.sent[before + 8 :] == octets + b"\x00"
    await session


async def test_an_answer_that_does_not_come_in_time_is_a_refusal():
    made = stand()
    began = made.now()
    report = await charge(made, installing(), Battery())
    assert report.ended == NOTHING
    assert made.now() - began == pytest.approx(CERTIFICATE_S, abs=0.1)
    assert made.over.outcome is Outcome.FAILED
    tell(made, await Office().answer(await wanted(made)))  # it comes too late, and to nobody
    assert made.over.outcome is Outcome.FAILED


EMPTY = exi.encode(m.V2G_Message(Header=m.MessageHeaderType(SessionID=b""), Body=m.BodyType()))


@pytest.mark.parametrize(
    "octets",
    [None, b"", b"hello", b"\x80", EMPTY],
    ids=["none", "empty", "garbage", "cut", "no body"],
)
async def test_what_is_no_answer_to_the_request_is_a_refusal(octets: bytes | None):
    assert (await fetched(stand(), installing(), lambda _: octets)).ended == NOTHING


async def test_a_renewal_is_no_answer_to_who_has_no_contract():
    office = Office({"whichever": pki.EMAID})
    other = stand()
    session = asyncio.create_task(charge(other, replace(installing(), contract=pki.contract()), Battery()))
    renewal = await office.answer(await wanted(other))
    session.cancel()
    assert renewal is not None
    assert (await fetched(stand(), installing(), lambda _: renewal)).ended == NOTHING


async def test_where_the_operator_wants_none_no_contract_is_offered():
    made = stand()
    made.change(installs_contracts=False)
    report = await charge(made, installing(), Battery())
    assert report.ended == "ServiceDetailReq: FAILED_ServiceIDInvalid"


async def test_who_has_not_chosen_the_service_gets_none():
    made = stand()
    named = xmldsig.X509IssuerSerialType(X509IssuerName="CN=x", X509SerialNumber=1)
    roots = m.ListOfRootCertificateIDsType(RootCertificateID=(named,))
    request = m.CertificateInstallationReq(Id="id1", OEMProvisioningCert=b"x", ListOfRootCertificateIDs=roots)
    link = Interposed(made, m.PaymentDetailsReq, lambda _: request)
    await charge(link, replace(PLAN, contract=pki.contract()), Battery())  # type: ignore[arg-type]
    assert made.over.why == "CertificateInstallationReq: FAILED_SequenceError"
    assert not any(isinstance(one, CertificateWanted) for one in made.events)


class Interposed:
    """A link that knows the last message, and on which one kind of request is replaced by another."""

    def __init__(self, link: Stand, instead_of: type[Any] | None = None, by: Any = None) -> None:
        self.last = b""
        self._link = link
        self._instead_of = instead_of
        self._by = by  # makes the other of the session's id

    async def ask(self, request: Any, schema: Any) -> Any:
        if isinstance(request, m.V2G_Message) and type(request.Body.BodyElement) is self._instead_of:
            request = replace(request, Body=m.BodyType(BodyElement=self._by(request.Header.SessionID)))
        self.last = exi.encode(request)
        return await self._link.ask(request, schema)

    async def close(self) -> None:
        await self._link.close()


@asynccontextmanager
async def serving(fetch: Any) -> AsyncIterator[Any]:
    """The shell around the engine; what opens a car's link to it, inside TLS."""
    secret = context(str(pki.folder() / "secc.pem"), str(pki.folder() / "secc.key"))
    dice = Dice(DICE.session_id, DICE.challenge, judge())
    server = SeccServer(
        "::1", lambda: PAYING, lambda _: None, lambda: dice, sdp_port=None, tls=lambda: secret, fetch=fetch
    )
    task = asyncio.create_task(server.run())
    await server.listening.wait()

    async def link() -> StreamLink:
        reader, writer = await asyncio.open_connection("::1", server.port, ssl=trusting())
        return StreamLink(reader, writer, timeout_s=100.0)

    yield link
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_what_comes_for_a_car_that_has_left_is_not_given_to_the_next_one():
    office, waiting = Office(), [asyncio.Event(), asyncio.Event()]
    asked: asyncio.Queue[int] = asyncio.Queue()
    turns = itertools.count()

    async def fetch(wanted_: CertificateWanted) -> bytes | None:
        turn = next(turns)
        asked.put_nowait(turn)
        await waiting[turn].wait()
        return await office.answer(wanted_) if turn == 0 else None

    async with serving(fetch) as link:
        first = asyncio.create_task(charge(await link(), installing(), Battery()))
        await asked.get()
        first.cancel()
        with suppress(asyncio.CancelledError):
            await first
        await asyncio.sleep(1)
        second = asyncio.create_task(charge(await link(), installing(), Battery()))
        await asked.get()
        waiting[0].set()
        await asyncio.sleep(1)
        assert not second.done()
        waiting[1].set()
        assert (await second).ended == NOTHING


async def test_a_charger_that_nobody_fetches_contracts_for_says_so_at_once():
    async with serving(None) as link:
        assert (await charge(await link(), installing(), Battery())).ended == NOTHING


# The provisioning service


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("oem-provisioning", False),
        ("bad/oem-provisioning-expired", True),
        ("bad/oem-provisioning-unknown-root", True),
        ("bad/oem-provisioning-wrong-purpose", True),
        ("contract", True),
    ],
)
async def test_only_a_car_whose_maker_vouches_for_it_gets_a_contract(name: str, refused: bool):
    report = await fetched(stand(), replace(PLAN, provisioned=pki.provisioned(name=name)))
    assert report.ended == (NOTHING if refused else "done")


async def test_a_car_that_cannot_sign_with_its_makers_key_gets_no_contract():
    stolen = replace(pki.provisioned(), key=ec.generate_private_key(P256))
    assert (await fetched(stand(), replace(PLAN, provisioned=stolen))).ended == NOTHING


async def test_a_car_that_is_not_known_gets_no_contract():
    assert (await fetched(stand(), installing(), office=Office({}))).ended == NOTHING


# The car


def changed(**fields: Any) -> Any:
    """The answer with other fields, signed as before."""

    def change(octets: bytes) -> bytes:
        message = exi.decode(m, octets)
        assert isinstance(message, m.V2G_Message)
        body = replace(message.Body.BodyElement, **fields)
        return exi.encode(m.V2G_Message(Header=message.Header, Body=m.BodyType(BodyElement=body)))

    return change


def unsigned(octets: bytes) -> bytes:
    message = exi.decode(m, octets)
    assert isinstance(message, m.V2G_Message)
    return exi.encode(replace(message, Header=replace(message.Header, Signature=None)))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (changed(eMAID=m.EMAIDType(Id="id4", value="DEEVSC99999999")), "the digest of eMAID is wrong"),
        (changed(DHpublickey=m.DiffieHellmanPublickeyType(Id="id3", value=b"\x04" + bytes(64))), "DHpublickey"),
        (unsigned, "not signed"),
    ],
    ids=["another eMAID", "another key", "no signature"],
)
async def test_a_car_takes_no_contract_that_was_changed_on_its_way(change: Any, why: str):
    report = await fetched(stand(), installing(), change)
    assert why in report.ended
    assert report.contract is None


async def test_a_car_takes_no_contract_from_a_service_that_it_does_not_trust():
    report = await fetched(stand(), replace(PLAN, provisioned=pki.provisioned(root="mo-root")))
    assert "nobody trusted has signed" in report.ended


# Receipts of the meter, with the contract's key


@pytest.mark.parametrize("dc", [False, True], ids=["AC", "DC"])
async def test_a_car_that_pays_by_contract_signs_the_meters_readings_where_that_is_wanted(dc: bool):
    made = stand()
    if dc:
        made.change(modes=(EnergyMode.DC_EXTENDED,), ac=None, dc=DC)
    made.change(receipts=True, meter=Meter("M-1", 1234.0, PAYING.utc_s))
    mode = EnergyMode.DC_EXTENDED if dc else EnergyMode.AC_3P
    report = await charge(made, replace(PLAN, contract=pki.contract(), mode=mode), Battery())
    assert report.ended == "done"
    given_ = [one for one in made.events if isinstance(one, ReceiptGiven)]
    assert given_
    assert given_[0] == ReceiptGiven("M-1", 1234)


async def test_a_car_is_asked_for_a_receipt_once_in_a_while_and_not_with_every_answer():
    made = stand()
    made.change(receipts=True, meter=Meter("M-1", 1234.0, PAYING.utc_s))
    plan = replace(PLAN, contract=pki.contract(), charge_s=2.5 * RECEIPT_S, loop_s=1.0)
    report = await charge(made, plan, Battery())
    assert report.ended == "done"
    assert report.responses.count("MeteringReceiptRes") == 3
    assert report.responses.count("ChargingStatusRes") > 140


async def test_a_receipt_that_the_contract_has_not_signed_ends_the_session():
    made = stand()

    def receipt(session_id: bytes) -> m.MeteringReceiptReq:
        return m.MeteringReceiptReq(Id="id1", SessionID=session_id, MeterInfo=m.MeterInfoType(MeterID="M-1"))

    link = Interposed(made, m.ChargingStatusReq, receipt)
    await charge(link, replace(PLAN, contract=pki.contract()), Battery())  # type: ignore[arg-type]
    assert made.over.why == "MeteringReceiptReq: FAILED_MeteringSignatureNotValid"
    assert not any(isinstance(one, ReceiptGiven) for one in made.events)


# The key's way

FOREIGN = {  # made by `encrypt_priv_key` of EcoG's iso15118 0.31.2 for a throw-away key
    "car": 0x7BC4E628D4EE33D801A1FE479B3DC09BBB13BABFA211D6F0C13B3B6A480CFC24,
    "contract": 0xF28BB18CA21F288367896F38298CF1D0897BAF503DEA67DE0F758EDDC9A7B5C6,
    "public": "04a31401d354d9dce1c41c8f9ba80005b6b028b2beb85cea20db97978c702b9b857dc55c2fe03cd875344a6145d787970e"
    "da873c43eada0c31d6319f1cfa68ff85",
    "encrypted": "6c9148417498f7534bdbb5c5d49e9fb5de30c8e262bd3a10d3ff06b0f5ea61c9ff4cb4fc44cf162d3c57927fbe95fcc6",
}


def test_a_key_that_a_foreign_service_encrypted_is_understood():
    car = ec.derive_private_key(FOREIGN["car"], P256)  # type: ignore[arg-type]
    public, encrypted = (bytes.fromhex(str(FOREIGN[name])) for name in ("public", "encrypted"))
    assert unwrapped(public, encrypted, car).private_numbers().private_value == FOREIGN["contract"]


@settings(max_examples=20)
@given(st.integers(1, 2**255), st.integers(1, 2**255))
def test_any_key_arrives_and_nobody_elses_key_opens_it(value: int, other: int):
    contract, car = ec.derive_private_key(value, P256), ec.generate_private_key(P256)
    public, encrypted = wrapped(contract, car.public_key())
    assert len(public) == 65
    assert len(encrypted) == 48
    assert unwrapped(public, encrypted, car).private_numbers().private_value == value
    try:
        wrong = unwrapped(public, encrypted, ec.derive_private_key(other, P256))
    except ValueError:
        return
    assert wrong.private_numbers().private_value != value


@pytest.mark.parametrize("encrypted", [b"", bytes(47), bytes(49)])
def test_a_key_of_another_length_is_none(encrypted: bytes):
    car = ec.generate_private_key(P256)
    public, _ = wrapped(car, car.public_key())
    with pytest.raises(ValueError, match="octets"):
        unwrapped(public, encrypted, car)
