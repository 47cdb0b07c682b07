"""A cable of veth between two network namespaces, and EcoG's `iso15118` in an environment of its own at either end.

Linux with `unshare`, `nsenter`, `ip` and veth; root, or a kernel that lets everybody have namespaces.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final, Self

from agent.iso15118 import sdp
from tools.generate_exi import ROOT, WHEEL

BUILD: Final = ROOT / "build" / "ecog"
PYTHON: Final = BUILD / "bin" / "python"
PKI: Final = BUILD / "pki"
VERSION: Final = WHEEL.split("-")[1]
HERE: Final = Path(__file__).parent
CHARGER: Final = "charger"  # the two ends: interfaces, and the sides they belong to
CAR: Final = "car"
NAMESPACES: Final = ("unshare", "--user", "--map-root-user", "--net")
COMMANDS: Final = ("unshare", "nsenter", "ip", "openssl", "bash")
READY_S: Final = 10.0
LOOK_S: Final = 0.1
SHARED_S: Final = 0.5  # until `unshare` has shared no more
INTERFACES: Final = Path("/proc/net/if_inet6")
UDP: Final = Path("/proc/net/udp6")
TENTATIVE: Final = 0x40  # IFA_F_TENTATIVE: nobody has had time to say that the address is his


def missing() -> str:
    """Why there can be no cable here; empty where there can be one."""
    for command in COMMANDS:
        if shutil.which(command) is None:
            return f"there is no `{command}` here"
    denied = subprocess.run([*NAMESPACES, "true"], capture_output=True, text=True, check=False)
    return f"no network namespaces here: {denied.stderr.strip()}" if denied.returncode else ""


def java() -> bool:
    """Whether EcoG's codec, a jar, can run here."""
    return shutil.which("java") is not None


def prepare() -> None:
    """The foreign package in its own environment, and certificates by its own script."""
    wanted = [f"iso15118=={VERSION}", "aiofile", f"msgspec=={version('msgspec')}"]  # the last for our codec (slot.py)
    installed = BUILD / "installed"
    if not installed.exists() or installed.read_text().split() != wanted:
        subprocess.run([sys.executable, "-m", "venv", str(BUILD)], check=True)
        subprocess.run([str(PYTHON), "-m", "pip", "install", "--quiet", *wanted], check=True)
        installed.write_text("\n".join(wanted))
    if not PKI.exists():
        ask = "import iso15118.shared.settings as s; print(s.SHARED_CWD)"
        shared = subprocess.run([str(PYTHON), "-c", ask], check=True, capture_output=True, text=True).stdout.strip()
        shutil.copytree(Path(shared) / "pki", PKI)
        script = ["bash", "create_certs.sh", "-v", "iso-2"]
        subprocess.run(script, cwd=PKI, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def inside(module: str, arguments: Sequence[str]) -> int:
    """Run a module of ours in a network namespace of its own; its exit code."""
    command = [*NAMESPACES, sys.executable, "-m", module, "--inside", *arguments]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


class Cable:
    """The cable, laid; this process is at the charger's end. A context manager."""

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as undo:
            # What holds the car's namespace open waits for input, and so ends with this process, whatever ends it.
            self._car = subprocess.Popen(["unshare", "--net", "cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
            undo.callback(end, self._car)
            self._lay()
            undo.pop_all()
        return self

    def _lay(self) -> None:
        time.sleep(SHARED_S)
        for line in (
            "ip link set lo up",
            f"ip link add {CHARGER} type veth peer name {CAR}",
            f"ip link set {CAR} netns {self._car.pid}",
            f"ip link set {CHARGER} up",
        ):
            subprocess.run(line.split(), check=True)
        for line in ("ip link set lo up", f"ip link set {CAR} up"):
            subprocess.run(self.at_car(*line.split()), check=True)
        latest = time.monotonic() + READY_S
        while not (addressed(INTERFACES) and addressed(Path(f"/proc/{self._car.pid}/net/if_inet6"))):
            if time.monotonic() > latest:
                raise TimeoutError("the ends of the cable have no link-local address")
            time.sleep(LOOK_S)

    def __exit__(self, *_: object) -> None:
        end(self._car)

    def at_car(self, *command: str) -> list[str]:
        """A command, run at the car's end."""
        return ["nsenter", f"--net=/proc/{self._car.pid}/ns/net", *command]


def addressed(interfaces: Path) -> bool:
    """Whether an end of the cable has a link-local address that it may use."""
    rows = (line.split() for line in interfaces.read_text().splitlines())
    return any(name in {CHARGER, CAR} and not int(flags, 16) & TENTATIVE for *_, flags, name in rows)


def peer(side: str, work: Path, *more: str, settings: Mapping[str, str]) -> list[str]:
    """The command that runs EcoG's charger ("secc") or car ("evcc") at its end; `work` is where it writes."""
    env = {
        "PKI_PATH": f"{PKI}/",
        "NETWORK_INTERFACE": CHARGER if side == "secc" else CAR,
        "LOG_LEVEL": "INFO",
        "SSLKEYLOGFILE": str(work / "keys"),
        "PYTHONPATH": str(ROOT),
        **settings,
    }
    pairs = [f"{name}={value}" for name, value in env.items()]
    return ["env", *pairs, str(PYTHON), str(HERE / "peer.py"), side, str(work / f"{side}.jsonl"), *more]


def wait_for(log: Path, words: str, at_most_s: float) -> None:
    """Until a log says something. Raises TimeoutError."""
    latest = time.monotonic() + at_most_s
    while words not in log.read_text():
        if time.monotonic() > latest:
            raise TimeoutError(f"{log}: {words!r} did not come")
        time.sleep(LOOK_S)


def until_discoverable(at_most_s: float) -> None:
    """Until somebody in this namespace listens where cars ask for a charger. Raises TimeoutError."""
    latest = time.monotonic() + at_most_s
    while f":{sdp.PORT:04X} " not in UDP.read_text():
        if time.monotonic() > latest:
            raise TimeoutError(f"nobody listens at UDP port {sdp.PORT}")
        time.sleep(LOOK_S)


def end(*processes: subprocess.Popen[bytes]) -> None:
    """End them and wait."""
    for process in processes:
        process.terminate()
        process.wait()


def load() -> str:
    """What else the machine does."""
    return f"{os.getloadavg()[0]:.1f}"
