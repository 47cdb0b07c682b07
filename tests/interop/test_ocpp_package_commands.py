"""Everything that the CSMS asks of a charger, judged by the schemas of the `ocpp` package at the other end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from ocpp import v16, v21, v201
from ocpp.routing import after, on

from csms import commands as c
from csms.server import Csms
from tests.interop.test_ocpp_package_charge_point import charge_point

pytestmark = pytest.mark.realtime

TIMEOUT = "OCPPCommCtrlr/MessageTimeout#Default"
COMMANDS = {
    "ChangeAvailability": c.ChangeAvailability(operative=False, evse=1),
    "UnlockConnector": c.Unlock(evse=1),
    "TriggerMessage": c.Trigger(message="StatusNotification", evse=1),
    "ClearCache": c.ClearCache(),
    "DataTransfer": c.SendData(vendor="ACME", message="m", data="d"),
    "Reset": c.Reset(kind=c.ResetKind.IMMEDIATE),
}
STATUSES = {"UnlockConnector": "Unlocked"}


class _Noting:
    """Answers each of the commands, and notes what the package made of it."""

    messages: Any

    def __init__(self, *args: Any) -> None:
        super().__init__(*args, response_timeout=5)  # type: ignore[call-arg]
        self.asked: dict[str, dict[str, Any]] = {}

    def note(self, action: str, asked: dict[str, Any], **answer: Any) -> Any:
        self.asked[action] = asked
        return getattr(self.messages.call_result, action)(**answer or {"status": STATUSES.get(action, "Accepted")})


def _answering(action: str) -> Any:
    def answer(self: Any, **asked: Any) -> Any:
        return self.note(action, asked)

    answer.__name__ = f"on_{action}"  # the package finds handlers by their names
    return on(action)(answer)


for _action in COMMANDS:
    setattr(_Noting, f"on_{_action}", _answering(_action))


class Point16(_Noting, v16.ChargePoint):
    messages = v16

    @on("GetConfiguration")
    def on_get_configuration(self, key: Any = None) -> Any:
        entry = {"key": "HeartbeatInterval", "readonly": False, "value": "300"}
        return self.note("GetConfiguration", {"key": key}, configuration_key=[entry], unknown_key=["Coffee"])

    @on("ChangeConfiguration")
    def on_change_configuration(self, **asked: Any) -> Any:
        return self.note("ChangeConfiguration", asked)


class _Station(_Noting):
    @on("GetVariables")
    def on_get_variables(self, get_variable_data: list[Any]) -> Any:
        results = [{"attributeStatus": "Accepted", "attributeValue": "30", **data} for data in get_variable_data]
        return self.note("GetVariables", {"data": get_variable_data}, get_variable_result=results)

    @on("SetVariables")
    def on_set_variables(self, set_variable_data: list[Any]) -> Any:
        asked = [{key: data[key] for key in ("component", "variable")} for data in set_variable_data]
        results = [{"attributeStatus": "RebootRequired", **data} for data in asked]
        return self.note("SetVariables", {"data": asked}, set_variable_result=results)

    @on("GetBaseReport")
    def on_get_base_report(self, **asked: Any) -> Any:
        return self.note("GetBaseReport", asked)

    @after("GetBaseReport")
    async def report(self, request_id: int, **_: Any) -> None:
        for number in range(3):
            data = {
                "component": {"name": "EVSE", "evse": {"id": number + 1}},
                "variable": {"name": "Power"},
                "variableAttribute": [{"value": "11000", "mutability": "ReadOnly"}],
            }
            message = self.messages.call.NotifyReport(
                request_id=request_id,
                generated_at="2026-01-01T00:00:00Z",
                seq_no=number,
                tbc=number < 2,
                report_data=[data],
            )
            await self.call(message)  # type: ignore[attr-defined]


class Station201(_Station, v201.ChargePoint):
    messages = v201


class Station21(_Station, v21.ChargePoint):
    messages = v21


@pytest.fixture
async def csms() -> AsyncIterator[Csms]:
    started = Csms(accept_all=True)
    await started.start()
    yield started
    await started.stop()


@pytest.mark.parametrize(("kind", "version"), [(Point16, "ocpp1.6"), (Station201, "ocpp2.0.1"), (Station21, "ocpp2.1")])
async def test_every_command_is_legal_to_a_foreign_charger(csms: Csms, kind: Any, version: str):
    async with charge_point(csms, kind, version) as point:
        await point.call(kind.messages.call.Heartbeat())
        for action, command in COMMANDS.items():
            answer = await csms.ask("CP 1", command)
            assert (answer.action, answer.status) == (action, STATUSES.get(action, "Accepted"))
        assert set(point.asked) == set(COMMANDS)
        assert point.asked["DataTransfer"] == {"vendor_id": "ACME", "message_id": "m", "data": "d"}


async def test_a_foreign_1_6_charger_tells_and_changes_its_configuration(csms: Csms):
    async with charge_point(csms, Point16, "ocpp1.6") as point:
        await point.call(v16.call.Heartbeat())
        told = await csms.settings("CP 1", ["HeartbeatInterval", "Coffee"])
        assert [(each.name, each.value) for each in told.settings] == [("HeartbeatInterval", "300"), ("Coffee", None)]
        answer = await csms.ask("CP 1", c.SetSetting(name="HeartbeatInterval", value="60"))
        assert answer.status == "Accepted"
        assert point.asked["ChangeConfiguration"] == {"key": "HeartbeatInterval", "value": "60"}


@pytest.mark.parametrize(("kind", "version"), [(Station201, "ocpp2.0.1"), (Station21, "ocpp2.1")])
async def test_a_foreign_2_x_charger_tells_and_changes_its_variables(csms: Csms, kind: Any, version: str):
    async with charge_point(csms, kind, version) as point:
        await point.call(kind.messages.call.Heartbeat())
        told = await csms.settings("CP 1", [TIMEOUT])
        assert [(each.name, each.value) for each in told.settings] == [(TIMEOUT, "30")]
        assert (await csms.ask("CP 1", c.SetSetting(name=TIMEOUT, value="20"))).status == "RebootRequired"
        everything = await csms.settings("CP 1")
        assert everything.complete
        assert [each.name for each in everything.settings] == [f"{number}/EVSE/Power" for number in (1, 2, 3)]
