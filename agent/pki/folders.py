"""Where in the folder of certificates each kind lies. Without `cryptography`: whoever only looks loads nothing."""

from __future__ import annotations

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
