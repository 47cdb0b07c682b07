"""Every message in every state: what is due is answered, anything else refused in full, and the session ends."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from agent.iso15118 import exi
from agent.iso15118.exi import app_protocol, din, iso2
from agent.iso15118.secc import din as din_sequence
from agent.iso15118.secc import iso2 as iso2_sequence
from agent.iso15118.secc.events import Outcome, PowerWanted, Protocol
from agent.iso15118.secc.snapshot import EnergyMode
from agent.iso15118.secc.state import Phase
from agent.iso15118.v2gtp import PayloadType, framed
from tests.agent.iso15118.stand import DICE, Stand, dc_snapshot, snapshot
from tests.agent.iso15118.test_secc import requests, supported

SIDES = {
    "iso2 AC": (iso2, iso2_sequence, Protocol.ISO_2, snapshot, EnergyMode.AC_3P),
    "iso2 DC": (iso2, iso2_sequence, Protocol.ISO_2, dc_snapshot, EnergyMode.DC_EXTENDED),
    "din": (din, din_sequence, Protocol.DIN, dc_snapshot, EnergyMode.DC_EXTENDED),
}


def every(m: Any) -> list[Any]:
    """A request of every type; contracts are iso2's alone."""
    if m is din:
        return requests(m)
    chain = m.CertificateChainType(Certificate=b"\x30")
    meter = m.MeterInfoType(MeterID="M-1", MeterReading=1)
    return [
        *requests(m),
        m.PaymentDetailsReq(eMAID="DEEVSC12345678", ContractSignatureCertChain=chain),
        m.MeteringReceiptReq(Id="id1", SessionID=DICE.session_id, MeterInfo=meter),
        m.PaymentServiceSelectionReq(
            SelectedPaymentOption="ExternalPayment",
            SelectedServiceList=m.SelectedServiceListType(SelectedService=(m.SelectedServiceType(ServiceID=1),)),
        ),
    ]


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("phase", [one for one in Phase if one is not Phase.OVER])
async def test_a_request_that_is_not_due_is_refused_in_full_and_ends_the_session(side: str, phase: Phase):
    m, sequence, protocol, charger, mode = SIDES[side]
    for request in every(m):
        stand = Stand(charger(), obeys=False)
        await stand.ask(supported(protocol), app_protocol)
        state = replace(stand.engine.state, phase=phase, session_id=DICE.session_id, mode=mode, told=True)
        stand.engine._state = state
        header = m.MessageHeaderType(SessionID=bytes(8) if phase is Phase.SETUP else DICE.session_id)
        before = len(stand.sent)
        message = m.V2G_Message(Header=header, Body=m.BodyType(BodyElement=request))
        await stand.send(framed(PayloadType.EXI, exi.encode(message)))
        if isinstance(request, sequence.ALLOWED[phase]):
            held = stand.engine.deadline_s is not None and stand.closed is None
            assert held or len(stand.sent) > before, "neither answered nor held"
            continue
        assert stand.over.outcome is Outcome.FAILED
        assert PowerWanted(True) not in stand.events
        name = type(request).__name__.removesuffix("Req")
        if (m, name) != (din, "ChargingStatus"):  # DIN SPEC 70121 has no answer to it
            answer: Any = exi.decode(m, stand.sent[before + 8 :])
            body = answer.Body.BodyElement
            assert (type(body).__name__, body.ResponseCode) == (f"{name}Res", "FAILED_SequenceError")
