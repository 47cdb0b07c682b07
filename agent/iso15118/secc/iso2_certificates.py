"""ISO 15118-2: contracts fetched for a car (8.4.3.10, 8.4.3.11). Pure; clauses are the standard's.

The message that carries one is made and signed elsewhere; the charger passes it on as it came.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from agent.iso15118 import exi
from agent.iso15118.exi import iso2 as m
from agent.iso15118.secc.events import CertificateWanted
from agent.iso15118.secc.iso2_refusals import refusal
from agent.iso15118.secc.snapshot import Snapshot
from agent.iso15118.secc.state import Reply, State, Step
from agent.iso15118.secc.timing import CERTIFICATE_S

NOTHING: Final = "FAILED_NoCertificateAvailable"


def certificate(
    state: State, request: m.CertificateInstallationReq | m.CertificateUpdateReq, snapshot: Snapshot, waited_s: float
) -> Step:
    """CertificateInstallation and CertificateUpdate: asked for elsewhere, and held until that has answered."""
    update = isinstance(request, m.CertificateUpdateReq)
    if not state.told:
        wanted = CertificateWanted(update, state.request)
        return replace(state, told=True, fetched=None), Reply(None, (wanted,), until_s=CERTIFICATE_S)
    if state.fetched is None and waited_s < CERTIFICATE_S:
        return state, Reply(None, until_s=CERTIFICATE_S)
    made = _fit(state, state.fetched.exi if state.fetched is not None else None, update=update)
    state = replace(state, told=False, fetched=None)
    if made is None:
        return state, Reply(refusal(request, snapshot, NOTHING), last=True)
    answer, octets = made
    return state, Reply(answer, exi=octets)


def _fit(
    state: State, octets: bytes | None, *, update: bool
) -> tuple[m.CertificateInstallationRes | m.CertificateUpdateRes, bytes] | None:
    """The answer in a message, and that message for this session; None where it is none to this request."""
    try:
        message = exi.decode(m, octets) if octets is not None else None
    except exi.DecodeError:
        return None
    if not isinstance(message, m.V2G_Message):
        return None
    answer = message.Body.BodyElement
    if not isinstance(answer, m.CertificateUpdateRes if update else m.CertificateInstallationRes):
        return None
    if message.Header.SessionID == state.session_id and octets is not None:
        return answer, octets
    header = m.MessageHeaderType(SessionID=state.session_id, Signature=message.Header.Signature)
    return answer, exi.encode(m.V2G_Message(Header=header, Body=message.Body))
