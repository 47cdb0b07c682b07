"""TC_C, TC_E: cars that talk ISO 15118-2: contracts, and what a car may end by itself."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from agent.config import V2g
from agent.iso15118.secc.events import Protocol
from agent.iso15118.secc.snapshot import Payment
from sim.board import BoardSpec
from sim.evcc.evcc import charge
from sim.evcc.link import StreamLink
from sim.evcc.onboard import OnBoard
from sim.evcc.plan import Plan
from sim.evse import EvseSpec
from tests.agent.iso15118 import pki
from tests.octt import states
from tests.octt.bench import DURATION_S, EPOCH_S, Bench
from tests.octt.bench import bench as made
from tests.octt.tool import PRESENT, require

LOOPBACK = "::1"
MINTED = dt.datetime.fromtimestamp(EPOCH_S, dt.UTC)
ANSWER_S = 100.0  # how long the car waits for an answer
SILENCE_S = 30.0
E_MAID = {"idToken__idToken": pki.EMAID, "idToken__type": "eMAID"}
TALKS = V2g(host=LOOPBACK, sdp_port=None)
TETHERED = BoardSpec(evse=EvseSpec(socket=False))
PLAN = Plan(offers=(Protocol.ISO_2,), charge_s=DURATION_S)
CENTRAL = {"ISO15118Ctrlr.CentralContractValidationAllowed": True, "TxCtrlr.TxStartPoint": "Authorized"}
FORGIVING = {"AuthCtrlr.OfflineTxForUnknownIdEnabled": True, "TxCtrlr.TxStartPoint": "EVConnected"}


@asynccontextmanager
async def car(bench: Bench, plan: Plan = PLAN) -> AsyncIterator[None]:
    """The car that is plugged in talks, until its controller dies; inside TLS where it pays by contract."""
    agent = bench.station.agent
    assert agent is not None
    assert bench.vehicle is not None
    secure = None
    if plan.payment is Payment.CONTRACT:
        secure = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        secure.check_hostname = False
        secure.verify_mode = ssl.CERT_NONE  # the lab's time is not the machine's, by which a handshake judges
        secure.maximum_version = ssl.TLSVersion.TLSv1_2
    reader, writer = await asyncio.open_connection(LOOPBACK, agent.v2g[bench.evse].port, ssl=secure)
    link = StreamLink(reader, writer, timeout_s=ANSWER_S)
    session = asyncio.create_task(charge(link, plan, OnBoard(bench.station.board, bench.evse, bench.vehicle)))
    try:
        yield
    finally:
        session.cancel()
        with suppress(asyncio.CancelledError):
            await session
    await asyncio.sleep(1)
    for one in bench.tool.left("TransactionEvent"):
        require(
            bench.tool.take(one), eventType="Updated", transactionInfo__chargingState={"SuspendedEV", "SuspendedEVSE"}
        )


@asynccontextmanager
async def taking_contracts(request: pytest.FixtureRequest, directory: Path, root: str) -> AsyncIterator[Bench]:
    folder = pki.folder(MINTED)
    v2g = V2g(
        host=LOOPBACK,
        sdp_port=None,
        certificate_file=folder / "secc.pem",
        key_file=folder / "secc.key",
        contract_roots_file=folder / f"{root}.pem",
    )
    mark = request.node.get_closest_marker("bench")
    async with made(directory, v2g=v2g, **(mark.kwargs if mark is not None else {})) as one:
        yield one


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


def by_contract() -> Plan:
    return Plan(offers=(Protocol.ISO_2,), payment=Payment.CONTRACT, charge_s=3600.0, contract=pki.contract(now=MINTED))


@pytest.mark.octt("TC_C_50_CS")
@pytest.mark.bench(settings={"TxCtrlr.TxStartPoint": "Authorized"})
async def test_a_contract_that_is_good_charges(paid: Bench):
    states.verdict(paid, "Accepted", certificateStatus="Accepted")
    await states.connected(paid, digital=True)
    async with car(paid, by_contract()):
        await paid.tool.expect("Authorize", iso15118CertificateHashData=PRESENT, **E_MAID)
        await states.event(paid, triggerReason="Authorized", **E_MAID)
        paid.authorized = True
        await states.charging(paid)


@pytest.mark.octt("TC_C_51_CS")
@pytest.mark.bench(settings={"TxCtrlr.TxStartPoint": "Authorized"})
async def test_a_contract_that_was_cancelled_charges_nothing(paid: Bench):
    states.verdict(paid, "Invalid", certificateStatus="ContractCancelled")
    await states.connected(paid, digital=True)
    async with car(paid, by_contract()):
        await paid.tool.expect("Authorize", iso15118CertificateHashData=PRESENT, **E_MAID)
        await paid.tool.silence("TransactionEvent", SILENCE_S)
        assert not paid.closed


@pytest.mark.octt("TC_C_52_CS")
@pytest.mark.bench(settings=CENTRAL)
async def test_a_contract_that_only_the_csms_can_check_charges(rootless: Bench):
    states.verdict(rootless, "Accepted", certificateStatus="Accepted")
    await states.connected(rootless, digital=True)
    async with car(rootless, by_contract()):
        await rootless.tool.expect("Authorize", certificate=PRESENT, **E_MAID)
        await states.event(rootless, triggerReason="Authorized", **E_MAID)
        rootless.authorized = True
        await states.charging(rootless)


@pytest.mark.octt("TC_C_53_CS")
@pytest.mark.bench(settings=CENTRAL)
async def test_a_contract_that_the_csms_finds_revoked_charges_nothing(rootless: Bench):
    states.verdict(rootless, "Invalid", certificateStatus="CertificateRevoked")
    await states.connected(rootless, digital=True)
    async with car(rootless, by_contract()):
        await rootless.tool.expect("Authorize", certificate=PRESENT, **E_MAID)
        await rootless.tool.silence("TransactionEvent", SILENCE_S)
        assert not rootless.closed


async def plugged_offline(bench: Bench) -> None:
    """A car with a contract comes while the CSMS is away; what is told when it is back, up to the plug."""
    states.verdict(bench, "Accepted", certificateStatus="Accepted")
    await bench.tool.go_offline()
    bench.plug(digital=True)
    await asyncio.sleep(1)


async def told_of_the_plug(bench: Bench) -> None:
    await bench.tool.go_online()
    await states.told(bench, "Occupied")
    await states.event(
        bench, triggerReason="CablePluggedIn", transactionInfo__chargingState="EVConnected", offline=True
    )


@pytest.mark.octt("TC_C_54_CS")
@pytest.mark.bench(settings=FORGIVING | {"ISO15118Ctrlr.ContractValidationOffline": True})
async def test_offline_a_contract_charges_where_it_may_be_believed(paid: Bench):
    await plugged_offline(paid)
    async with car(paid, by_contract()):
        await asyncio.sleep(DURATION_S)
        await told_of_the_plug(paid)
        await states.event(paid, triggerReason="Authorized", offline=True)
        paid.authorized = True
        await states.charging(paid)


@pytest.mark.octt("TC_C_55_CS")
@pytest.mark.bench(settings=FORGIVING | {"ISO15118Ctrlr.ContractValidationOffline": False})
async def test_offline_a_contract_charges_nothing_where_it_may_not_be_believed(paid: Bench):
    await plugged_offline(paid)
    async with car(paid, by_contract()):
        await asyncio.sleep(DURATION_S)
        await told_of_the_plug(paid)
        await paid.tool.silence("TransactionEvent", SILENCE_S)
        assert not paid.closed


@pytest.mark.octt("TC_E_46_CS")
@pytest.mark.bench(v2g=TALKS)
@pytest.mark.parametrize(
    ("point", "wanted"),
    [
        ("Authorized", {"eventType": "Ended", "transactionInfo__stoppedReason": "StoppedByEV"}),
        ("EVConnected", {"eventType": "Updated"}),
    ],
)
async def test_a_car_that_ends_its_session_ends_the_authorization(bench: Bench, point: str, wanted: dict[str, Any]):
    await bench.configure("TxCtrlr.TxStopPoint", point)
    await states.connected(bench, digital=True)
    async with car(bench):
        await states.charging(bench)
        await asyncio.sleep(DURATION_S)
        await states.event(bench, eventType="Updated", transactionInfo__chargingState="SuspendedEV")
        await states.event(
            bench, triggerReason="StopAuthorized", transactionInfo__chargingState="EVConnected", **wanted
        )


@pytest.mark.octt("TC_E_54_CS")
@pytest.mark.bench(
    v2g=TALKS, spec=TETHERED, settings={"TxCtrlr.TxStopPoint": "EVConnected", "TxCtrlr.StopTxOnEVSideDisconnect": False}
)
async def test_the_plug_stops_a_transaction_whose_digital_car_leaves(bench: Bench):
    await states.connected(bench, digital=True)
    async with car(bench, Plan(offers=(Protocol.ISO_2,), charge_s=3600.0, pause=True)):
        await states.charging(bench)
        await states.suspended(bench)
        bench.unplug()
        await states.event(
            bench,
            eventType="Ended",
            triggerReason="EVCommunicationLost",
            transactionInfo__chargingState="Idle",
            transactionInfo__stoppedReason={"StoppedByEV", "EVDisconnected"},
        )
