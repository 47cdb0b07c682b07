"""`evse doctor tls`: dials the CSMS as the agent would, and names the one cause why it does not come about."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agent.places import DEFAULT_PATH

if TYPE_CHECKING:
    from agent.config import Config
    from agent.ocpp.connection import LinkConfig

EXIT_OK: Final = 0
EXIT_BAD: Final = 1
PATIENCE_S: Final = 10.0  # our policy
LATE_S: Final = 300.0  # our policy: a clock that differs by more than this from the CSMS's is worth a word


def command(argv: Sequence[str]) -> int:
    """Run `evse doctor tls`: 0 when the CSMS takes the connection, 1 when it does not."""
    parser = argparse.ArgumentParser(prog="evse doctor", description="Find out what is wrong.")
    actions = parser.add_subparsers(dest="action", required=True)
    tls = actions.add_parser("tls", help="dial the CSMS once, and say what is wrong with the connection")
    tls.add_argument("--config", type=Path, default=DEFAULT_PATH, help="default: %(default)s")
    tls.add_argument("--json", action="store_true", help="answer as JSON")
    given = parser.parse_args(argv)
    from agent.config import ConfigError, load
    from agent.pki.secrets import SecretError

    try:
        config = load(given.config)
        cause, remedy = asyncio.run(_diagnosed(config))
    except (ConfigError, SecretError, OSError, ValueError) as error:
        cause, remedy = str(error), "correct the configuration: `evse config check`"
    if given.json:
        print(json.dumps({"ok": not cause, "cause": cause, "remedy": remedy}))
    elif cause:
        print(f"{cause}\n  {remedy}", file=sys.stderr)
    else:
        print(f"{config.ocpp.url}: good")
    return EXIT_BAD if cause else EXIT_OK


async def _diagnosed(config: Config) -> tuple[str, str]:
    """The cause and its remedy; empty when the connection comes about."""
    from agent.ocpp.connection import DialError, Frames, dial

    link = _link(config)
    try:
        opened = await dial(link, Frames())
    except DialError as error:
        return await _explained(error, link)
    await opened.close(1000, "")
    return "", ""


def _link(config: Config) -> LinkConfig:
    """What the agent would dial with at its first start; what a CSMS has changed since is in its journal."""
    from agent.config import read_secret
    from agent.ocpp.codec import Version
    from agent.ocpp.connection import LinkConfig
    from agent.ocpp.network import PLAIN_PROFILES, WITH_CERTIFICATE, WITH_PASSWORD
    from agent.ocpp.tls import TlsConfig
    from agent.pki import certificates as pki
    from agent.pki.names import LeafUse, RootUse
    from agent.pki.store import Store

    ocpp, tls = config.ocpp, None
    if ocpp.security_profile not in PLAIN_PROFILES:
        store = Store(config.certificates)
        roots = [one.certificate for one in store.roots(RootUse.CSMS)]
        if not roots and ocpp.ca_file is not None:
            roots = pki.read_pem(ocpp.ca_file.read_bytes())
        leaves = store.leaves(LeafUse.STATION) if ocpp.security_profile == WITH_CERTIFICATE else []
        client = (leaves[0].path, leaves[0].key_path) if leaves else None
        tls = TlsConfig(pki.to_pem(roots).decode(), client, ocpp.tls_minimum)
    password = (
        read_secret(ocpp.password_file) if ocpp.password_file and ocpp.security_profile in WITH_PASSWORD else None
    )
    versions = tuple(Version(f"ocpp{one}") for one in ocpp.versions)
    return LinkConfig(ocpp.url, config.station.identity, versions, password, tls)


async def _explained(error: Exception, link: LinkConfig) -> tuple[str, str]:
    from agent.ocpp.connection import DialError
    from agent.ocpp.tls import Trouble

    assert isinstance(error, DialError)  # noqa: S101 - for the type checker
    cause = str(error)
    if error.trouble is Trouble.CERTIFICATE:
        clock = await asyncio.to_thread(_clock_error, link)
        if clock:
            return clock
    remedies = {
        Trouble.UNREACHABLE: "look at cable, modem, name server and firewall",
        Trouble.NO_TLS: "the port speaks something else: use the CSMS's TLS port, or security profile 1",
        Trouble.CERTIFICATE: "install the CSMS's root: `evse cert install --root csms FILE`, or have the CSMS renewed",
        Trouble.NAME: "use the name that the certificate is made out to in ocpp.url",
        Trouble.VERSION: "the CSMS must offer TLS 1.2 or newer",
        Trouble.CIPHER: "the CSMS must offer one of the suites of OCPP (docs/security.md)",
        Trouble.REFUSED_CERTIFICATE: "have the station's certificate signed by a CA the CSMS trusts: `evse cert csr`",
        Trouble.REFUSED_PASSWORD: "identity, password and security profile must be those that the CSMS knows",
        Trouble.TLS: "look into the CSMS's log",
        Trouble.HTTP: "the path in ocpp.url is not where the CSMS listens, or it has no room",
        Trouble.NO_OCPP: "enable a version in ocpp.versions that the CSMS knows",
        Trouble.CONFIGURATION: "`evse cert check` says which file",
    }
    return cause, remedies[error.trouble]


def _clock_error(link: LinkConfig) -> tuple[str, str] | None:
    """Whether it is this machine's clock that makes a good certificate look bad: ask the CSMS what time it has."""
    import socket
    import ssl
    from email.utils import parsedate_to_datetime
    from urllib.parse import urlsplit

    from cryptography.x509 import load_der_x509_certificate

    parts = urlsplit(link.url)
    unchecked = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unchecked.check_hostname = False
    unchecked.verify_mode = ssl.CERT_NONE  # nothing secret is said, and nothing that is heard is believed but a hint
    host = parts.hostname or ""
    try:
        with (
            socket.create_connection((host, parts.port or 443), PATIENCE_S) as tcp,
            unchecked.wrap_socket(tcp, server_hostname=host) as secured,
        ):
            der = secured.getpeercert(binary_form=True) or b""
            secured.sendall(f"HEAD / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            head = secured.recv(4096).decode("latin-1")
        shown = load_der_x509_certificate(der)
    except (OSError, ValueError):
        return None
    now_utc_s = time.time()
    begins_s, ends_s = shown.not_valid_before_utc.timestamp(), shown.not_valid_after_utc.timestamp()
    if begins_s <= now_utc_s <= ends_s:
        return None
    dates = [line.partition(":")[2].strip() for line in head.split("\r\n") if line.lower().startswith("date:")]
    told_utc_s = parsedate_to_datetime(dates[0]).timestamp() if dates else None
    slow = now_utc_s < begins_s
    if told_utc_s is None or abs(told_utc_s - now_utc_s) < LATE_S or not begins_s <= told_utc_s <= ends_s:
        if not slow:
            return None
        today = time.strftime("%Y-%m-%d", time.gmtime(now_utc_s))
        cause = f"this machine's clock says {today}, before the CSMS's certificate begins"
        return cause, "set the clock (timedatectl), or have the CSMS's certificate looked at"
    hours, how = abs(told_utc_s - now_utc_s) / 3600, "slow" if slow else "fast"
    cause = f"this machine's clock is {hours:.1f} hours {how}: the CSMS's good certificate looks bad"
    return cause, "set the clock: timedatectl set-ntp true"
