"""`evse csms`: run the bundled CSMS."""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import signal
import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path

from agent.pki.secrets import read as read_secret
from csms.engines import DatabaseError, name_of
from csms.server import Csms
from csms.tariff import Tariff

DEFAULT_PORT = 9000  # our policy
DEFAULT_HTTP_PORT = 8080  # our policy


def command(argv: list[str]) -> int:
    """Run `evse csms ...` until SIGINT or SIGTERM; returns the exit status."""
    chosen = _parser().parse_args(argv)
    try:
        asyncio.run(_run(chosen))
    except (DatabaseError, OSError, ValueError) as error:
        print(f"evse csms: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="evse csms", description="A small CSMS: OCPP 1.6, 2.0.1 and 2.1.")
    parser.add_argument("--host", default="127.0.0.1", help="address for chargers; default: %(default)s")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0: any free one; default: %(default)s")
    parser.add_argument("--http-host", default="127.0.0.1", help="address for the pages; default: %(default)s")
    parser.add_argument("--http-port", type=int, default=DEFAULT_HTTP_PORT, help="0: any free; default: %(default)s")
    parser.add_argument("--http-name", action="append", default=[], metavar="NAME", help="a host name of the pages")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--db", type=Path, help="SQLite file; default: keep everything in memory")
    where.add_argument("--database", metavar="URL", help="PostgreSQL: postgresql://user@host/name")
    parser.add_argument("--tls-port", type=int, help="also listen with TLS, for security profiles 2 and 3; needs --pki")
    parser.add_argument("--pki", type=Path, metavar="DIR", help="development PKI as of certs/make_pki.py: signs CSRs")
    parser.add_argument(
        "--accept-expired",
        action="append",
        default=[],
        metavar="IDENTITY",
        help="a charger that may come in with a certificate that has run out, to get a new one at once",
    )
    parser.add_argument("--sign-by-hand", action="store_true", help="CSRs wait for an operator at the page")
    parser.add_argument("--organization", help="the O that chargers' certificates must name; default: any")
    parser.add_argument("--contract", action="append", default=[], metavar="PCID=EMAID", help="a car's contract; --pki")
    parser.add_argument("--password", action="append", default=[], metavar="IDENTITY=FILE", help="a charger's password")
    parser.add_argument("--accept-all", action="store_true", help="let every charger work; for development")
    parser.add_argument("--accept", action="append", default=[], metavar="IDENTITY", help="let this charger work")
    parser.add_argument("--token", action="append", default=[], metavar="TOKEN", help="a driver's token to accept")
    parser.add_argument("--per-kwh", type=_price, default=Decimal(0), metavar="PRICE", help="price of a kWh")
    parser.add_argument("--per-hour", type=_price, default=Decimal(0), metavar="PRICE", help="price of an hour")
    parser.add_argument("--session-fee", type=_price, default=Decimal(0), metavar="PRICE", help="price of a session")
    parser.add_argument("--json", action="store_true", help="print one JSON object when ready")
    return parser


def _price(text: str) -> Decimal:
    try:
        price = Decimal(text)
    except InvalidOperation:
        price = Decimal("NaN")
    if not price.is_finite() or price < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no price; write it like 0.49")
    return price


async def _run(chosen: argparse.Namespace) -> None:
    from csms.web.app import serving  # after the arguments are known to be right: it takes a third of a second

    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, ended.set)
    csms = Csms(chosen.database or chosen.db, accept_all=chosen.accept_all)
    try:
        csms.set_tariff(
            Tariff(per_kwh=chosen.per_kwh, per_hour=chosen.per_hour, session_fee=chosen.session_fee),
        )
        for token in chosen.token:
            csms.add_token(token)
        for identity in chosen.accept:
            csms.accept(identity)
        for given in chosen.password:
            identity, _, file = given.partition("=")
            csms.set_password(identity, read_secret(Path(file)))
        port = await csms.start(chosen.host, chosen.port)
        secure = await _secured(csms, chosen)
        async with serving(csms, chosen.http_host, chosen.http_port, chosen.http_name) as pages:
            gc.freeze()  # what is loaded by now stays: no collection need look at it again
            _say_ready(chosen, port, pages, secure)
            await ended.wait()
    finally:
        await csms.stop()


async def _secured(csms: Csms, chosen: argparse.Namespace) -> int | None:
    """Listen with TLS where that is wanted; the port. Raises ValueError and OSError."""
    if chosen.tls_port is None:
        if chosen.contract:
            raise ValueError("--contract needs --pki and --tls-port: contracts come from the PKI")
        return None
    if chosen.pki is None:
        raise ValueError("--tls-port needs --pki, the folder with the CSMS's certificate")
    from csms.pki import Pki

    responder = f"http://{chosen.http_host}:{chosen.http_port}/api/ocsp" if chosen.http_port else None
    pki = Pki(chosen.pki, ocsp_url=responder, expired=chosen.accept_expired)
    port = await csms.start_secure(pki, chosen.host, chosen.tls_port, organization=chosen.organization)
    if csms.certificates is not None:
        csms.certificates.by_hand = chosen.sign_by_hand
        if chosen.contract:
            csms.certificates.provision(dict(_pair(one) for one in chosen.contract))
    return port


def _pair(text: str) -> tuple[str, str]:
    """PCID=EMAID. Raises ValueError."""
    car, _, contract = text.partition("=")
    if not car or not contract:
        raise ValueError(f"--contract {text!r}: write the car's id and the eMAID as PCID=EMAID")
    return car, contract


def _say_ready(chosen: argparse.Namespace, port: int, pages: str, secure: int | None) -> None:
    host = f"[{chosen.host}]" if ":" in chosen.host else chosen.host
    url = f"ws://{host}:{port}/"
    if chosen.json:
        place = chosen.database or chosen.db
        db = name_of(place) if place else None
        facts = {"url": url, "host": chosen.host, "port": port, "tls_port": secure, "http": pages, "db": db}
        print(json.dumps(facts), flush=True)
    else:
        also = f" or wss://{host}:{secure}/<identity>" if secure is not None else ""
        print(f"chargers connect to {url}<identity>{also}\npages and API: {pages}", flush=True)
