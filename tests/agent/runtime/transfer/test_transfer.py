"""Files over HTTP, FTP and SFTP, to and from servers that foreign libraries bring."""

from __future__ import annotations

import asyncio
import gc
import ssl
from pathlib import Path

import pytest

from agent.ocpp.transfers import Retries, TransferError, TransferFailure, persistently
from agent.runtime.transfer import Limits, Mover
from agent.runtime.transfer.sink import Sink
from tests.agent.runtime.transfer.servers import ftp_server, http_server, sftp_server

pytestmark = pytest.mark.realtime
CONTENT = bytes(range(256)) * 3000
LOOPBACK = Limits(networks=frozenset({"loopback"}), idle_s=5.0)


def mover(tmp_path: Path, limits: Limits = LOOPBACK) -> Mover:
    return Mover(limits, ssl.create_default_context, tmp_path / "known_hosts")


def failure(caught: pytest.ExceptionInfo[TransferError]) -> TransferFailure:
    return caught.value.failure


def folder(tmp_path: Path, name: str) -> Path:
    made = tmp_path / name
    made.mkdir()
    return made


async def test_a_download_over_http_that_breaks_goes_on_where_it_ended(tmp_path: Path):
    to = tmp_path / "firmware"
    async with http_server() as server:
        server.files["/f.bin"] = CONTENT
        server.cut_after = 1000
        await persistently(lambda: mover(tmp_path).download(server.url("/f.bin"), to), Retries(1, 0.0))
        assert to.read_bytes() == CONTENT
        assert [one.headers.get("Range") for one in server.asked] == [None, "bytes=1000-"]


async def test_a_file_that_has_become_another_one_is_fetched_from_its_beginning(tmp_path: Path):
    to = tmp_path / "firmware"
    async with http_server() as server:
        server.files["/f.bin"], server.cut_after = CONTENT, 1000
        with pytest.raises(TransferError):
            await mover(tmp_path).download(server.url("/f.bin"), to)
        server.files["/f.bin"], server.tag = b"new", '"v2"'
        await mover(tmp_path).download(server.url("/f.bin"), to)
        assert to.read_bytes() == b"new"
        await mover(tmp_path).download(server.url("/f.bin"), to)  # all of it is there
        assert to.read_bytes() == b"new"


async def test_credentials_in_the_address_are_sent_and_never_told(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    async with http_server() as server:
        server.status["GET"] = 403
        url = server.url("/f.bin?token=geheim").replace("//", "//me:geheim@", 1)
        with pytest.raises(TransferError) as caught:
            await mover(tmp_path).download(url, tmp_path / "f")
        assert failure(caught) is TransferFailure.DENIED
        assert server.asked[0].headers["Authorization"].startswith("Basic ")
        assert "geheim" not in str(caught.value) + caplog.text


async def test_an_upload_is_put_into_a_folder_under_the_files_own_name(tmp_path: Path):
    file = tmp_path / "log.tar.gz"
    file.write_bytes(CONTENT)
    async with http_server() as server:
        await mover(tmp_path).upload(file, server.url("/logs/"))
        await mover(tmp_path).upload(file, server.url("/one.bin"))
        assert server.files == {"/logs/log.tar.gz": CONTENT, "/one.bin": CONTENT}


@pytest.mark.req("N01.FR.19")
async def test_a_server_that_knows_no_put_gets_a_post_with_the_files_name(tmp_path: Path):
    file = tmp_path / "log.tar.gz"
    file.write_bytes(CONTENT)
    async with http_server() as server:
        server.status["PUT"] = 405
        await mover(tmp_path).upload(file, server.url("/upload"))
        post = server.asked[-1]
        assert (post.method, post.body) == ("POST", CONTENT)
        assert post.headers["Content-Disposition"] == 'form-data; name="uploadfile"; filename="log.tar.gz"'


async def test_a_redirect_is_judged_like_an_address_of_the_csms_own(tmp_path: Path):
    async with http_server() as server:
        server.status["GET"] = 302
        for location, expected in (
            ("file:///etc/passwd", TransferFailure.UNSUPPORTED),
            ("ftp://127.0.0.1/x", TransferFailure.FORBIDDEN),
            ("http://169.254.169.254/latest", TransferFailure.FORBIDDEN),
            ("/again", TransferFailure.FORBIDDEN),  # for ever
        ):
            server.location = location
            with pytest.raises(TransferError) as caught:
                await mover(tmp_path).download(server.url("/f.bin"), tmp_path / "f")
            assert failure(caught) is expected, location


async def test_a_file_over_the_limit_is_refused_whether_its_size_is_told_or_not(tmp_path: Path):
    small = Limits(max_bytes=1000, networks=frozenset({"loopback"}))
    root = folder(tmp_path, "root")
    (root / "f.bin").write_bytes(CONTENT)
    async with http_server() as server, ftp_server(root) as ftp, sftp_server(root) as sftp:
        server.files["/f.bin"] = CONTENT
        for number, url in enumerate(
            (server.url("/f.bin"), f"ftp://ev:pw@127.0.0.1:{ftp}/f.bin", f"sftp://ev:pw@127.0.0.1:{sftp}/f.bin")
        ):
            to = tmp_path / f"to-{number}"
            with pytest.raises(TransferError) as caught:
                await mover(tmp_path, small).download(url, to)
            assert failure(caught) is TransferFailure.TOO_BIG
            assert to.stat().st_size <= 1000


async def test_a_server_that_says_nothing_does_not_hold_the_station_up_for_ever(tmp_path: Path):
    async with http_server() as server:
        server.stall = True
        limits = Limits(attempt_s=0.2, networks=frozenset({"loopback"}))
        with pytest.raises(TransferError) as caught:
            await mover(tmp_path, limits).download(server.url("/f.bin"), tmp_path / "f")
        assert failure(caught) is TransferFailure.BROKEN
        assert "0.2 s" in str(caught.value)


async def test_ftp_downloads_resumes_and_uploads(tmp_path: Path):
    root, to = folder(tmp_path, "root"), tmp_path / "to"
    (root / "f.bin").write_bytes(CONTENT)
    async with ftp_server(root) as port:
        to.write_bytes(CONTENT[:5000])
        await mover(tmp_path).download(f"ftp://ev:pw@127.0.0.1:{port}/f.bin", to)
        assert to.read_bytes() == CONTENT
        await mover(tmp_path).upload(to, f"ftp://ev:pw@127.0.0.1:{port}/")
        assert (root / "to").read_bytes() == CONTENT
        for url, expected in (
            (f"ftp://ev:wrong@127.0.0.1:{port}/f.bin", TransferFailure.DENIED),
            (f"ftp://ev:pw@127.0.0.1:{port}/none.bin", TransferFailure.DENIED),
        ):
            with pytest.raises(TransferError) as caught:
                await mover(tmp_path).download(url, tmp_path / "other")
            assert failure(caught) is expected


async def test_sftp_downloads_resumes_and_uploads(tmp_path: Path):
    root, to = folder(tmp_path, "root"), tmp_path / "to"
    (root / "f.bin").write_bytes(CONTENT)
    async with sftp_server(root) as port:
        to.write_bytes(CONTENT[:5000])
        await mover(tmp_path).download(f"sftp://ev:pw@127.0.0.1:{port}/f.bin", to)
        assert to.read_bytes() == CONTENT
        await mover(tmp_path).upload(to, f"sftp://ev:pw@127.0.0.1:{port}/")
        assert (root / "to").read_bytes() == CONTENT
        with pytest.raises(TransferError) as caught:
            await mover(tmp_path).download(f"sftp://ev:wrong@127.0.0.1:{port}/f.bin", tmp_path / "other")
        assert failure(caught) is TransferFailure.DENIED


async def test_an_sftp_server_that_shows_another_key_than_before_gets_and_gives_nothing(tmp_path: Path):
    root = folder(tmp_path, "root")
    (root / "f.bin").write_bytes(CONTENT)
    async with sftp_server(root) as port:
        await mover(tmp_path).download(f"sftp://ev:pw@127.0.0.1:{port}/f.bin", tmp_path / "to")
    async with sftp_server(root, port):
        with pytest.raises(TransferError) as caught:
            await mover(tmp_path).download(f"sftp://ev:pw@127.0.0.1:{port}/f.bin", tmp_path / "again")
        assert failure(caught) is TransferFailure.FORBIDDEN


async def test_nobody_listens_and_the_disk_has_no_such_folder_are_failures_and_no_crash(tmp_path: Path):
    for scheme in ("http", "https", "ftp", "ftps", "sftp"):
        with pytest.raises(TransferError) as caught:
            await mover(tmp_path).download(f"{scheme}://127.0.0.1:9/f", tmp_path / "f")
        assert failure(caught) is TransferFailure.BROKEN
    (tmp_path / "file").write_text("")
    with pytest.raises(TransferError):
        await mover(tmp_path).download("http://127.0.0.1:9/f", tmp_path / "file" / "f")


async def test_what_can_never_work_is_not_tried_again_and_what_broke_is_tried_so_often(tmp_path: Path):
    tried: list[float] = []

    async def attempt(kind: TransferFailure) -> None:
        tried.append(asyncio.get_running_loop().time())
        raise TransferError(kind, "no")

    for kind, count in ((TransferFailure.DENIED, 1), (TransferFailure.BROKEN, 3)):
        tried.clear()
        with pytest.raises(TransferError):
            await persistently(lambda kind=kind: attempt(kind), Retries(2, 0.01))
        assert len(tried) == count


async def test_a_download_that_is_given_up_while_its_file_is_opened_leaves_it_closed(tmp_path: Path):
    opening = asyncio.ensure_future(Sink(tmp_path / "file", 10).__aenter__())
    await asyncio.sleep(0)
    opening.cancel()
    await asyncio.wait([opening])
    await asyncio.sleep(1)
    gc.collect()  # an open file would be warned of here
    assert opening.cancelled()
    assert (tmp_path / "file").exists()
