"""`evse sim`: the production agent on simulated hardware, in real time, against any CSMS."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import random
import signal
import sys
import tempfile
import time
import uuid
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec

from agent.config import Config, ConfigError, load
from agent.ocpp.network import PLAIN_PROFILES
from agent.ocpp.setting import SettingError
from agent.runtime.clock import LoopClock
from agent.runtime.journal import JournalError
from hal.errors import HalError
from sim.blackbox import BlackBox, Ending, Hardware
from sim.fast import FastLoop, fast_wall
from sim.persistence import FILE_NAME, Memory
from sim.remote_world import RemoteWorld
from sim.station import AgentHost
from sim.world import World, world_spec

DEFAULT_CONFIG: Final = Path(__file__).with_name("default.toml")
EXIT_OK: Final = 0  # after SIGTERM, or SIGINT without --mains-cut
EXIT_FAILED: Final = 1
EXIT_RESET: Final = 10  # an accepted reset, as of `evse run`: start it anew
EXIT_MAINS_CUT: Final = 130  # 128 + SIGINT, as shells have it


def command(argv: Sequence[str]) -> int:
    """Run `evse sim`; returns the exit status."""
    chosen = _parser().parse_args(argv)
    logging.basicConfig(level=chosen.log_level, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("websockets").setLevel(logging.WARNING)
    with ExitStack() as stack:
        try:
            config = _config(chosen, stack)
            with asyncio.Runner(loop_factory=None if chosen.speed == 1 else partial(FastLoop, chosen.speed)) as runner:
                ending = runner.run(_run(config, chosen))
        except (ConfigError, HalError, JournalError, SettingError, ValueError, OSError) as error:
            print(f"evse sim: {error}", file=sys.stderr)  # noqa: T201 - a command's answer
            return EXIT_FAILED
    return EXIT_RESET if ending is Ending.RESET else EXIT_OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="evse sim",
        description="Run the agent on simulated hardware, in real time, against any CSMS."
        " `evse sim hardware --help` and `evse sim scenario --help` tell of the others.",
        epilog="exit status: 0 after SIGTERM or SIGINT, 10 after an accepted reset, 130 after SIGINT with --mains-cut,"
        " 1 when it cannot start or go on",
    )
    parser.add_argument("--csms", metavar="URL", help="ocpp.url; the identity is appended")
    parser.add_argument("--identity", help="station.identity")
    parser.add_argument("--security-profile", type=int, choices=range(4), help="ocpp.security_profile")
    parser.add_argument("--password-file", type=Path, metavar="FILE", help="ocpp.password_file, profiles 1 and 2")
    parser.add_argument("--ca-file", type=Path, metavar="FILE", help="ocpp.ca_file, profiles 2 and 3")
    parser.add_argument("--certificates", type=Path, metavar="DIR", help="ocpp.certificates, read anew at each use")
    parser.add_argument("--config", type=Path, metavar="FILE", default=DEFAULT_CONFIG, help="as of `evse run`")
    parser.add_argument(
        "--state-dir", type=Path, metavar="DIR", help="state.dir; neither: nothing outlives the process"
    )
    parser.add_argument("--control", type=int, metavar="PORT", help="serve the control API on loopback; 0: any port")
    parser.add_argument("--hardware-process", action="store_true", help="board, meter and car in a second process")
    parser.add_argument("--on-reset", choices=["exit", "restart"], default="restart", help="default: %(default)s")
    parser.add_argument("--mains-cut", action="store_true", help="SIGINT is a power cut, not an orderly end")
    parser.add_argument(
        "--speed", type=float, default=1.0, metavar="N", help="let the charger's time run N times as fast"
    )
    parser.add_argument("--log-level", default="WARNING", choices=["DEBUG", "INFO", "WARNING", "ERROR"])
    parser.add_argument("--json", action="store_true", help="print one JSON object when it runs")
    return parser


def _config(chosen: argparse.Namespace, stack: ExitStack) -> Config:
    """The configuration with what the command line says. Raises `ConfigError`, and ValueError for what does not go."""
    if chosen.hardware_process and chosen.speed != 1:
        raise ValueError("--speed: a hardware process of its own lives at the ordinary pace; leave --hardware-process")
    lines = ["[ocpp]", _line("url", chosen.csms), *_security(chosen), "[station]", _line("identity", chosen.identity)]
    if chosen.state_dir is None and chosen.config == DEFAULT_CONFIG:
        chosen.state_dir = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="evse-sim-")))
    if chosen.state_dir is not None:
        lines += ["[state]", _line("dir", str(chosen.state_dir.absolute()))]
    config = load(chosen.config, "\n".join(lines))
    if config.hal.socket is not None or config.hal.board != "sim" or config.hal.meters:
        raise ConfigError(
            chosen.config, None, "hal", "evse sim brings its own board and meters: leave out socket, board and meter"
        )
    return config


def _security(chosen: argparse.Namespace) -> list[str]:
    """How the link is secured, as far as the command line says so."""
    lines = [
        _line(key, str(path.absolute()))
        for key, path in (
            ("password_file", chosen.password_file),
            ("ca_file", chosen.ca_file),
            ("certificates", chosen.certificates),
        )
        if path is not None
    ]
    if chosen.security_profile is not None:
        plain = "true" if chosen.security_profile in PLAIN_PROFILES else "false"
        lines += [f"security_profile = {chosen.security_profile}", f"allow_plain_text = {plain}"]
    return lines


def _line(key: str, value: str | None) -> str:
    """A line of TOML, whose texts are written as JSON's; none for no value."""
    return "" if value is None else f"{key} = {json.dumps(value, ensure_ascii=False)}"


async def _run(config: Config, chosen: argparse.Namespace) -> Ending:
    """Live until something ends it. Raises what it cannot start or go on with."""
    restarts = chosen.on_reset == "restart"
    wall = time.time if chosen.speed == 1 else fast_wall(asyncio.get_running_loop())
    carried = config.hal.options.get("car_certificates")
    host = AgentHost(config, LoopClock(wall), lambda: str(uuid.uuid4()), random.SystemRandom(), restarts=restarts)
    box = BlackBox(
        host,
        _hardware(config, in_process=chosen.hardware_process),
        car_certificates=None if carried is None else chosen.config.parent / carried,
    )
    _heed_signals(box, mains_cut=chosen.mains_cut)
    server = None
    ending: Ending | None = None
    try:
        await box.start()
        if chosen.control is not None:
            from sim.http import HttpServer  # the web server is loaded only where it is asked for

            server = HttpServer(box)
            await server.start(chosen.control)
        _say_ready(config, None if server is None else server.port, as_json=chosen.json)
        ending = await box.ended()
    finally:
        await box.close(ending)
        if server is not None:
            await server.stop()
    return ending


def _hardware(config: Config, *, in_process: bool) -> Hardware:
    options: dict[str, Any] = {"evses": len(config.evse), **config.hal.options}
    options["link"] = {"poll_s": config.hal.meter_poll_s, **options.get("link", {})}
    spec = world_spec(options)
    config.state.dir.mkdir(parents=True, exist_ok=True)
    if in_process:
        return RemoteWorld(spec, options, config.state.dir)
    return World(spec, Memory(config.state.dir / FILE_NAME))


def _heed_signals(box: BlackBox, *, mains_cut: bool) -> None:
    def cut() -> None:
        box.save()
        os._exit(EXIT_MAINS_CUT)  # nobody says good-bye in a power cut

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, box.stop)
    loop.add_signal_handler(signal.SIGINT, cut if mains_cut else box.stop)


def _say_ready(config: Config, port: int | None, *, as_json: bool) -> None:
    facts = {
        "identity": config.station.identity,
        "url": config.ocpp.url,
        "control": None if port is None else f"http://127.0.0.1:{port}",
        "state_dir": str(config.state.dir),
        "evses": len(config.evse),
        "pid": os.getpid(),
    }
    told = (
        msgspec.json.encode(facts).decode()
        if as_json
        else "  ".join(f"{name} {value}" for name, value in facts.items())
    )
    print(told, flush=True)  # noqa: T201 - a command's answer
