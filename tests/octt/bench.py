"""A whole station on simulated hardware under the test tool, with what a certification lab's operator can do to it."""

from __future__ import annotations

import asyncio
import random
import ssl
import time
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace

from agent.config import Config, Evse, Firmware, Ocpp, State, Station, Transfer, V2g
from agent.ocpp.stamps import to_wire
from agent.runtime.clock import LoopClock
from hal.types import LockState
from sim.board import BoardSpec
from sim.hardware import MeterLink
from sim.stage.place import Wall
from sim.station import SimStation
from sim.vehicle import Vehicle, VehicleSpec
from tests.agent.ocpp.scripted_csms import BOOT_ACCEPTED
from tests.octt.tool import BOOT_INTERVAL_S, Tool, require

IDENTITY: Final = "OCTT-1"
VALID: Final = "AABBCCDD"
VALID_2: Final = "AABBCCEE"
INVALID: Final = "00000000"
EPOCH_S: Final = 1_767_225_600.0  # what the tool's clock says when the test begins
HAND_S: Final = 1.0  # between two actions of a person
DURATION_S: Final = 10.0  # the lab's "configured transaction duration"
TRANSACTIONS: Final = ("TransactionEvent", "StartTransaction", "StopTransaction")  # none of these may come unexpected

# What the lab sets before every case: quiet meters, so that each message of a transaction is a step of the case.
QUIET: Final[Mapping[str, Mapping[str, Any]]] = {
    "1.6": {"MeterValueSampleInterval": 0, "ClockAlignedDataInterval": 0, "LocalPreAuthorize": False},
    "2.0.1": {
        "SampledDataCtrlr.TxUpdatedInterval": 0,
        "AlignedDataCtrlr.Interval": 0,
        "AuthCtrlr.LocalPreAuthorize": False,
    },
}


class Bench:
    """The station under test. `evse` is the configured EVSE; what the reusable states know of it stands here, too."""

    def __init__(self, station: SimStation, tool: Tool, version: str) -> None:
        self.station = station
        self.tool = tool
        self.version = version
        self.evse = 1
        self.token: dict[str, str] = {"idToken": VALID, "type": "ISO14443"}
        self.connected = False
        self.authorized = False
        self.tx: str | None = None  # 2.x: the transactionId, once told; 1.6: its number
        self.vehicle: Vehicle | None = None  # that was plugged in last
        self.remote = False  # how the lab starts and stops unless the case says so

    # The hands

    def plug(self, evse: int | None = None, *, cable_a: float = 32.0, **car: Any) -> None:
        """Connect EV and EVSE; `car` are fields of `VehicleSpec`."""
        self.vehicle = self.station.board.plug_in(evse or self.evse, VehicleSpec(**car), cable_a=cable_a)
        if (evse or self.evse) == self.evse:
            self.connected = True

    def unplug(self, evse: int | None = None) -> None:
        """Disconnect EV and EVSE."""
        self.station.board.plug_out(evse or self.evse)
        if (evse or self.evse) == self.evse:
            self.connected = False

    def unplug_at_car(self) -> None:
        """Pull the plug out of the car at once; a socket that holds the cable keeps it."""
        self.station.board.plug_out(self.evse, graceful=False)

    def present(self, token: str | None = None, kind: str | None = None, evse: int | None = None) -> None:
        """Hold an identifier before the reader of the EVSE."""
        self.station.board.present_token(
            token or self.token["idToken"], kind or self.token["type"], evse=evse or self.evse
        )

    def inject(self, symptom: str, value: float | None = None, evse: int | None = None) -> None:
        """Something breaks."""
        self.station.board.inject(evse or self.evse, symptom, value)

    def mend(self, symptom: str, evse: int | None = None) -> None:
        """It is whole again."""
        self.station.board.clear(evse or self.evse, symptom)

    def pause(self) -> None:
        """The EV suspends the energy transfer."""
        self.station.board.ev_pause(self.evse)

    def resume(self) -> None:
        """It wants energy again."""
        self.station.board.ev_resume(self.evse)

    async def power_cycle(self, off_s: float = 5.0) -> None:
        """The mains fail; the agent dies at once and comes back with them."""
        await self.station.kill()
        await asyncio.sleep(off_s)
        self.station.boot()

    @property
    def closed(self) -> bool:
        """Whether the contactor is closed, in truth."""
        return any(self.station.board.snapshot(self.evse).poles)

    @property
    def energy_wh(self) -> float:
        """The energy that has flowed so far, in truth."""
        return self.station.board.true_energy_wh(self.evse)

    @property
    def offered_a(self) -> float | None:
        """The current that the pilot offers; None while it offers none."""
        offer = self.station.session(self.evse).offer
        return offer.current_a if offer is not None else None

    @property
    def lock(self) -> LockState:
        """Whether the socket holds the cable, in truth."""
        return self.station.board.snapshot(self.evse).lock

    def display(self) -> tuple[str, ...]:
        """What the driver reads."""
        return tuple(self.station.board.snapshot(self.evse).display)

    # The lab's configuration

    async def configure(self, name: str, value: Any, evse: int | None = None) -> str:
        """Set a variable "Component.Variable[Instance]" (1.6: a key), which must be accepted; the status."""
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if self.version == "1.6":
            answer = await self.tool.send("ChangeConfiguration", key=name, value=text)
            status = answer["status"]
        else:
            answer = await self.tool.send(
                "SetVariables", setVariableData=[named(name, evse) | {"attributeValue": text}]
            )
            status = answer["setVariableResult"][0]["attributeStatus"]
        assert status in {"Accepted", "RebootRequired"}, f"{name}={text}: {answer}"
        return str(status)

    async def value(self, name: str, evse: int | None = None) -> str:
        """A variable's actual value (1.6: a key's)."""
        if self.version == "1.6":
            answer = await self.tool.send("GetConfiguration", key=[name])
            return str(answer["configurationKey"][0]["value"])
        answer = await self.tool.send("GetVariables", getVariableData=[named(name, evse)])
        result = require(answer["getVariableResult"][0], attributeStatus="Accepted")
        return str(result["attributeValue"])

    async def points(self, point: str) -> frozenset[str]:
        """TxStartPoint or TxStopPoint as configured."""
        return frozenset((await self.value(f"TxCtrlr.{point}")).split(","))


def named(name: str, evse: int | None = None) -> dict[str, Any]:
    """ "Component.Variable[Instance]" as 2.x's messages name it."""
    component, _, rest = name.partition(".")
    variable, _, instance = rest.removesuffix("]").partition("[")
    return {
        "component": {"name": component} | ({"evse": {"id": evse}} if evse else {}),
        "variable": {"name": variable} | ({"instance": instance} if instance else {}),
    }


@asynccontextmanager
async def bench(
    directory: Path,
    version: str = "2.0.1",
    *,
    evses: int = 1,
    settings: Mapping[str, Any] | None = None,
    spec: BoardSpec | None = None,
    meter: str = MeterLink().profile,
    accepted: bool = True,
    quiet: bool = True,
    answers: Mapping[str, Any] | None = None,
    password: str | None = None,
    tls: ssl.SSLContext | None = None,
    machine_clock: bool = False,
    v2g: V2g | None = None,
    unsigned: bool = False,
    **ocpp: Any,
) -> AsyncIterator[Bench]:
    """A station under test, booted and accepted (unless not `accepted`), with nothing left to take off.

    `tls`: the tool's. OpenSSL judges certificates by the machine's clock: with it, or with `machine_clock`, station and
    tool go by that one, too.
    """
    by_machine = machine_clock or tls is not None
    wall = Wall(time.time() - asyncio.get_running_loop().time() if by_machine else EPOCH_S)
    tool = Tool(version=version, answers=(right_time(wall) if by_machine else {}) | dict(answers or {}), tls=tls)
    url = await tool.start()
    if password is not None:
        secret = directory / "password"
        secret.touch(mode=0o600)
        secret.write_text(password)
        secret.chmod(0o600)
        ocpp["password_file"] = secret
    chosen = (QUIET[version] if quiet else {}) | dict(settings or {})
    board = replace(spec or BoardSpec(), evses=evses)
    more = {"v2g": v2g, "unsigned": unsigned, "meter": meter}
    station = built(directory, url, version, wall, chosen, spec=board, **more, **ocpp)
    made = Bench(station, tool, version)
    await station.start()
    try:
        if accepted:
            await tool.until(lambda: len(tool.calls("StatusNotification")) >= evses)
            await asyncio.sleep(BOOT_INTERVAL_S)
            tool.forget()
        yield made
        judge_transactions(made)
    finally:
        await station.stop()
        await tool.stop()


def built(
    directory: Path,
    url: str,
    version: str,
    wall: Wall,
    settings: Mapping[str, Any],
    *,
    spec: BoardSpec,
    v2g: V2g | None = None,
    unsigned: bool = False,
    meter: str = MeterLink().profile,
    **ocpp: Any,
) -> SimStation:
    """A station that calls this CSMS, once it is started."""
    config = Config(
        schema_version=1,
        station=Station(identity=IDENTITY, vendor="evse-agent", model="Simulated"),
        ocpp=Ocpp(url=url, versions=(version,), **({"security_profile": 0, "allow_plain_text": True} | ocpp)),
        evse=tuple(Evse(id=number, v2g=v2g) for number in range(1, spec.evses + 1)),
        state=State(dir=directory / "state"),
        transfer=Transfer(networks=("loopback",)),
        firmware=Firmware(installer="simulated", allow_unsigned=unsigned),
        settings=settings,
    )
    ids = random.Random(version)

    def new_id() -> str:
        return str(uuid.UUID(int=ids.getrandbits(128), version=4))

    return SimStation(config, LoopClock(wall), new_id, link=MeterLink(meter), spec=spec)


def right_time(wall: Wall) -> dict[str, Any]:
    """Answers of a tool whose clock does not stand still."""
    return {
        "BootNotification": lambda _: BOOT_ACCEPTED | {"currentTime": to_wire(wall())},
        "Heartbeat": lambda _: {"currentTime": to_wire(wall())},
    }


def judge_transactions(made: Bench) -> None:
    """The general validations of part 6 2.1: no gaps in seqNo, the start first, the EVSE named, nothing unexpected."""
    left = [one.payload for action in TRANSACTIONS for one in made.tool.left(action)]
    assert not left, f"messages that no step of the case expects: {left}"
    events: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
    for one in made.tool.calls("TransactionEvent"):
        events[one.payload["transactionInfo"]["transactionId"]][one.payload["seqNo"]] = one.payload
    for tx, by_number in events.items():
        numbers = sorted(by_number)
        assert numbers == list(range(len(numbers))), f"{tx}: seqNo {numbers}"
        kinds = [by_number[number]["eventType"] for number in numbers]
        assert kinds[0] == "Started", f"{tx}: {kinds}"
        assert "Started" not in kinds[1:], f"{tx}: {kinds}"
        assert "Ended" not in kinds[:-1], f"{tx}: {kinds}"
