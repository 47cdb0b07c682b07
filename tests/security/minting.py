"""A development PKI for tests, minted once a session: every chain, and every certificate that must be refused."""

from __future__ import annotations

import functools
import importlib.util
import sys
import tempfile
from pathlib import Path
from types import ModuleType

MAKE_PKI = Path(__file__).resolve().parents[2] / "certs" / "make_pki.py"
STATION = "SIM-0001"
NAMES = ("localhost", "127.0.0.1")


@functools.cache
def tool() -> ModuleType:
    """certs/make_pki.py, which is a program and no package."""
    spec = importlib.util.spec_from_file_location("make_pki", MAKE_PKI)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_pki"] = module
    spec.loader.exec_module(module)
    return module


@functools.cache
def _kept() -> tempfile.TemporaryDirectory[str]:
    folder = tempfile.TemporaryDirectory(prefix="evse-pki-")
    tool().make(Path(folder.name), NAMES, STATION, bad=True)
    return folder


def pki() -> Path:
    """The folder with NAME.pem and NAME.key, and bad/ with what must be refused."""
    return Path(_kept().name)


def pem(name: str) -> str:
    """A certificate and its intermediates."""
    return path(name).read_text()


def path(name: str) -> Path:
    """Its file, good or bad."""
    good = pki() / f"{name}.pem"
    return good if good.exists() else pki() / "bad" / f"{name}.pem"


def key(name: str) -> Path:
    """Its key's file."""
    return path(name).with_suffix(".key")
