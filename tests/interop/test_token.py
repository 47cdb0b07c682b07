"""A key in a token: SoftHSM behind OpenSSL's PKCS#11 provider, as docs/security.md has it."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.interop.test_openssl_server import Foreign, s_server
from tests.security import ca, minting
from tests.security.matrix import Matrix


def installed(library: str) -> Path | None:
    """A library in /usr/lib or its folder of one architecture: to search all of it takes a second in every worker."""
    root = Path("/usr/lib")
    return next((path for folder in ("", "*/") for path in root.glob(folder + library)), None)


SOFTHSM = installed("softhsm/libsofthsm2.so")
PROVIDER = installed("ossl-modules/pkcs11.so")
TOOLS = ("openssl", "softhsm2-util", "pkcs11-tool")

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.skipif(
        SOFTHSM is None or PROVIDER is None or not all(map(shutil.which, TOOLS)),
        reason="needs softhsm2, opensc, and OpenSSL's pkcs11-provider (Debian 13; elsewhere from its source)",
    ),
]
PIN = "1234"
URI = "pkcs11:token=evse;object=station;type=private"
CONFIGURATION = """
openssl_conf = init
[init]
providers = providers
[providers]
default = default_provider
pkcs11 = pkcs11_provider
[default_provider]
activate = 1
[pkcs11_provider]
pkcs11-module-path = {module}
pkcs11-module-token-pin = file:{pin}
pkcs11-module-quirks = no-operation-state no-deinit
activate = 1
[req]
distinguished_name = nobody
[nobody]
"""
DIAL = """
import socket, sys
from pathlib import Path
from agent.ocpp.tls import Handshake, TlsConfig, context
root, chain, key, port, minimum = sys.argv[1:]
made = context(TlsConfig(Path(root).read_text(), (Path(chain), Path(key)), minimum), Handshake())
if minimum == "1.2":
    made.maximum_version = made.minimum_version
with made.wrap_socket(socket.create_connection(("127.0.0.1", int(port))), server_hostname="localhost") as link:
    link.send(b"GET / HTTP/1.0\\r\\n\\r\\n")
    print(link.version(), link.recv(8))
"""


class Token:
    """A token with one key, and how OpenSSL finds it."""

    def __init__(self, folder: Path) -> None:
        tokens, pin, hsm, conf = folder / "tokens", folder / "pin", folder / "softhsm2.conf", folder / "openssl.cnf"
        tokens.mkdir()
        pin.write_text(PIN)
        hsm.write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\n")
        conf.write_text(CONFIGURATION.format(module=SOFTHSM, pin=pin))
        self.plain = {name: value for name, value in os.environ.items() if name != "OPENSSL_CONF"}
        self.plain["SOFTHSM2_CONF"] = str(hsm)
        # For what speaks TLS only: SoftHSM's own tools use OpenSSL, too, and would turn in circles.
        self.env = self.plain | {"OPENSSL_CONF": str(conf)}
        self._run(
            self.plain, "softhsm2-util", "--init-token", "--free", "--label", "evse", "--pin", PIN, "--so-pin", PIN
        )
        made = ["--login", "--pin", PIN, "--token-label", "evse", "--keypairgen", "--key-type", "EC:prime256v1"]
        self._run(self.plain, "pkcs11-tool", "--module", str(SOFTHSM), *made, "--id", "01", "--label", "station")
        self.key, self.chain = folder / "own.key", folder / "own.pem"
        self.key.write_text(key_file(URI))
        request = folder / "request.pem"
        self._run(
            self.env, "openssl", "req", "-new", "-key", str(self.key), "-subj", "/O=Op/CN=CS-1", "-out", str(request)
        )
        self.chain.write_text(ca.pem(ca.signed(request.read_text())))

    def _run(self, env: Mapping[str, str], *words: str) -> None:
        subprocess.run(words, env=env, check=True, capture_output=True)

    def python(self, *words: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run Python as the agent would be run: with OPENSSL_CONF, unless told otherwise."""
        command = [sys.executable, *words]
        return subprocess.run(command, env=env or self.env, capture_output=True, text=True, check=False)


def key_file(uri: str) -> str:
    """The provider's file for a URI: a SEQUENCE of a VisibleString and a UTF8String, in PEM."""
    parts = [(0x1A, b"PKCS#11 Provider URI v1.0"), (0x0C, uri.encode())]
    inner = b"".join(bytes((tag, len(text))) + text for tag, text in parts)
    encoded = base64.b64encode(bytes((0x30, len(inner))) + inner).decode()
    return f"-----BEGIN PKCS#11 PROVIDER URI-----\n{encoded}\n-----END PKCS#11 PROVIDER URI-----\n"


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Token:
    return Token(tmp_path_factory.mktemp("token"))


@pytest.mark.req("A02.FR.05")
@pytest.mark.parametrize("version", ["1.2", "1.3"])
async def test_a_station_proves_who_it_is_with_a_key_that_never_leaves_its_token(
    version: str, token: Token, tls_cases: Matrix
):
    words = ("-CAfile", str(minting.path("csms-root")), "-Verify", "2", "-verify_return_error")
    async with s_server(Foreign(words)) as port:
        files = (minting.path("csms-root"), token.chain, token.key)
        said = await asyncio.to_thread(token.python, "-c", DIAL, *map(str, files), str(port), version)
    assert said.stdout.startswith(f"TLSv{version} b'HTTP"), said.stderr
    tls_cases.add("station, by openssl s_server", f"a key in a token, TLS {version}", "TLS agreed", ())


def test_the_check_of_a_certificate_asks_the_token_and_says_when_openssl_does_not_know_it(token: Token, tmp_path: Path):
    own, roots = tmp_path / "own" / "station", tmp_path / "roots" / "csms"
    for folder in (own, roots):
        folder.mkdir(parents=True)
    shutil.copy(token.chain, own / "own.pem")
    shutil.copy(token.key, own / "own.key")
    shutil.copy(minting.path("csms-root"), roots / "root.pem")
    check = ("-m", "agent.cli", "cert", "check", "--certificates", str(tmp_path))
    good = token.python(*check)
    assert good.returncode == 0, good.stdout + good.stderr
    unknown = token.python(*check, env=token.plain)
    assert unknown.returncode == 1
    assert "OPENSSL_CONF" in unknown.stdout
    (own / "own.pem").write_text(minting.pem("station"))
    other = token.python(*check)
    assert other.returncode == 1
    assert "OpenSSL has no such key" in other.stdout
