"""Contracts fetched for cars (2.x M01, M02): what a car has asked the charger for, passed on as it came."""

from __future__ import annotations

from agent.ocpp.dialect import Notice


class EvCertificateNotice(Notice, frozen=True):
    """Get15118EVCertificate: the message for the car, in EXI; None where nobody made one.

    `schema`: the namespace of the car's messages; `update`: it has a contract already; `exi`: its request.
    """

    schema: str
    update: bool
    exi: bytes
