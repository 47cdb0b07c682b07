"""Which functional blocks there are, beside those that the station's own life is made of."""

from __future__ import annotations

from agent.ocpp.block import Block, Surroundings
from agent.ocpp.blocks.authorization import Authorization
from agent.ocpp.blocks.availability import Availability
from agent.ocpp.blocks.certificate_status import CertificateStatus
from agent.ocpp.blocks.certificates import Certificates
from agent.ocpp.blocks.charging_needs import ChargingNeeds
from agent.ocpp.blocks.customers import CustomerInformation
from agent.ocpp.blocks.diagnostics import Diagnostics
from agent.ocpp.blocks.display import Display
from agent.ocpp.blocks.firmware import FirmwareUpdate
from agent.ocpp.blocks.local_list import LocalListBlock
from agent.ocpp.blocks.monitoring import Monitoring
from agent.ocpp.blocks.network import Network
from agent.ocpp.blocks.provisioning import Provisioning
from agent.ocpp.blocks.publishing import Publishing
from agent.ocpp.blocks.remote_control import RemoteControl
from agent.ocpp.blocks.reservation import Reservation
from agent.ocpp.blocks.smart_charging import SmartCharging
from agent.ocpp.blocks.tariff import Tariff
from agent.ocpp.blocks.trigger import Trigger
from agent.ocpp.blocks.variables import Variables
from agent.ocpp.dialect import merged
from agent.ocpp.scoped import IdleOnly
from agent.ocpp.settings.link import FILE_TRANSFER_PROTOCOLS


def blocks(around: Surroundings, provisioning: Provisioning, availability: Availability) -> tuple[Block, ...]:
    """All of them; a request belongs to exactly one."""
    settings, charger, clock = around.settings, around.charger, around.clock
    display, status = Display(around), CertificateStatus(around)
    IdleOnly(settings, charger, around.model)
    others: tuple[Block, ...] = (
        Authorization(settings, around.tokens),
        LocalListBlock(settings, around.tokens),
        status,
        Certificates(around, status.refresh),
        Network(around),
        RemoteControl(charger, settings, lambda: provisioning.registered),
        Variables(settings, around.model, clock),
        Monitoring(around, around.model, around.hardware),
        display,
        Tariff(around, display),
        SmartCharging(charger, settings, around.csms, around.chores, lambda: clock.now().utc_s),
        ChargingNeeds(charger, settings, around.csms, around.chores),
        Reservation(charger, settings, lambda: clock.now().utc_s),
    )
    others += _file_blocks(around)
    triggers = merged(one.triggers() for one in others)
    return (*others, Trigger(charger, provisioning, availability, clock.now, triggers))


def _file_blocks(around: Surroundings) -> tuple[Block, ...]:
    """The blocks that files come and go for."""
    workshop, csms, clock = around.workshop, around.csms, around.clock
    if workshop is None:
        return ()
    around.settings.derive(FILE_TRANSFER_PROTOCOLS, workshop.transfers.protocols)
    found: list[Block] = [
        Diagnostics(workshop, csms, around.chores, clock),
        CustomerInformation(workshop.customers, csms, clock),
    ]
    if workshop.firmware is not None:
        found.append(FirmwareUpdate(around, workshop, workshop.firmware))
    if workshop.publisher is not None:
        found.append(Publishing(workshop, workshop.publisher, csms))
    return tuple(found)
