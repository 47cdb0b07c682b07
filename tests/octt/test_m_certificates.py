"""TC_M: root certificates installed, listed and deleted."""

from __future__ import annotations

import pytest

from certs.make_pki import Minted
from tests.octt import states
from tests.octt.bench import Bench
from tests.octt.minted import named, pem, root
from tests.octt.tool import ABSENT, require
from tests.security import minting

CSMS, MANUFACTURER = "CSMSRootCertificate", "ManufacturerRootCertificate"
V2G, MO = "V2GRootCertificate", "MORootCertificate"


async def listed(bench: Bench, *kinds: str) -> list[tuple[str, str]]:
    """Kind and serial number of what is installed; each named by the right hashes."""
    return [
        (one["certificateType"], one["certificateHashData"]["serialNumber"])
        for one in await states.installed_certificates(bench, *kinds)
    ]


async def nothing(bench: Bench, kind: str) -> None:
    answer = await bench.tool.send("GetInstalledCertificateIds", certificateType=[kind])
    require(answer, status="NotFound", certificateHashDataChain=ABSENT)


async def installs(bench: Bench, kind: str) -> Minted:
    """A root of this kind, installed, and listed by the hashes that its bytes have."""
    new = root(f"New {kind}")
    await states.certificate_installed(bench, kind, pem(new))
    assert {"certificateType": kind, "certificateHashData": named(new.certificate)} in (
        await states.installed_certificates(bench, kind)
    )
    return new


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(CSMS, marks=pytest.mark.octt("TC_M_01_CS", "TC_M_12_CS")),
        pytest.param(MANUFACTURER, marks=pytest.mark.octt("TC_M_02_CS", "TC_M_13_CS")),
        pytest.param(V2G, marks=pytest.mark.octt("TC_M_03_CS", "TC_M_14_CS")),
        pytest.param(MO, marks=pytest.mark.octt("TC_M_04_CS", "TC_M_16_CS")),
    ],
)
async def test_a_root_is_installed_and_listed(bench: Bench, kind: str):
    await installs(bench, kind)


@pytest.mark.octt("TC_M_15_CS")
async def test_a_chain_for_cars_is_listed_with_the_certificates_below_it(bench: Bench):
    folder = bench.station.config.certificates / "own" / "v2g"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "secc.pem").write_text(minting.pem("secc"))
    (folder / "secc.key").write_bytes(minting.key("secc").read_bytes())
    (one,) = await states.installed_certificates(bench, "V2GCertificateChain")
    require(one, certificateType="V2GCertificateChain", childCertificateHashData=bool)


@pytest.mark.octt("TC_M_17_CS", "TC_M_18_CS")
async def test_roots_of_two_kinds_are_listed_by_kind_and_all_together(bench: Bench):
    both = [(kind, named((await installs(bench, kind)).certificate)["serialNumber"]) for kind in (CSMS, MANUFACTURER)]
    assert sorted(await listed(bench, CSMS, MANUFACTURER)) == sorted(both)
    answer = await bench.tool.send("GetInstalledCertificateIds")
    found = require(answer, status="Accepted")["certificateHashDataChain"]
    assert sorted((one["certificateType"], one["certificateHashData"]["serialNumber"]) for one in found) == sorted(both)


@pytest.mark.octt("TC_M_07_CS")
async def test_an_expired_root_is_rejected(bench: Bench):
    await installs(bench, CSMS)
    before = await listed(bench, CSMS)
    expired = root("Expired", ends_days=-1)
    answer = await bench.tool.send("InstallCertificate", certificateType=CSMS, certificate=pem(expired))
    require(answer, status="Rejected")
    assert await listed(bench, CSMS) == before


@pytest.mark.octt("TC_M_09_CS")
@pytest.mark.bench(settings={"SecurityCtrlr.AdditionalRootCertificateCheck": True})
async def test_a_root_that_the_old_one_has_not_signed_is_rejected_where_that_is_checked(bench: Bench):
    await installs(bench, CSMS)
    before = await listed(bench, CSMS)
    answer = await bench.tool.send("InstallCertificate", certificateType=CSMS, certificate=pem(root("Stranger")))
    require(answer, status="Rejected")
    assert await listed(bench, CSMS) == before


@pytest.mark.octt("TC_M_19_CS")
async def test_of_a_kind_that_is_not_there_nothing_is_found(bench: Bench):
    await nothing(bench, MO)


@pytest.mark.octt("TC_M_20_CS")
async def test_a_root_is_deleted(bench: Bench):
    new = await installs(bench, CSMS)
    answer = await bench.tool.send("DeleteCertificate", certificateHashData=named(new.certificate))
    require(answer, status="Accepted")
    await nothing(bench, CSMS)


@pytest.mark.octt("TC_M_22_CS")
async def test_a_root_that_is_not_there_is_not_deleted(bench: Bench):
    await installs(bench, CSMS)
    before = await listed(bench, CSMS)
    answer = await bench.tool.send("DeleteCertificate", certificateHashData=named(root("Unknown").certificate))
    require(answer, status="NotFound")
    assert await listed(bench, CSMS) == before
