from __future__ import annotations

import asyncio
import hashlib
import json
import re
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

import csms.web
from csms.cli import command
from csms.live import GATHER_S, MAX_WATCHES, Changes
from csms.server import Csms
from csms.stream import KEEP_ALIVE_S
from csms.web.app import make_app, serving
from tests.csms.charger import charger
from tests.csms.running import http, running

PROGRAM = "import sys; from csms.cli import command; sys.exit(command(sys.argv[1:]))"
FILES = Path(csms.web.__file__).parent
ANYWHERE = "0.0.0.0"  # noqa: S104 - is refused
PRESS = {"state": "Accepted"}

# Strangers


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil:8080", "", "[::1", "10.0.0.1"]
)
@pytest.mark.parametrize("path", ["/", "/api/chargers", "/static/csms.js", "/api/events"])
async def test_a_name_that_is_not_this_machines_is_answered_with_nothing(web: httpx.AsyncClient, host: str, path: str):
    reply = await web.get(path, headers={"Host": host})
    assert reply.status_code == 421
    assert reply.json()["remedy"]


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:1234", "LOCALHOST", "[::1]:8080", "127.0.0.1"])
async def test_this_machine_may_be_asked_for_by_any_of_its_names_and_through_any_port(
    web: httpx.AsyncClient, host: str
):
    assert (await web.get("/", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "http://localhost:8080"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize(
    ("method", "path", "content"),
    [
        ("POST", "/chargers/CP1/state", {"data": PRESS}),
        ("POST", "/tokens", {"data": {"token": "MINE"}}),
        ("PATCH", "/api/chargers/CP1", {"json": PRESS}),
        ("PUT", "/api/tokens/MINE", {"json": {}}),
        ("DELETE", "/api/tokens/DEADBEEF", {}),
        ("POST", "/api/faults", {"json": {"drop": True}}),
    ],
)
async def test_a_page_of_another_site_changes_nothing(headers: Any, method: str, path: str, content: Any):
    async with running() as csms, http(csms) as web, charger(csms) as cp:
        await cp.boot()
        reply = await web.request(method, path, headers=headers, **content)
        assert reply.status_code == 403
        assert csms.store.chargers["CP1"].state == "Pending"
        assert list(csms.store.tokens) == ["deadbeef"]
        assert csms.faults.due == ()


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://127.0.0.1:8080", "Sec-Fetch-Site": "same-origin"}])
async def test_a_page_of_ours_and_a_program_may_change_things(headers: Any):
    async with running() as csms, http(csms) as web, charger(csms) as cp:
        await cp.boot()
        assert (await web.post("/chargers/CP1/state", data=PRESS, headers=headers)).status_code == 303
        assert csms.store.chargers["CP1"].state == "Accepted"


async def test_a_form_cannot_pass_for_json(csms: Csms, web: httpx.AsyncClient):
    reply = await web.post("/api/faults", content=b'{"drop":true}', headers={"Content-Type": "text/plain"})
    assert (reply.status_code, csms.faults.due) == (415, ())


async def test_a_body_beyond_all_measure_is_not_read(web: httpx.AsyncClient):
    assert (await web.post("/tokens", content=b"x" * 300_000)).status_code == 413

    async def chunks() -> Any:
        yield b"token=A"

    assert (await web.post("/tokens", content=chunks())).status_code == 411


@pytest.mark.realtime  # files are read in a thread that virtual time does not know
async def test_pages_may_run_no_script_but_ours_and_stand_in_no_frame(web: httpx.AsyncClient):
    for path in ("/", "/nowhere", "/api/chargers", "/static/csms.js"):
        headers = (await web.get(path)).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"


async def test_pages_need_nothing_from_elsewhere():
    for path in sorted(FILES.rglob("*")):
        if path.suffix in {".html", ".css", ".js"} and "vendor" not in path.parts:
            text = path.read_text()
            assert not re.search(r"https?:|//[a-z]+\.", text), path
            assert not re.search(r"<style|style=|onclick|javascript:|<script>", text), path


def test_files_of_others_are_the_ones_their_authors_published():
    table = (FILES / "static/vendor/README.md").read_text()
    files = {path for path in (FILES / "static/vendor").iterdir() if path.suffix in {".js", ".css"}}
    assert {path.name for path in files} == set(re.findall(r"^\| (\S+\.(?:js|css)) ", table, re.MULTILINE))
    for path in files:
        assert f"| {path.name} |" in table
        assert hashlib.sha256(path.read_bytes()).hexdigest() in table


async def test_nobody_but_this_machine_reaches_the_pages_unless_a_name_says_so(csms: Csms):
    with pytest.raises(ValueError, match="no passwords"):
        async with serving(csms, ANYWHERE):
            pass
    async with http(csms) as web:
        assert (await web.get("/", headers={"Host": "box.local"})).status_code == 421
    transport = httpx.ASGITransport(make_app(csms, names=["box.local"]))
    async with httpx.AsyncClient(transport=transport, base_url="http://box.local") as web:
        assert (await web.get("/")).status_code == 200


# Following what happens


async def events(csms: Csms, sent: list[dict[str, Any]]) -> asyncio.Task[None]:
    """A page's stream of events, as the server speaks to it; cancel it to close the page."""
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/api/events",
        "raw_path": b"/api/events",
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "asgi": {"version": "3.0", "spec_version": "2.3"},
    }
    closed = asyncio.Event()

    async def receive() -> dict[str, str]:
        await closed.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    async def run() -> None:
        await make_app(csms)(scope, receive, send)

    task = asyncio.create_task(run())
    task.close_page = closed.set  # type: ignore[attr-defined]
    await asyncio.sleep(1)
    return task


def told(sent: list[dict[str, Any]]) -> list[list[str]]:
    lines = b"".join(each.get("body", b"") for each in sent).decode().splitlines()
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]


async def test_a_page_hears_which_chargers_something_happened_to(csms: Csms):
    sent: list[dict[str, Any]] = []
    page = await events(csms, sent)
    assert sent[0]["status"] == 200
    assert (b"content-type", b"text/event-stream; charset=utf-8") in sent[0]["headers"]
    async with charger(csms) as cp, charger(csms, "CP2") as other:
        await cp.boot()
        await other.boot()
        await asyncio.sleep(GATHER_S + 1)
        assert told(sent) == [["CP1", "CP2"]]  # once, however many messages there were
        csms.add_token("CAFE")
        await asyncio.sleep(GATHER_S + 1)
        assert told(sent)[1:] == [[""]]
        count = len(sent)
        await asyncio.sleep(KEEP_ALIVE_S + 1)
        assert sent[count]["body"] == b":\n\n"
    page.close_page()  # type: ignore[attr-defined]
    await page
    assert not csms.changes._watches


async def test_open_pages_do_not_hold_up_the_end_of_the_csms():
    sent: list[dict[str, Any]] = []
    async with running() as csms:
        page = await events(csms, sent)
    await asyncio.wait_for(page, 5)
    late = await events(csms, sent)
    await asyncio.wait_for(late, 5)
    assert sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}


async def test_only_so_many_pages_are_kept_up_to_date(csms: Csms, web: httpx.AsyncClient):
    with_pages = [csms.changes.watching() for _ in range(MAX_WATCHES)]
    for each in with_pages:
        each.__enter__()
    assert (await web.get("/api/events")).status_code == 503
    with_pages.pop().__exit__(None, None, None)
    page = await events(csms, sent := [])
    assert sent[0]["status"] == 200
    page.close_page()  # type: ignore[attr-defined]
    await page


def test_nobody_watching_costs_nothing():
    changes = Changes()
    changes.touch("CP1")
    with changes.watching() as watch:
        assert watch._touched == set()


# The program


@pytest.mark.realtime
async def test_the_command_serves_pages_beside_chargers_and_is_there_before_two_seconds_of_work(tmp_path: Path):
    options = ["--port", "0", "--http-port", "0", "--db", str(tmp_path / "csms.db"), "--json"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", PROGRAM, *options], **pipes) as process:  # noqa: ASYNC220
        assert process.stdout
        assert process.stderr
        ready = json.loads(await asyncio.to_thread(process.stdout.readline))
        async with httpx.AsyncClient(base_url=ready["http"], trust_env=False) as web:
            assert "<h1>Chargers</h1>" in (await web.get("/")).text
            async with web.stream("GET", "api/events") as stream:  # an open page does not keep the CSMS from ending
                assert stream.status_code == 200
                process.terminate()
                assert await asyncio.to_thread(process.wait, 10) == 0
        assert process.stderr.read() == b""
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 2


@pytest.mark.parametrize("options", [["--http-host", ANYWHERE], ["--http-host", "192.0.2.1", "--http-name", "x"]])
def test_an_address_that_the_pages_cannot_have_is_an_error_with_its_remedy(
    options: list[str], capsys: pytest.CaptureFixture[str]
):
    assert command(["--port", "0", "--http-port", "0", *options]) == 1
    assert capsys.readouterr().err.startswith("evse csms: ")
