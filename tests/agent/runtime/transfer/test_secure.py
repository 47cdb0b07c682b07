"""HTTPS and FTPS: only servers whose certificate a trusted root stands behind, and which bears the host's name."""

from __future__ import annotations

import datetime as dt
import ssl
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from agent.ocpp.transfers import TransferError, TransferFailure
from agent.runtime.transfer import Limits, Mover, over_ftp
from certs.make_pki import Certificate, Minted, Usage, mint
from tests.agent.runtime.transfer.servers import ftp_server, http_server

pytestmark = pytest.mark.realtime
CONTENT = bytes(range(256)) * 300
ROOT = Certificate("root", None, "Files Root", 1)


def pem(one: Minted) -> str:
    return one.certificate.public_bytes(Encoding.PEM).decode()


def server_side(folder: Path, root: Minted, name: str) -> ssl.SSLContext:
    leaf = mint(
        Certificate("files", "root", name, usages=(Usage.SERVER_AUTH,), dns=(name,)), root, dt.datetime.now(dt.UTC)
    )
    key = leaf.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    file = folder / "server.pem"
    file.write_text(key + pem(leaf))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def mover(folder: Path, *roots: Minted) -> Mover:
    def trust() -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        for one in roots:
            context.load_verify_locations(cadata=pem(one))
        return context

    return Mover(Limits(networks=frozenset({"loopback"}), idle_s=5.0), trust, folder / "hosts")


def bytes_of(file: Path) -> bytes:
    return file.read_bytes()


def put(file: Path) -> Path:
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(CONTENT)
    return file


@pytest.fixture(scope="module")
def root() -> Minted:
    return mint(ROOT, None, dt.datetime.now(dt.UTC))


@pytest.mark.req("N01.FR.15")
async def test_https_is_spoken_with_servers_of_a_trusted_root_and_with_no_others(root: Minted, tmp_path: Path):
    stranger = mint(ROOT, None, dt.datetime.now(dt.UTC))
    async with http_server(server_side(tmp_path, root, "localhost")) as server:
        server.files["/f.bin"] = CONTENT
        url = f"https://localhost:{server.port}/f.bin"
        await mover(tmp_path, root).download(url, tmp_path / "to")
        assert bytes_of(tmp_path / "to") == CONTENT
        asked = len(server.asked)
        for roots in ((), (stranger,)):
            with pytest.raises(TransferError) as caught:
                await mover(tmp_path, *roots).download(url, tmp_path / "other")
            assert caught.value.failure is TransferFailure.BROKEN
        assert len(server.asked) == asked


async def test_a_certificate_for_another_name_is_not_the_servers(root: Minted, tmp_path: Path):
    async with http_server(server_side(tmp_path, root, "elsewhere.invalid")) as server:
        with pytest.raises(TransferError):
            await mover(tmp_path, root).upload(put(tmp_path / "log"), f"https://localhost:{server.port}/")
        assert server.asked == []


async def test_ftps_from_the_first_byte_is_spoken_with_both_channels_secured(
    root: Minted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    put(tmp_path / "root" / "f.bin")
    async with ftp_server(tmp_path / "root", server_side(tmp_path, root, "localhost")) as port:
        monkeypatch.setattr(over_ftp, "IMPLICIT_TLS_PORT", port)
        url = f"ftps://ev:pw@localhost:{port}/f.bin"
        await mover(tmp_path, root).download(url, tmp_path / "to")
        assert bytes_of(tmp_path / "to") == CONTENT
        with pytest.raises(TransferError):
            await mover(tmp_path).download(url, tmp_path / "other")


async def test_ftps_does_not_go_on_in_the_clear_where_the_server_knows_no_tls(root: Minted, tmp_path: Path):
    put(tmp_path / "root" / "f.bin")
    async with ftp_server(tmp_path / "root") as port:
        with pytest.raises(TransferError) as caught:
            await mover(tmp_path, root).download(f"ftps://ev:pw@localhost:{port}/f.bin", tmp_path / "to")
        assert caught.value.failure is TransferFailure.BROKEN
