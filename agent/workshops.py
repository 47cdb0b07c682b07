"""What files come and go by, built of the configuration for `agent.main`: transfers, logs, firmware, publishing."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agent.config import Config, read_secret
from agent.ocpp.masking import HIDDEN, is_secret
from agent.ocpp.variables import Settings
from agent.ocpp.workshop import Firmware, Installer, Workshop
from agent.runtime.clock import Clock
from agent.runtime.customers import CustomerTraces
from agent.runtime.firmware_trust import ManufacturerTrust
from agent.runtime.installer import CommandInstaller, SimulatedInstaller
from agent.runtime.journal import Journal
from agent.runtime.logbook import Book
from agent.runtime.publisher import HttpPublisher
from agent.runtime.transfer import Limits, MiB, Mover

if TYPE_CHECKING:
    from cryptography import x509

FILES: Final = "files"  # within the state directory: what comes and goes


def workshop(config: Config, book: Book, customers: CustomerTraces, published: HttpPublisher | None) -> Workshop:
    """All that the blocks for files need."""
    folder = config.state.dir / FILES
    return Workshop(transfers(config), book, customers, folder, firmware(config), published)


def log_book(config: Config, journal: Journal, clock: Clock, settings: Settings, status: Callable[[], object]) -> Book:
    """What the station tells of itself; its password may stand in no file."""
    file = config.ocpp.password_file
    password = None if file is None else read_secret(file)
    return Book(
        journal,
        clock,
        config.station.identity,
        status=status,
        settings=lambda: ((one.key, HIDDEN if is_secret(one.key) else settings.text(one)) for one in settings),
        secrets=lambda: () if password is None else (password,),
    )


def transfers(config: Config) -> Mover:
    """What moves files."""
    transfer, ca_file, folder = config.transfer, config.ocpp.ca_file, config.certificates
    limits = Limits(max_bytes=transfer.max_mb * MiB, networks=frozenset(transfer.networks))

    def trust() -> ssl.SSLContext:
        """The CSMS's own roots (N01.FR.15), and those of the operating system where that is wanted (N01.FR.16)."""
        from agent.pki.certificates import to_pem

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if ca_file is not None:
            context.load_verify_locations(ca_file)
        for root in _roots(folder, "CSMSRootCertificate"):
            context.load_verify_locations(cadata=to_pem([root]).decode())
        if transfer.system_roots:
            context.load_default_certs()
        return context

    return Mover(limits, trust, config.state.dir / FILES / "known_hosts")


def _roots(folder: Path, use: str) -> list[x509.Certificate]:
    """The roots of one use that are installed now. What reads them is loaded when first needed."""
    from agent.pki.names import RootUse
    from agent.pki.store import Store

    return [one.certificate for one in Store(folder).roots(RootUse(use))]


def firmware(config: Config) -> Firmware | None:
    """How firmware is judged and installed; None: not at all."""
    how, folder = config.firmware, config.certificates

    installer: Installer
    match how.installer:
        case "none":
            return None
        case "command":
            installer = CommandInstaller(how.install, how.confirm, how.timeout_s)
        case "simulated":
            installer = SimulatedInstaller(config.state.dir / FILES / "firmware.json")
    return Firmware(
        installer, ManufacturerTrust(lambda: _roots(folder, "ManufacturerRootCertificate")), how.allow_unsigned
    )


def publisher(config: Config) -> HttpPublisher | None:
    """What serves firmware to other stations; None: nothing."""
    publish = config.publish
    return None if publish.address is None else HttpPublisher(publish.address, publish.port, publish.address)
