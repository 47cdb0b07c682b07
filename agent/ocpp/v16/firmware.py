"""Firmware in OCPP 1.6: UpdateFirmware (§5.19), and SignedUpdateFirmware of the security whitepaper (L01)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from agent.ocpp.asks.firmware import FirmwareNotice, FirmwareStatus, SignedFirmwareNotice, UpdateAnswer, UpdateAsk
from agent.ocpp.dialect import Notice, Saying, Service
from agent.ocpp.stamps import from_wire
from agent.ocpp.v16.files import moment, retries

PLAIN: Final = frozenset(  # 1.6 has no word for the others
    {
        FirmwareStatus.DOWNLOADED,
        FirmwareStatus.DOWNLOAD_FAILED,
        FirmwareStatus.DOWNLOADING,
        FirmwareStatus.IDLE,
        FirmwareStatus.INSTALLATION_FAILED,
        FirmwareStatus.INSTALLING,
        FirmwareStatus.INSTALLED,
        FirmwareStatus.INSTALL_VERIFICATION_FAILED,
    }
)


def _update(request: Any) -> UpdateAsk:
    return UpdateAsk(request.location, from_wire(request.retrieveDate), retries(request))


def _signed_update(request: Any) -> UpdateAsk:
    firmware = request.firmware
    return UpdateAsk(
        firmware.location,
        from_wire(firmware.retrieveDateTime),
        retries(request),
        request.requestId,
        moment(firmware.installDateTime),
        firmware.signingCertificate,
        firmware.signature,
    )


def _plain_status(notice: FirmwareNotice) -> dict[str, Any]:
    unfit = notice.status is FirmwareStatus.INSTALL_VERIFICATION_FAILED
    return {"status": str(FirmwareStatus.INSTALLATION_FAILED if unfit else notice.status)}


def _status(notice: SignedFirmwareNotice) -> dict[str, Any]:
    return {"status": str(notice.status), "requestId": notice.request_id}


def _nothing(_answer: UpdateAnswer) -> dict[str, Any]:
    return {}


def _verdict(answer: UpdateAnswer) -> dict[str, Any]:
    return {"status": str(answer.verdict)}


SERVICES: Final[Mapping[str, Service]] = MappingProxyType(
    {
        "SignedUpdateFirmware": Service(UpdateAsk, _signed_update, _verdict),
        "UpdateFirmware": Service(UpdateAsk, _update, _nothing),
    }
)

SAYINGS: Final[Mapping[type[Notice], Saying]] = MappingProxyType(
    {
        FirmwareNotice: Saying(
            "FirmwareStatusNotification", _plain_status, lambda _: True, fits=lambda one: one.status in PLAIN
        ),
        SignedFirmwareNotice: Saying("SignedFirmwareStatusNotification", _status, lambda _: True),
    }
)
