"""Cases of 1.6 about the local authorisation list."""

from __future__ import annotations

import pytest

from agent.ocpp.settings.authorization import MAX_LIST_ITEMS
from tests.octt import states16 as states
from tests.octt.bench import VALID, VALID_2, Bench
from tests.octt.tool import Refused, require

pytestmark = pytest.mark.bench(version="1.6")

USED = pytest.mark.bench(
    settings={"LocalAuthListEnabled": True, "LocalPreAuthorize": True, "AuthorizeRemoteTxRequests": True}
)
OFF = pytest.mark.bench(settings={"LocalAuthListEnabled": False})


async def version(bench: Bench, number: int) -> None:
    require(await bench.tool.send("GetLocalListVersion"), listVersion=number)


@pytest.mark.octt("TC_008_1_CS")
@USED
async def test_a_listed_card_starts_without_a_question(bench: Bench):
    """The list is sent; a card that stands in it starts, and nobody is asked."""
    await states.listed(bench, VALID)
    await states.charging(bench, asks=False)
    assert not bench.tool.left("Authorize")


@pytest.mark.octt("TC_008_2_CS")
@USED
async def test_a_listed_card_is_started_remotely_without_a_question(bench: Bench):
    """The same, where the CSMS starts the driver and its requests are to be authorised."""
    await states.listed(bench, VALID)
    await states.plugged(bench)
    await states.remote_start(bench)
    await states.started(bench)
    assert not bench.tool.left("Authorize")


@pytest.mark.octt("TC_042_1_CS")
@OFF
async def test_a_list_that_is_not_in_use_has_no_version(bench: Bench):
    """The list is switched off."""
    await version(bench, -1)


@pytest.mark.octt("TC_042_2_CS")
async def test_an_empty_list_has_version_0(bench: Bench):
    """A list without anybody is sent with a version."""
    await version(bench, 0)
    await states.listed(bench, version=1)
    await version(bench, 0)


@pytest.mark.octt("TC_043_CS")
async def test_a_list_is_replaced_and_changed(bench: Bench):
    """A whole list is sent, then a change of it; each has its version."""
    await states.listed(bench, VALID, version=1)
    await version(bench, 1)
    await states.listed(bench, VALID_2, version=2, update="Differential")
    await version(bench, 2)


@pytest.mark.octt("TC_043_1_CS")
@OFF
async def test_a_list_that_is_not_in_use_is_not_taken(bench: Bench):
    """The list is switched off."""
    await states.listed(bench, VALID, status="NotSupported")


@pytest.mark.octt("TC_043_2_CS")
async def test_a_change_that_is_not_newer_is_a_version_mismatch(bench: Bench):
    """A list is sent, a change of it, and then one with an older version: that is told, and the list stays."""
    await states.listed(bench, VALID, version=2)
    await version(bench, 2)
    await states.listed(bench, VALID_2, version=5, update="Differential")
    await version(bench, 5)
    await states.listed(bench, VALID_2, version=4, update="Differential", status="VersionMismatch")
    await version(bench, 5)


@pytest.mark.octt("TC_043_3_CS")
async def test_a_list_that_cannot_be_kept_fails_and_the_old_one_stays(bench: Bench):
    """A list names somebody twice, another one has more than a message may hold: neither is taken."""
    await states.listed(bench, VALID, version=1)
    await states.listed(bench, VALID_2, VALID_2, version=2, status="Failed")
    with pytest.raises(Refused):
        await states.listed(bench, *(f"T{n}" for n in range(MAX_LIST_ITEMS + 1)), version=3)
    await version(bench, 1)
