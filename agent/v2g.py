"""Builds the server of one EVSE from its configuration."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from agent.config import V2g
from agent.core.contract import Contract
from agent.core.events import AnyEvent, DigitalNeeds
from agent.core.session import Session
from agent.iso15118.bridge import Outlet, core_event, snapshot
from agent.iso15118.secc import events as v2g
from agent.iso15118.secc.snapshot import Snapshot
from agent.iso15118.secc.state import Dice
from agent.iso15118.server import SeccServer
from agent.plug_and_charge import PlugAndCharge
from agent.runtime.car_plans import CarPlans
from agent.runtime.clock import Clock
from hal.types import DcRatings

CHALLENGE_OCTETS = 16  # ISO 15118-2 GenChallengeType
SESSION_OCTETS = 8


def outlet_of(evse: int, config: V2g, phases: int, supply: DcRatings | None) -> Outlet:
    """What an EVSE is to a car that talks."""
    return Outlet(config.evse_id or f"ZZ*EVS*E{evse}", phases, dc=supply)


def followed(server: SeccServer, session: Session) -> None:
    """The EVSE's session has taken a step: the car may hear of it, if one is there."""
    if session.plugged:
        server.changed()
    else:
        server.gone()


def server_for(
    evse: int,
    config: V2g,
    outlet: Outlet,
    session: Callable[[], Session],
    clock: Clock,
    tell: Callable[[AnyEvent], None],
    contracts: PlugAndCharge,
    plans: CarPlans,
) -> SeccServer:
    """A server for the car at an EVSE, which is this outlet to it."""

    def described(chain: tuple[bytes, ...]) -> Contract:
        judge = contracts.judge()
        return judge.described(chain) if judge is not None else Contract(valid=False)

    def heard(event: v2g.AnyEvent) -> None:
        meant = core_event(event, clock.now(), described)
        if meant is not None:
            tell(meant)
        _plan(plans, evse, event, meant)

    def seen() -> Snapshot:
        offered, stale = plans.offered(evse), plans.stale(evse)
        return contracts.seen(snapshot(session(), outlet, clock.now(), contracts.payments, offered, stale=stale))

    return SeccServer(
        config.host,
        seen,
        heard,
        lambda: Dice(secrets.token_bytes(SESSION_OCTETS), secrets.token_bytes(CHALLENGE_OCTETS), contracts.judge()),
        spoken=(v2g.Protocol.ISO_2,) if outlet.dc is None else (v2g.Protocol.ISO_2, v2g.Protocol.DIN),
        interface=config.interface,
        sdp_port=config.sdp_port,
        port=config.port,
        tls=contracts.tls,
        fetch=contracts.fetch,
    )


def _plan(plans: CarPlans, evse: int, event: v2g.AnyEvent, meant: AnyEvent | None) -> None:
    """Let whoever makes schedules know what the car says of them; `meant`: the event for its session."""
    match event:
        case v2g.EnergyWanted(asked=asked) if isinstance(meant, DigitalNeeds):
            plans.wanted(evse, meant.needs, asked=asked)
        case v2g.PowerWanted(on=True, profile=profile, schedule=schedule):
            plans.chosen(evse, schedule, profile)
        case v2g.SessionBegan(resumed=False):
            plans.over(evse)
        case v2g.SessionOver(outcome=outcome):
            plans.over(evse, paused=outcome is v2g.Outcome.PAUSED)
