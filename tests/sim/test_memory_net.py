"""TCP in memory keeps the rules of TCP on sockets: every test that can runs on both."""

from __future__ import annotations

import asyncio
import errno
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sim.memory_net import WINDOW_BYTES
from sim.time import run_virtual


@pytest.fixture(params=["memory", "sockets"])
def transport(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def tls_contexts(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate for localhost, and a client's that trusts it."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = make_certificate("localhost")
    (folder / "certificate.pem").write_bytes(certificate)
    (folder / "key.pem").write_bytes(key)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    client = ssl.create_default_context(cadata=certificate.decode())
    return server, client


def make_certificate(name: str) -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    today = datetime.now(UTC)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(today - timedelta(days=1)).not_valid_after(today + timedelta(days=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM), private


def talk(
    transport: str,
    client: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[object]],
    server: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[object]],
) -> list[object]:
    """Connect two stream pairs and run a coroutine on each; what they return or raise."""

    async def main() -> list[object]:
        served: asyncio.Future[object] = asyncio.get_running_loop().create_future()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                served.set_result(await server(reader, writer))
            except ConnectionError as exc:
                served.set_result(exc)
            finally:
                writer.close()

        listener = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with listener:
            address = listener.sockets[0].getsockname()
            reader, writer = await asyncio.open_connection(*address)
            try:
                mine = await client(reader, writer)
            except ConnectionError as exc:
                mine = exc
            theirs = await served
            writer.close()
            await asyncio.sleep(0.1)
        return [mine, theirs]

    return run_virtual(main(), transport=transport)


async def close(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def read_all(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> bytes:
    return await reader.read()


def test_bytes_arrive_in_order_and_the_end_after_them(transport):
    async def send(_reader, writer):
        for part in (b"one ", bytearray(b"two "), memoryview(b"three")):
            writer.write(part)
        writer.close()

    assert talk(transport, send, read_all)[1] == b"one two three"


def test_a_half_closed_connection_still_carries_the_answer(transport):
    async def ask(reader, writer):
        writer.write(b"question")
        writer.write_eof()
        return await reader.read()

    async def answer(reader, writer):
        question = await reader.read()
        writer.write(b"answer to " + question)

    assert talk(transport, ask, answer)[0] == b"answer to question"


def test_addresses_are_each_other_s_mirror(transport):
    async def addresses(_reader, writer):
        return writer.get_extra_info("sockname"), writer.get_extra_info("peername")

    mine, theirs = talk(transport, addresses, addresses)
    assert mine == theirs[::-1]


def test_a_writer_waits_for_a_reader_that_does_not_read(transport):
    size = 16 * 1024 * 1024

    async def flood(_reader, writer):
        writer.write(bytes(size))
        blocked_s = asyncio.get_running_loop().time()
        await writer.drain()
        return asyncio.get_running_loop().time() - blocked_s

    async def dawdle(reader, _writer):
        await asyncio.sleep(60)
        return len(await reader.readexactly(size))

    assert talk(transport, flood, dawdle) == [60, size]


def test_a_protocol_that_pauses_at_once_reads_nothing_until_it_resumes(transport):
    in_memory = transport == "memory"

    class Shy(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport
            loop = asyncio.get_running_loop()
            if in_memory:
                transport.pause_reading()
            else:  # before anything can be read, but not here: asyncio of Python 3.11.2 would read all the same
                loop.call_soon(transport.pause_reading)
            loop.call_later(5, transport.resume_reading)

        def data_received(self, data: bytes) -> None:
            self.transport.write(b"at %d: %b" % (asyncio.get_running_loop().time(), data))
            self.transport.close()

    async def main() -> bytes:
        async with await asyncio.get_running_loop().create_server(Shy, "127.0.0.1", 0) as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(b"hello")
            answer = await reader.read()
            writer.close()
            await asyncio.sleep(1)
            return answer

    assert run_virtual(main(), transport=transport) == b"at 5: hello"


def test_an_aborted_connection_loses_what_was_not_sent_yet(transport):
    size = 16 * 1024 * 1024

    async def flood(_reader, writer):
        writer.write(bytes(size))
        writer.transport.abort()

    async def count(reader, _writer):
        await asyncio.sleep(1)
        return len(await reader.read())

    received = talk(transport, flood, count)[1]
    assert received < size
    assert transport == "sockets" or received == WINDOW_BYTES


def test_a_close_delivers_everything_first(transport):
    size = 16 * 1024 * 1024

    async def flood(_reader, writer):
        writer.write(bytes(size))
        writer.close()
        await writer.wait_closed()
        return asyncio.get_running_loop().time()

    async def dawdle(reader, _writer):
        await asyncio.sleep(5)
        return len(await reader.read())

    assert talk(transport, flood, dawdle) == [5, size]


def test_closing_on_unread_bytes_resets_the_connection(transport):
    async def wait(reader, writer):
        writer.write(b"never read")
        return await reader.read()

    async def leave_unread(_reader, writer):
        writer.transport.pause_reading()
        await asyncio.sleep(1)
        writer.transport.abort()

    assert isinstance(talk(transport, wait, leave_unread)[0], ConnectionResetError)


def test_writing_to_a_closed_connection_breaks_it(transport):
    async def insist(_reader, writer):
        for _ in range(5):
            await asyncio.sleep(1)
            writer.write(b"anybody?")
            await writer.drain()

    assert isinstance(talk(transport, insist, close)[0], BrokenPipeError | ConnectionResetError)


def test_nobody_listening_is_a_refusal(transport):
    async def main() -> None:
        server = await asyncio.start_server(close, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        assert asyncio.get_running_loop().time() == 0

    run_virtual(main(), transport=transport)


def test_an_address_in_use_is_refused_and_free_again_after_closing(transport):
    async def main() -> None:
        async with await asyncio.start_server(close, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(OSError, match="use") as caught:
                await asyncio.start_server(close, "127.0.0.1", port)
            assert caught.value.errno == errno.EADDRINUSE
        async with await asyncio.start_server(close, "127.0.0.1", port):
            pass

    run_virtual(main(), transport=transport)


def test_a_protocol_that_raises_loses_its_connection_and_the_loop_goes_on(transport):
    errors = []

    class Broken(asyncio.Protocol):
        def data_received(self, data: bytes) -> None:
            raise ValueError(data)

        def connection_lost(self, exc: Exception | None) -> None:
            errors.append(exc)

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: errors.append(context["exception"]))
        async with await loop.create_server(Broken, "127.0.0.1", 0) as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(b"x")
            assert await reader.read() == b""
            writer.close()
            await asyncio.sleep(1)

    run_virtual(main(), transport=transport)
    assert [type(error) for error in errors] == [ValueError, ValueError]


@pytest.mark.parametrize("transport", ["memory"])  # on sockets asyncio leaves it to the garbage collector
def test_a_server_that_cannot_make_a_protocol_hangs_up(transport):
    def refuse() -> asyncio.Protocol:
        raise ValueError

    async def main() -> bytes:
        async with await asyncio.get_running_loop().create_server(refuse, "127.0.0.1", 0) as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            answer = await reader.read()
            writer.close()
            return answer

    assert run_virtual(main(), transport=transport) == b""


def test_tls_runs_over_it(transport, tls_contexts):
    server_context, client_context = tls_contexts

    async def shout(reader, writer):
        writer.write((await reader.readline()).upper())
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def main() -> tuple[bytes, str]:
        async with await asyncio.start_server(shout, "127.0.0.1", 0, ssl=server_context) as server:
            port = server.sockets[0].getsockname()[1]
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", port, ssl=client_context, server_hostname="localhost"
            )
            version = writer.get_extra_info("ssl_object").version()
            writer.write(b"hello\n")
            await asyncio.sleep(3600)
            answer = await reader.read()
            writer.close()
            await writer.wait_closed()
            return answer, version

    assert run_virtual(main(), transport=transport) == (b"HELLO\n", "TLSv1.3")


def test_a_certificate_nobody_vouches_for_is_refused(transport, tls_contexts):
    server_context, _ = tls_contexts

    async def main() -> None:
        async with await asyncio.start_server(close, "127.0.0.1", 0, ssl=server_context) as server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(ssl.SSLCertVerificationError):
                await asyncio.open_connection("localhost", port, ssl=ssl.create_default_context())

    run_virtual(main(), transport=transport)
