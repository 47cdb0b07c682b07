"""Where in the folder of certificates each kind lies. Without `cryptography`: whoever only looks loads nothing."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from agent.pki.names import LeafUse, RootUse

PEM: Final = ".pem"
CSR: Final = ".csr"
FOLDERS: Final[Mapping[RootUse | LeafUse, str]] = MappingProxyType(
    {
        RootUse.CSMS: "roots/csms",
        RootUse.MANUFACTURER: "roots/manufacturer",
        RootUse.MO: "roots/mo",
        RootUse.V2G: "roots/v2g",
        RootUse.OEM: "roots/oem",
        LeafUse.STATION: "own/station",
        LeafUse.V2G: "own/v2g",
        LeafUse.COMBINED: "own/combined",
    }
)


def files(folder: Path, use: RootUse | LeafUse) -> list[Path]:
    """The files with certificates of one use, by name."""
    return sorted((folder / FOLDERS[use]).glob(f"*{PEM}"))


def only_root(folder: Path, use: RootUse) -> str | None:
    """The one root of this use, PEM, where there is one and TLS can read it; else None: they must be looked at."""
    match files(folder, use):
        case [path]:
            try:
                text = path.read_text(encoding="ascii")
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
            except (OSError, ValueError):
                return None
            return text if text.count("BEGIN CERTIFICATE-----") == 1 else None
        case _:
            return None


def plant_roots(folder: Path, ca_file: Path) -> None:
    """Put the configuration's roots into the store, if it has none of a CSMS yet; then the CSMS looks after them.

    Raises `CertificateError` and OSError.
    """
    if any(files(folder, RootUse.CSMS)):
        return
    from agent.pki.certificates import read_pem
    from agent.pki.store import Store

    store = Store(folder)
    for root in read_pem(ca_file.read_bytes()):
        store.add_root(RootUse.CSMS, root)
