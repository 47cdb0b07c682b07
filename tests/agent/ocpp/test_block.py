"""What a functional block may count on: its requests are its own, it lives with the station, it hears of acceptance."""

from __future__ import annotations

import pytest

from agent.ocpp.asks import ACCEPTED, ClearCacheAsk, Handled, TriggerAsk, TriggeredMessage
from agent.ocpp.block import Block, Triggers
from agent.ocpp.calls import Calls
from agent.ocpp.codec import Version
from agent.ocpp.dialect import Notice, merged
from tests.agent.ocpp.scripted_csms import BOOT_ACCEPTED, ScriptedCsms
from tests.agent.ocpp.stand import settled, stand

PENDING = BOOT_ACCEPTED | {"status": "Pending", "interval": 100}


class Unsayable(Notice, frozen=True):
    """No version has words for it."""


class Witness(Block):
    def __init__(self) -> None:
        self.seen: list[str] = []

    async def run(self) -> None:
        self.seen.append("run")

    async def accepted(self, calls: Calls) -> None:
        self.seen.append("accepted")
        await calls.call(calls.dialect.heartbeat())


def test_a_request_that_two_blocks_claim_is_refused_at_start():
    with pytest.raises(ValueError, match="ClearCacheAsk"):
        merged(({ClearCacheAsk: 1}, {ClearCacheAsk: 2}))


async def test_a_block_lives_from_the_start_and_speaks_once_the_csms_has_accepted_the_station(monkeypatch):
    witness = Witness()
    monkeypatch.setattr("agent.ocpp.station.blocks", lambda *_: (witness,))
    csms = ScriptedCsms(answers={"BootNotification": [PENDING, BOOT_ACCEPTED]})
    async with stand(csms) as one:
        await csms.heard_of("BootNotification")
        await settled()
        assert witness.seen == ["run"]
        await one.accepted()
        assert witness.seen == ["run", "accepted"]
        assert "Heartbeat" in csms.actions


async def test_a_notice_that_cannot_be_said_gets_no_answer_and_harms_nothing():
    csms = ScriptedCsms()
    async with stand(csms) as one:
        assert await one.station.say(Unsayable()) is None  # not connected yet
        await one.accepted()
        assert await one.station.say(Unsayable()) is None
        assert one.station.online


class Certificates(Block):
    """Has something that can be triggered."""

    def __init__(self) -> None:
        self.asked: list[TriggerAsk] = []

    def triggers(self) -> Triggers:
        return {TriggeredMessage.STATION_CERTIFICATE: self.sign, TriggeredMessage.SIGNED_FIRMWARE_STATUS: self.sign}

    def sign(self, ask: TriggerAsk) -> Handled:
        self.asked.append(ask)
        return ACCEPTED


@pytest.mark.parametrize(
    ("version", "action", "message", "meant"),
    [
        (Version.V16, "ExtendedTriggerMessage", "SignChargePointCertificate", TriggeredMessage.STATION_CERTIFICATE),
        (Version.V16, "ExtendedTriggerMessage", "FirmwareStatusNotification", TriggeredMessage.SIGNED_FIRMWARE_STATUS),
        (Version.V201, "TriggerMessage", "SignChargingStationCertificate", TriggeredMessage.STATION_CERTIFICATE),
        (Version.V21, "TriggerMessage", "SignChargingStationCertificate", TriggeredMessage.STATION_CERTIFICATE),
    ],
)
async def test_what_a_block_registers_can_be_triggered_in_every_version(
    monkeypatch: pytest.MonkeyPatch, version: Version, action: str, message: str, meant: TriggeredMessage
):
    certificates = Certificates()
    monkeypatch.setattr("agent.ocpp.assembly.Authorization", lambda *_: certificates)
    csms = ScriptedCsms(versions=(version,))
    async with stand(csms, versions=[version]) as one:
        await one.accepted()
        reply = await csms.call(action, {"requestedMessage": message})
        assert reply[2] == {"status": "Accepted"}
        assert [ask.message for ask in certificates.asked] == [meant]
        reply = await csms.call(action, {"requestedMessage": "LogStatusNotification"}, "c2")
        assert reply[2] == {"status": "NotImplemented"}  # nobody has registered it
