"""Builds the server of one EVSE from its configuration."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from agent.config import V2g
from agent.core.contract import Contract
from agent.core.events import AnyEvent
from agent.core.session import Session
from agent.iso15118.bridge import Outlet, core_event, snapshot
from agent.iso15118.secc import events as v2g
from agent.iso15118.secc.state import Dice
from agent.iso15118.server import SeccServer
from agent.plug_and_charge import PlugAndCharge
from agent.runtime.clock import Clock

CHALLENGE_OCTETS = 16  # ISO 15118-2 GenChallengeType
SESSION_OCTETS = 8


def server_for(
    evse: int,
    config: V2g,
    phases: int,
    session: Callable[[], Session],
    clock: Clock,
    tell: Callable[[AnyEvent], None],
    contracts: PlugAndCharge,
) -> SeccServer:
    """A server for the car at an EVSE."""
    outlet = Outlet(config.evse_id or f"ZZ*EVS*E{evse}", phases)

    def described(chain: tuple[bytes, ...]) -> Contract:
        judge = contracts.judge()
        return judge.described(chain) if judge is not None else Contract(valid=False)

    def heard(event: v2g.AnyEvent) -> None:
        meant = core_event(event, clock.now(), described)
        if meant is not None:
            tell(meant)

    return SeccServer(
        config.host,
        lambda: contracts.seen(snapshot(session(), outlet, clock.now(), contracts.payments)),
        heard,
        lambda: Dice(secrets.token_bytes(SESSION_OCTETS), secrets.token_bytes(CHALLENGE_OCTETS), contracts.judge()),
        spoken=(v2g.Protocol.ISO_2,),
        interface=config.interface,
        sdp_port=config.sdp_port,
        port=config.port,
        tls=contracts.tls,
    )
