"""Which functional blocks there are, beside those that the station's own life is made of."""

from __future__ import annotations

from agent.ocpp.block import Block, Surroundings
from agent.ocpp.blocks.authorization import Authorization
from agent.ocpp.blocks.availability import Availability
from agent.ocpp.blocks.display import Display
from agent.ocpp.blocks.local_list import LocalListBlock
from agent.ocpp.blocks.monitoring import Monitoring
from agent.ocpp.blocks.provisioning import Provisioning
from agent.ocpp.blocks.remote_control import RemoteControl
from agent.ocpp.blocks.reservation import Reservation
from agent.ocpp.blocks.smart_charging import SmartCharging
from agent.ocpp.blocks.tariff import Tariff
from agent.ocpp.blocks.trigger import Trigger
from agent.ocpp.blocks.variables import Variables
from agent.ocpp.dialect import merged


def blocks(around: Surroundings, provisioning: Provisioning, availability: Availability) -> tuple[Block, ...]:
    """All of them; a request belongs to exactly one."""
    settings, charger, clock = around.settings, around.charger, around.clock
    display = Display(around)
    others: tuple[Block, ...] = (
        Authorization(settings, around.tokens),
        LocalListBlock(settings, around.tokens),
        RemoteControl(charger, settings, lambda: provisioning.registered),
        Variables(settings, around.model, clock),
        Monitoring(around, around.model, around.hardware),
        display,
        Tariff(around, display),
        SmartCharging(charger, settings, around.csms, lambda: clock.now().utc_s),
        Reservation(charger, settings, lambda: clock.now().utc_s),
    )
    triggers = merged(one.triggers() for one in others)
    return (*others, Trigger(charger, provisioning, availability, clock.now, triggers))
