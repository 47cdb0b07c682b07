"""Logs for the CSMS: GetDiagnostics of 1.6, GetLog of the whitepaper and of 2.x."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from agent.ocpp.asks.files import LogKind
from agent.ocpp.codec import Version
from agent.ocpp.transfers import TransferFailure
from tests.agent.ocpp.scripted_csms import ScriptedCsms
from tests.agent.ocpp.stand import EPOCH_S, settled, stand
from tests.agent.ocpp.workbench import FORBIDDEN_URL, Bench

WHERE = "https://csms.example/logs/"
with_get_log = pytest.mark.parametrize("version", [Version.V16, Version.V201, Version.V21])


def get_log(request_id: int = 7, kind: str = "DiagnosticsLog", where: str = WHERE, **more: Any) -> dict[str, Any]:
    return {"logType": kind, "requestId": request_id, "log": {"remoteLocation": where}, **more}


def statuses(csms: ScriptedCsms) -> list[tuple[str, int | None]]:
    return [(one.payload["status"], one.payload.get("requestId")) for one in csms.calls("LogStatusNotification")]


def diagnostics(csms: ScriptedCsms) -> list[str]:
    return [one.payload["status"] for one in csms.calls("DiagnosticsStatusNotification")]


@with_get_log
@pytest.mark.req("N01.FR.01", "N01.FR.02", "N01.FR.03", "N01.FR.04", "N01.FR.07", "N01.FR.08", "N01.FR.09")
@pytest.mark.octt("TC_N_25_CS", "TC_N_35_CS", "TC_079_CS")
@pytest.mark.parametrize("kind", ["DiagnosticsLog", "SecurityLog"])
async def test_a_log_is_made_uploaded_and_told_of_with_the_requests_id(version: Version, kind: str, tmp_path: Path):
    csms, bench = ScriptedCsms(versions=(version,)), Bench(tmp_path)
    async with stand(csms, versions=[version], workshop=bench.workshop) as one:
        await one.accepted()
        span = {"oldestTimestamp": "2026-01-01T00:00:00Z", "latestTimestamp": "2026-01-01T01:00:00Z"}
        answer = await csms.call("GetLog", get_log(kind=kind) | {"log": {"remoteLocation": WHERE, **span}})
        assert answer[2]["status"] == "Accepted"
        await settled(60)
        assert bench.logs.asked == [(LogKind(kind), EPOCH_S, EPOCH_S + 3600)]
        ((url, name, content),) = bench.transfers.sent
        assert (url, name, content) == (WHERE, answer[2]["filename"], b"log")
        assert statuses(csms) == [("Uploading", 7), ("Uploaded", 7)]
        assert bench.left_behind() == []


@with_get_log
@pytest.mark.req("N01.FR.10")
@pytest.mark.octt("TC_N_26_CS")
async def test_an_upload_that_breaks_is_tried_so_often_and_so_late_as_was_asked(version: Version, tmp_path: Path):
    csms, bench = ScriptedCsms(versions=(version,)), Bench(tmp_path)
    bench.transfers.failures = [TransferFailure.BROKEN] * 4
    async with stand(csms, versions=[version], workshop=bench.workshop) as one:
        await one.accepted()
        await csms.call("GetLog", get_log(retries=3, retryInterval=100))
        await settled(1000)
        tries_s = bench.transfers.tries_s
        assert [round(b - a) for a, b in pairwise(tries_s)] == [110, 110, 110]
        assert statuses(csms) == [("Uploading", 7), ("UploadFailure", 7)]


@with_get_log
@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (TransferFailure.DENIED, "PermissionDenied"),
        (TransferFailure.FORBIDDEN, "BadMessage"),
        (TransferFailure.UNSUPPORTED, "NotSupportedOperation"),
    ],
)
async def test_a_failure_that_lasts_is_told_at_once_by_its_name(
    version: Version, failure: TransferFailure, status: str, tmp_path: Path
):
    csms, bench = ScriptedCsms(versions=(version,)), Bench(tmp_path)
    bench.transfers.failures = [failure]
    async with stand(csms, versions=[version], workshop=bench.workshop) as one:
        await one.accepted()
        await csms.call("GetLog", get_log(retries=3))
        await settled(15)
        assert statuses(csms) == [("Uploading", 7), (status, 7)]


@with_get_log
@pytest.mark.req("N01.FR.05")
async def test_an_address_of_no_kind_that_files_are_sent_to_is_rejected(version: Version, tmp_path: Path):
    csms = ScriptedCsms(versions=(version,))
    async with stand(csms, versions=[version], workshop=Bench(tmp_path).workshop) as one:
        await one.accepted()
        answer = await csms.call("GetLog", get_log(where=FORBIDDEN_URL))
        assert answer[2]["status"] == "Rejected"
        await settled(60)
        assert statuses(csms) == []


@with_get_log
@pytest.mark.req("N01.FR.12", "N01.FR.20")
@pytest.mark.octt("TC_N_36_CS", "TC_080_CS")
async def test_a_new_request_cancels_the_upload_under_way(version: Version, tmp_path: Path):
    csms, bench = ScriptedCsms(versions=(version,)), Bench(tmp_path)
    bench.transfers.takes_s = 100
    async with stand(csms, versions=[version], workshop=bench.workshop) as one:
        await one.accepted()
        await csms.call("GetLog", get_log(1))
        await settled(10)
        answer = await csms.call("GetLog", get_log(2))
        assert answer[2]["status"] == "AcceptedCanceled"
        await settled(300)
        canceled = [] if version is Version.V16 else [("AcceptedCanceled", 1)]
        assert statuses(csms) == [("Uploading", 1), *canceled, ("Uploading", 2), ("Uploaded", 2)]
        assert len(bench.transfers.sent) == 1


@with_get_log
@pytest.mark.req("F06.FR.14", "F06.FR.15", "N01.FR.13")
async def test_a_triggered_status_is_uploading_with_the_id_during_an_upload_and_idle_without_one_else(
    version: Version, tmp_path: Path
):
    csms, bench = ScriptedCsms(versions=(version,)), Bench(tmp_path)
    bench.transfers.takes_s = 100
    trigger = "ExtendedTriggerMessage" if version is Version.V16 else "TriggerMessage"
    async with stand(csms, versions=[version], workshop=bench.workshop) as one:
        await one.accepted()
        wanted = {"requestedMessage": "LogStatusNotification"}
        assert (await csms.call(trigger, wanted))[2]["status"] == "Accepted"
        await csms.call("GetLog", get_log(5))
        await settled(10)
        await csms.call(trigger, wanted)
        await settled(200)
        await csms.call(trigger, wanted)
        await settled()
        told = [("Idle", None), ("Uploading", 5), ("Uploading", 5), ("Uploaded", 5), ("Idle", None)]
        assert statuses(csms) == told


async def test_a_log_that_no_station_of_this_kind_keeps_is_rejected(tmp_path: Path):
    csms = ScriptedCsms(versions=(Version.V21,))
    async with stand(csms, versions=[Version.V21], workshop=Bench(tmp_path).workshop) as one:
        await one.accepted()
        assert (await csms.call("GetLog", get_log(kind="DataCollectorLog")))[2]["status"] == "Rejected"


async def test_a_log_that_cannot_be_written_is_an_upload_that_failed(tmp_path: Path):
    csms, bench = ScriptedCsms(versions=(Version.V201,)), Bench(tmp_path)
    bench.logs.error = OSError("disk full")
    async with stand(csms, versions=[Version.V201], workshop=bench.workshop) as one:
        await one.accepted()
        await csms.call("GetLog", get_log())
        await settled(60)
        assert statuses(csms) == [("Uploading", 7), ("UploadFailure", 7)]


# 1.6 GetDiagnostics


@pytest.mark.octt("TC_045_1_CS")
async def test_1_6_uploads_diagnostics_and_names_the_file(tmp_path: Path):
    csms, bench = ScriptedCsms(), Bench(tmp_path)
    async with stand(csms, workshop=bench.workshop) as one:
        await one.accepted()
        span = {"startTime": "2026-01-01T00:00:00Z", "stopTime": "2026-01-01T01:00:00Z"}
        answer = await csms.call("GetDiagnostics", {"location": WHERE, **span})
        await settled(60)
        ((_, name, _),) = bench.transfers.sent
        assert answer[2] == {"fileName": name}
        assert diagnostics(csms) == ["Uploading", "Uploaded"]
        assert bench.logs.asked == [(LogKind.DIAGNOSTICS, EPOCH_S, EPOCH_S + 3600)]
        assert statuses(csms) == []


@pytest.mark.octt("TC_045_2_CS")
async def test_1_6_says_when_diagnostics_could_not_be_uploaded(tmp_path: Path):
    csms, bench = ScriptedCsms(), Bench(tmp_path)
    bench.transfers.failures = [TransferFailure.BROKEN, TransferFailure.DENIED]
    async with stand(csms, workshop=bench.workshop) as one:
        await one.accepted()
        await csms.call("GetDiagnostics", {"location": WHERE, "retries": 1, "retryInterval": 5})
        await settled(60)
        assert diagnostics(csms) == ["Uploading", "UploadFailed"]
        answer = await csms.call("GetDiagnostics", {"location": FORBIDDEN_URL})
        assert answer[2] == {}


async def test_1_6_tells_the_diagnostics_status_when_it_is_triggered(tmp_path: Path):
    csms, bench = ScriptedCsms(), Bench(tmp_path)
    async with stand(csms, workshop=bench.workshop) as one:
        await one.accepted()
        wanted = {"requestedMessage": "DiagnosticsStatusNotification"}
        assert (await csms.call("TriggerMessage", wanted))[2]["status"] == "Accepted"
        await settled()
        assert diagnostics(csms) == ["Idle"]
        assert statuses(csms) == []


async def test_a_station_that_moves_no_files_does_not_support_them():
    csms = ScriptedCsms()
    async with stand(csms) as one:
        await one.accepted()
        assert (await csms.call("GetDiagnostics", {"location": WHERE}))[2] == "NotSupported"


@pytest.mark.parametrize("version", [Version.V16, Version.V201])
async def test_what_became_of_an_upload_while_the_csms_was_away_is_told_when_it_is_back(
    version: Version, tmp_path: Path
):
    csms, bench = ScriptedCsms(versions=(version,)), Bench(tmp_path)
    bench.transfers.takes_s = 100
    async with stand(csms, versions=[version], workshop=bench.workshop) as one:
        await one.accepted()
        await csms.call("GetLog", get_log(), "first")
        await settled(10)
        one.station.network(online=False)
        await settled(200)
        assert statuses(csms) == [("Uploading", 7)]
        one.station.network(online=True)
        await settled(60)
        assert statuses(csms) == [("Uploading", 7), ("Uploaded", 7)]
        await csms.call("GetLog", get_log(8), "second")
        await settled(200)
        assert statuses(csms)[2:] == [("Uploading", 8), ("Uploaded", 8)]
