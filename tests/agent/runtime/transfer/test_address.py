"""Which addresses a CSMS may send the station to."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ocpp.transfers import Retries, TransferError, TransferFailure
from agent.runtime.transfer.address import forbidden, parsed


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("file:///etc/passwd", TransferFailure.UNSUPPORTED),
        ("gopher://x/", TransferFailure.UNSUPPORTED),
        ("-oProxyCommand=reboot", TransferFailure.UNSUPPORTED),
        ("http:///nothing", TransferFailure.FORBIDDEN),
        ("http://host:99999/", TransferFailure.FORBIDDEN),
        ("http://[::1/", TransferFailure.FORBIDDEN),
        ("http://host/a\r\nHost: evil", TransferFailure.FORBIDDEN),
        ("http://host/a b", TransferFailure.FORBIDDEN),
        ("ftp://host/%0d%0aDELE x", TransferFailure.FORBIDDEN),
        ("ftp://host/a%0d%0aDELE", TransferFailure.FORBIDDEN),
        ("sftp://host/../../etc/passwd", TransferFailure.FORBIDDEN),
        ("http://host/" + "x" * 3000, TransferFailure.FORBIDDEN),
    ],
)
def test_what_is_no_address_for_files_is_refused(url: str, expected: TransferFailure):
    with pytest.raises(TransferError) as caught:
        parsed(url)
    assert caught.value.failure is expected


def test_an_address_is_told_without_its_credentials_and_query():
    address = parsed("ftps://me%40x:p%3Aw@host/dir/f.bin")
    assert (address.user, address.password, address.port, address.file_path) == ("me@x", "p:w", 21, "/dir/f.bin")
    assert repr(parsed("https://me:pw@host/f?sig=secret")) == "https://host:443/f"


@pytest.mark.parametrize(
    ("ip", "networks"),
    [
        ("127.0.0.1", {"loopback"}),
        ("::1", {"loopback"}),
        ("::ffff:127.0.0.1", {"loopback"}),
        ("10.1.2.3", {"private"}),
        ("192.168.1.1", {"private"}),
        ("fd00::1", {"private"}),
        ("169.254.169.254", {"link-local"}),
        ("fe80::1", {"link-local"}),
        ("8.8.8.8", set()),
        ("2001:4860:4860::8888", set()),
    ],
)
def test_an_ip_address_is_talked_to_only_where_its_network_is_allowed(ip: str, networks: set):
    one = ipaddress.ip_address(ip)
    assert forbidden(one, networks) is None
    if networks:
        assert forbidden(one, {"private", "loopback", "link-local"} - networks) is not None


@pytest.mark.parametrize("ip", ["0.0.0.0", "::", "224.0.0.1", "ff02::1", "255.255.255.255", "240.0.0.1"])  # noqa: S104
def test_what_is_no_single_machine_is_never_talked_to(ip: str):
    assert forbidden(ipaddress.ip_address(ip), {"loopback", "link-local"}) is not None


@given(st.text(max_size=60))
def test_no_text_whatever_makes_the_parser_raise_anything_else(text: str):
    try:
        address = parsed(text)
    except TransferError:
        return
    assert address.host
    assert address.scheme in {"http", "https", "ftp", "ftps", "sftp"}


def test_a_csms_that_asks_for_a_million_retries_gets_a_hundred():
    assert Retries.asked(1_000_000, -5) == Retries(100, 0.0)
    assert Retries.asked(None, None) == Retries()
