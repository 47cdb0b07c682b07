"""The agent as the service manager has it: a process that says when it is ready, that it lives, and that it stops."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from tests.agent.test_config import GOOD

HEARD_WITHIN_S = 20.0


def heard(listening: socket.socket, name: str) -> dict[str, str]:
    """The next message that holds this state. Raises TimeoutError."""
    while True:
        told = dict(line.split("=", 1) for line in listening.recv(4096).decode().split("\n"))
        if name in told:
            return told


def evse(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "agent.cli", *arguments], capture_output=True, text=True, timeout=20, check=False
    )


def test_a_process_is_ready_fed_asked_and_stopped(tmp_path: Path):
    config = tmp_path / "evse.toml"
    config.write_text(GOOD.replace("csms.example.com", "127.0.0.1:9") + f'[state]\ndir = "{tmp_path}/state"\n')
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(HEARD_WITHIN_S)
        environment = os.environ | {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "600000"}
        command = [sys.executable, "-m", "agent.cli", "run", "--config", str(config), "--log-level", "ERROR"]
        with subprocess.Popen(command, env=environment) as agent:
            try:
                first = heard(manager, "READY")
                # none to deliver yet, or already the connector's status: both begin with the EVSE
                assert first["STATUS"] in {f"1 Available; CSMS not connected, {n} to deliver" for n in (0, 1)}
                for _ in range(3):
                    heard(manager, "WATCHDOG")
                status = evse("status", "--config", str(config))
                assert (status.returncode, "EVSE 1  Available  Free" in status.stdout) == (0, True), status.stderr
                agent.send_signal(signal.SIGTERM)
                heard(manager, "STOPPING")
                assert agent.wait(HEARD_WITHIN_S) == 0
            finally:
                agent.kill()
    assert evse("status", "--config", str(config)).returncode == 3
    assert evse("session", "list", "--config", str(config)).returncode == 0
