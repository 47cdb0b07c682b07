"""A car that presents a contract (C07, C08): asked of the CSMS with its certificates, and obeyed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agent.core.contract import CertificateHash, CertificateVerdict, Contract
from agent.core.events import AnyEvent, AuthorizationDecided, ContractPresented
from agent.core.session import Phase, Session
from agent.core.values import AuthInfo, IdToken, TokenKind
from tests.agent.ocpp.life import Life, life
from tests.agent.ocpp.scripted_csms import ScriptedCsms

EMAID = IdToken("DE8ACC12E46L89", TokenKind.E_MAID)
HASH = CertificateHash("SHA256", "aa", "bb", "1f", "http://ocsp.example")
VALID, UNCHECKED, BROKEN = Contract((HASH,), valid=True), Contract((), "PEM", None), Contract((HASH,), valid=False)
GOOD = {"idTokenInfo": {"status": "Accepted"}}


def csms(status: str = "Accepted", certificate: str | None = "Accepted") -> ScriptedCsms:
    answer: dict[str, Any] = {"idTokenInfo": {"status": status}}
    if certificate is not None:
        answer["certificateStatus"] = certificate
    return ScriptedCsms(versions=("ocpp2.0.1",), answers={"Authorize": answer, "TransactionEvent": GOOD})


async def present(one: Life, contract: Contract) -> AuthInfo | None:
    """The car presents its contract; the verdict that the ISO 15118 side hears."""
    heard: list[AuthInfo] = []

    def watch(_before: Session, event: AnyEvent | None, _session: Session, _effects: object) -> None:
        if isinstance(event, AuthorizationDecided):
            heard.append(event.info)

    assert one.station.agent is not None
    with one.station.agent.charge_point.watching(watch):
        one.station.agent.charge_point.post(1, ContractPresented(EMAID, contract))
        await asyncio.sleep(5)
    return heard[-1] if heard else None


@pytest.mark.req("C07.FR.01")
@pytest.mark.req("C07.FR.02")
@pytest.mark.req("C08.FR.01")
@pytest.mark.octt("TC_C_50_CS")
async def test_the_csms_gets_the_emaid_and_the_hashes_of_the_chain(tmp_path: Path):
    async with life(tmp_path, csms(), settings={"LocalPreAuthorize": True}) as one:
        await one.plug()
        info = await present(one, VALID)
        (asked,) = one.csms.calls("Authorize")
        assert asked.payload == {
            "idToken": {"idToken": EMAID.value, "type": "eMAID"},
            "iso15118CertificateHashData": [
                {
                    "hashAlgorithm": "SHA256",
                    "issuerNameHash": "aa",
                    "issuerKeyHash": "bb",
                    "serialNumber": "1f",
                    "responderURL": "http://ocsp.example",
                }
            ],
        }
        assert info is not None
        assert info.certificate is CertificateVerdict.ACCEPTED
        assert one.session().phase is Phase.CHARGING
        assert one.events()[0]["idToken"]["type"] == "eMAID"


@pytest.mark.octt("TC_C_51_CS")
@pytest.mark.parametrize(
    ("status", "certificate"),
    [("Accepted", "CertificateRevoked"), ("Invalid", "CertChainError"), ("Blocked", "ContractCancelled")],
)
async def test_a_contract_that_the_csms_does_not_accept_charges_nothing(tmp_path: Path, status: str, certificate: str):
    async with life(tmp_path, csms(status, certificate)) as one:
        await one.plug()
        info = await present(one, VALID)
        assert info is not None
        assert info.certificate == certificate
        assert one.session().phase is Phase.CONNECTED


@pytest.mark.req("C07.FR.06")
@pytest.mark.octt("TC_C_52_CS")
@pytest.mark.parametrize("allowed", [True, False])
async def test_a_chain_without_a_root_here_goes_to_the_csms_where_that_is_allowed(tmp_path: Path, allowed: bool):
    settings = {"ISO15118Ctrlr.CentralContractValidationAllowed": allowed}
    async with life(tmp_path, csms(), settings=settings) as one:
        await one.plug()
        await present(one, UNCHECKED)
        asked = [call.payload.get("certificate") for call in one.csms.calls("Authorize")]
        assert asked == (["PEM"] if allowed else [])
        assert (one.session().phase is Phase.CHARGING) is allowed


async def test_a_contract_that_is_known_to_be_bad_is_not_asked_for(tmp_path: Path):
    async with life(tmp_path, csms()) as one:
        await one.plug()
        info = await present(one, BROKEN)
        assert info is not None
        assert info.certificate is CertificateVerdict.CHAIN_ERROR
        assert one.csms.calls("Authorize") == []


@pytest.mark.req("C07.FR.07")
@pytest.mark.req("C07.FR.12")
@pytest.mark.octt("TC_C_54_CS")
@pytest.mark.octt("TC_C_55_CS")
@pytest.mark.parametrize(
    ("believed", "contract", "charges"),
    [(True, VALID, True), (False, VALID, False), (True, UNCHECKED, False), (True, BROKEN, False)],
)
async def test_offline_a_contract_charges_only_where_it_may_be_believed_and_is_valid(
    tmp_path: Path, believed: bool, contract: Contract, charges: bool
):
    settings = {"ISO15118Ctrlr.ContractValidationOffline": believed, "AllowOfflineTxForUnknownId": True}
    async with life(tmp_path, csms(), settings=settings) as one:
        await one.offline()
        await one.plug()
        await present(one, contract)
        assert (one.session().phase is Phase.CHARGING) is charges


async def test_a_contract_presented_again_never_stops_the_session_of_a_card(tmp_path: Path):
    async with life(tmp_path, csms(certificate=None)) as one:
        await one.plug()
        await one.tap()
        assert await present(one, VALID) is None
        assert one.session().phase is Phase.CHARGING
