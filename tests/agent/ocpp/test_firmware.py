"""Firmware updates: fetched, judged, installed when nobody charges, told of in order, also across a restart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.core.events import AvailabilityChanged
from agent.core.security import SecurityEventKind
from agent.core.session import Session
from agent.core.values import Scope
from agent.ocpp.charger import ResetKind
from agent.ocpp.codec import Version
from agent.ocpp.settings.firmware import ALLOW_NEW_SESSIONS
from agent.ocpp.transfers import TransferFailure
from agent.ocpp.workshop import InstallOutcome
from tests.agent.ocpp.scripted_csms import BOOT_ACCEPTED, ScriptedCsms
from tests.agent.ocpp.stand import FakeCharger, MemoryStore, open_tx, settled, stand
from tests.agent.ocpp.workbench import FORBIDDEN_URL, Bench

WHERE = "https://csms.example/f.bin"
PAST = "2025-12-31T22:00:00Z"
SIGNED = pytest.mark.parametrize("version", [Version.V16, Version.V201, Version.V21])
OK_SIGNED = ["Downloading", "Downloaded", "SignatureVerified", "Installing", "Installed"]
OUT_OF_SERVICE = AvailabilityChanged(False, Scope.UPDATE)


class Guard:
    """Hears security events."""

    def __init__(self) -> None:
        self.heard: list[SecurityEventKind] = []

    def happened(self, kind: SecurityEventKind, info: str = "") -> None:
        self.heard.append(kind)


class Update:
    """A station with a workshop on a CSMS of one version, and how updates are asked for in it."""

    def __init__(self, version: Version, tmp_path: Path, **more: Any) -> None:
        self.version = version
        self.csms = ScriptedCsms(versions=(version,))
        self.bench = Bench(tmp_path)
        self.guard = Guard()
        self.charger = FakeCharger()
        self.store = MemoryStore()
        self.more = more

    def life(self, csms: ScriptedCsms | None = None) -> Any:
        return stand(
            csms or self.csms,
            versions=[self.version],
            workshop=self.bench.workshop,
            security=self.guard,
            charger=self.charger,
            store=self.store,
            **self.more,
        )

    async def ask(self, request_id: int = 7, call_id: str = "u1", **firmware: Any) -> Any:
        action = "SignedUpdateFirmware" if self.version is Version.V16 else "UpdateFirmware"
        fields = {
            "location": WHERE,
            "retrieveDateTime": PAST,
            "signingCertificate": "PEM",
            "signature": "SIGNATURE",
        } | firmware
        more = {name: fields.pop(name) for name in ("retries", "retryInterval") if name in fields}
        fields = {name: value for name, value in fields.items() if value is not None}
        answer = await self.csms.call(action, {"requestId": request_id, "firmware": fields, **more}, call_id)
        return answer[2]["status"] if isinstance(answer[2], dict) else answer[2]

    def statuses(self, csms: ScriptedCsms | None = None) -> list[tuple[str, int | None]]:
        action = "SignedFirmwareStatusNotification" if self.version is Version.V16 else "FirmwareStatusNotification"
        calls = (csms or self.csms).calls(action)
        return [(one.payload["status"], one.payload.get("requestId")) for one in calls]

    def words(self) -> list[str]:
        return [status for status, _ in self.statuses()]


@SIGNED
@pytest.mark.req("L01.FR.01", "L01.FR.05", "L01.FR.10", "L01.FR.28", "L01.FR.31")
@pytest.mark.octt("TC_L_01_CS", "TC_082_CS")
async def test_every_state_is_told_in_order_with_the_requests_id(version: Version, tmp_path: Path):
    update = Update(version, tmp_path)
    async with update.life() as one:
        await one.accepted()
        assert await update.ask() == "Accepted"
        await settled(60)
        assert update.statuses() == [(status, 7) for status in OK_SIGNED]
        assert update.bench.installer.installed == [b"firmware"]
        assert update.guard.heard == [SecurityEventKind.FIRMWARE_UPDATED]
        assert update.bench.left_behind() == []


@SIGNED
@pytest.mark.req("L01.FR.15", "L01.FR.32")
async def test_after_its_own_restart_the_new_firmware_says_that_it_is_installed(version: Version, tmp_path: Path):
    update = Update(version, tmp_path)
    update.bench.installer.outcome = InstallOutcome.RESTART
    async with update.life() as one:
        await one.accepted()
        await update.ask()
        await settled(60)
        assert update.words()[-2:] == ["Installing", "InstallRebooting"]
        assert update.charger.resets == [(ResetKind.IMMEDIATE, None)]
        assert await update.ask(8, "u2") == "Rejected"
    after = ScriptedCsms(versions=(version,))
    async with update.life(after) as one:
        await one.accepted()
        await settled()
        assert update.statuses(after) == [("Installed", 7)]
        if version is not Version.V16:
            assert after.calls("BootNotification")[0].payload["reason"] == "FirmwareUpdate"
        assert update.guard.heard == [SecurityEventKind.FIRMWARE_UPDATED]


async def test_firmware_that_is_not_well_after_the_restart_has_failed(tmp_path: Path):
    update = Update(Version.V201, tmp_path)
    update.bench.installer.outcome, update.bench.installer.well = InstallOutcome.RESTART, False
    async with update.life() as one:
        await one.accepted()
        await update.ask()
        await settled(60)
    after = ScriptedCsms(versions=(Version.V201,))
    async with update.life(after) as one:
        await one.accepted()
        await settled()
        assert update.statuses(after) == [("InstallationFailed", 7)]
        assert update.guard.heard == []


@SIGNED
@pytest.mark.req("L01.FR.13", "L01.FR.16")
@pytest.mark.octt("TC_L_02_CS", "TC_L_03_CS", "TC_083_CS")
async def test_download_and_installation_wait_for_their_times(version: Version, tmp_path: Path):
    update = Update(version, tmp_path)
    async with update.life() as one:
        await one.accepted()
        await update.ask(retrieveDateTime="2026-01-01T01:00:00Z", installDateTime="2026-01-01T02:00:00Z")
        await settled(60)
        assert update.words() == ["DownloadScheduled"]
        await settled(3600)
        assert update.words() == [
            "DownloadScheduled",
            "Downloading",
            "Downloaded",
            "SignatureVerified",
            "InstallScheduled",
        ]
        await settled(3600)
        assert update.words()[-2:] == ["Installing", "Installed"]


@SIGNED
@pytest.mark.req("L01.FR.02", "L01.FR.21", "L01.FR.22")
@pytest.mark.octt("TC_L_05_CS", "TC_084_CS")
async def test_a_certificate_that_is_not_good_is_refused_before_anything_is_fetched(version: Version, tmp_path: Path):
    update = Update(version, tmp_path)
    async with update.life() as one:
        await one.accepted()
        assert await update.ask(signingCertificate="BAD") == "InvalidCertificate"
        await settled(60)
        assert update.statuses() == []
        assert update.bench.transfers.fetched == []
        assert update.guard.heard == [SecurityEventKind.INVALID_FIRMWARE_CERTIFICATE]


@SIGNED
@pytest.mark.req("L01.FR.03", "L01.FR.04")
@pytest.mark.octt("TC_L_06_CS", "TC_085_CS")
async def test_a_signature_that_is_not_good_ends_the_update_and_the_file_is_gone(version: Version, tmp_path: Path):
    update = Update(version, tmp_path)
    async with update.life() as one:
        await one.accepted()
        assert await update.ask(signature="BAD") == "Accepted"
        await settled(60)
        assert update.words() == ["Downloading", "Downloaded", "InvalidSignature"]
        assert update.bench.installer.installed == []
        assert update.bench.left_behind() == []
        assert update.guard.heard == [SecurityEventKind.INVALID_FIRMWARE_SIGNATURE]


@SIGNED
@pytest.mark.req("L01.FR.30")
@pytest.mark.octt("TC_L_07_CS", "TC_086_CS")
async def test_a_download_that_fails_after_its_retries_is_told(version: Version, tmp_path: Path):
    update = Update(version, tmp_path)
    update.bench.transfers.failures = [TransferFailure.BROKEN] * 3
    async with update.life() as one:
        await one.accepted()
        await update.ask(retries=2, retryInterval=100)
        await settled(200)
        assert update.words() == ["Downloading"]
        await settled(100)
        assert update.words() == ["Downloading", "DownloadFailed"]
        assert len(update.bench.transfers.tries_s) == 3


@SIGNED
@pytest.mark.req("L01.FR.29")
@pytest.mark.octt("TC_L_08_CS", "TC_087_CS")
@pytest.mark.parametrize(
    ("outcome", "status"),
    [(InstallOutcome.UNFIT, "InstallVerificationFailed"), (InstallOutcome.FAILED, "InstallationFailed")],
)
async def test_firmware_that_does_not_fit_or_cannot_be_installed_is_told_and_evses_serve_again(
    version: Version, outcome: InstallOutcome, status: str, tmp_path: Path
):
    update = Update(version, tmp_path)
    update.bench.installer.outcome = outcome
    async with update.life() as one:
        await one.accepted()
        await update.ask()
        await settled(15)
        assert update.charger.posted == [(1, OUT_OF_SERVICE), (2, OUT_OF_SERVICE)]
        for evse in (1, 2):  # as the sessions would
            update.charger.sessions[evse] = Session(evse=evse, inoperative=frozenset({Scope.UPDATE}))
        await settled(15)
        assert update.words()[-1] == status
        back = AvailabilityChanged(True, Scope.UPDATE)
        assert update.charger.posted[2:4] == [(1, back), (2, back)]
        assert update.guard.heard == []


@SIGNED
@pytest.mark.req("L01.FR.06", "L01.FR.07", "L01.FR.34")
@pytest.mark.octt("TC_L_13_CS")
async def test_the_installation_waits_for_the_last_transaction_and_nobody_new_begins(version: Version, tmp_path: Path):
    update = Update(version, tmp_path)
    update.charger.sessions[2] = Session(evse=2, tx=open_tx())
    async with update.life() as one:
        await one.accepted()
        await update.ask()
        await settled(600)
        assert update.words() == ["Downloading", "Downloaded", "SignatureVerified", "InstallScheduled"]
        assert update.charger.posted == [(1, OUT_OF_SERVICE), (2, OUT_OF_SERVICE)]
        update.charger.sessions[2] = Session(evse=2)
        await settled(60)
        assert update.words()[-2:] == ["Installing", "Installed"]


@pytest.mark.octt("TC_L_14_CS")
async def test_new_drivers_may_charge_meanwhile_where_that_is_allowed(tmp_path: Path):
    update = Update(Version.V201, tmp_path, start_values={ALLOW_NEW_SESSIONS.key: "true"})
    update.charger.sessions[2] = Session(evse=2, tx=open_tx())
    async with update.life() as one:
        await one.accepted()
        await update.ask()
        await settled(600)
        assert update.charger.posted == []
        assert "Installing" not in update.words()
        update.charger.sessions[2] = Session(evse=2)
        await settled(60)
        assert update.words()[-1] == "Installed"


@SIGNED
@pytest.mark.req("L01.FR.24", "L01.FR.27")
@pytest.mark.octt("TC_L_10_CS")
async def test_a_new_request_cancels_the_one_that_waits_but_not_what_is_being_installed(
    version: Version, tmp_path: Path
):
    update = Update(version, tmp_path)
    update.bench.installer.takes_s = 1000
    async with update.life() as one:
        await one.accepted()
        await update.ask(1, installDateTime="2026-01-01T05:00:00Z")
        await settled(60)
        assert await update.ask(2, "u2") == "AcceptedCanceled"
        await settled(60)
        assert await update.ask(3, "u3") == "Rejected"
        await settled(2000)
        first, second = [[s for s, number in update.statuses() if number == n] for n in (1, 2)]
        assert first == ["Downloading", "Downloaded", "SignatureVerified", "InstallScheduled"]
        assert second == OK_SIGNED
        assert await update.ask(4, "u4") == "Accepted"


@SIGNED
@pytest.mark.req("L01.FR.25", "L01.FR.26", "F06.FR.16")
async def test_a_triggered_status_is_the_last_one_and_idle_after_installed_and_before_any(
    version: Version, tmp_path: Path
):
    update = Update(version, tmp_path)
    trigger = "ExtendedTriggerMessage" if version is Version.V16 else "TriggerMessage"

    async def triggered(number: int) -> tuple[str, int | None]:
        answer = await update.csms.call(trigger, {"requestedMessage": "FirmwareStatusNotification"}, f"t{number}")
        assert answer[2]["status"] == "Accepted"
        await settled()
        return update.statuses()[-1]

    async with update.life() as one:
        await one.accepted()
        assert await triggered(1) == ("Idle", None)
        await update.ask(installDateTime="2026-01-01T01:00:00Z")
        await settled(60)
        assert await triggered(2) == ("InstallScheduled", 7)
        await settled(4000)
        assert update.words()[-1] == "Installed"
        assert await triggered(3) == ("Idle", None)


async def test_states_of_an_offline_time_are_told_in_order_when_the_csms_is_back(tmp_path: Path):
    update = Update(Version.V201, tmp_path)
    async with update.life() as one:
        await one.accepted()
        await update.ask(retrieveDateTime="2026-01-01T00:10:00Z")
        await settled()
        one.station.network(False)
        await settled(2000)
        assert update.words() == ["DownloadScheduled"]
        one.station.network(True)
        await settled(100)
        assert update.words() == ["DownloadScheduled", *OK_SIGNED]


@pytest.mark.parametrize(
    ("cut_after_s", "later"),
    [
        (5, ["Downloading", "Downloaded", "SignatureVerified", "InstallScheduled", "Installing", "Installed"]),
        (60, ["Installing", "Installed"]),
    ],
)
async def test_an_update_goes_on_after_a_power_cut(cut_after_s: float, later: list[str], tmp_path: Path):
    update = Update(Version.V201, tmp_path)
    async with update.life() as one:
        await one.accepted()
        await update.ask(installDateTime="2026-01-01T02:00:00Z")
        await settled(cut_after_s)
    after = ScriptedCsms(versions=(Version.V201,))
    async with update.life(after) as one:
        await one.accepted()
        await settled(8000)
        assert [status for status, _ in update.statuses(after)] == later
        assert {number for _, number in update.statuses(after)} == {7}


async def test_a_power_cut_in_the_middle_of_an_installation_is_a_failed_one(tmp_path: Path):
    update = Update(Version.V201, tmp_path)
    update.bench.installer.takes_s = 1000
    async with update.life() as one:
        await one.accepted()
        await update.ask()
        await settled(60)
        assert update.words()[-1] == "Installing"
    after = ScriptedCsms(versions=(Version.V201,))
    async with update.life(after) as one:
        await one.accepted()
        await settled()
        assert update.statuses(after) == [("InstallationFailed", 7)]


async def test_what_was_kept_of_an_update_but_cannot_be_read_stops_nothing(tmp_path: Path):
    update = Update(Version.V201, tmp_path)
    update.store.metas["ocpp.firmware"] = b"\xff"
    async with update.life() as one:
        await one.accepted()
        assert await update.ask() == "Accepted"


@SIGNED
@pytest.mark.octt("TC_L_18_CS")
async def test_unsigned_firmware_is_not_taken_unless_that_is_configured(version: Version, tmp_path: Path):
    update = Update(version, tmp_path)
    plain = {"signingCertificate": None, "signature": None}
    async with update.life() as one:
        await one.accepted()
        assert await update.ask(location=FORBIDDEN_URL) == "Rejected"
        if version is Version.V16:
            answer = await update.csms.call("UpdateFirmware", {"location": WHERE, "retrieveDate": PAST})
            assert answer[2] == "NotSupported"  # whitepaper L01.FR.20
        else:
            assert await update.ask(1, "u2", **plain) == "Rejected"
        await settled(60)
        assert update.bench.transfers.fetched == []


@pytest.mark.req("L02.FR.01", "L02.FR.02", "L02.FR.20")
async def test_2_x_takes_unsigned_firmware_where_it_is_allowed(tmp_path: Path):
    update = Update(Version.V201, tmp_path)
    update.bench.unsigned = True
    async with update.life() as one:
        await one.accepted()
        assert await update.ask(signingCertificate=None, signature=None) == "Accepted"
        await settled(60)
        assert update.words() == ["Downloading", "Downloaded", "Installing", "Installed"]


# 1.6 UpdateFirmware


def plain_words(csms: ScriptedCsms) -> list[str]:
    return [one.payload["status"] for one in csms.calls("FirmwareStatusNotification")]


@pytest.mark.octt("TC_044_1_CS")
async def test_1_6_plain_updates_say_what_1_6_has_words_for(tmp_path: Path):
    update = Update(Version.V16, tmp_path)
    update.bench.unsigned = True
    async with update.life() as one:
        await one.accepted()
        answer = await update.csms.call("UpdateFirmware", {"location": WHERE, "retrieveDate": "2026-01-01T00:01:00Z"})
        assert answer[2] == {}
        await settled(200)
        assert plain_words(update.csms) == ["Downloading", "Downloaded", "Installing", "Installed"]
        assert update.statuses() == []
        wanted = {"requestedMessage": "FirmwareStatusNotification"}
        await update.csms.call("TriggerMessage", wanted, "t1")
        await settled()
        assert plain_words(update.csms)[-1] == "Idle"


@pytest.mark.octt("TC_044_2_CS", "TC_044_3_CS")
@pytest.mark.parametrize("failing", ["download", "install"])
async def test_1_6_plain_updates_say_how_they_failed(failing: str, tmp_path: Path):
    update = Update(Version.V16, tmp_path)
    update.bench.unsigned = True
    if failing == "download":
        update.bench.transfers.failures = [TransferFailure.DENIED]
    update.bench.installer.outcome = InstallOutcome.UNFIT
    async with update.life() as one:
        await one.accepted()
        await update.csms.call("UpdateFirmware", {"location": WHERE, "retrieveDate": PAST, "retries": 1})
        await settled(200)
        failed = ["DownloadFailed"] if failing == "download" else ["Downloaded", "Installing", "InstallationFailed"]
        assert plain_words(update.csms) == ["Downloading", *failed]


async def test_a_station_that_is_not_accepted_says_nothing_of_its_update_until_it_is(tmp_path: Path):
    update = Update(Version.V201, tmp_path)
    pending = BOOT_ACCEPTED | {"status": "Pending", "interval": 500}
    update.csms.answers["BootNotification"] = [pending, BOOT_ACCEPTED]
    async with update.life() as one:
        await update.csms.heard_of("BootNotification")
        await settled()
        assert await update.ask() == "Accepted"
        await settled(100)
        assert update.words() == []
        await one.accepted()
        await settled(10)
        assert update.words() == OK_SIGNED
