"""What can be done to a simulated charger from outside: commands, their arguments, and what they mean. PURE.

The vocabulary of `POST /control/<command>`; docs/control-api.md documents each name and argument.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET, Meta, UnsetType

from sim.symptoms import DEFAULTS, Symptom
from sim.vehicle import Misbehaviour

TokenType = Literal[  # OCPP 2.0.1 IdTokenEnumType
    "Central", "eMAID", "ISO14443", "ISO15693", "KeyCode", "Local", "MacAddress", "NoAuthorization"
]
EvseNumber = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(ge=0)]
Percent = Annotated[float, Meta(ge=0, le=100)]
MAX_AC_A: Final = 63.0  # IEC 61851-1 table B.2: no cable carries more
Ampere = Annotated[float, Meta(gt=0, le=63)]
ContractName = Annotated[str, Meta(pattern=r"^[\w-]+(/[\w-]+)?$")]  # a file in the cars' folder, or one folder below

# OCPP 1.6 error codes (ChargePointErrorCode), and the symptom that makes a charger report each; None: its default.
ERROR_CODES: Final[Mapping[str, tuple[Symptom, float | None]]] = MappingProxyType(
    {
        "ConnectorLockFailure": (Symptom.LOCK_JAM, None),
        "GroundFailure": (Symptom.RESIDUAL_DC, None),
        "HighTemperature": (Symptom.OVER_TEMPERATURE, None),
        "InternalError": (Symptom.BOARD_SLOW, None),
        "OtherError": (Symptom.E_STOP, None),
        "OverCurrentFailure": (Symptom.CAR_IGNORES_PILOT, None),
        "OverVoltage": (Symptom.GRID_VOLTAGE, 280.0),
        "PowerMeterFailure": (Symptom.METER_SILENT, None),
        "PowerSwitchFailure": (Symptom.NO_CLOSE, None),
        "UnderVoltage": (Symptom.GRID_VOLTAGE, 170.0),
    }
)

_AT = re.compile(r"(?P<problem>.*?)(?: - at `\$(?:\.(?P<path>.*))?`)?", re.DOTALL)
_FIELD = re.compile(r"Object (?:contains unknown|missing required) field `(?P<name>.*)`")


class CommandError(ValueError):
    """A command that means nothing. `argument` is to blame; None: the name, or all of them."""

    def __init__(self, argument: str | None, problem: str) -> None:
        super().__init__(f"{argument}: {problem}" if argument else problem)
        self.argument = argument
        self.problem = problem


class Command(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all commands."""


class Later(Command, frozen=True):
    """A symptom that appears (or goes) some seconds after the plug is in, unless it is pulled before."""

    after_s: Seconds
    symptom: str
    value: float | None = None
    active: bool = True


class PlugIn(Command, frozen=True):
    """A car is plugged in: state B after `plug_delay_s`, C `draw_delay_s` after current is offered.

    It draws the lower of offer and `current_a` on each of its phases. Arguments that are left out are as `Ev` said.
    One that speaks ISO 15118 says so in messages; `energy`, `payment`, `contract`, `departure_s` and `misbehaves` are
    about such a car only.
    """

    evse: EvseNumber
    protocol: Literal["iec61851", "iso15118"] = "iec61851"
    energy: Literal["AC", "DC"] = "AC"
    payment: Literal["EIM", "Contract"] = "EIM"
    contract: ContractName | None = "contract"
    departure_s: Annotated[int, Meta(ge=0)] | None = None
    misbehaves: Misbehaviour | None = None
    plug_delay_s: Seconds = 0.0
    draw_delay_s: Seconds | UnsetType = UNSET
    current_a: Annotated[float, Meta(gt=0, le=500)] | UnsetType = UNSET
    phases: Literal[1, 2, 3] | UnsetType = UNSET
    auto_unplug_s: Seconds | None = None
    then: tuple[Later, ...] = ()


class PlugOut(Command, frozen=True):
    """The plug is pulled: after the car has stopped, or whatever flows."""

    evse: EvseNumber
    graceful: bool = True


class Swipe(Command, frozen=True):
    """An identifier is held before the reader that serves these EVSEs; empty: the station's first reader."""

    id_token: Annotated[str, Meta(min_length=1, max_length=36)]
    type: TokenType = "ISO14443"
    evses: tuple[EvseNumber, ...] = ()


class Network(Command, frozen=True):
    """The network goes away (False), without a closing handshake and without redialling, or comes back."""

    online: bool


class Fault(Command, frozen=True):
    """A symptom appears, or goes. Symptoms of the supply are the whole station's, whatever EVSE is given."""

    evse: EvseNumber
    symptom: str
    value: float | None = None
    active: bool = True


class EvPause(Command, frozen=True):
    """The car stops by itself and opens S2."""

    evse: EvseNumber


class EvResume(Command, frozen=True):
    """The car wants energy again."""

    evse: EvseNumber


class Ev(Command, frozen=True):
    """What kind of car it is: the one on the cable, or the ones to come."""

    evse: EvseNumber
    soc: Percent | UnsetType = UNSET
    target_soc: Percent | UnsetType = UNSET
    max_current_a: Ampere | UnsetType = UNSET
    min_current_a: Ampere | UnsetType = UNSET
    phases: Literal[1, 2, 3] | UnsetType = UNSET
    capacity_wh: Annotated[float, Meta(gt=0)] | UnsetType = UNSET
    reaction_s: Seconds | UnsetType = UNSET
    draw_delay_s: Seconds | UnsetType = UNSET
    sleep_after_s: Seconds | UnsetType | None = UNSET
    needs_ventilation: bool | UnsetType = UNSET


class Power(Command, frozen=True):
    """The mains are cut (False), or back."""

    on: bool


COMMANDS: Final[Mapping[str, type[Command]]] = MappingProxyType(
    {
        "plug_in": PlugIn,
        "plug_out": PlugOut,
        "swipe": Swipe,
        "network": Network,
        "fault": Fault,
        "ev_pause": EvPause,
        "ev_resume": EvResume,
        "ev": Ev,
        "power": Power,
    }
)


def parse(name: str, arguments: Any) -> Command:
    """The command of this name. Raises `CommandError` that lists the commands, or names the argument."""
    kind = COMMANDS.get(name)
    if kind is None:
        raise CommandError(None, f"there is no command {name!r}; there are {', '.join(COMMANDS)}")
    try:
        command = msgspec.convert(arguments, kind)
    except msgspec.ValidationError as error:
        raise _translated(error, kind) from error
    match command:
        case Fault(symptom=symptom):
            symptom_meant(symptom, "symptom")
        case PlugIn(then=then):
            _check_car(command)
            for index, one in enumerate(then):
                symptom_meant(one.symptom, f"then[{index}].symptom")
    return command


def _check_car(command: PlugIn) -> None:
    """Raise `CommandError` for a car that cannot be."""
    talks = command.protocol == "iso15118"
    said = (
        ("energy", command.energy == "DC"),
        ("payment", command.payment == "Contract"),
        ("departure_s", command.departure_s is not None),
        ("misbehaves", command.misbehaves is not None),
    )
    for argument, given in said:
        if given and not talks:
            raise CommandError(argument, 'only a car that talks says so; give protocol "iso15118"')
    if command.energy == "AC" and isinstance(command.current_a, float) and command.current_a > MAX_AC_A:
        raise CommandError("current_a", f"Expected float <= {MAX_AC_A} for a car that takes AC")


def symptom_meant(name: str, argument: str = "symptom") -> tuple[Symptom, float]:
    """The symptom of this name or OCPP error code, and its usual value. Raises `CommandError`."""
    if name in ERROR_CODES:
        symptom, value = ERROR_CODES[name]
        return symptom, DEFAULTS[symptom] if value is None else value
    try:
        symptom = Symptom(name)
    except ValueError:
        known = f"symptoms are {', '.join(Symptom)}; OCPP error codes are {', '.join(ERROR_CODES)}"
        raise CommandError(argument, f"{name!r} is unknown; {known}") from None
    return symptom, DEFAULTS[symptom]


def _translated(error: msgspec.ValidationError, kind: type[Command]) -> CommandError:
    """The error in terms of arguments."""
    match = _AT.fullmatch(str(error))
    problem, path = (match["problem"], match["path"]) if match else (str(error), None)
    field = _FIELD.fullmatch(problem)
    if field is not None:
        path = field["name"] if path is None else f"{path}.{field['name']}"
        missing = "missing" in problem
        problem = "is missing" if missing else f"is no argument; there are {', '.join(kind.__struct_fields__)}"
    elif problem.startswith("Invalid enum value") and path in kind.__struct_fields__:
        choices = ", ".join(map(repr, _choices(get_type_hints(kind)[path])))
        problem = f"{problem}; give one of {choices}"
    return CommandError(path, problem.replace("`", ""))


def _choices(hint: Any) -> list[object]:
    """What a type with a Literal in it allows."""
    if get_origin(hint) is Literal:
        return list(get_args(hint))
    return [choice for part in get_args(hint) for choice in _choices(part)]
