"""What a functional block is: who answers which of the CSMS's requests, and what it does of its own accord."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeAlias

from msgspec import Struct

from agent.core.security import SecurityEvents
from agent.ocpp.asks import Ask, Handled, TransferAnswer, TriggerAsk, TriggeredMessage
from agent.ocpp.calls import Calls
from agent.ocpp.charger import Charger
from agent.ocpp.costs import Costs
from agent.ocpp.device_model import DeviceModel, Nameplate
from agent.ocpp.dialect import Notice
from agent.ocpp.hardware_model import HardwareModel
from agent.ocpp.keeper import Keeper, Store
from agent.ocpp.setting import Setting
from agent.ocpp.tokens import Tokens
from agent.ocpp.uplink import Uplink
from agent.ocpp.variables import Settings
from agent.ocpp.workshop import Workshop
from agent.runtime.clock import Clock
from agent.runtime.tasks import Chores

Routes: TypeAlias = Mapping[type[Ask], Callable[[Any], Handled]]
ByteLimits: TypeAlias = Mapping[type[Ask], Setting[int]]
Triggers: TypeAlias = Mapping[TriggeredMessage, Callable[[TriggerAsk], Handled]]


class Csms(Protocol):
    """The CSMS, as a block that has something to tell it sees it."""

    @property
    def online(self) -> bool:
        """Whether it can be asked: connected, and it has accepted the station."""

    def transactions(self, number: int) -> frozenset[str]:
        """The station's own ids of the transactions to which a 1.6 CSMS gave this number, lately."""

    def speaks(self, notice: type[Notice]) -> bool:
        """Whether there is a connection whose version has words for it."""

    async def say(self, notice: Notice) -> Any:
        """What it answered, in no version's words; None when it cannot be asked, or has no answer to this."""

    def reconnect(self) -> None:
        """Leave it, and dial anew by the plan as it is now. Returns at once."""


class Vendors(Protocol):
    """Who serves which message of which vendor."""

    def register(self, vendor: str, message: str | None, handler: Callable[[Any], TransferAnswer]) -> None:
        """Serve a vendor's message; `message` None: requests that name none. Raises ValueError when it is served."""


class Surroundings(Struct, frozen=True):
    """What blocks are built of. `new_id` gives UUIDs; `language`: what the displays speak."""

    settings: Settings
    charger: Charger
    keeper: Keeper
    store: Store
    clock: Clock
    new_id: Callable[[], str]
    plate: Nameplate
    hardware: HardwareModel
    model: DeviceModel
    csms: Csms
    costs: Costs
    vendors: Vendors
    language: str
    security: SecurityEvents
    tokens: Tokens
    uplink: Uplink
    chores: Chores
    workshop: Workshop | None = None  # none: no files come or go


class Block:
    """Base of all blocks that have a part in the station's life; each method's default does nothing."""

    def routes(self) -> Routes:
        """Who answers what."""
        return {}

    def triggers(self) -> Triggers:
        """Which messages of this block's the CSMS can ask for, and what comes of it: reply first, then send."""
        return {}

    def byte_limits(self) -> ByteLimits:
        """The settings that say how many bytes a request may have (2.x BytesPerMessage)."""
        return {}

    async def run(self) -> None:
        """Live for as long as the station runs, connected or not; it may return early. Raising ends the agent."""

    async def accepted(self, calls: Calls) -> None:
        """The CSMS has accepted the station on a new connection, and knows its statuses: say what it has missed.

        Runs beside everything else. Raises `CallFailedError`, which is logged, and `LinkLostError`.
        """
