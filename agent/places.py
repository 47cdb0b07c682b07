"""Where a running agent is found: its configuration, its state, its control socket. Imports next to nothing."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final, NamedTuple

DEFAULT_PATH: Final = Path("/etc/evse/evse.toml")
DEFAULT_STATE_DIR: Final = Path("/var/lib/evse")
SOCKET_NAME: Final = "agent.sock"  # within the state directory
CERTIFICATES_NAME: Final = "certs"  # so are these two
SECRETS_NAME: Final = "secrets"


class Places(NamedTuple):
    """The state directory, the control socket, and the folder of certificates."""

    state_dir: Path
    socket: Path
    certificates: Path


def configured(path: Path) -> Places:
    """What this configuration and its drop-ins say, unchecked; the defaults where there is none to be read.

    Raises `ValueError` for a file that is no TOML.
    """
    state_dir, socket, certificates = DEFAULT_STATE_DIR, None, None
    for file in (path, *sorted(path.with_suffix(".d").glob("*.toml"))):
        try:
            content = tomllib.loads(file.read_text("utf-8"))
        except OSError:
            continue  # the agent, not its visitor, insists on a configuration
        except ValueError as error:
            raise ValueError(f"{file}: no valid TOML: {error}; `evse config check` says more") from error
        state_dir = _path(content, "state", "dir", path.parent) or state_dir
        socket = _path(content, "control", "socket", path.parent) or socket
        certificates = _path(content, "ocpp", "certificates", path.parent) or certificates
    return Places(state_dir, socket or state_dir / SOCKET_NAME, certificates or state_dir / CERTIFICATES_NAME)


def _path(content: dict[str, Any], section: str, key: str, base: Path) -> Path | None:
    table = content.get(section)
    value = table.get(key) if isinstance(table, dict) else None
    return base / value if isinstance(value, str) and value else None
