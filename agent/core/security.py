"""Security events: which there are, and which the CSMS must hear of (2.0.1 part 2 appendices, table of chapter 2).

The 1.6 security whitepaper's list (chapter 8) is a part of this one, under partly other names. Where the versions
differ on what is critical, the stricter one counts here.
"""

from __future__ import annotations

import enum
from typing import Final, Protocol

import msgspec

MAX_INFO: Final = 255  # SecurityEventNotification's techInfo


class SecurityEventKind(enum.StrEnum):
    """What can happen, by the names of OCPP 2.x."""

    FIRMWARE_UPDATED = "FirmwareUpdated"
    FAILED_TO_AUTHENTICATE_AT_CSMS = "FailedToAuthenticateAtCsms"
    CSMS_FAILED_TO_AUTHENTICATE = "CsmsFailedToAuthenticate"
    SYSTEM_TIME_SET = "SettingSystemTime"
    STARTUP = "StartupOfTheDevice"
    RESET = "ResetOrReboot"
    SECURITY_LOG_CLEARED = "SecurityLogWasCleared"
    SECURITY_RECONFIGURED = "ReconfigurationOfSecurityParameters"
    MEMORY_EXHAUSTION = "MemoryExhaustion"
    INVALID_MESSAGES = "InvalidMessages"
    REPLAY = "AttemptedReplayAttacks"
    TAMPER = "TamperDetectionActivated"
    INVALID_FIRMWARE_SIGNATURE = "InvalidFirmwareSignature"
    INVALID_FIRMWARE_CERTIFICATE = "InvalidFirmwareSigningCertificate"
    INVALID_CSMS_CERTIFICATE = "InvalidCsmsCertificate"
    INVALID_STATION_CERTIFICATE = "InvalidChargingStationCertificate"
    INVALID_TLS_VERSION = "InvalidTLSVersion"
    INVALID_TLS_CIPHER_SUITE = "InvalidTLSCipherSuite"
    DISCARDED_RENEWED_CERTIFICATE = "DiscardedRenewedClientCertificate"  # named by 2.1
    MAINTENANCE_LOGIN_ACCEPTED = "MaintenanceLoginAccepted"
    MAINTENANCE_LOGIN_FAILED = "MaintenanceLoginFailed"

    @property
    def critical(self) -> bool:
        """Whether the CSMS is told, with guaranteed delivery (A04.FR.01, A04.FR.02); the log has all (A04.FR.04)."""
        return self not in _NOT_CRITICAL


_NOT_CRITICAL: Final = frozenset(
    {
        SecurityEventKind.FAILED_TO_AUTHENTICATE_AT_CSMS,
        SecurityEventKind.CSMS_FAILED_TO_AUTHENTICATE,
        SecurityEventKind.SECURITY_RECONFIGURED,
        SecurityEventKind.INVALID_MESSAGES,
        SecurityEventKind.REPLAY,
    }
)


class LoggedEvent(msgspec.Struct, frozen=True):
    """An entry of the security log. `at_utc_s`: when it happened, Unix seconds."""

    at_utc_s: float
    kind: SecurityEventKind
    info: str = ""


class SecurityEvents(Protocol):
    """Where security events are raised. `agent.runtime.security` is the real one."""

    def happened(self, kind: SecurityEventKind, info: str = "") -> None:
        """It has just happened; returns at once. `info` is for a technician, on one line, of at most 255 characters."""


class Unguarded:
    """Nobody looks after security events."""

    def happened(self, kind: SecurityEventKind, info: str = "") -> None:
        """Forget it."""


UNGUARDED: Final = Unguarded()
