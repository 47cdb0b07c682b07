"""Every shipped board against its simulated counterpart, on the virtual clock: the entry points `evse.benches`.

Each function runs `check(open_raw, bench)` and returns its report.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec

from hal.board import Board
from hal.boards import gpio, modbus_io, rapi, serial_mcu
from hal.boards.pins import Options
from hal.conformance import Bench, Report
from hal.metered import MeteredBoard
from hal.meters import DCBM
from sim.bench import SimBench
from sim.board import SimBoard
from sim.dc import DcSpec
from sim.evse import EvseSpec
from sim.evse_din import COIL, MIRROR, WATCHDOG, EvseDin
from sim.mcu import SimMcu
from sim.openevse import SimOpenEvse
from sim.pins import SimPins
from sim.signing_meters import BSM, SigningMeters
from sim.time import run_virtual

FAST_DEBOUNCE_S: Final = 0.025
LEAVE_C_S: Final = 0.1
RunSuite = Callable[[Callable[[], Board], Bench], Coroutine[Any, Any, Report]]


def sim_board(run_suite: RunSuite) -> Report:
    """The simulated board itself, which enforces nothing, with a meter on Modbus that signs."""
    return run_virtual(_with_signing_meter(run_suite, EvseSpec(phase_switch=True), BSM))


def sim_dc_board(run_suite: RunSuite) -> Report:
    """The simulated board with a DC supply behind its contactor, and a DC meter that signs."""
    return run_virtual(_with_signing_meter(run_suite, EvseSpec(dc=DcSpec()), DCBM))


async def _with_signing_meter(run_suite: RunSuite, spec: EvseSpec, profile: str) -> Report:
    """Meter and board are two things: the meter keeps its pages while one board after the other is tried."""
    board = SimBoard(evse=spec)
    meters = SigningMeters(profile, {1: partial(board.sample, 1)})
    bench = SimBench(board, meters)
    drivers = await meters.start()

    def open_raw() -> Board:
        bench.board = SimBoard(evse=spec)  # a closed one cannot be opened again
        bench.forget_cars()
        meters.measure({1: partial(bench.board.sample, 1)})
        return MeteredBoard(bench.board, drivers)

    try:
        return await run_suite(open_raw, bench)
    finally:
        await meters.close()


def _metered(driver: Board, behind: SimBoard) -> Board:
    """A board without a meter, and one in the same cabinet that measures what flows."""
    return MeteredBoard(driver, {number: hardware.meter for number, hardware in behind.evses.items()})


def serial_mcu_board(run_suite: RunSuite) -> Report:
    """A microcontroller on a pty, which has the rules that it claims."""

    async def main() -> Report:
        mcu = SimMcu(SimBoard(evse=EvseSpec(phase_switch=True)))
        await mcu.start()
        try:
            options = {"device": mcu.pty.path, "phase_switch": True}
            return await run_suite(lambda: _metered(serial_mcu.open_board(options), mcu.board), SimBench(mcu.board))
        finally:
            await mcu.close()

    return run_virtual(main())


def gpio_board(run_suite: RunSuite) -> Report:
    """A chip at gpiod's boundary, folders like those of sysfs, and a residual-current device in the coil's circuit."""

    async def main(folder: Path) -> Report:
        pins = SimPins(SimBoard(), folder)
        await pins.start()
        try:
            options = msgspec.convert(pins.options(), Options)
            return await run_suite(
                lambda: _metered(gpio.GpioBoard(options, pins.library), pins.board), SimBench(pins.board)
            )
        finally:
            await pins.close()

    with tempfile.TemporaryDirectory() as folder:
        return run_virtual(main(Path(folder)))


def modbus_io_board(run_suite: RunSuite) -> Report:
    """A Modbus EVSE controller and a relay board with a watchdog, over TCP."""

    async def main() -> Report:
        plant = EvseDin(SimBoard())
        await plant.start()
        try:
            relay = {"unit": 2, "coil_register": COIL, "mirror_register": MIRROR, "watchdog_register": WATCHDOG}
            options = {"bus": plant.url, "relay": relay}
            return await run_suite(lambda: _metered(modbus_io.open_board(options), plant.board), SimBench(plant.board))
        finally:
            await plant.close()

    return run_virtual(main())


def rapi_board(run_suite: RunSuite) -> Report:
    """An OpenEVSE on a pty, whose firmware debounces faster than the stock one: that would not be armed."""

    async def main() -> Report:
        openevse = SimOpenEvse(SimBoard(evse=EvseSpec(phases=1, socket=False)), debounce_s=FAST_DEBOUNCE_S)
        await openevse.start()
        try:
            options = {"device": openevse.pty.path, "leave_c_s": LEAVE_C_S}
            return await run_suite(lambda: _metered(rapi.open_board(options), openevse.board), SimBench(openevse.board))
        finally:
            await openevse.close()

    return run_virtual(main())
