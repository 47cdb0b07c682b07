"""What cars meet: the certificate that is best now, and contracts only where somebody can judge them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from agent.config import V2g
from agent.iso15118.secc.snapshot import Payment
from agent.ocpp.dialect import Notice
from agent.ocpp.settings import SETTINGS
from agent.ocpp.variables import Settings
from agent.plug_and_charge import PlugAndCharge
from agent.runtime.clock import LoopClock
from tests.security import minting

BOTH = (Payment.CONTRACT, Payment.EXTERNAL)
CARD = (Payment.EXTERNAL,)


def made(folder: Path, config: V2g | None = None, **settings: Any) -> PlugAndCharge:
    values = {name.replace("_", "."): str(value) for name, value in settings.items()}
    settings_ = Settings(SETTINGS, start_values=values)
    return PlugAndCharge(config or V2g(host="::1"), folder, settings_, LoopClock(), said)


async def said(notice: Notice) -> Any:
    raise AssertionError(f"nobody is to be told {notice}")


def put(folder: Path, kind: str, name: str) -> Path:
    place = folder / kind
    place.mkdir(parents=True, exist_ok=True)
    (place / f"{name}.pem").write_text(minting.pem(name))
    if kind.startswith("own"):
        (place / f"{name}.key").write_bytes(minting.key(name).read_bytes())
    return place / f"{name}.pem"


@pytest.mark.parametrize("kind", ["mo", "v2g"])
async def test_a_root_that_the_csms_installs_lets_contracts_in(tmp_path: Path, kind: str):
    contracts = made(tmp_path)
    assert contracts.payments == CARD
    assert contracts.judge() is None
    put(tmp_path, f"roots/{kind}", f"{kind}-root")
    assert contracts.payments == BOTH
    assert contracts.judge() is not None


async def test_where_the_csms_may_judge_no_root_is_needed(tmp_path: Path):
    assert made(tmp_path, ISO15118Ctrlr_CentralContractValidationAllowed="true").payments == BOTH


async def test_no_contract_is_taken_where_the_operator_wants_none(tmp_path: Path):
    put(tmp_path, "roots/mo", "mo-root")
    contracts = made(tmp_path, ISO15118Ctrlr_PnCEnabled="false")
    assert contracts.payments == CARD
    assert contracts.judge() is None


async def test_without_a_certificate_there_is_no_tls_and_with_one_there_is(tmp_path: Path):
    contracts = made(tmp_path)
    assert contracts.tls() is None
    put(tmp_path, "own/v2g", "secc")
    first = contracts.tls()
    assert first is not None
    assert contracts.tls() is first  # read once


async def test_a_certificate_that_is_over_to_begin_or_broken_makes_way_for_the_configured_one(
    tmp_path: Path,
):
    chain, key = minting.path("secc"), minting.key("secc")
    contracts = made(tmp_path, V2g(host="::1", certificate_file=chain, key_file=key))
    configured = contracts.tls()
    for name in ("secc-expired", "secc-not-yet-valid"):
        put(tmp_path, "own/v2g", name)
        assert contracts.tls() is configured
    put(tmp_path, "own/v2g", "secc-unknown-root").with_suffix(".key").write_bytes(minting.key("csms").read_bytes())
    assert contracts.tls() is not None


async def test_a_certificate_that_was_replaced_in_its_file_is_read_anew(tmp_path: Path):
    path = put(tmp_path, "own/v2g", "secc")
    contracts = made(tmp_path)
    first = contracts.tls()
    os.utime(path, (1, 1))
    assert contracts.tls() is not first
