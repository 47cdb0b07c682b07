"""Facts and sessions as bytes in the journal: MessagePack, deflated with a dictionary of what such values always hold.

Half of a value's bytes are names of fields and words of enumerations. Each byte that is written wears the flash, and
SQLite writes whole pages: packed, a fact and a session take one small page each.
"""

from __future__ import annotations

import zlib
from typing import Any, Final

import msgspec

MAX_BYTES: Final = 1 << 24  # our policy: no fact or session comes near; a row that unpacks to more is damage
_FORMAT_1: Final = b"\x01"  # no MessagePack map begins like this, so what was stored unpacked is known from it
_WINDOW: Final = -12  # raw deflate, 4 kB: the dictionary and a value fit
_MEMORY: Final = 5  # of 9: what is packed is short

# Examples, the commonest last. Never change them: what is stored cannot be read without; a new dictionary is format 2.
_EXAMPLES_1: Final[tuple[Any, ...]] = (
    "SignedDataReceived AbnormalCondition EVCommunicationLost Deauthorized EnergyLimitReached RemoteStart RemoteStop",
    "Transaction.End Sample.Clock Trigger Energy.Active.Export.Register Current.Offered SoC % Celsius Temperature",
    "Frequency Hz Power.Factor Power.Offered Power.Active.Export Interruption.Begin L1-N L2-N L3-N OCMF public_key",
    {"type": "SecurityEvent", "at_utc_s": 0.0, "kind": "StartupOfTheDevice", "info": "", "evse": 0},
    {"type": "ReadingTaken", "evse": 1, "connector": 1, "at_utc_s": 0.0, "reading": None},
    {
        "type": "ConnectorStatusChanged",
        "evse": 1,
        "connector": 1,
        "at_utc_s": 0.0,
        "status": "Available Preparing SuspendedEV SuspendedEVSE Finishing Faulted Reserved Unavailable",
        "fault": None,
        "detail": "",
        "plugged": True,
    },
    {
        "type": "TransactionEnded",
        "tx": "",
        "evse": 1,
        "connector": 1,
        "seq": 2,
        "at_utc_s": 0.0,
        "trigger": "StopAuthorized",
        "reason": "Local PowerLoss EVDisconnected",
        "reading": {
            "at_utc_s": 0.0,
            "context": "Transaction.End",
            "energy_wh": 0.0,
            "values": [{"measurand": "Energy.Active.Import.Register", "value": 0.0, "unit": "Wh", "phase": None}],
            "estimated": False,
            "signed": None,
        },
        "started_utc_s": 0.0,
        "start_energy_wh": 0.0,
        "charging": "EVConnected SuspendedEV SuspendedEVSE Idle",
        "readings": [],
        "token": {"value": "", "kind": "Central eMAID KeyCode ISO15693 ISO14443"},
        "charged_s": 0.0,
    },
    {
        "type": "TransactionStarted",
        "tx": "",
        "evse": 1,
        "connector": 1,
        "seq": 0,
        "at_utc_s": 0.0,
        "trigger": "CablePluggedIn Authorized",
        "charging": "EVConnected",
        "reading": {
            "at_utc_s": 0.0,
            "context": "Transaction.Begin",
            "energy_wh": 0.0,
            "values": [{"measurand": "Energy.Active.Import.Register", "value": 0.0, "unit": "Wh", "phase": None}],
            "estimated": False,
            "signed": None,
        },
        "token": {"value": "", "kind": "ISO14443"},
        "group": None,
        "remote_start_id": None,
        "reservation_id": None,
        "cable_max_a": 32.0,
    },
    {
        "evse": 1,
        "phase": "recovering",
        "rules": {},
        "inoperative": [],
        "faults": [],
        "has_lock": True,
        "digital": {
            "talk": "none",
            "power": False,
            "evcc_id": "",
            "needs": None,
            "contract": None,
            "refused": False,
            "protocols": [],
            "agreed": "",
            "paused": False,
            "wake": False,
            "given_up_s": None,
        },
        "has_rcd": True,
        "self_test": {"tested_mono_s": float("-inf"), "owed": False, "running": False},
        "wake": {"step": "none", "since_mono_s": None},
        "line": {},
        "derating": {"allowed_a": 80.0, "rising_since_mono_s": None, "sensors": {}},
        "locked": True,
        "asks": 1,
        "records": 1,
        "next_tx": "",
        "tx": {
            "id": "",
            "seq": 1,
            "started_utc_s": 0.0,
            "started_mono_s": 0.0,
            "start_energy_wh": 0.0,
            "charging": "Charging",
            "energized": True,
            "last_energy_wh": 0.0,
            "readings": [
                {
                    "at_utc_s": 0.0,
                    "context": "Transaction.Begin",
                    "energy_wh": 0.0,
                    "values": [
                        {"measurand": "Energy.Active.Import.Register", "value": 0.0, "unit": "Wh", "phase": None}
                    ],
                    "estimated": False,
                    "signed": None,
                }
            ],
            "charged_s": 0.0,
            "meter_serial": "",
            "unauthorized": None,
            "priority": None,
            "cap_wh": None,
            "meter_tx": None,
        },
        "stop": {
            "trigger": "StopAuthorized",
            "reason": "Local",
            "token": {"value": "", "kind": "ISO14443"},
            "unplugged": False,
        },
        "ready_utc_s": 0.0,
        "status": "Charging",
        "reported_plugged": True,
        "checkpointed_mono_s": 0.0,
        "firm_seq": 1,
    },
    {
        "type": "TransactionUpdated",
        "tx": "",
        "evse": 1,
        "connector": 1,
        "seq": 1,
        "at_utc_s": 0.0,
        "trigger": "ChargingStateChanged MeterValueClock MeterValuePeriodic",
        "charging": "Charging",
        "reading": {
            "at_utc_s": 0.0,
            "context": "Sample.Periodic",
            "energy_wh": 0.0,
            "values": [
                {"measurand": "Energy.Active.Import.Register", "value": 0.0, "unit": "Wh", "phase": None},
                {"measurand": "Power.Active.Import", "value": 0.0, "unit": "W", "phase": None},
                {"measurand": "Current.Import", "value": 0.0, "unit": "A", "phase": "L1"},
                {"measurand": "Current.Import", "value": 0.0, "unit": "A", "phase": "L2"},
                {"measurand": "Current.Import", "value": 0.0, "unit": "A", "phase": "L3"},
                {"measurand": "Voltage", "value": 0.0, "unit": "V", "phase": "L1"},
                {"measurand": "Voltage", "value": 0.0, "unit": "V", "phase": "L2"},
                {"measurand": "Voltage", "value": 0.0, "unit": "V", "phase": "L3"},
            ],
            "estimated": False,
            "signed": None,
        },
        "token": None,
        "remote_start_id": None,
        "reservation_id": None,
    },
)
DICTIONARY_1: Final = b"".join(map(msgspec.msgpack.encode, _EXAMPLES_1))


class PackingError(ValueError):
    """The bytes hold no value: they are damaged, or a newer agent's."""


def pack(value: bytes) -> bytes:
    """MessagePack as it is stored."""
    deflate = zlib.compressobj(zlib.Z_DEFAULT_COMPRESSION, zlib.DEFLATED, _WINDOW, _MEMORY, zdict=DICTIONARY_1)
    return _FORMAT_1 + deflate.compress(value) + deflate.flush()


def unpack(stored: bytes) -> bytes:
    """MessagePack as it was before; also what an agent stored that did not pack. Raises `PackingError`."""
    if not stored.startswith(_FORMAT_1):
        return stored
    inflate = zlib.decompressobj(_WINDOW, zdict=DICTIONARY_1)
    try:
        value = inflate.decompress(stored[1:], MAX_BYTES)
    except zlib.error as error:
        raise PackingError(str(error)) from error
    if not inflate.eof:
        raise PackingError(f"it is cut short, or holds more than {MAX_BYTES} bytes")
    return value
