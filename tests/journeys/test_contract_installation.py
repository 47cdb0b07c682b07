"""A car without a contract gets one over the charging cable, and charges with it."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from msgspec.structs import replace

from agent.config import V2g
from agent.iso15118.secc.events import Protocol
from agent.iso15118.secc.snapshot import Payment
from csms.pki import Pki
from sim.evcc.evcc import charge
from sim.evcc.link import StreamLink
from sim.evcc.onboard import OnBoard
from sim.evcc.plan import Plan, Report
from sim.stage.place import EPOCH_S, Place, PlaceSpec
from sim.stage.place import place as sim_place
from tests.agent.iso15118 import pki

MINTED = dt.datetime.fromtimestamp(EPOCH_S, dt.UTC)
EMAID = "DEEVSC00000042"
PLAN = Plan(offers=(Protocol.ISO_2,), payment=Payment.CONTRACT, charge_s=120.0, loop_s=5.0)


@pytest_asyncio.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    folder = pki.folder(MINTED)
    v2g = V2g(
        host="::1",
        sdp_port=None,
        certificate_file=folder / "secc.pem",
        key_file=folder / "secc.key",
        contract_roots_file=folder / "mo-root.pem",
    )
    async with sim_place(tmp_path, PlaceSpec(v2g=v2g, tokens={EMAID: None})) as made:
        await made.csms.start_secure(Pki(folder))
        assert made.csms.certificates is not None
        made.csms.certificates.provision({pki.PCID: EMAID})
        yield made


async def charged(place: Place, plan: Plan) -> Report:
    """A car comes, charges inside TLS as planned, and leaves."""
    agent = place.station.agent
    assert agent is not None
    vehicle = place.plug_in(digital=True, phases=3, max_current_a=16.0)
    await asyncio.sleep(1)
    car = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    car.check_hostname = False
    car.verify_mode = ssl.CERT_NONE  # TLS judges dates by the machine's clock, and this is another time
    car.maximum_version = ssl.TLSVersion.TLSv1_2
    reader, writer = await asyncio.open_connection("::1", agent.v2g[1].port, ssl=car)
    report = await charge(StreamLink(reader, writer, timeout_s=100.0), plan, OnBoard(place.board, 1, vehicle))
    place.board.plug_out(1)
    await asyncio.sleep(30)
    return report


@pytest.mark.req("M01.FR.01", "M02.FR.01", "C07.FR.01")
async def test_a_car_without_a_contract_gets_one_pays_with_it_and_has_it_renewed(place: Place):
    report = await charged(place, replace(PLAN, provisioned=pki.provisioned(MINTED)))
    assert report.ended == "done"
    assert report.contract is not None
    assert report.contract.emaid == EMAID
    first = report.contract

    report = await charged(place, replace(PLAN, provisioned=pki.provisioned(MINTED), contract=first))
    assert report.ended == "done"
    assert report.contract is not None
    assert report.contract.emaid == EMAID
    assert report.contract.key.public_key() != first.key.public_key()

    bills = await place.bills()
    assert [one.token for one in bills] == [EMAID, EMAID]
    assert sum(one.energy_wh or 0.0 for one in bills) == pytest.approx(place.true_wh(), abs=2.0)
    assert place.true_wh() > 500


async def test_a_car_that_no_driver_has_a_contract_for_gets_none_and_nothing_flows(place: Place):
    assert place.csms.certificates is not None
    place.csms.certificates.provision({})
    report = await charged(place, replace(PLAN, provisioned=pki.provisioned(MINTED)))
    assert report.ended == "CertificateInstallationReq: FAILED_NoCertificateAvailable"
    assert place.true_wh() == pytest.approx(0.0)
