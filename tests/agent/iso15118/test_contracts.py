"""Plug & charge: a contract is believed only with its whole chain and its key, and offered only inside TLS."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ssl
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from msgspec.structs import replace

from agent.iso15118 import sdp
from agent.iso15118.contracts import ContractJudge
from agent.iso15118.secc.events import ContractProved, PowerWanted, Protocol, SessionOver
from agent.iso15118.secc.snapshot import Payment
from agent.iso15118.secc.state import Dice
from agent.iso15118.server import SeccServer
from agent.iso15118.tls import context
from sim.evcc.discovery import find
from sim.evcc.evcc import charge
from sim.evcc.link import StreamLink
from sim.evcc.plan import Plan
from tests.agent.iso15118 import pki
from tests.agent.iso15118.stand import DICE, Battery, Stand, snapshot
from tests.agent.iso15118.test_server import free_port

PLAN = Plan(offers=(Protocol.ISO_2,), payment=Payment.CONTRACT, charge_s=1.0, loop_s=0.1)
PAYING = snapshot(payments=(Payment.CONTRACT, Payment.EXTERNAL))


def judge(*roots: str) -> ContractJudge:
    trusted = pki.roots(*(roots or ("mo-root",)))
    return ContractJudge(lambda: trusted, lambda: dt.datetime.now(dt.UTC))


def stand(*roots: str, secure: bool = True) -> Stand:
    made = Stand(PAYING, dice=Dice(DICE.session_id, DICE.challenge, judge(*roots)))
    if secure:
        made.engine.secured()
    return made


async def test_a_contract_whose_chain_and_key_are_good_pays():
    made = stand()
    report = await charge(made, replace(PLAN, contract=pki.contract()), Battery())
    assert report.ended == "done"
    proved = [one for one in made.events if isinstance(one, ContractProved)]
    assert [one.emaid for one in proved] == [pki.EMAID]


async def test_in_the_clear_nobody_pays_by_contract():
    made = stand(secure=False)
    report = await charge(made, replace(PLAN, contract=pki.contract()), Battery())
    assert "Contract is not among" in report.ended
    assert not any(isinstance(one, PowerWanted) for one in made.events)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("bad/contract-expired", "FAILED_CertificateExpired"),
        ("bad/contract-not-yet-valid", "FAILED_CertChainError"),
        ("bad/contract-unknown-root", "FAILED_CertChainError"),
        ("bad/contract-wrong-purpose", "FAILED_CertChainError"),
        ("secc", "FAILED_CertChainError"),
    ],
)
async def test_a_contract_that_is_not_good_is_refused(name: str, code: str):
    made = stand()
    report = await charge(made, replace(PLAN, contract=pki.contract(name)), Battery())
    assert report.ended == f"PaymentDetailsReq: {code}"
    assert not any(isinstance(one, ContractProved) for one in made.events)


async def test_without_a_root_that_it_leads_to_no_contract_is_believed():
    report = await charge(stand("v2g-root"), replace(PLAN, contract=pki.contract()), Battery())
    assert "FAILED_CertChainError" in report.ended


@pytest.mark.req("C07.FR.06")
def test_a_chain_without_a_root_goes_to_the_csms_only_where_that_is_allowed():
    (root,) = pki.roots("v2g-root")
    allowed = False
    made = ContractJudge(lambda: [root], lambda: dt.datetime.now(dt.UTC), lambda: allowed)
    chain = pki.contract().chain
    assert made.chain(pki.EMAID, chain) == "FAILED_CertChainError"
    allowed = True
    assert made.chain(pki.EMAID, chain) == "OK"
    described = made.described(chain)
    assert described.valid is None
    assert described.chain_pem is not None
    shown = x509.load_pem_x509_certificates(described.chain_pem.encode())
    assert tuple(one.public_bytes(serialization.Encoding.DER) for one in shown) == chain
    assert made.chain(pki.EMAID, (chain[0], *chain[1:] * 6)) == "FAILED_CertChainError", "too long for the CSMS"


async def test_somebody_elses_contract_is_refused_without_its_key():
    stolen = replace(pki.contract(), key=pki.contract("oem-provisioning").key)
    report = await charge(stand(), replace(PLAN, contract=stolen), Battery())
    assert report.ended == "AuthorizationReq: FAILED_SignatureError"


async def test_a_contract_names_its_own_driver():
    report = await charge(stand(), replace(PLAN, contract=pki.contract(emaid="DEEVSC99999999")), Battery())
    assert report.ended == "PaymentDetailsReq: FAILED_CertChainError"


def test_the_csms_is_asked_about_every_certificate_that_can_be_revoked():
    described = judge().described(pki.contract().chain)
    assert described.valid
    assert len(described.hashes) == 3
    assert all(one.responder_url for one in described.hashes)


class Charger:
    def __init__(self, port: int | None) -> None:
        self.state = PAYING
        self.events: list[Any] = []
        tls = context(str(pki.folder() / "secc.pem"), str(pki.folder() / "secc.key"))
        dice = Dice(DICE.session_id, DICE.challenge, judge())
        self.server = SeccServer("::1", lambda: self.state, self.tell, lambda: dice, sdp_port=port, tls=lambda: tls)

    def tell(self, event: Any) -> None:
        self.events.append(event)
        if isinstance(event, PowerWanted):
            asyncio.get_running_loop().call_soon(self.close, event.on)

    def close(self, on: bool) -> None:
        self.state = replace(self.state, ac=replace(self.state.ac, closed=on))
        self.server.changed()


@pytest_asyncio.fixture
async def charger() -> AsyncIterator[Any]:
    port = free_port()
    made = Charger(port)
    task = asyncio.get_running_loop().create_task(made.server.run())
    await made.server.listening.wait()
    yield made, port
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def trusting() -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.load_verify_locations(str(pki.folder() / "v2g-root.pem"))
    made.maximum_version = ssl.TLSVersion.TLSv1_2
    made.check_hostname = False  # a SECC's certificate names no host
    return made


@pytest.mark.realtime
async def test_one_port_serves_cars_with_and_without_tls(charger: Any):
    made, port = charger
    where = await find(host="::1", port=port, security=sdp.Security.TLS)
    assert where.security is sdp.Security.TLS
    reader, writer = await asyncio.open_connection("::1", where.port, ssl=trusting())
    cipher = writer.get_extra_info("cipher")
    assert cipher[0].startswith("ECDHE-ECDSA-AES128")
    report = await charge(StreamLink(reader, writer), replace(PLAN, contract=pki.contract()), Battery())
    assert report.ended == "done"
    where = await find(host="::1", port=port)
    assert where.security is sdp.Security.NONE
    reader, writer = await asyncio.open_connection("::1", where.port)
    plain = replace(PLAN, payment=Payment.EXTERNAL)
    assert (await charge(StreamLink(reader, writer), plain, Battery())).ended == "done"
    assert sum(isinstance(one, SessionOver) for one in made.events) == 2


@pytest.mark.realtime
async def test_a_broken_handshake_is_closed_and_the_next_car_charges(charger: Any):
    made, port = charger
    del port
    reader, writer = await asyncio.open_connection("::1", made.server.port)
    writer.write(b"\x16\x03\x01\x00\x05hello")
    async with asyncio.timeout(5):
        await reader.read()
    writer.close()
    reader, writer = await asyncio.open_connection("::1", made.server.port)
    plain = replace(PLAN, payment=Payment.EXTERNAL)
    assert (await charge(StreamLink(reader, writer), plain, Battery())).ended == "done"
