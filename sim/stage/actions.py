"""What a scenario's step can `do`: one struct for each verb, its fields what the step's `with` may say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, TypeVar

import msgspec

from agent.core.events import LimitSet
from agent.core.limits import LimitInput, LimitSource
from agent.core.schedule import Period, Schedule
from agent.runtime.profiles import SOURCES
from csms import planning
from csms.dialects import ResetKind
from csms.faults import Fault
from csms.records import TokenStatus
from hal.errors import HalRefusedError
from sim.modbus_server import ModbusRtuServer
from sim.stage.place import IDENTITY, TAG, Place
from sim.symptoms import Symptom
from sim.vehicle import VehicleSpec


class Action(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all actions."""

    async def carry_out(self, place: Place, evse: int) -> None:
        """Do it, at this EVSE where that matters."""
        raise NotImplementedError


A = TypeVar("A", bound=type[Action])
_actions: dict[str, type[Action]] = {}
ACTIONS: Final[Mapping[str, type[Action]]] = MappingProxyType(_actions)


def _named(name: str) -> Callable[[A], A]:
    def register(kind: A) -> A:
        _actions[name] = kind
        return kind

    return register


def _simple(name: str, what: Callable[[Place, int], Any], words: str) -> None:
    """An action without fields."""

    async def carry_out(_self: Action, place: Place, evse: int) -> None:
        waited_for = what(place, evse)
        if hasattr(waited_for, "__await__"):
            await waited_for

    namespace = {"carry_out": carry_out, "__doc__": words}
    kind: Any = msgspec.defstruct(
        name.title().replace("-", ""), [], bases=(Action,), namespace=namespace, frozen=True, forbid_unknown_fields=True
    )
    _actions[name] = kind


_simple("plug-out", lambda p, evse: p.board.plug_out(evse), "The car stops, then its driver pulls the plug.")
_simple("tear-off", lambda p, evse: p.board.plug_out(evse, graceful=False), "The plug is pulled whatever flows.")
_simple("pause", lambda p, evse: p.board.ev_pause(evse), "The car stops by itself.")
_simple("resume", lambda p, evse: p.board.ev_resume(evse), "The car wants energy again.")
_simple("kill", lambda p, _: p.station.kill(), "The agent dies as in a power cut.")
_simple("halt", lambda p, _: p.station.halt(), "The agent is stopped in order.")
_simple("boot", lambda p, _: p.station.boot(), "The agent starts.")
_simple("csms-down", lambda p, _: p.csms_down(), "The CSMS goes away.")
_simple("csms-up", lambda p, _: p.csms_up(), "The CSMS comes back.")
_simple("csms-well", lambda p, _: p.csms.faults.clear(), "Nothing befalls the CSMS's answers any more.")
_simple("network-down", lambda p, _: p.station.network(False), "The charger's network goes.")
_simple("network-up", lambda p, _: p.station.network(True), "The charger's network comes back.")
_simple("disk-full", lambda p, _: p.station.disk_full(True), "No commit finds room.")
_simple("disk-free", lambda p, _: p.station.disk_full(False), "There is room again.")
_simple("accept", lambda p, _: p.csms.accept(IDENTITY), "The operator accepts the charger.")
_simple("reject", lambda p, _: p.csms.reject(IDENTITY), "The operator rejects the charger.")


@_named("plug-in")
class PlugIn(Action, frozen=True, forbid_unknown_fields=True):
    """A car is plugged in, with a cable coded for `cable_a`."""

    car: VehicleSpec = VehicleSpec()
    cable_a: float = 32.0

    async def carry_out(self, place: Place, evse: int) -> None:
        """Put the cable in."""
        place.board.plug_in(evse, self.car, cable_a=self.cable_a)


@_named("tap")
class Tap(Action, frozen=True, forbid_unknown_fields=True):
    """A token is presented; at EVSE 0 to the station's own reader."""

    token: str = TAG

    async def carry_out(self, place: Place, evse: int) -> None:
        """Hold the card before the reader."""
        place.tap(self.token, evse)


@_named("inject")
class Inject(Action, frozen=True, forbid_unknown_fields=True):
    """A symptom appears."""

    symptom: Symptom
    value: float | None = None

    async def carry_out(self, place: Place, evse: int) -> None:
        """Break it."""
        place.board.inject(evse, self.symptom, self.value)


@_named("clear")
class Clear(Action, frozen=True, forbid_unknown_fields=True):
    """A symptom goes."""

    symptom: Symptom

    async def carry_out(self, place: Place, evse: int) -> None:
        """Mend it."""
        place.board.clear(evse, self.symptom)


@_named("meter")
class Meter(Action, frozen=True, forbid_unknown_fields=True):
    """The meter of the EVSE behaves like this from now on (`WatchedSlave`); without fields it is well again."""

    silent: bool = False
    exception: int | None = None
    delay_s: float = 0.0
    corrupt: bool = False
    fill: int | None = None
    offset_wh: float = 0.0
    serial: str | None = None
    frozen: bool = False

    async def carry_out(self, place: Place, evse: int) -> None:
        """Set the slave's symptoms."""
        for name, value in msgspec.structs.asdict(self).items():
            setattr(place.station.hardware.slaves[evse], name, value)


@_named("line")
class Line(Action, frozen=True, forbid_unknown_fields=True):
    """On the meters' RS-485 line: `echo` of what the master sends, or these bytes of somebody else's (hexadecimal)."""

    echo: bool = False
    noise: str = ""

    async def carry_out(self, place: Place, evse: int) -> None:  # noqa: ARG002 - of no EVSE
        """Disturb it. Raises ValueError where the meters hang on TCP."""
        line = place.station.hardware.line
        if not isinstance(line, ModbusRtuServer):
            raise ValueError('the meters hang on TCP: give the place meter = { line = "rtu" }')  # noqa: TRY004 - no type  # noqa: TRY004 - a wrong file
        line.echo = self.echo
        if self.noise:
            line.transmit(bytes.fromhex(self.noise))


@_named("ask")
class AskHardware(Action, frozen=True, forbid_unknown_fields=True):
    """Somebody asks the guarded hardware for this; `refused`: the rule by which the interlock must refuse it."""

    command: Literal["unlock", "rcd-self-test", "rcd-reset", "state-e"]
    refused: str | None = None

    async def carry_out(self, place: Place, evse: int) -> None:
        """Ask. Raises ValueError when it is refused, or not refused, against the expectation."""
        hardware = place.station.hardware.guarded.evses[evse]
        lock, rcd = hardware.lock, hardware.rcd
        if lock is None or rcd is None:
            raise ValueError(f"EVSE {evse} has no lock or no residual-current monitor")
        commands = {
            "unlock": lock.unlock,
            "rcd-self-test": rcd.self_test,
            "rcd-reset": rcd.reset,
            "state-e": hardware.pilot.state_e,
        }
        try:
            await commands[self.command]()
        except HalRefusedError as refusal:
            if str(refusal.rule) != self.refused:
                raise ValueError(f"{self.command} was refused by rule {refusal.rule}") from refusal
        else:
            if self.refused is not None:
                raise ValueError(f"{self.command} was not refused")


@_named("remote-start")
class RemoteStart(Action, frozen=True, forbid_unknown_fields=True):
    """The operator starts a transaction; the charger must accept, or refuse if so said."""

    token: str = TAG
    answer: str = "Accepted"

    async def carry_out(self, place: Place, evse: int) -> None:
        """Ask. Raises ValueError when the answer is another."""
        _answered(await place.csms.remote_start(IDENTITY, evse, self.token), self.answer)


@_named("remote-stop")
class RemoteStop(Action, frozen=True, forbid_unknown_fields=True):
    """The operator stops the transaction that runs on the EVSE."""

    answer: str = "Accepted"

    async def carry_out(self, place: Place, evse: int) -> None:
        """Ask. Raises ValueError when nothing runs or the answer is another."""
        running = [bill for bill in await place.bills() if bill.is_open and evse in {bill.evse, bill.connector}]
        if not running:
            raise ValueError(f"the CSMS knows of no transaction on EVSE {evse} to stop")
        _answered(await place.csms.remote_stop(IDENTITY, running[-1].tx), self.answer)


@_named("reset")
class Reset(Action, frozen=True, forbid_unknown_fields=True):
    """The operator resets the charger."""

    kind: ResetKind = ResetKind.IMMEDIATE
    answer: str | None = None  # any

    async def carry_out(self, place: Place, evse: int) -> None:  # noqa: ARG002 - of the whole station
        """Ask. Raises ValueError when the answer is another."""
        answer = await place.csms.reset(IDENTITY, self.kind)
        if self.answer is not None:
            _answered(answer, self.answer)


@_named("token")
class SetToken(Action, frozen=True, forbid_unknown_fields=True):
    """The operator adds a driver's token, or changes it."""

    token: str = TAG
    group: str | None = None
    status: TokenStatus = TokenStatus.ACCEPTED

    async def carry_out(self, place: Place, evse: int) -> None:  # noqa: ARG002 - of no EVSE
        """Write it."""
        place.csms.add_token(self.token, group=self.group, status=self.status)


@_named("csms-fault")
class CsmsFault(Action, frozen=True, forbid_unknown_fields=True):
    """Something befalls the next answers of the CSMS (`csms.faults`)."""

    action: str | None = None
    times: int | None = 1
    delay_s: float = 0.0
    drop: bool = False
    close: bool = False
    malformed: bool = False

    async def carry_out(self, place: Place, evse: int) -> None:  # noqa: ARG002 - of no EVSE
        """Order it."""
        place.csms.faults.add(Fault(**msgspec.structs.asdict(self)))


@_named("limit")
class Limit(Action, frozen=True, forbid_unknown_fields=True):
    """A source of a limit speaks; after `for_s` without another word `fallback_a` counts."""

    source: LimitSource
    current_a: float
    for_s: float | None = None
    fallback_a: float = 0.0

    async def carry_out(self, place: Place, evse: int) -> None:
        """Tell the agent. Raises RuntimeError while none runs."""
        if place.station.agent is None:
            raise RuntimeError("no agent runs: boot one first")
        owner = next((one for one, source in SOURCES.items() if source is self.source), None)
        if owner is not None:
            periods = [Period(0.0, self.current_a)]
            if self.for_s is not None:
                periods.append(Period(self.for_s, self.fallback_a))
            place.station.agent.charge_point.profiles.impose(owner, Schedule(tuple(periods)), evse)
            return
        limit = LimitInput(self.source, self.current_a, fallback_a=self.fallback_a)
        if self.for_s is not None:
            limit = msgspec.structs.replace(limit, until_mono_s=place.wall.mono_s + self.for_s)
        place.station.agent.charge_point.post(evse, LimitSet(limit))


@_named("release")
class Release(Action, frozen=True, forbid_unknown_fields=True):
    """The grid or an energy manager limits no longer."""

    source: LimitSource

    async def carry_out(self, place: Place, evse: int) -> None:
        """Tell the agent. Raises RuntimeError while none runs, KeyError for a source that is no system of its own."""
        if place.station.agent is None:
            raise RuntimeError("no agent runs: boot one first")
        owner = {source: one for one, source in SOURCES.items()}[self.source]
        place.station.agent.charge_point.profiles.release(owner, evse)


@_named("reserve")
class Reserve(Action, frozen=True, forbid_unknown_fields=True):
    """The operator keeps the EVSE (0: any) for a token, or its group, for so long; the charger must answer so."""

    token: str = TAG
    number: int = 1
    for_s: float = 600.0
    group: str | None = None
    answer: str = "Accepted"

    async def carry_out(self, place: Place, evse: int) -> None:
        """Ask. Raises ValueError when the answer is another."""
        until_utc_s = place.wall() - place.wall.error_s + self.for_s
        wish = planning.Reserve(
            number=self.number, token=self.token, until_utc_s=until_utc_s, evse=evse, group=self.group
        )
        _answered(await place.csms.ask(IDENTITY, wish), self.answer)


@_named("cancel-reservation")
class CancelReservation(Action, frozen=True, forbid_unknown_fields=True):
    """The operator lets a reservation go; the charger must answer so."""

    number: int = 1
    answer: str = "Accepted"

    async def carry_out(self, place: Place, evse: int) -> None:  # noqa: ARG002 - of no certain EVSE
        """Ask. Raises ValueError when the answer is another."""
        _answered(await place.csms.ask(IDENTITY, planning.CancelReservation(number=self.number)), self.answer)


@_named("charging-profile")
class ChargingProfile(Action, frozen=True, forbid_unknown_fields=True):
    """The operator gives the EVSE (0: the charger) a profile that counts from now; the charger must answer so."""

    periods: tuple[planning.Period, ...]
    number: int = 1
    purpose: planning.Purpose = planning.Purpose.DEFAULT
    unit: planning.Unit = planning.Unit.AMPERE
    stack_level: int = 0
    duration_s: int | None = None
    answer: str = "Accepted"

    async def carry_out(self, place: Place, evse: int) -> None:
        """Ask. Raises ValueError when the answer is another."""
        wish = planning.SetProfile(
            number=self.number,
            evse=evse,
            periods=self.periods,
            purpose=self.purpose,
            unit=self.unit,
            stack_level=self.stack_level,
            start_utc_s=float(int(place.wall() - place.wall.error_s)),
            duration_s=self.duration_s,
        )
        _answered(await place.csms.ask(IDENTITY, wish), self.answer)


@_named("clear-charging-profiles")
class ClearChargingProfiles(Action, frozen=True, forbid_unknown_fields=True):
    """The operator takes all profiles back; the charger must answer so."""

    answer: str = "Accepted"

    async def carry_out(self, place: Place, evse: int) -> None:  # noqa: ARG002 - of every EVSE
        """Ask. Raises ValueError when the answer is another."""
        _answered(await place.csms.ask(IDENTITY, planning.ClearProfiles()), self.answer)


@_named("grid-signal")
class GridSignal(Action, frozen=True, forbid_unknown_fields=True):
    """The grid's operator limits the power at an EVSE (0: of the station); without `limit_w` no more."""

    limit_w: float | None = None

    async def carry_out(self, place: Place, evse: int) -> None:
        """Switch the relay."""
        place.board.grid_signal(evse, self.limit_w)


@_named("clock-step")
class ClockStep(Action, frozen=True, forbid_unknown_fields=True):
    """The station's wall clock jumps by so much."""

    seconds: float

    async def carry_out(self, place: Place, evse: int) -> None:  # noqa: ARG002 - of no EVSE
        """Put it wrong."""
        place.wall.error_s += self.seconds


def _answered(answer: Any, expected: str) -> None:
    if str(answer.status) != expected:
        raise ValueError(f"the charger answered {answer.status}, not {expected}")
