"""Cars that pay by contract, asked for over the control API: inside TLS, with what they carry, billed by the CSMS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.config import V2g
from agent.iso15118.sdp import Response, Security
from csms.pki import Pki
from csms.server import Csms
from sim.blackbox import BlackBox, Told
from sim.commands import CommandError
from tests.agent.iso15118 import pki
from tests.sim.blackboxes import physics, running, view
from tests.sim.test_blackbox_dc import DC

OWN = "DEEVSC00000077"
CAR = {"evse": 1, "protocol": "iso15118", "payment": "Contract"}
KINDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "AC": (CAR | {"current_a": 16}, {}),
    "DC": (CAR | {"energy": "DC", "current_a": 100}, {"options": DC, "kind": "DC"}),
}


def v2g(**more: Any) -> V2g:
    folder = pki.folder()
    shown = {"certificate_file": folder / "secc.pem", "key_file": folder / "secc.key"}
    return V2g(host="::1", sdp_port=None, contract_roots_file=folder / "mo-root.pem", **shown | more)


@asynccontextmanager
async def billed(tmp_path: Path, **more: Any) -> AsyncIterator[tuple[BlackBox, Csms]]:
    """A charger with the folder of its cars, and a CSMS that knows the contract and can have another one made."""
    csms = Csms(tmp_path / "csms.sqlite", accept_all=True)
    for emaid in (pki.EMAID, OWN):
        csms.add_token(emaid, kind="eMAID")
    url = f"ws://127.0.0.1:{await csms.start()}/ocpp"
    await csms.start_secure(Pki(pki.folder()))
    assert csms.certificates is not None
    csms.certificates.provision({pki.PCID: OWN})
    try:
        given = {"v2g": v2g(), "car_certificates": pki.folder()} | more
        async with running(tmp_path / "station", url, **given) as box:
            await asyncio.sleep(3)
            yield box, csms
    finally:
        await csms.stop()


def told(box: BlackBox) -> tuple[asyncio.Task[None], list[Told]]:
    """What cars say of their sessions from now on."""
    heard: list[Told] = []

    async def listen() -> None:
        async for one in box.story():
            heard.extend([one] if one.kind == "car" else [])

    return asyncio.get_running_loop().create_task(listen()), heard


@pytest.mark.parametrize("kind", KINDS)
async def test_a_car_is_plugged_in_pays_by_contract_and_is_billed(tmp_path: Path, kind: str):
    car, more = KINDS[kind]
    async with billed(tmp_path, **more) as (box, csms):
        await box.command("plug_in", car)
        await asyncio.sleep(20)
        assert (await physics(box)).current_a[0] == pytest.approx(car["current_a"], abs=0.1)
        assert (await view(box)).id_token == pki.EMAID
        await box.command("plug_out", {"evse": 1})
        await asyncio.sleep(30)
        (bill,) = await csms.sessions("SIM-1")
        assert bill.token == pki.EMAID
        assert bill.energy_wh == pytest.approx((await physics(box)).true_energy_wh, abs=1.0)
        assert bill.energy_wh > 20


async def test_a_car_without_a_contract_has_one_fetched_and_pays_with_it(tmp_path: Path):
    async with billed(tmp_path) as (box, csms):
        await box.command("plug_in", {**CAR, "contract": None})
        await asyncio.sleep(20)
        assert (await physics(box)).current_a[0] == pytest.approx(16.0, abs=0.1)
        await box.command("plug_out", {"evse": 1})
        await asyncio.sleep(30)
        assert [one.token for one in await csms.sessions("SIM-1")] == [OWN]


@pytest.mark.parametrize(
    ("contract", "ended"),
    [
        ("bad/contract-expired", "PaymentDetailsReq: FAILED_CertificateExpired"),
        ("bad/contract-unknown-root", "PaymentDetailsReq: FAILED_CertChainError"),
    ],
)
async def test_a_contract_that_is_not_good_lets_nothing_flow_and_the_story_says_why(
    tmp_path: Path, contract: str, ended: str
):
    async with billed(tmp_path) as (box, csms):
        listening, heard = told(box)
        await box.command("plug_in", {**CAR, "contract": contract})
        await asyncio.sleep(20)
        assert {one.facts["ended"] for one in heard} == {ended}
        assert {one.facts["protocol"] for one in heard} == {"ISO_2"}
        assert (await physics(box)).true_energy_wh == 0.0
        assert not [one for one in await csms.sessions("SIM-1") if one.energy_wh]
        listening.cancel()


@pytest.mark.parametrize(
    ("charger", "why"),
    [
        ({"certificate_file": None, "key_file": None}, "no connection"),
        (
            {"certificate_file": "bad/secc-unknown-root.pem", "key_file": "bad/secc-unknown-root.key"},
            "CERTIFICATE_VERIFY_FAILED",
        ),
    ],
    ids=["without TLS", "of a stranger"],
)
async def test_a_car_shows_its_contract_to_no_charger_that_it_cannot_trust(
    tmp_path: Path, charger: dict[str, Any], why: str
):
    files = {name: None if one is None else pki.folder() / one for name, one in charger.items()}
    async with billed(tmp_path, v2g=v2g(**files)) as (box, _):
        listening, heard = told(box)
        await box.command("plug_in", CAR)
        await asyncio.sleep(30)
        assert heard
        assert all(why in one.facts["ended"] for one in heard), heard
        assert (await physics(box)).true_energy_wh == 0.0
        listening.cancel()


@pytest.mark.parametrize(
    ("car", "wanted", "found", "ended"),
    [
        (CAR, Security.TLS, Security.TLS, None),
        (CAR, Security.TLS, Security.NONE, "no connection: the charger has no TLS"),
        ({"evse": 1, "protocol": "iso15118"}, Security.NONE, Security.NONE, None),
    ],
    ids=["contract", "contract, no TLS", "card"],
)
async def test_a_car_asks_by_discovery_for_the_port_and_for_the_security_that_it_needs(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    car: dict[str, Any],
    wanted: Security,
    found: Security,
    ended: str | None,
):
    asked: list[tuple[Security, int]] = []
    async with billed(tmp_path, v2g=msgspec.structs.replace(v2g(), sdp_port=0), FreeVend=True) as (box, _):

        async def find(*, interface: str | None, host: str, port: int, security: Security) -> Response:
            assert interface is None
            asked.append((security, port))
            assert box._host.agent is not None
            return Response(IPv6Address(host), box._host.agent.v2g[1].port, found)

        monkeypatch.setattr("sim.evcc.talkers.find", find)
        listening, heard = told(box)
        await box.command("plug_in", car)
        await asyncio.sleep(20)
        assert {security for security, _ in asked} == {wanted}
        assert all(port > 0 for _, port in asked)
        assert {one.facts["ended"] for one in heard} == ({ended} if ended is not None else set())
        listening.cancel()


async def test_a_car_that_hangs_on_the_cable_when_the_charger_is_started_anew_talks_to_it(tmp_path: Path):
    async with billed(tmp_path) as (box, _):
        await box.command("plug_in", CAR)
        await asyncio.sleep(20)
    async with billed(tmp_path) as (box, _):
        await asyncio.sleep(20)
        assert (await physics(box)).current_a[0] == pytest.approx(16.0, abs=0.1)


@pytest.mark.parametrize(
    ("folder", "contract", "argument"),
    [(None, "contract", "payment"), ("there", "nobodys", "contract"), ("nowhere", None, "contract")],
)
async def test_a_car_that_has_nothing_to_pay_with_is_refused(
    tmp_path: Path, folder: str | None, contract: str | None, argument: str
):
    there = {None: None, "there": pki.folder(), "nowhere": tmp_path / "nowhere"}[folder]
    async with running(tmp_path, v2g=v2g(), car_certificates=there) as box:
        with pytest.raises(CommandError) as refused:
            await box.command("plug_in", CAR | {"contract": contract})
        assert refused.value.argument == argument
        assert not (await physics(box)).plugged
