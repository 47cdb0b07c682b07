"""A station under fire: all that can befall it as plain methods, on a clock of its own, with the judge watching."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import Coroutine
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

from agent.core.events import LimitSet
from agent.core.limits import LimitInput, LimitSource
from csms.dialects import ResetKind
from csms.faults import Fault
from csms.peers import CallFailedError
from hal.errors import HalError
from sim.board import BoardSpec
from sim.hardware import MeterLink
from sim.modbus_server import ModbusTcpServer
from sim.stage.invariants import Judge
from sim.stage.place import IDENTITY, OTHER_TAG, TAG, PlaceSpec, place
from sim.symptoms import GRID_SYMPTOMS, Symptom
from sim.time import new_virtual_loop
from sim.vehicle import VehicleSpec

TOKENS = (TAG, OTHER_TAG)
STRANGER = "DEADBEEF"
FUSE_A = 20.0
QUIET_S = 90.0  # everything is healed: until the last word has reached the CSMS
LONGEST_S = 3600.0


class Fire:
    """Sync from outside, a whole station inside. Every method lets what it does happen, then asks the judge."""

    def __init__(self, version: str = "2.0.1", evses: int = 2) -> None:
        logging.disable(logging.CRITICAL)
        self._loop = new_virtual_loop()
        self._directory = tempfile.TemporaryDirectory(prefix="evse-fire-")
        self._stack = AsyncExitStack()
        self._csms_up = True
        self._cables: dict[int, float] = {}
        self._limits: dict[int, float] = {}
        self.steps = 0
        spec = PlaceSpec(
            version=version, evses=evses, fuse_a=FUSE_A, meter=MeterLink(poll_s=2.0), board=BoardSpec(start_wh=1000.0)
        )
        entered = self._stack.enter_async_context(place(Path(self._directory.name), spec))
        self.place = self._loop.run_until_complete(entered)
        self.judge = Judge(self.place, fuse_a=FUSE_A)
        self.station = self.place.station
        self._agent = self.station.agent

    def close(self) -> None:
        """Everything ends, whatever state it is in."""
        try:
            self._run(self._close())
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()
            self._directory.cleanup()
            logging.disable(logging.NOTSET)

    async def _close(self) -> None:
        if not self._csms_up:
            await self.place.csms_up()
        failure = self.station.failure  # the judge has named it
        with suppress(*([type(failure)] if failure is not None else [])):
            await self._stack.aclose()

    def wait(self, seconds: float) -> None:
        """Let time pass and judge."""
        self._run(asyncio.sleep(seconds))
        self.steps += 1
        if self.station.agent is not self._agent:  # a reset has restarted it
            self._agent = self.station.agent
            if self._agent is not None:
                self._begun()
        self.judge.check()

    # The driver

    def plug_in(self, evse: int, *, cable_a: float = 32.0, **car: Any) -> None:
        with suppress(HalError):  # there is one already
            self._call(lambda: self.place.board.plug_in(evse, VehicleSpec(**car), cable_a=cable_a))
            self._cables[evse] = cable_a
            self._allow(evse)

    def plug_out(self, evse: int, *, graceful: bool = True) -> None:
        with suppress(HalError):
            self._call(lambda: self.place.board.plug_out(evse, graceful=graceful))

    def pause(self, evse: int) -> None:
        with suppress(HalError):
            self._call(lambda: self.place.board.ev_pause(evse))

    def resume(self, evse: int) -> None:
        with suppress(HalError):
            self._call(lambda: self.place.board.ev_resume(evse))

    def tap(self, evse: int, token: str = TAG) -> None:
        if token in TOKENS:
            self.judge.authorised(evse)
        self._call(lambda: self.place.tap(token, evse))

    # The operator

    def remote_start(self, evse: int, token: str = TAG) -> None:
        self.judge.authorised(evse)
        self._ask(lambda: self.place.csms.remote_start(IDENTITY, evse, token))

    def remote_stop(self, evse: int) -> None:
        async def stop() -> None:
            for bill in await self.place.bills():
                if bill.is_open and evse in {bill.evse, bill.connector}:
                    await self.place.csms.remote_stop(IDENTITY, bill.tx)

        self._ask(stop)

    def reset(self, *, at_once: bool = True) -> None:
        self._ask(lambda: self.place.csms.reset(IDENTITY, ResetKind.IMMEDIATE if at_once else ResetKind.ON_IDLE))

    def limit(self, evse: int, current_a: float) -> None:
        agent = self.station.agent
        if agent is not None and self.station.alive:
            limit = LimitInput(LimitSource.LOCAL, current_a)
            self._call(lambda: agent.charge_point.post(evse, LimitSet(limit)))
            self._limits[evse] = current_a
            self._allow(evse)

    # What breaks

    def inject(self, evse: int, symptom: Symptom, value: float | None = None) -> None:
        self._call(lambda: self.place.board.inject(0 if symptom in GRID_SYMPTOMS else evse, symptom, value))

    def clear(self, evse: int, symptom: Symptom) -> None:
        self._call(lambda: self.place.board.clear(0 if symptom in GRID_SYMPTOMS else evse, symptom))

    def meter(self, evse: int, **wrong: Any) -> None:
        """The meter goes wrong in this way; without arguments it is well again."""
        slave = self.station.hardware.slaves[evse]
        if wrong:
            self.judge.meter_disturbed(evse)
        slave.silent, slave.exception = wrong.get("silent", False), wrong.get("exception")
        slave.fill, slave.offset_wh = wrong.get("fill"), wrong.get("offset_wh", 0.0)
        slave.frozen, slave.delay_s = wrong.get("frozen", False), wrong.get("delay_s", 0.0)

    def bus(self, *, lost: bool) -> None:
        """The meters' gateway drops its connections; when it is lost no meter answers any more."""
        for evse in self.place.board.evses:
            self.meter(evse, **({"silent": True} if lost else {}))
        line = self.station.hardware.line
        if isinstance(line, ModbusTcpServer):
            self._call(line.drop_connections)

    def kill(self) -> None:
        if self.station.alive:
            self._run(self.station.kill())
            self._agent = None
            self.judge.killed()

    def boot(self) -> None:
        if not self.station.alive:
            self._call(self.station.boot)
            self._agent = self.station.agent
            self._begun()

    def disk(self, *, full: bool) -> None:
        self.station.disk_full(full)

    def clock_jump(self, seconds: float) -> None:
        self.place.wall.error_s += seconds

    def network(self, *, online: bool) -> None:
        if self.station.alive:
            self._call(lambda: self.station.network(online))

    def csms(self, *, up: bool) -> None:
        if up is not self._csms_up:
            self._csms_up = up
            self._run(self.place.csms_up() if up else self.place.csms_down())

    def csms_fault(self, **fault: Any) -> None:
        if self._csms_up:
            self.place.csms.faults.add(Fault(**fault))

    # The end

    def settle(self) -> None:
        """Heal everything, let everybody leave, and judge the bills."""
        for evse in self.place.board.evses:
            for symptom in self.place.board.symptoms(evse):
                self.clear(evse, Symptom(symptom))
            self.meter(evse)
        for symptom in GRID_SYMPTOMS:
            self.clear(1, symptom)
        self.disk(full=False)
        self.csms(up=True)
        self.place.csms.faults.clear()
        self.boot()
        self.network(online=True)
        self.wait(QUIET_S)
        for evse in self.place.board.evses:
            self.plug_out(evse)
        self.wait(QUIET_S)
        waited_s = 0.0
        while self.station.agent is not None and self.station.agent.station.queued() and waited_s < LONGEST_S:
            self.wait(QUIET_S)
            waited_s += QUIET_S
        self._run(self.judge.check_bills(settled=True))

    def glance_at_bills(self) -> None:
        """What may never stand in the store, not even for a moment."""
        if self._csms_up:
            self._run(self.judge.check_bills(settled=False))

    # Inside

    def _begun(self) -> None:
        """An agent begins: what the one before had been told is forgotten."""
        self.judge.booted()
        self._limits.clear()
        for evse in self.place.board.evses:
            self._allow(evse)

    def _allow(self, evse: int) -> None:
        self.judge.limited(evse, min(self._cables.get(evse, 32.0), self._limits.get(evse, 32.0)))

    def _ask(self, what: Any) -> None:
        async def asked() -> None:
            with suppress(CallFailedError, TimeoutError):
                async with asyncio.timeout(5.0):
                    await what()

        if self._csms_up:
            self._run(asked())

    def _call(self, what: Any) -> None:
        async def called() -> None:
            what()

        self._run(called())

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.run_until_complete(work)
