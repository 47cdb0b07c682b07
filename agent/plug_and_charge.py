"""What cars meet of the charger's certificates, and which contracts it takes: configured, or installed by the CSMS.

Looks at the files anew for each car, so that what the CSMS has installed counts from the next car on.
"""

from __future__ import annotations

import datetime as dt
import logging
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from agent.config import V2g
from agent.iso15118.secc.events import CertificateWanted, Protocol
from agent.iso15118.secc.snapshot import Payment, Snapshot
from agent.ocpp.blocks.ev_certificate import EvCertificateNotice
from agent.ocpp.dialect import Notice
from agent.ocpp.settings.authorization import CENTRAL_CONTRACT_VALIDATION
from agent.ocpp.settings.plug_and_charge import (
    CONTRACT_CERTIFICATE_INSTALLATION,
    PNC_ENABLED,
    REQUEST_METERING_RECEIPT,
)
from agent.ocpp.variables import Settings
from agent.pki.folders import files
from agent.pki.names import LeafUse, RootUse
from agent.runtime.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography import x509

    from agent.iso15118.contracts import ContractJudge
    from agent.pki.store import Store

log = logging.getLogger(__name__)


class PlugAndCharge:
    """One EVSE's. `folder`: of the station's certificates; an installed one goes before the configured one.

    `say` tells the CSMS something, and gives what it answered.
    """

    def __init__(
        self, config: V2g, folder: Path, settings: Settings, clock: Clock, say: Callable[[Notice], Awaitable[Any]]
    ) -> None:
        """Raises OSError when the configured certificate cannot be read."""
        self._config = config
        self._folder = folder
        self._settings = settings
        self._clock = clock
        self._say = say
        self._installed: Store | None = None
        self._contexts: dict[tuple[Path, int], ssl.SSLContext] = {}  # by file and when it was written
        self._judge: ContractJudge | None = None
        if config.certificate_file is not None and config.key_file is not None:
            self._context(config.certificate_file, config.key_file)

    def tls(self) -> ssl.SSLContext | None:
        """What a car meets that begins with a handshake; None: it is turned away."""
        for chain, key in self._chains():
            try:
                return self._context(chain, key)
            except OSError as error:
                log.warning("%s cannot be shown to cars: %s", chain, error)
        return None

    @property
    def payments(self) -> tuple[Payment, ...]:
        """Who may pay: a contract only where something can judge it (C07)."""
        return (Payment.CONTRACT, Payment.EXTERNAL) if self._takes_contracts() else (Payment.EXTERNAL,)

    def seen(self, whole: Snapshot) -> Snapshot:
        """A snapshot with what the operator has set about contracts."""
        return replace(
            whole,
            receipts=self._settings.get(REQUEST_METERING_RECEIPT),
            installs_contracts=self._settings.get(CONTRACT_CERTIFICATE_INSTALLATION),
        )

    async def fetch(self, wanted: CertificateWanted) -> bytes | None:
        """Have the CSMS get a car its contract (M01.FR.01, M02.FR.01); None when it has none."""
        made = await self._say(EvCertificateNotice(Protocol.ISO_2.value, wanted.update, wanted.request))
        return made if isinstance(made, bytes) else None

    def judge(self) -> ContractJudge | None:
        """Who judges contracts; None where none are taken."""
        if not self._takes_contracts():
            return None
        if self._judge is None:
            from agent.iso15118.contracts import ContractJudge

            self._judge = ContractJudge(
                self._roots,
                lambda: dt.datetime.fromtimestamp(self._clock.now().utc_s, dt.UTC),
                lambda: self._settings.get(CENTRAL_CONTRACT_VALIDATION),
            )
        return self._judge

    def _takes_contracts(self) -> bool:
        return self._settings.get(PNC_ENABLED) and (
            self._config.contract_roots_file is not None
            or self._settings.get(CENTRAL_CONTRACT_VALIDATION)
            or any(files(self._folder, use) for use in (RootUse.MO, RootUse.V2G))
        )

    def _roots(self) -> Sequence[x509.Certificate]:
        from agent.pki.certificates import read_pem

        configured = self._config.contract_roots_file
        found = read_pem(configured.read_bytes()) if configured is not None else []
        return [*found, *(one.certificate for use in (RootUse.MO, RootUse.V2G) for one in self._store().roots(use))]

    def _chains(self) -> list[tuple[Path, Path]]:
        """Chain and key, the best first: the installed ones that are valid now, newest first (A02.FR.15)."""
        found: list[tuple[Path, Path]] = []
        if any(files(self._folder, use) for use in (LeafUse.V2G, LeafUse.COMBINED)):
            now = dt.datetime.fromtimestamp(self._clock.now().utc_s, dt.UTC)
            found = [
                (one.path, one.key_path)
                for one in self._store().leaves(LeafUse.V2G)
                if one.certificate.not_valid_before_utc <= now <= one.certificate.not_valid_after_utc
            ]
        if self._config.certificate_file is not None and self._config.key_file is not None:
            found.append((self._config.certificate_file, self._config.key_file))
        return found

    def _context(self, chain: Path, key: Path) -> ssl.SSLContext:
        """Raises OSError."""
        from agent.iso15118.tls import context

        name = (chain, chain.stat().st_mtime_ns)
        if name not in self._contexts:
            self._contexts = {name: context(str(chain), str(key))}
        return self._contexts[name]

    def _store(self) -> Store:
        if self._installed is None:
            from agent.pki.store import Store

            self._installed = Store(self._folder)
        return self._installed
