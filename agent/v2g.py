"""Builds the server of one EVSE from its configuration."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agent.config import V2g
from agent.core.contract import Contract
from agent.core.events import AnyEvent
from agent.core.session import Session
from agent.iso15118.bridge import Outlet, core_event, snapshot
from agent.iso15118.secc import events as v2g
from agent.iso15118.secc.snapshot import Payment
from agent.iso15118.secc.state import Dice
from agent.iso15118.server import SeccServer
from agent.runtime.clock import Clock

if TYPE_CHECKING:
    from cryptography import x509

    from agent.iso15118.contracts import ContractJudge

CHALLENGE_OCTETS = 16  # ISO 15118-2 GenChallengeType
SESSION_OCTETS = 8


def server_for(
    evse: int,
    config: V2g,
    phases: int,
    session: Callable[[], Session],
    clock: Clock,
    tell: Callable[[AnyEvent], None],
    central: Callable[[], bool],
) -> SeccServer:
    """A server for the car at an EVSE. Raises OSError when its certificate cannot be read.

    `central`: whether the CSMS may judge a contract that the charger has no root for.
    """
    outlet = Outlet(config.evse_id or f"ZZ*EVS*E{evse}", phases)
    tls = None
    if config.certificate_file is not None and config.key_file is not None:
        from agent.iso15118.tls import context

        tls = context(str(config.certificate_file), str(config.key_file))
    judge = _judge(config.contract_roots_file, clock, central) if config.contract_roots_file is not None else None
    payments = (Payment.EXTERNAL,) if judge is None else (Payment.CONTRACT, Payment.EXTERNAL)

    def described(chain: tuple[bytes, ...]) -> Contract:
        return judge.described(chain) if judge is not None else Contract(valid=False)

    def heard(event: v2g.AnyEvent) -> None:
        meant = core_event(event, clock.now(), described)
        if meant is not None:
            tell(meant)

    return SeccServer(
        config.host,
        lambda: snapshot(session(), outlet, clock.now(), payments),
        heard,
        lambda: Dice(secrets.token_bytes(SESSION_OCTETS), secrets.token_bytes(CHALLENGE_OCTETS), judge),
        spoken=(v2g.Protocol.ISO_2,),
        interface=config.interface,
        sdp_port=config.sdp_port,
        port=config.port,
        tls=tls,
    )


def _judge(roots: Path, clock: Clock, central: Callable[[], bool]) -> ContractJudge:
    from agent.iso15118.contracts import ContractJudge
    from agent.pki.certificates import read_pem

    def trusted() -> Sequence[x509.Certificate]:
        return read_pem(roots.read_bytes())

    return ContractJudge(trusted, lambda: dt.datetime.fromtimestamp(clock.now().utc_s, dt.UTC), central)
