"""OCPP 1.6 (edition 2 with errata): StartTransaction, StopTransaction and MeterValues made from facts.

1.6 lets the CSMS number the transactions: the number comes with StartTransaction.conf, so a message about a
transaction is only written when it is sent. What must outlive a restart is this dialect's memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec
from msgspec import Struct

from agent.core.contract import Contract
from agent.core.facts import (
    ConnectorStatusChanged,
    ReadingTaken,
    ReservationEnded,
    SecurityEvent,
    TransactionEnded,
    TransactionStarted,
    TransactionUpdated,
)
from agent.core.values import AuthInfo, ConnectorStatus, IdToken, Reading, SampledValue, StopReason, Trigger
from agent.ocpp.asks import ResetAsk, TransferAnswer, Verdict
from agent.ocpp.blocks.metering import is_register, location_of, phase_of, plain_number, worth_telling
from agent.ocpp.charger import ResetKind
from agent.ocpp.codec import CallError, Version, codec_of
from agent.ocpp.costs import Told
from agent.ocpp.device_model import Nameplate
from agent.ocpp.dialect import (
    BootAnswer,
    BootReason,
    Notice,
    Outcome,
    Registration,
    Saying,
    Service,
    Speech,
    given,
    made,
    merged,
    shortened,
)
from agent.ocpp.outbox import StoredFact
from agent.ocpp.signatures import signed_fields
from agent.ocpp.stamps import from_wire, to_wire
from agent.ocpp.v16 import certificates, files, firmware, local_list, plug_and_charge, reservation, smart_charging
from agent.ocpp.v16 import services as everyday
from agent.ocpp.v16.security import security_event
from agent.ocpp.v16.services import FEATURE_PROFILES, as_text
from agent.ocpp.v16.tokens import verdict_of
from hal.types import FaultKind

# One module for each functional block: SERVICES are the requests it reads, SAYINGS the notices it has words for.
SPEECH: Final[tuple[Speech, ...]] = (local_list, reservation, files, firmware, certificates, plug_and_charge)

MAX_ENDED: Final = 20  # our policy: ended transactions whose number is still known, for a final cost
NO_NUMBER: Final = -1  # errata 3.18: the transaction whose StartTransaction could not be delivered

ERROR_CODES: Final[Mapping[FaultKind, str]] = MappingProxyType(
    {
        FaultKind.CP_DIODE: "EVCommunicationError",
        FaultKind.CP_SHORT: "EVCommunicationError",
        FaultKind.CP_NOISE: "EVCommunicationError",
        FaultKind.STORAGE: "InternalError",
        FaultKind.WELD: "PowerSwitchFailure",
        FaultKind.NO_CLOSE: "PowerSwitchFailure",
        FaultKind.LOCK_JAMMED: "ConnectorLockFailure",
        FaultKind.RCD_DC: "GroundFailure",
        FaultKind.RCD_AC: "GroundFailure",
        FaultKind.PE_LOSS: "GroundFailure",
        FaultKind.INSULATION: "GroundFailure",
        FaultKind.DC_OVER_VOLTAGE: "OverVoltage",
        FaultKind.OVER_CURRENT: "OverCurrentFailure",
        FaultKind.OVER_TEMPERATURE: "HighTemperature",
        FaultKind.OVER_VOLTAGE: "OverVoltage",
        FaultKind.UNDER_VOLTAGE: "UnderVoltage",
        FaultKind.METER: "PowerMeterFailure",
        FaultKind.RCD_SELF_TEST: "InternalError",
        FaultKind.HAL_LOST: "InternalError",
        FaultKind.BOARD: "InternalError",
    }
)  # every other fault is an OtherError; its name stands in vendorErrorCode

SAME_REASONS: Final = frozenset(
    {
        StopReason.DEAUTHORIZED,
        StopReason.EMERGENCY_STOP,
        StopReason.EV_DISCONNECTED,
        StopReason.LOCAL,
        StopReason.POWER_LOSS,
        StopReason.REBOOT,
        StopReason.REMOTE,
        StopReason.UNLOCK,
    }
)  # every other reason but the reset's is Other

UNITS: Final = frozenset({"Wh", "W", "A", "V", "var", "Percent"})  # 1.6 has no word for hertz but in MeterValues


class OpenTransaction(Struct, frozen=True):
    """A transaction under way. `number` None: nobody was authorised yet, so 1.6 knows nothing of it."""

    number: int | None
    start_wh: float


class DialectV16:
    """Speaks OCPP 1.6. Connector n is EVSE n: 1.6 knows no EVSEs."""

    refusal_while_rejected: CallError | None = None  # 1.6 §4.2: no reply at all
    feature_profiles: Mapping[str, frozenset[str]] = FEATURE_PROFILES
    asks_in_vain = False  # the certification's cases forbid it
    sayings: Mapping[type[Notice], Saying] = merged((everyday.SAYINGS, *(one.SAYINGS for one in SPEECH)))

    def __init__(self, memory: bytes | None = None) -> None:
        """`memory`: what `Outcome.memory` was last."""
        self.codec = codec_of(Version.V16)
        own = everyday.services(self._reset, self._numbered)
        charging = smart_charging.services(self._numbered)
        self.services: Mapping[str, Service] = merged((own, charging, *(one.SERVICES for one in SPEECH)))
        self._open = msgspec.json.decode(memory, type=dict[str, OpenTransaction]) if memory else {}
        self._ended: dict[int, str] = {}  # the newest first
        self._reset_reason = "HardReset"  # after a restart that this process did not see coming

    def boot(self, plate: Nameplate, reason: BootReason) -> Struct:
        """BootNotification.req; 1.6 has no place for the reason."""
        del reason
        return self._request(
            "BootNotification",
            chargePointVendor=shortened(plate.vendor, 20),
            chargePointModel=shortened(plate.model, 20),
            chargePointSerialNumber=shortened(plate.serial, 25),
            firmwareVersion=shortened(plate.firmware, 50),
        )

    def boot_answer(self, response: Any) -> BootAnswer:
        """What BootNotification.conf means."""
        return BootAnswer(Registration(response.status), float(response.interval), from_wire(response.currentTime))

    def heartbeat(self) -> Struct:
        """Heartbeat.req."""
        return self._request("Heartbeat")

    def time_told(self, response: Any) -> float:
        """The CSMS's time."""
        return from_wire(response.currentTime)

    def authorize(self, token: IdToken, contract: Contract | None = None) -> Struct:
        """Authorize.req. Raises `msgspec.ValidationError` for an identifier of more than 20 characters.

        It has no place for a contract's certificates: they travel in a data transfer.
        """
        if contract is not None:
            return self._request("DataTransfer", **plug_and_charge.authorize(token, contract))
        return self._request("Authorize", idTag=token.value)

    def verdict(self, response: Any) -> AuthInfo:
        """What an Authorize.conf means, or what carries its like for a contract."""
        if isinstance(response, self.codec.response_type("DataTransfer")):
            return plug_and_charge.verdict(response)
        return verdict_of(response.idTagInfo)

    def told(
        self, response: Any, token: IdToken | None, tx: str | None = None, *, final: bool = False
    ) -> tuple[Told, ...]:
        """1.6 has no place for it: prices and costs come as data transfers."""
        del response, token, tx, final
        return ()

    def status(self, fact: ConnectorStatusChanged) -> Struct:
        """StatusNotification.req (§4.9, 7.6, 7.7)."""
        return self._request(
            "StatusNotification",
            connectorId=fact.evse,
            errorCode=_error_code(fact),
            status=str(fact.status),
            timestamp=to_wire(fact.at_utc_s),
            info=shortened(fact.detail, 50),
            vendorErrorCode=str(fact.fault) if fact.fault else None,
        )

    def station_status(self, at_utc_s: float, status: ConnectorStatus) -> Struct | None:
        """StatusNotification.req of connector 0 (errata 3.22); of a broken station each connector says what it has."""
        return self._request(
            "StatusNotification",
            connectorId=0,
            errorCode="OtherError" if status is ConnectorStatus.FAULTED else "NoError",
            status=str(status),
            timestamp=to_wire(at_utc_s),
        )

    def meter_values(self, evse: int, reading: Reading, tx: str | None = None) -> Struct | None:
        """MeterValues.req; in a transaction that nobody is authorised for, of none."""
        values = _meter_values([reading])
        number = None if tx is None or self._awaits_start(tx) else self._number(tx)
        if not values:
            return None
        return self._request("MeterValues", connectorId=evse, transactionId=number, meterValue=values)

    def transfer(self, vendor: str, message: str | None, data: Any) -> Struct:
        """DataTransfer.req."""
        return self._request("DataTransfer", vendorId=vendor, messageId=message, data=as_text(data))

    def transferred(self, response: Any) -> TransferAnswer:
        """What a DataTransfer.conf means."""
        return TransferAnswer(Verdict(response.status), given(response.data))

    def numbered(self, number: int) -> frozenset[str]:
        """Those that run, and the last that ended with this number: its final cost comes later."""
        ended = self._ended.get(number)
        return self._numbered(number) or (frozenset() if ended is None else frozenset({ended}))

    def status_word(self, fact: ConnectorStatusChanged) -> str:
        """Status and error code: what a repetition would tell again."""
        return f"{fact.status} {_error_code(fact)}"

    def message(self, stored: StoredFact) -> Struct | None:
        """The request that reports a fact; None when 1.6 has none for it."""
        match stored.fact:
            case TransactionStarted(token=IdToken() as token) as fact:
                return self._start(fact, token, fact.reading.energy_wh)
            case TransactionStarted():
                return None  # StartTransaction needs an idTag: it waits for the first fact that has one
            case TransactionUpdated() as fact:
                return self._update(fact)
            case TransactionEnded() as fact:
                return self._stop(fact)
            case ReadingTaken(reading=reading) as fact:
                return self.meter_values(fact.evse, reading)
            case ConnectorStatusChanged() as fact:
                return self.status(fact)
            case SecurityEvent() as fact:
                return self._request("SecurityEventNotification", **security_event(fact))
            case ReservationEnded():
                return None  # the connector's status says it all (5.13)

    def settled(self, stored: StoredFact, response: Any) -> Outcome:
        """Learn the CSMS's number of the transaction, and its verdict."""
        match stored.fact:
            case TransactionStarted(token=token) as fact:
                return self._started(fact.tx, token, fact.reading.energy_wh, response)
            case TransactionUpdated(token=IdToken() as token) as fact if self._awaits_start(fact.tx):
                return self._started(fact.tx, token, self._open[fact.tx].start_wh, response)
            case TransactionEnded(token=token) as fact if response is not None or self._awaits_start(fact.tx):
                ended = self._open.pop(fact.tx, None)
                if ended is not None and ended.number is not None:
                    self._ended = {ended.number: fact.tx, **dict(list(self._ended.items())[: MAX_ENDED - 1])}
                info = given(response.idTagInfo) if response is not None else None
                return Outcome(verdict_of(info) if info else None, token if info else None, self._memory())
            case _:  # a stop that was given up keeps its number: it may be sent again
                return Outcome()

    def _start(self, fact: TransactionStarted | TransactionUpdated, token: IdToken, start_wh: float) -> Struct:
        return self._request(
            "StartTransaction",
            connectorId=fact.evse,
            idTag=token.value,
            meterStart=round(start_wh),
            reservationId=fact.reservation_id,
            timestamp=to_wire(fact.at_utc_s),
        )

    def _update(self, fact: TransactionUpdated) -> Struct | None:
        if self._awaits_start(fact.tx):
            return self._start(fact, fact.token, self._open[fact.tx].start_wh) if fact.token else None
        if fact.trigger is Trigger.SIGNED_DATA:
            return None  # it has a key for that, StartTxnSampledData, and where that is empty nothing is told (3.3.4)
        return self.meter_values(fact.evse, fact.reading, fact.tx) if fact.reading else None

    def _stop(self, fact: TransactionEnded) -> Struct | None:
        if self._awaits_start(fact.tx):
            return None  # nobody was ever authorised: in 1.6's eyes there was no transaction
        return self._request(
            "StopTransaction",
            transactionId=self._number(fact.tx),
            idTag=fact.token.value if fact.token else None,
            meterStop=round(fact.reading.energy_wh),
            timestamp=to_wire(fact.at_utc_s),
            reason=self._reason(fact),
            transactionData=_meter_values([*fact.readings, fact.reading]) or None,
        )

    def _reset(self, request: Any) -> ResetAsk:
        """Both kinds end the transactions first (errata 3.36); what is left of the difference is the stop reason."""
        if request.type == "Soft":
            self._reset_reason = "SoftReset"
        return ResetAsk(ResetKind.IMMEDIATE)

    def _numbered(self, number: int) -> frozenset[str]:
        return frozenset(tx for tx, one in self._open.items() if one.number == number)

    def _started(self, tx: str, token: IdToken | None, start_wh: float, response: Any) -> Outcome:
        if token is None:
            self._open[tx] = OpenTransaction(None, start_wh)
            return Outcome(memory=self._memory())
        if response is None:
            self._open[tx] = OpenTransaction(NO_NUMBER, start_wh)
            return Outcome(memory=self._memory())
        self._open[tx] = OpenTransaction(response.transactionId, start_wh)
        return Outcome(verdict_of(response.idTagInfo), token, self._memory())

    def _awaits_start(self, tx: str) -> bool:
        return tx in self._open and self._open[tx].number is None

    def _number(self, tx: str) -> int:
        """The CSMS's number of a transaction that it knows, if it knows it."""
        known = self._open.get(tx)
        return known.number if known is not None and known.number is not None else NO_NUMBER

    def _reason(self, fact: TransactionEnded) -> str:
        reason = fact.reason
        if reason is StopReason.TIMEOUT and fact.charged_s > 0:
            return str(StopReason.EV_DISCONNECTED)  # the car left, and did not come back in time
        if reason is StopReason.IMMEDIATE_RESET:
            return self._reset_reason
        return str(reason) if reason in SAME_REASONS else "Other"

    def _memory(self) -> bytes:
        return msgspec.json.encode(self._open)

    def _request(self, action: str, **fields: Any) -> Struct:
        return made(self.codec.request_type(action), **fields)


def _error_code(fact: ConnectorStatusChanged) -> str:
    return "NoError" if fact.fault is None else ERROR_CODES.get(fact.fault, "OtherError")


def _meter_values(readings: list[Reading]) -> list[dict[str, Any]]:
    return [
        {
            "timestamp": to_wire(one.at_utc_s),
            "sampledValue": [said for value in one.values for said in _sampled(value, one)],
        }
        for one in worth_telling(readings)
    ]


def _sampled(value: SampledValue, reading: Reading) -> list[dict[str, Any]]:
    """A value, and what was signed of it as another of format SignedData (Signed Meter Values in OCPP 1.0, 3.2.1)."""
    plain = {
        "value": plain_number(value.value),
        "context": str(reading.context),
        "measurand": str(value.measurand),
        "phase": phase_of(value),
        "location": location_of(value),
        "unit": value.unit if value.unit in UNITS else None,
    }
    signed = signed_fields(reading.signed) if is_register(value) else None
    if signed is None:
        return [plain]
    return [plain, plain | {"format": "SignedData", "value": msgspec.json.encode(signed).decode()}]
