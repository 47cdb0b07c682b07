"""`evse sim ...`: finds the command asked for and imports no other."""

from __future__ import annotations

from collections.abc import Sequence


def command(argv: Sequence[str]) -> int:
    """Run `evse sim`, or its `hardware`, `scenario`, `faults`, `fleet`, `replay`; returns the exit status."""
    name, rest = (argv[0], argv[1:]) if argv else ("", [])
    match name:
        case "hardware":
            from sim.hardware_process import command as hardware

            return hardware(rest)
        case "scenario":
            from sim.stage.cli import command as scenario

            return scenario(rest)
        case "faults":
            from sim.stage.fault_cli import command as faults

            return faults(rest)
        case "fleet":
            from sim.fleet.cli import command as fleet

            return fleet(rest)
        case "replay":
            from sim.replay.cli import command as replay

            return replay(rest)
        case _:
            from sim.run import command as run

            return run(argv)
