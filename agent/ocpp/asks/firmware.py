"""Firmware: what the CSMS can ask for, and what the station tells of how it goes. In no version's words."""

from __future__ import annotations

import enum

from agent.ocpp.asks import Answer, Ask, Reason
from agent.ocpp.dialect import Notice
from agent.ocpp.transfers import Retries


class UpdateAsk(Ask, frozen=True):
    """Fetch firmware and install it. `request_id` None: 1.6's plain UpdateFirmware, which nothing is signed in.

    `certificate` (PEM) and `signature` (base64) go together.
    """

    location: str
    retrieve_utc_s: float
    retries: Retries
    request_id: int | None = None
    install_utc_s: float | None = None
    certificate: str | None = None
    signature: str | None = None


class UpdateVerdict(enum.StrEnum):
    """What becomes of it (UpdateFirmwareStatusEnumType)."""

    ACCEPTED = "Accepted"
    REJECTED = "Rejected"
    ACCEPTED_CANCELED = "AcceptedCanceled"
    INVALID_CERTIFICATE = "InvalidCertificate"


class UpdateAnswer(Answer, frozen=True):
    """Whether the station updates itself."""

    verdict: UpdateVerdict
    reason: Reason | None = None


class FirmwareStatus(enum.StrEnum):
    """How an update goes (FirmwareStatusEnumType)."""

    IDLE = "Idle"
    DOWNLOAD_SCHEDULED = "DownloadScheduled"
    DOWNLOADING = "Downloading"
    DOWNLOADED = "Downloaded"
    DOWNLOAD_FAILED = "DownloadFailed"
    SIGNATURE_VERIFIED = "SignatureVerified"
    INVALID_SIGNATURE = "InvalidSignature"
    INSTALL_SCHEDULED = "InstallScheduled"
    INSTALLING = "Installing"
    INSTALL_REBOOTING = "InstallRebooting"
    INSTALL_VERIFICATION_FAILED = "InstallVerificationFailed"
    INSTALLATION_FAILED = "InstallationFailed"
    INSTALLED = "Installed"

    @property
    def final(self) -> bool:
        """Whether nothing more comes of the update after it."""
        return self in FINAL


FINAL = frozenset(
    {
        FirmwareStatus.DOWNLOAD_FAILED,
        FirmwareStatus.INVALID_SIGNATURE,
        FirmwareStatus.INSTALL_VERIFICATION_FAILED,
        FirmwareStatus.INSTALLATION_FAILED,
        FirmwareStatus.INSTALLED,
    }
)


class FirmwareNotice(Notice, frozen=True):
    """How a plain update goes, one without a request id."""

    status: FirmwareStatus


class SignedFirmwareNotice(Notice, frozen=True):
    """How an update goes that has a request id; without one: that there is none."""

    status: FirmwareStatus
    request_id: int | None = None


class PublishAsk(Ask, frozen=True):
    """Fetch firmware for other stations and publish it on the local network (L03)."""

    location: str
    checksum: str  # MD5 of the whole file, hexadecimal
    request_id: int
    retries: Retries


class UnpublishAsk(Ask, frozen=True):
    """Publish it no longer (L04)."""

    checksum: str


class Unpublished(enum.StrEnum):
    """What becomes of it (UnpublishFirmwareStatusEnumType)."""

    UNPUBLISHED = "Unpublished"
    NO_FIRMWARE = "NoFirmware"
    DOWNLOADING = "DownloadOngoing"


class UnpublishAnswer(Answer, frozen=True):
    """Whether it is published no longer."""

    result: Unpublished


class PublishStatus(enum.StrEnum):
    """How a publication goes (PublishFirmwareStatusEnumType)."""

    IDLE = "Idle"
    DOWNLOADING = "Downloading"
    DOWNLOADED = "Downloaded"
    DOWNLOAD_FAILED = "DownloadFailed"
    CHECKSUM_VERIFIED = "ChecksumVerified"
    INVALID_CHECKSUM = "InvalidChecksum"
    PUBLISHED = "Published"
    PUBLISH_FAILED = "PublishFailed"


class PublishNotice(Notice, frozen=True):
    """How a publication goes; once published, where others find the file."""

    status: PublishStatus
    request_id: int | None = None
    locations: tuple[str, ...] = ()
