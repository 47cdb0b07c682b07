"""The responses of ISO 15118-2 that refuse: every type with what the schema demands of it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from agent.iso15118.exi import Message
from agent.iso15118.exi import iso2 as m
from agent.iso15118.secc import dc
from agent.iso15118.secc.iso2_parts import (
    CHARGE_SERVICE,
    charge_parameter,
    charging_state,
    services,
    status,
)
from agent.iso15118.secc.snapshot import Snapshot
from agent.iso15118.secc.state import State
from agent.iso15118.secc.values import physical

_Refusal = Callable[[Snapshot, Any], Message]


def _refused_parameters(snapshot: Snapshot, code: Any) -> Message:
    return m.ChargeParameterDiscoveryRes(
        ResponseCode=code, EVSEProcessing="Finished", EVSEChargeParameter=charge_parameter(snapshot)
    )


def _refused_demand(snapshot: Snapshot, code: Any) -> Message:
    fields = dc.refused_demand(m, snapshot, code)
    return m.CurrentDemandRes(**fields, EVSEID=snapshot.evse_id, SAScheduleTupleID=snapshot.schedule_id)


def _volts(snapshot: Snapshot) -> m.PhysicalValueType:
    return physical(m.PhysicalValueType, snapshot.dc.voltage_v if snapshot.dc is not None else 0.0, "V")


_NO_CONTRACT: Final[dict[str, Any]] = {  # what the schema demands where there is nothing to give
    "SAProvisioningCertificateChain": m.CertificateChainType(Certificate=b""),
    "ContractSignatureCertChain": m.CertificateChainType(Certificate=b""),
    "ContractSignatureEncryptedPrivateKey": m.ContractSignatureEncryptedPrivateKeyType(Id="id1", value=b""),
    "DHpublickey": m.DiffieHellmanPublickeyType(Id="id2", value=b""),
    "eMAID": m.EMAIDType(Id="id3", value="ZZ000000000000"),
}

_REFUSALS: Final[Mapping[type[Message], _Refusal]] = MappingProxyType(
    {
        m.SessionSetupReq: lambda s, code: m.SessionSetupRes(ResponseCode=code, EVSEID=s.evse_id),
        m.ServiceDiscoveryReq: services,
        m.ServiceDetailReq: lambda _, code: m.ServiceDetailRes(ResponseCode=code, ServiceID=CHARGE_SERVICE),
        m.PaymentServiceSelectionReq: lambda _, code: m.PaymentServiceSelectionRes(ResponseCode=code),
        m.PaymentDetailsReq: lambda s, code: m.PaymentDetailsRes(
            ResponseCode=code, GenChallenge=bytes(16), EVSETimeStamp=int(s.utc_s)
        ),
        m.CertificateInstallationReq: lambda _, code: m.CertificateInstallationRes(ResponseCode=code, **_NO_CONTRACT),
        m.CertificateUpdateReq: lambda _, code: m.CertificateUpdateRes(ResponseCode=code, **_NO_CONTRACT),
        m.AuthorizationReq: lambda _, code: m.AuthorizationRes(ResponseCode=code, EVSEProcessing="Finished"),
        m.ChargeParameterDiscoveryReq: _refused_parameters,
        m.CableCheckReq: lambda s, code: m.CableCheckRes(
            ResponseCode=code, DC_EVSEStatus=dc.status(m, s, ready=False), EVSEProcessing="Finished"
        ),
        m.PreChargeReq: lambda s, code: m.PreChargeRes(
            ResponseCode=code, DC_EVSEStatus=dc.status(m, s, ready=False), EVSEPresentVoltage=_volts(s)
        ),
        m.PowerDeliveryReq: lambda s, code: m.PowerDeliveryRes(ResponseCode=code, EVSEStatus=status(s)),
        m.ChargingStatusReq: lambda s, code: charging_state(State(), s, code),
        m.CurrentDemandReq: _refused_demand,
        m.MeteringReceiptReq: lambda s, code: m.MeteringReceiptRes(ResponseCode=code, EVSEStatus=status(s)),
        m.WeldingDetectionReq: lambda s, code: m.WeldingDetectionRes(
            ResponseCode=code, DC_EVSEStatus=dc.status(m, s, ready=False), EVSEPresentVoltage=_volts(s)
        ),
        m.SessionStopReq: lambda _, code: m.SessionStopRes(ResponseCode=code),
    }
)


def refusal(request: Message, snapshot: Snapshot, code: str) -> Message | None:
    """The response to a request that cannot be served, with all that its type must carry; None for no request."""
    make = _REFUSALS.get(type(request))
    return None if make is None else make(snapshot, code)
