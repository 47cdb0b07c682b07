"""`evse cert list|csr|install|check`: the station's certificates, what they are for and how long. Never shows a key."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from agent.places import DEFAULT_PATH, configured

if TYPE_CHECKING:
    from agent.pki.store import Store

EXIT_OK: Final = 0
EXIT_BAD: Final = 1
DAY_S: Final = 86_400.0


def command(argv: Sequence[str]) -> int:
    """Run `evse cert ...`: 0 when done and good, 1 when something is not good or cannot be done."""
    given = _parser().parse_args(argv)
    from agent.pki.names import CertificateError
    from agent.pki.store import Store

    store = Store(given.certificates or configured(given.config).certificates)
    acts = {"list": _list, "csr": _csr, "install": _install, "check": _check}
    try:
        return acts[given.action](store, given)
    except (CertificateError, OSError, ValueError) as error:
        print(f"evse cert: {error}", file=sys.stderr)
        return EXIT_BAD


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="evse cert", description="Look after the station's certificates.")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--config", type=Path, default=DEFAULT_PATH, help="default: %(default)s")
    shared.add_argument("--certificates", type=Path, metavar="DIR", help="the folder, instead of what is configured")
    shared.add_argument("--json", action="store_true", help="answer as JSON")
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("list", parents=[shared], help="what is there, and until when it is valid")
    csr = actions.add_parser("csr", parents=[shared], help="make a key, and a request to sign its certificate")
    csr.add_argument("--serial", required=True, help="the station's serial number, or the SECC's id (CN)")
    csr.add_argument("--organization", required=True, help="the operator (O)")
    csr.add_argument("--country", default="", help="two letters (C); default: none")
    csr.add_argument("--use", choices=["station", "v2g"], default="station", help="default: %(default)s")
    csr.add_argument("--rsa", action="store_true", help="RSA 3072 instead of P-256")
    install = actions.add_parser("install", parents=[shared], help="a root to trust, or what was signed for a request")
    install.add_argument("file", type=Path, help="PEM file")
    install.add_argument("--root", choices=["csms", "manufacturer", "mo", "v2g", "oem"], help="trust it as a root")
    actions.add_parser("check", parents=[shared], help="chains, keys and validity; 1 when anything is not good")
    return parser


def _list(store: Store, given: argparse.Namespace) -> int:
    rows = _rows(store)
    if given.json:
        print(json.dumps(rows))
        return EXIT_OK
    for row in rows:
        print(f"{row['use']:<28} {row['subject']}\n{'':<28} {row['key']}, {row['state']}")
    if not rows:
        print(f"no certificates in {store.folder}")
    return EXIT_OK


def _csr(store: Store, given: argparse.Namespace) -> int:
    from agent.pki.names import SECC_DOMAIN, CertificateError, LeafUse, Subject
    from agent.pki.requests import KeyKind

    use = LeafUse.STATION if given.use == "station" else LeafUse.V2G
    if given.rsa and use is LeafUse.V2G:
        raise CertificateError("cars know no RSA (ISO 15118-2 annex F): leave --rsa out")
    kind = KeyKind.RSA if given.rsa else KeyKind.P256
    domain = SECC_DOMAIN if use is LeafUse.V2G else ""
    subject = Subject(given.serial, given.organization, given.country, domain)
    request = store.new_request(use, kind, subject).decode()
    print(json.dumps({"csr": request}) if given.json else request, end="\n" if given.json else "")
    return EXIT_OK


def _install(store: Store, given: argparse.Namespace) -> int:
    from agent.pki import certificates as pki
    from agent.pki.names import CertificateError, RootUse

    found = pki.read_pem(given.file.read_bytes())
    if given.root is not None:
        use = RootUse[given.root.upper()]
        for one in found:
            if not pki.is_ca(one):
                raise CertificateError(f"{one.subject.rfc4514_string()!r} is no CA: nothing was installed")
        for one in found:
            store.add_root(use, one)
        print(json.dumps({"installed": len(found)}) if given.json else f"{len(found)} trusted as {use}")
        return EXIT_OK
    request = store.pending_for(found[0])
    if request is None:
        raise CertificateError("it answers no request made here: make one with `evse cert csr`, or give --root")
    store.add_leaf(request[0], found)
    print(json.dumps({"installed": len(found)}) if given.json else f"installed as {request[0]}")
    return EXIT_OK


def _check(store: Store, given: argparse.Namespace) -> int:
    problems = [f"{row['use']}: {row['subject']}: {row['problem']}" for row in _rows(store) if row["problem"]]
    if given.json:
        print(json.dumps({"ok": not problems, "problems": problems}))
    else:
        print("\n".join(problems) or f"{store.folder}: good")
    return EXIT_BAD if problems else EXIT_OK


def _rows(store: Store) -> list[dict[str, Any]]:
    """One for each certificate, and for each request that waits."""
    from agent.pki.names import LeafUse, RootUse

    now_utc_s = time.time()
    rows = [_row(str(use), root.certificate, "", now_utc_s) for use in RootUse for root in store.roots(use)]
    for use in LeafUse:
        rows += [_row(str(use), leaf.certificate, _flaw(store, leaf, now_utc_s), now_utc_s) for leaf in store.kept(use)]
        rows += [
            {"use": str(use), "subject": f"request {name[:12]}", "key": "pending", "state": "waits", "problem": ""}
            for name in store.pending(use)
        ]
    return rows


def _row(use: str, certificate: Any, flaw: str, now_utc_s: float) -> dict[str, Any]:
    from agent.pki import certificates as pki

    facts = pki.facts(certificate)
    left_days = (facts.not_after_utc_s - now_utc_s) / DAY_S
    if now_utc_s < facts.not_before_utc_s:
        state = problem = "not valid yet: or this machine's clock is slow"
    elif left_days < 0:
        state = problem = f"expired {-left_days:.0f} days ago: or this machine's clock is fast"
    else:
        state, problem = f"valid for {left_days:.0f} more days", ""
    return {
        "use": use,
        "subject": facts.subject,
        "issuer": facts.issuer,
        "serial": facts.serial,
        "key": facts.key,
        "not_after": pki.moment(facts.not_after_utc_s).isoformat(),
        "fingerprint": facts.fingerprint,
        "state": state,
        "problem": problem or flaw or (pki.weakness(certificate) or ""),
    }


def _flaw_of_token_key(leaf: Any) -> str:
    """What is wrong with a key file that names a key in a token: asked of OpenSSL, as the connection will be."""
    import ssl

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(leaf.path, leaf.key_path, password=lambda: "")
    except OSError as error:  # ssl.SSLError, or what a token left behind in errno
        why = f" ({error.reason})" if isinstance(error, ssl.SSLError) else ""
        return (
            f"OpenSSL has no such key{why}: encrypted, another one's, or in a token it is not set up for: OPENSSL_CONF"
        )
    return ""


def _flaw(store: Store, leaf: Any, now_utc_s: float) -> str:
    """What is wrong with a certificate of the station's own: its chain, or its key."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    from agent.pki import certificates as pki
    from agent.pki.chains import ChainError, Purpose, validated
    from agent.pki.names import LeafUse, RootUse

    station = leaf.use is LeafUse.STATION
    roots = store.roots(RootUse.CSMS if station else RootUse.V2G)
    try:
        key = load_pem_private_key(leaf.key_path.read_bytes(), None)
        if key.public_key() != leaf.certificate.public_key():
            return "its key is another one's"
    except (TypeError, ValueError):
        problem = _flaw_of_token_key(leaf)
        if problem:
            return problem
    try:
        trusted = [root.certificate for root in roots]
        validated(leaf.chain, trusted, Purpose.STATION if station else Purpose.SECC, pki.moment(now_utc_s))
    except ChainError as error:
        return str(error)
    return "" if station else _revoked(store, leaf, now_utc_s)


def _revoked(store: Store, leaf: Any, now_utc_s: float) -> str:
    """Which certificate of a chain towards cars its responder calls revoked, by what the agent has kept of it."""
    from agent.pki.ocsp import Answers

    answers = Answers(store.folder)
    for one, issuer in store.issued(leaf):
        known = answers.get(one, issuer, now_utc_s)
        if known is not None and known.revoked:
            return f"{one.subject.rfc4514_string()!r} was revoked"
    return ""
