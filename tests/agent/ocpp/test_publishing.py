"""Firmware published by a local controller."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from agent.ocpp.codec import Version
from agent.ocpp.transfers import TransferFailure
from tests.agent.ocpp.scripted_csms import ScriptedCsms
from tests.agent.ocpp.stand import settled, stand
from tests.agent.ocpp.workbench import FORBIDDEN_URL, Bench

MD5 = hashlib.md5(b"firmware").hexdigest()  # noqa: S324 - the specification's
WHERE = "https://csms.example/f.bin"


def told(csms: ScriptedCsms) -> list[str]:
    return [one.payload["status"] for one in csms.calls("PublishFirmwareStatusNotification")]


async def publish(csms: ScriptedCsms, **more: Any) -> str:
    request = {"location": WHERE, "checksum": MD5, "requestId": 3, **more}
    status: str = (await csms.call("PublishFirmware", request, f"p{len(csms.frames)}"))[2]["status"]
    await settled(60)
    return status


async def unpublish(csms: ScriptedCsms) -> str:
    answer = await csms.call("UnpublishFirmware", {"checksum": MD5}, f"u{len(csms.frames)}")
    status: str = answer[2]["status"]
    return status


def life(bench: Bench) -> Any:
    csms = ScriptedCsms(versions=(Version.V201,))
    return stand(csms, versions=[Version.V201], workshop=bench.workshop)


@pytest.mark.req("L03.FR.01", "L03.FR.02", "L03.FR.04", "L03.FR.05", "L03.FR.09", "L04.FR.01", "L04.FR.02", "L04.FR.03")
async def test_firmware_is_fetched_checked_published_and_withdrawn(tmp_path: Path):
    bench = Bench(tmp_path)
    async with life(bench) as one:
        await one.accepted()
        assert await publish(one.csms) == "Accepted"
        assert told(one.csms) == ["Downloading", "Downloaded", "ChecksumVerified", "Published"]
        last = one.csms.calls("PublishFirmwareStatusNotification")[-1].payload
        assert (last["location"], last["requestId"]) == ([f"http://controller/{MD5}"], 3)
        assert bench.publisher.published == {MD5: b"firmware"}
        bench.publisher.reading = True
        assert await unpublish(one.csms) == "DownloadOngoing"
        bench.publisher.reading = False
        assert await unpublish(one.csms) == "Unpublished"
        assert await unpublish(one.csms) == "NoFirmware"


@pytest.mark.req("L03.FR.06", "L03.FR.07", "L03.FR.08")
@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ("download", ["Downloading", "DownloadFailed"]),
        ("checksum", ["Downloading", "Downloaded", "InvalidChecksum"]),
        ("publisher", ["Downloading", "Downloaded", "ChecksumVerified", "PublishFailed"]),
    ],
)
async def test_what_goes_wrong_is_told_and_nothing_is_published(broken: str, words: list[str], tmp_path: Path):
    bench = Bench(tmp_path)
    if broken == "download":
        bench.transfers.failures = [TransferFailure.DENIED]
    if broken == "checksum":
        bench.transfers.content = b"firmwarf"
    if broken == "publisher":
        bench.publisher.error = OSError("port in use")
    async with life(bench) as one:
        await one.accepted()
        await publish(one.csms)
        assert told(one.csms) == words
        assert bench.publisher.published == {}
        assert bench.left_behind() == []
        assert await publish(one.csms) == "Accepted"  # the next one may be


@pytest.mark.req("L03.FR.10", "L03.FR.11")
async def test_a_triggered_status_is_the_last_one_and_idle_once_published(tmp_path: Path):
    bench = Bench(tmp_path)
    async with life(bench) as one:
        await one.accepted()
        wanted = {"requestedMessage": "PublishFirmwareStatusNotification"}
        for number in range(3):
            await one.csms.call("TriggerMessage", wanted, f"t{number}")
            await settled()
            if number == 0:
                bench.transfers.content = b"other"
                await publish(one.csms)
            if number == 1:
                bench.transfers.content = b"firmware"
                await publish(one.csms)
        triggered = [told(one.csms)[index] for index in (0, 4, -1)]
        assert triggered == ["Idle", "InvalidChecksum", "Idle"]


@pytest.mark.parametrize("bad", [{"location": FORBIDDEN_URL}, {"checksum": "../../etc/passwd"}])
async def test_an_address_or_checksum_that_is_none_is_rejected(bad: dict[str, str], tmp_path: Path):
    async with life(Bench(tmp_path)) as one:
        await one.accepted()
        assert await publish(one.csms, **bad) == "Rejected"
        assert told(one.csms) == []


async def test_every_step_that_the_csms_has_missed_is_told_in_order_when_it_is_back(tmp_path: Path):
    bench = Bench(tmp_path)
    bench.transfers.takes_s = 100
    async with life(bench) as one:
        await one.accepted()
        await publish(one.csms)
        one.station.network(online=False)
        await settled(200)
        assert told(one.csms) == ["Downloading"]
        one.station.network(online=True)
        await settled(60)
        assert told(one.csms) == ["Downloading", "Downloaded", "ChecksumVerified", "Published"]
