"""Cases of 1.6 about firmware, diagnostics and logs: over real HTTP, judged by real signatures, installed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
import pytest_asyncio

from certs.make_pki import Minted
from tests.agent.runtime.transfer.servers import HttpServer, http_server
from tests.octt import minted
from tests.octt import states16 as states
from tests.octt.bench import Bench
from tests.octt.minted import pem, signature, signing
from tests.octt.test_l_firmware import FIRMWARE, PAST, PATH
from tests.octt.tool import PRESENT, require

pytestmark = pytest.mark.bench(version="1.6")

FOLDER: Final = "/logs/"
UNSIGNED = pytest.mark.bench(unsigned=True)
WITHIN_S: Final = 1000.0


@pytest_asyncio.fixture
async def server() -> AsyncIterator[HttpServer]:
    async with http_server() as one:
        one.files[PATH] = FIRMWARE
        yield one


async def hears(bench: Bench, action: str, *words: str, **where: Any) -> None:
    """These statuses are told next, in this order."""
    for word in words:
        require(await bench.tool.expect(action, WITHIN_S), status=word, **where)


async def installs(bench: Bench, action: str, *words: str, **where: Any) -> None:
    """The connector goes out of service, the firmware is installed, the station boots with it, and serves again."""
    await states.told(bench, "Unavailable", within_s=WITHIN_S)
    await hears(bench, action, *words[:-1], **where)
    await bench.tool.expect("BootNotification", WITHIN_S)
    await hears(bench, action, words[-1], **where)
    await states.told(bench, "Available")


async def update(bench: Bench, url: str) -> None:
    asked = {"location": url, "retrieveDate": states.stamp(), "retries": 1, "retryInterval": 10}
    assert await bench.tool.send("UpdateFirmware", **asked) == {}


PLAIN: Final = "FirmwareStatusNotification"


@pytest.mark.octt("TC_044_1_CS")
@UNSIGNED
async def test_firmware_is_fetched_and_installed(bench: Bench, server: HttpServer):
    """Firmware is fetched, the connector goes out of service, it is installed, and the station boots with it."""
    await update(bench, server.url(PATH))
    await hears(bench, PLAIN, "Downloading", "Downloaded")
    await installs(bench, PLAIN, "Installing", "Installed")


@pytest.mark.octt("TC_044_2_CS")
@UNSIGNED
async def test_firmware_that_is_not_there_is_a_failed_download(bench: Bench, server: HttpServer):
    """There is no such file, however often the station tries; it serves on."""
    await update(bench, server.url("/nothing.bin"))
    await hears(bench, PLAIN, "Downloading", "DownloadFailed")
    await states.charging(bench)


@pytest.mark.octt("TC_044_3_CS")
@UNSIGNED
async def test_firmware_that_does_not_fit_is_a_failed_installation(bench: Bench, server: HttpServer):
    """The file is fetched and is for another hardware: the installation fails, and the connector serves again."""
    server.files[PATH] = b"for another hardware"
    await update(bench, server.url(PATH))
    await hears(bench, PLAIN, "Downloading", "Downloaded")
    await states.told(bench, "Unavailable", within_s=WITHIN_S)
    await hears(bench, PLAIN, "Installing", "InstallationFailed")
    await states.told(bench, "Available")


async def diagnostics(bench: Bench, server: HttpServer) -> str:
    answer = await bench.tool.send("GetDiagnostics", location=server.url(FOLDER), retries=1, retryInterval=10)
    return str(require(answer, fileName=bool)["fileName"])


@pytest.mark.octt("TC_045_1_CS")
async def test_diagnostics_are_uploaded(bench: Bench, server: HttpServer):
    """Diagnostics are asked for: the answer names the file, and the file is there when that is told."""
    name = await diagnostics(bench, server)
    await hears(bench, "DiagnosticsStatusNotification", "Uploading", "Uploaded")
    assert server.files[FOLDER + name]


@pytest.mark.octt("TC_045_2_CS")
async def test_diagnostics_that_nobody_takes_are_a_failed_upload(bench: Bench, server: HttpServer):
    """The server takes nothing, however often the station tries."""
    server.status = {"PUT": 503, "POST": 503}
    await diagnostics(bench, server)
    await hears(bench, "DiagnosticsStatusNotification", "Uploading", "UploadFailed")


@pytest.mark.octt("TC_079_CS")
async def test_the_security_log_is_uploaded(bench: Bench, server: HttpServer):
    """The security log is asked for: the answer names the file, and the file is there when that is told."""
    where = {"remoteLocation": server.url(FOLDER)}
    answer = await bench.tool.send("GetLog", requestId=79, logType="SecurityLog", log=where)
    name = require(answer, status="Accepted", filename=bool)["filename"]
    await hears(bench, "LogStatusNotification", "Uploading", "Uploaded", requestId=79)
    assert b"StartupOfTheDevice" in server.files[FOLDER + name]


SIGNED: Final = "SignedFirmwareStatusNotification"


@pytest.fixture(scope="module")
def root() -> Minted:
    return minted.root("Manufacturer Root")


async def signed_update(bench: Bench, server: HttpServer, root: Minted, content: bytes = FIRMWARE) -> None:
    """The manufacturer's root is installed, and firmware is to be, with a signature over some content."""
    answer = await bench.tool.send(
        "InstallCertificate", certificateType="ManufacturerRootCertificate", certificate=pem(root)
    )
    require(answer, status="Accepted")
    leaf = signing(root)
    firmware = {
        "location": server.url(PATH),
        "retrieveDateTime": PAST,
        "installDateTime": PAST,
        "signingCertificate": pem(leaf),
        "signature": signature(leaf, content),
    }
    require(await bench.tool.send("SignedUpdateFirmware", requestId=80, firmware=firmware), status="Accepted")


@pytest.mark.octt("TC_080_CS")
async def test_signed_firmware_is_fetched_verified_and_installed(bench: Bench, server: HttpServer, root: Minted):
    """Signed firmware is fetched, its signature found right; it is installed, and the station boots with it."""
    await signed_update(bench, server, root)
    await hears(bench, SIGNED, "Downloading", "Downloaded", "SignatureVerified", requestId=80)
    await installs(bench, SIGNED, "Installing", "InstallRebooting", "Installed", requestId=80)
    await bench.tool.expect("SecurityEventNotification", type="FirmwareUpdated")


@pytest.mark.octt("TC_081_CS")
async def test_a_signature_over_another_file_is_found_out_and_reported(bench: Bench, server: HttpServer, root: Minted):
    """The signature is over other firmware: that is told, reported as a security event, and nothing is installed."""
    await signed_update(bench, server, root, FIRMWARE + b" ")
    await hears(bench, SIGNED, "Downloading", "Downloaded", "InvalidSignature", requestId=80)
    await bench.tool.expect("SecurityEventNotification", type="InvalidFirmwareSignature", timestamp=PRESENT)
    await bench.tool.silence("StatusNotification", 30)
