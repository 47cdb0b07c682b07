"""Firmware in OCPP 2.x (block L)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from agent.ocpp.asks.firmware import (
    FirmwareNotice,
    PublishAsk,
    PublishNotice,
    SignedFirmwareNotice,
    UnpublishAnswer,
    UnpublishAsk,
    UpdateAnswer,
    UpdateAsk,
)
from agent.ocpp.dialect import Notice, Saying, Service, given
from agent.ocpp.stamps import from_wire
from agent.ocpp.transfers import Retries
from agent.ocpp.v201.files import moment
from agent.ocpp.v201.services import status_info, verdict


def _update(request: Any) -> UpdateAsk:
    firmware = request.firmware
    return UpdateAsk(
        firmware.location,
        from_wire(firmware.retrieveDateTime),
        _retries(request),
        request.requestId,
        moment(firmware.installDateTime),
        given(firmware.signingCertificate),
        given(firmware.signature),
    )


def _publish(request: Any) -> PublishAsk:
    return PublishAsk(request.location, request.checksum, request.requestId, _retries(request))


def _retries(request: Any) -> Retries:
    return Retries.asked(given(request.retries), given(request.retryInterval))


def _updated(answer: UpdateAnswer) -> dict[str, Any]:
    return {"status": str(answer.verdict), "statusInfo": status_info(answer.reason)}


def _unpublished(answer: UnpublishAnswer) -> dict[str, Any]:
    return {"status": str(answer.result)}


def _status(notice: SignedFirmwareNotice) -> dict[str, Any]:
    return {"status": str(notice.status), "requestId": notice.request_id}


def _publish_status(notice: PublishNotice) -> dict[str, Any]:
    return {
        "status": str(notice.status),
        "requestId": notice.request_id,
        "location": list(notice.locations) or None,
    }


SERVICES: Final[Mapping[str, Service]] = MappingProxyType(
    {
        "PublishFirmware": Service(PublishAsk, _publish, verdict),
        "UnpublishFirmware": Service(UnpublishAsk, lambda one: UnpublishAsk(one.checksum), _unpublished),
        "UpdateFirmware": Service(UpdateAsk, _update, _updated),
    }
)

SAYINGS: Final[Mapping[type[Notice], Saying]] = MappingProxyType(
    {
        # a plain update is 1.6's; after a switch of versions there is no request id to tell it with
        FirmwareNotice: Saying(
            "FirmwareStatusNotification",
            lambda one: {"status": str(one.status)},
            lambda _: True,
            fits=lambda one: one.status == "Idle",
        ),
        PublishNotice: Saying("PublishFirmwareStatusNotification", _publish_status, lambda _: True),
        SignedFirmwareNotice: Saying("FirmwareStatusNotification", _status, lambda _: True),
    }
)
