"""A meter in a process of its own, so that its CPU time is not the driver's: `modbus_slave.py tcp|rtu [BAUDRATE]`.

Prints its URL. With a baud rate the answer comes when a wire of that rate would have carried request, silence and
answer; a pty has no rate of its own, and an event loop's timers are too coarse to model one.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from typing import Final

from hal.modbus.profile import load_profile
from hal.modbus.wire import READ_ANSWER_BYTES, READ_REQUEST_BYTES, character_s, frame_gap_s
from hal.types import MeterSample
from sim.modbus_server import MeterSlave, ModbusTcpServer, Pty, crc16

PROFILE: Final = "abb_b2x"
SAMPLE: Final = MeterSample(
    taken_mono_s=0.0,
    energy_import_wh=1_234_560.0,
    serial="12345",
    power_w=11_000.0,
    power_phase_w=(3600.0, 3700.0, 3700.0),
    voltage_v=(230.1, 231.2, 229.3),
    current_a=(15.9, 16.0, 16.1),
)
SPIN_S: Final = 0.0003  # a sleep ends so much too late


def main() -> None:
    """Serve until the input ends or the process is ended."""
    slave = MeterSlave(load_profile(PROFILE), lambda: SAMPLE)
    if sys.argv[1] == "tcp":
        asyncio.run(serve_tcp(slave))
    else:
        serve_rtu(slave, int(sys.argv[2]) if len(sys.argv) > 2 else None)


async def serve_tcp(slave: MeterSlave) -> None:
    """Serve over TCP."""
    server = ModbusTcpServer([slave])
    print(f"tcp://127.0.0.1:{await server.start()}", flush=True)  # noqa: T201 -- the parent waits for it
    await asyncio.Event().wait()


def serve_rtu(slave: MeterSlave, baudrate: int | None) -> None:
    """Serve over a pty, one read request after the other."""
    line = Pty()
    print(f"serial://{line.path}?baudrate={baudrate or 115200}", flush=True)  # noqa: T201
    heard = b""
    while True:
        heard += os.read(line.fd, 256)
        if len(heard) < READ_REQUEST_BYTES:
            continue
        begun_s = time.perf_counter()
        frame, heard = heard[:READ_REQUEST_BYTES], b""
        pdu = slave.answer(frame[1:-2])
        if pdu is None or crc16(frame):
            continue
        answer = bytes((frame[0],)) + pdu
        if baudrate is not None:
            characters = READ_REQUEST_BYTES + READ_ANSWER_BYTES + pdu[1]
            wait_until(begun_s + characters * character_s(baudrate) + frame_gap_s(baudrate))
        os.write(line.fd, answer + crc16(answer).to_bytes(2, "little"))


def wait_until(due_s: float) -> None:
    """Until then, to some microseconds."""
    left_s = due_s - time.perf_counter()
    if left_s > SPIN_S:
        time.sleep(left_s - SPIN_S)
    while time.perf_counter() < due_s:
        pass


if __name__ == "__main__":
    main()
