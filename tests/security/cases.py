"""The matrix of TLS cases: what the CSMS is like, what the station has, and what must come of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from agent.core.security import SecurityEventKind as Event
from agent.ocpp.tls import Trouble
from tests.security.tls_servers import V10, V11, V12, V13, Server, alert, server_hello

CSMS_BAD = (Event.INVALID_CSMS_CERTIFICATE,)
OTHER_NAME = (Event.INVALID_CSMS_CERTIFICATE, Event.CSMS_FAILED_TO_AUTHENTICATE)
OLD = (Event.INVALID_TLS_VERSION,)
WEAK = (Event.INVALID_TLS_CIPHER_SUITE,)
REFUSED = (Event.FAILED_TO_AUTHENTICATE_AT_CSMS,)


@dataclass(frozen=True)
class Case:
    """`server`: a CSMS, or the bytes that are said instead. `client`: the station's certificate; None: profile 2."""

    name: str
    server: Server | bytes
    trouble: Trouble | None = None
    events: tuple[Event, ...] = ()
    client: str | None = None
    roots: tuple[str, ...] = ("csms-root",)
    host: str = "localhost"
    minimum: Any = "1.2"
    settings: dict[str, str] = field(default_factory=dict)
    req: str = ""


def each(versions: str = "12 13", **fields: Any) -> list[Case]:
    """The same case in several versions of TLS."""
    name, server = fields.pop("name"), fields.pop("server")
    only = {"12": (V12, V12), "13": (V13, V13)}
    return [
        Case(
            f"{name}, TLS 1.{version[1]}",
            Server(**{**vars(server), "versions": only[version]}),
            **fields,
        )
        for version in versions.split()
    ]


def of_the_csms() -> list[Case]:
    """The CSMS's certificate."""
    bad = {
        "expired": (Trouble.CERTIFICATE, CSMS_BAD),
        "not-yet-valid": (Trouble.CERTIFICATE, CSMS_BAD),
        "wrong-name": (Trouble.NAME, OTHER_NAME),
        "wrong-purpose": (Trouble.CERTIFICATE, CSMS_BAD),
        "weak-key": (Trouble.CERTIFICATE, CSMS_BAD),
        "unknown-root": (Trouble.CERTIFICATE, CSMS_BAD),
        "chain-too-long": (Trouble.CERTIFICATE, CSMS_BAD),
        "leaf-as-ca": (Trouble.CERTIFICATE, CSMS_BAD),
    }
    cases = [
        *each(name="a good certificate", server=Server(), req="A00.FR.308"),
        *each(name="a good RSA certificate", server=Server("csms-rsa")),
        *each(name="a good certificate, reached by its address", server=Server(), host="127.0.0.1"),
    ]
    for variant, (trouble, events) in bad.items():
        versions = "12" if variant == "weak-key" else "12 13"  # TLS 1.3 has no signature for so short a key
        cases += each(
            versions,
            name=f"the CSMS's certificate: {variant}",
            server=Server(f"csms-{variant}"),
            trouble=trouble,
            events=events,
            req="A00.FR.310",
        )
    signer = {"roots": ("mo-root",), "trouble": Trouble.CERTIFICATE, "events": CSMS_BAD, "req": "A00.FR.310"}
    return [
        *cases,
        *each(name="a certificate by a root that is trusted with something else", server=Server(), **signer),
        Case(
            "a good certificate for another name in the URL",
            Server(),
            Trouble.NAME,
            OTHER_NAME,
            host="127.0.0.2",
            req="A00.FR.309",
        ),
        Case("a vehicle-side server certificate", Server("secc"), Trouble.CERTIFICATE, CSMS_BAD),
        Case("the station's own certificate, played back", Server("station"), Trouble.CERTIFICATE, CSMS_BAD),
        Case("no root is installed", Server(), Trouble.CONFIGURATION, roots=()),
    ]


def of_versions() -> list[Case]:
    """Versions of TLS."""
    version = {"trouble": Trouble.VERSION, "events": OLD, "req": "A00.FR.316"}
    return [
        Case("a CSMS with TLS 1.0 only", Server(versions=(V10, V10)), **version),
        Case("a CSMS with TLS 1.1 only", Server(versions=(V11, V11)), **version),
        Case("a CSMS with TLS 1.0 and 1.1", Server("csms-rsa", versions=(V10, V11)), **version),
        Case("a CSMS with TLS 1.1 and 1.2", Server(versions=(V11, V12))),
        Case("TLS 1.3 is asked for, the CSMS has 1.2 only", Server(versions=(V12, V12)), minimum="1.3", **version),
        Case("TLS 1.3 is asked for, and the CSMS has it", Server(), minimum="1.3"),
        Case("a ServerHello of SSL 3", server_hello(b"\x03\x00"), **version),
        Case("a ServerHello of TLS 1.0", server_hello(b"\x03\x01"), **version),
        Case("a ServerHello of TLS 1.1", server_hello(b"\x03\x02"), **version),
        Case("an alert protocol_version", alert(70), **version),
    ]


def of_ciphers() -> list[Case]:
    """Cipher suites and compression."""
    suite = {"trouble": Trouble.CIPHER, "events": WEAK, "req": "A00.FR.323"}
    good = {
        "ECDHE-ECDSA-AES128-GCM-SHA256": "csms",
        "ECDHE-ECDSA-AES256-GCM-SHA384": "csms",
        "AES128-GCM-SHA256": "csms-rsa",
        "AES256-GCM-SHA384": "csms-rsa",
        "ECDHE-RSA-AES128-GCM-SHA256": "csms-rsa",
        "ECDHE-RSA-AES256-GCM-SHA384": "csms-rsa",
    }
    bad = {
        "ECDHE-ECDSA-AES128-SHA256": "csms",
        "ECDHE-ECDSA-AES256-SHA": "csms",
        "AES128-SHA": "csms-rsa",
        "AES256-SHA256": "csms-rsa",
        "DHE-RSA-AES128-GCM-SHA256": "csms-rsa",
        "NULL-SHA256": "csms-rsa",
        "AECDH-AES128-SHA": "csms",
    }
    old = (V12, V12)
    return [
        *(Case(f"suite {name}", Server(key, old, name), req="A00.FR.319") for name, key in good.items()),
        *(Case(f"only suite {name}", Server(key, old, name), **suite) for name, key in bad.items()),
        Case("an alert handshake_failure before anything was chosen", alert(40), **suite),
        Case("an alert insufficient_security", alert(71), **suite),
        Case("a suite that was not offered", server_hello(b"\x03\x03", b"\x00\x05"), **suite),
        Case("compression that was not offered", server_hello(b"\x03\x03", compression=b"\x01"), **suite),
    ]


def of_the_station() -> list[Case]:
    """What the CSMS thinks of the station."""
    asks = Server(clients="station-root")
    refused = {"trouble": Trouble.REFUSED_CERTIFICATE, "events": REFUSED}
    cases = [
        *each(name="the station's certificate is good", server=asks, client="station", req="A00.FR.402"),
        *each(name="the CSMS asks for no certificate", server=Server(), client="station"),
        *each("12", name="the CSMS asks for a certificate, the station has profile 2", server=asks, **refused),
        *each(
            name="the station's certificate: revoked",
            server=Server(clients="station-root", crl="station-root"),
            client="station-revoked",
            **refused,
        ),
    ]
    for variant in ("expired", "unknown-root", "wrong-purpose", "chain-too-long", "leaf-as-ca"):
        cases += each(
            name=f"the station's certificate: {variant}",
            server=asks,
            client=f"station-{variant}",
            req="A00.FR.430" if variant == "expired" else "",
            **refused,
        )
    said = {"trouble": Trouble.REFUSED_PASSWORD, "events": REFUSED}
    return [
        *cases,
        Case("profile 3, and the station has no certificate", asks, Trouble.CONFIGURATION, client=""),
        Case(
            "profile 3, and the certificate is not valid yet",
            asks,
            Trouble.CONFIGURATION,
            client="station-not-yet-valid",
        ),
        Case("HTTP 401", Server(status=HTTPStatus.UNAUTHORIZED), **said),
        Case("HTTP 403", Server(status=HTTPStatus.FORBIDDEN), **said),
        Case("HTTP 401 with profile 3", Server(status=HTTPStatus.UNAUTHORIZED), client="station", **said),
        Case("HTTP 404", Server(status=HTTPStatus.NOT_FOUND), Trouble.HTTP),
        Case("HTTP 500", Server(status=HTTPStatus.INTERNAL_SERVER_ERROR), Trouble.HTTP),
        Case("a redirect", Server(status=HTTPStatus.FOUND), Trouble.HTTP),
        Case("no OCPP version in common", Server(subprotocols=False), Trouble.NO_OCPP),
    ]


def of_strangers() -> list[Case]:
    """What is no CSMS at all: no security event, there are many reasons for a wrong number."""
    return [
        Case("a server that speaks plain HTTP", b"HTTP/1.1 400 Bad Request\r\n\r\n", Trouble.NO_TLS),
        Case("a server that speaks SSH", b"SSH-2.0-OpenSSH_9.2\r\n", Trouble.NO_TLS),
        Case("a server that hangs up", b"", Trouble.UNREACHABLE),
        Case("an alert internal_error", alert(80), Trouble.TLS),
        Case("an alert unknown_ca", alert(48), Trouble.REFUSED_CERTIFICATE, REFUSED),
        Case("an alert access_denied", alert(49), Trouble.REFUSED_CERTIFICATE, REFUSED),
    ]


STATION_CASES: tuple[Case, ...] = (
    *of_the_csms(),
    *of_versions(),
    *of_ciphers(),
    *of_the_station(),
    *of_strangers(),
)
