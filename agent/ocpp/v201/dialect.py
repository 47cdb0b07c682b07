"""OCPP 2.0.1: TransactionEvent and MeterValues made from facts. No memory is needed: ids and numbers are ours."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from agent.core.contract import CertificateVerdict, Contract
from agent.core.facts import (
    ConnectorStatusChanged,
    ReadingTaken,
    ReservationEnded,
    SecurityEvent,
    TransactionEnded,
    TransactionFact,
    TransactionStarted,
    TransactionUpdated,
)
from agent.core.values import (
    AuthInfo,
    ConnectorStatus,
    IdToken,
    Measurand,
    Reading,
    SampledValue,
    StopReason,
    Trigger,
)
from agent.ocpp.asks import TransferAnswer, Verdict
from agent.ocpp.blocks.metering import is_register, location_of, phase_of, worth_telling
from agent.ocpp.codec import CallError, ErrorCode, Version, codec_of
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
from agent.ocpp.hardware_model import availability_state
from agent.ocpp.outbox import StoredFact
from agent.ocpp.signatures import signed_fields
from agent.ocpp.stamps import from_wire, to_wire
from agent.ocpp.v201 import (
    certificates,
    charging_needs,
    display,
    files,
    firmware,
    iso15118,
    local_list,
    monitoring,
    reports,
    reservation,
    smart_charging,
)
from agent.ocpp.v201 import services as everyday
from agent.ocpp.v201.security import security_event
from agent.ocpp.v201.tokens import contract_fields, priority_of, token_fields, told_of, verdict_of

# One module for each functional block: SERVICES are the requests it reads, SAYINGS the notices it has words for.
SPEECH: Final[tuple[Speech, ...]] = (
    everyday,
    reports,
    monitoring,
    display,
    local_list,
    reservation,
    smart_charging,
    charging_needs,
    files,
    firmware,
    certificates,
    iso15118,
)

NO_REASON: Final = frozenset({StopReason.UNLOCK})  # ReasonEnumType has no word for it
NO_MEASURAND: Final = frozenset({Measurand.TEMPERATURE})  # nor MeasurandEnumType for this


class DialectV201:
    """Speaks OCPP 2.0.1; 2.1 builds on it."""

    version = Version.V201
    refusal_while_rejected: CallError | None = CallError(  # B03.FR.08
        ErrorCode.SECURITY_ERROR, "the station's registration was rejected"
    )
    services: Mapping[str, Service] = merged(one.SERVICES for one in SPEECH)
    sayings: Mapping[type[Notice], Saying] = merged(one.SAYINGS for one in SPEECH)
    signed_max = 2500  # characters of SignedMeterValueType.signedMeterData
    feature_profiles: Mapping[str, frozenset[str]] = MappingProxyType({})
    asks_in_vain = True  # C09.FR.05: who knows what group it is of

    def __init__(self) -> None:
        self.codec = codec_of(self.version)

    def boot(self, plate: Nameplate, reason: BootReason) -> Struct:
        """BootNotificationRequest (B01.FR.01, B01.FR.09)."""
        station = {
            "vendorName": shortened(plate.vendor, 50),
            "model": shortened(plate.model, 20),
            "serialNumber": shortened(plate.serial, 25),
            "firmwareVersion": shortened(plate.firmware, 50),
        }
        return self._request("BootNotification", reason=str(reason), chargingStation=station)

    def boot_answer(self, response: Any) -> BootAnswer:
        """What BootNotificationResponse means."""
        return BootAnswer(Registration(response.status), float(response.interval), from_wire(response.currentTime))

    def heartbeat(self) -> Struct:
        """HeartbeatRequest."""
        return self._request("Heartbeat")

    def time_told(self, response: Any) -> float:
        """The CSMS's time."""
        return from_wire(response.currentTime)

    def authorize(self, token: IdToken, contract: Contract | None = None) -> Struct:
        """AuthorizeRequest. Raises `msgspec.ValidationError` for an identifier that is too long."""
        return self._request("Authorize", idToken=token_fields(token), **contract_fields(contract))

    def verdict(self, response: Any) -> AuthInfo:
        """What an AuthorizeResponse means."""
        certificate = given(response.certificateStatus)
        info = verdict_of(response.idTokenInfo)
        return info if certificate is None else replace(info, certificate=CertificateVerdict(certificate))

    def told(
        self, response: Any, token: IdToken | None, tx: str | None = None, *, final: bool = False
    ) -> tuple[Told, ...]:
        """What an AuthorizeResponse or a TransactionEventResponse says of money and to the driver."""
        return told_of(response, token, tx, final=final)

    def status(self, fact: ConnectorStatusChanged) -> Struct:
        """StatusNotificationRequest (G01)."""
        return self._request(
            "StatusNotification",
            timestamp=to_wire(fact.at_utc_s),
            connectorStatus=self.status_word(fact),
            evseId=fact.evse,
            connectorId=fact.connector,
        )

    def station_status(self, at_utc_s: float, status: ConnectorStatus) -> Struct | None:
        """2.x reports connectors only."""
        del at_utc_s, status
        return None

    def numbered(self, number: int) -> frozenset[str]:
        """2.x's transactions have the station's own ids."""
        del number
        return frozenset()

    def status_word(self, fact: ConnectorStatusChanged) -> str:
        """Out of order, out of service and reserved have their own words; else it counts what is plugged in."""
        return availability_state(fact.status, plugged=fact.plugged)

    def message(self, stored: StoredFact) -> Struct | None:
        """The request that reports a fact; None for a reading without values."""
        match stored.fact:
            case TransactionStarted() as fact:
                return self._event(
                    stored,
                    fact,
                    "Started",
                    evse={"id": fact.evse, "connectorId": fact.connector},
                    cableMaxCurrent=None if fact.cable_max_a is None else int(fact.cable_max_a),
                    reservationId=fact.reservation_id,
                    meterValue=self._meter_values([fact.reading]) or None,
                )
            case TransactionUpdated(reading=reading) as fact:
                # E01.FR.16: named in the first event after the car was connected, and not again.
                plugged = {"id": fact.evse, "connectorId": fact.connector}
                return self._event(
                    stored,
                    fact,
                    "Updated",
                    evse=plugged if fact.trigger is Trigger.CABLE_PLUGGED_IN else None,
                    reservationId=fact.reservation_id,
                    meterValue=(self._meter_values([reading]) or None) if reading else None,
                )
            case TransactionEnded() as fact:
                return self._event(
                    stored, fact, "Ended", meterValue=self._meter_values([*fact.readings, fact.reading]) or None
                )
            case ReadingTaken(reading=reading) as fact:
                return self.meter_values(fact.evse, reading)
            case ConnectorStatusChanged() as fact:
                return self.status(fact)
            case SecurityEvent() as fact:
                return self._request("SecurityEventNotification", **security_event(fact))
            case ReservationEnded(reservation_id=number, why=why):  # H01.FR.16, H01.FR.17, H04.FR.01
                return self._request("ReservationStatusUpdate", reservationId=number, reservationUpdateStatus=str(why))

    def settled(self, stored: StoredFact, response: Any) -> Outcome:
        """The verdict on the token that the event carried, if the CSMS gave one (E01.FR.12)."""
        fact = stored.fact
        if response is None or not isinstance(fact, TransactionFact):
            return Outcome()
        info = given(response.idTokenInfo)
        priority = priority_of(response)
        return Outcome(verdict_of(info), fact.token, priority=priority) if info else Outcome(priority=priority)

    def meter_values(self, evse: int, reading: Reading, tx: str | None = None) -> Struct | None:
        """MeterValuesRequest, which names no transaction (J01)."""
        del tx
        values = self._meter_values([reading])
        return self._request("MeterValues", evseId=evse, meterValue=values) if values else None

    def transfer(self, vendor: str, message: str | None, data: Any) -> Struct:
        """DataTransferRequest."""
        return self._request("DataTransfer", vendorId=vendor, messageId=message, data=data)

    def transferred(self, response: Any) -> TransferAnswer:
        """What a DataTransferResponse means."""
        return TransferAnswer(Verdict(response.status), given(response.data))

    def _meter_values(self, readings: list[Reading]) -> list[dict[str, Any]]:
        return [
            {
                "timestamp": to_wire(one.at_utc_s),
                "sampledValue": [_sampled(value, one, self.signed_max) for value in one.values],
            }
            for one in worth_telling(readings, without=NO_MEASURAND)
        ]

    def _event(self, stored: StoredFact, fact: TransactionFact, kind: str, **fields: Any) -> Struct:
        return self._request(
            "TransactionEvent",
            eventType=kind,
            timestamp=to_wire(fact.at_utc_s),
            triggerReason=str(fact.trigger),
            seqNo=fact.seq,
            offline=True if stored.offline else None,
            idToken=token_fields(fact.token) if fact.token else None,
            transactionInfo=_info(fact),
            **fields,
        )

    def _request(self, action: str, **fields: Any) -> Struct:
        return made(self.codec.request_type(action), **fields)


def _info(fact: TransactionFact) -> dict[str, Any]:
    if isinstance(fact, TransactionEnded):
        reason = StopReason.OTHER if fact.reason in NO_REASON else fact.reason
        return {
            "transactionId": fact.tx,
            "chargingState": str(fact.charging) if fact.charging is not None else None,
            "stoppedReason": str(reason),
            "timeSpentCharging": int(fact.charged_s),
        }
    return {"transactionId": fact.tx, "chargingState": str(fact.charging), "remoteStartId": fact.remote_start_id}


def _sampled(value: SampledValue, reading: Reading, limit: int) -> dict[str, Any]:
    """A signature goes with the register that was signed (J02.FR.21)."""
    return {
        "value": value.value,
        "context": str(reading.context),
        "measurand": str(value.measurand),
        "phase": phase_of(value),
        "location": location_of(value),
        "unitOfMeasure": {"unit": value.unit} if value.unit else None,
        "signedMeterValue": signed_fields(reading.signed, limit) if is_register(value) else None,
    }
