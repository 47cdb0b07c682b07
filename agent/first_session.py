"""What an EVSE's session begins with: what the journal kept of it, and what the hardware can."""

from __future__ import annotations

import logging

import msgspec
from msgspec.structs import replace

from agent.config import Evse
from agent.core.phases import Switch
from agent.core.recovery import restored
from agent.core.rules import Rules
from agent.core.session import Session
from hal.board import EvseHardware
from hal.signing import ability

log = logging.getLogger(__name__)


def first_session(
    evse: Evse, hardware: EvseHardware, blob: bytes | None, rules: Rules, *, power_cut: bool = False
) -> Session:
    """The session to go on with. `blob`: as it was stored, None for none; `power_cut`: that may be old."""
    return replace(
        _kept(evse.id, blob, rules, power_cut=power_cut),
        has_lock=hardware.lock is not None,
        locked=False,
        permit_first=hardware.capabilities.permit_first,
        can_talk=evse.v2g is not None,
        has_rcd=hardware.rcd is not None,
        phases=hardware.capabilities.phases,
        switch=Switch() if hardware.phase_switch is not None else None,
        dc=hardware.capabilities.dc,
        signs=ability(hardware.meter),
    )


def _kept(evse: int, blob: bytes | None, rules: Rules, *, power_cut: bool) -> Session:
    """What the journal kept, if it can be read."""
    if blob is not None:
        try:
            return restored(msgspec.msgpack.decode(blob, type=Session), rules, power_cut=power_cut)
        except msgspec.MsgspecError:
            log.exception("EVSE %d: its stored session cannot be read and is left behind", evse)
    return Session(evse=evse, rules=rules)
