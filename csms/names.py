"""How the variables of OCPP 2.x are named in one line: see `csms.commands.Setting`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET

from csms.commands import UnsayableError
from csms.dialects import known

if TYPE_CHECKING:
    from agent.ocpp.v201 import wire

HELP = "write component/variable, such as OCPPCommCtrlr/HeartbeatInterval, with evse/ or evse/connector/ before it"
CONNECTOR_PARTS = 4  # evse/connector/component/variable


class Name(msgspec.Struct, frozen=True):
    """The parts of a name; evse and connector 0, and instances empty, where there are none."""

    component: str
    variable: str
    component_instance: str = ""
    instance: str = ""
    evse: int = 0
    connector: int = 0


def split_name(name: str) -> Name:
    """The parts of a variable's name. No identifier of OCPP holds `/` or `#`. Raises UnsayableError."""
    *place, component, variable = name.split("/") if "/" in name else ("", "")
    component, _, component_instance = component.partition("#")
    variable, _, instance = variable.partition("#")
    if not component or not variable or len(place) + 2 > CONNECTOR_PARTS:
        raise UnsayableError(f"{name!r} names no variable: {HELP}")
    if not all(part.isascii() and part.isdigit() and int(part) for part in place):
        raise UnsayableError(f"{name!r} names no EVSE by its number: {HELP}")
    evse, connector = (*map(int, place), 0, 0)[:2]
    return Name(component, variable, component_instance, instance, evse, connector)


def setting_name(component: wire.ComponentType, variable: wire.VariableType) -> str:
    """A variable's name in one line."""
    evse = known(component.evse)
    place = "" if evse is None else f"{evse.id}/"
    if evse is not None and evse.connectorId is not UNSET:
        place += f"{evse.connectorId}/"
    return f"{place}{_with_instance(component)}/{_with_instance(variable)}"


def _with_instance(part: wire.ComponentType | wire.VariableType) -> str:
    instance = known(part.instance)
    return f"{part.name}#{instance}" if instance else part.name
