from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ocpp.stamps import PATTERN, from_wire, to_wire

NEW_YEAR_S = 1767225600.0

FORMS = {
    "2026-01-01T00:00:00Z": NEW_YEAR_S,
    "2026-01-01T00:00:00.000Z": NEW_YEAR_S,
    "2026-01-01T00:00:00.123Z": NEW_YEAR_S + 0.123,
    "2026-01-01T00:00:00.123456Z": NEW_YEAR_S + 0.123456,
    "2026-01-01T00:00:00.1234567Z": NEW_YEAR_S + 0.123457,  # .NET
    "2026-01-01T00:00:00.123456789Z": NEW_YEAR_S + 0.123457,  # Go, Java
    "2026-01-01T00:00:00.1Z": NEW_YEAR_S + 0.1,
    "2026-01-01T00:00:00": NEW_YEAR_S,
    "2026-01-01T00:00:00.5": NEW_YEAR_S + 0.5,
    "2026-01-01T01:00:00+01:00": NEW_YEAR_S,
    "2026-01-01T01:00:00+0100": NEW_YEAR_S,
    "2025-12-31T18:30:00-05:30": NEW_YEAR_S,
    "2026-01-01T00:00:00-00:00": NEW_YEAR_S,
    "2026-01-01t00:00:00z": NEW_YEAR_S,
    "2026-01-01 00:00:00Z": NEW_YEAR_S,
    "2025-12-31T23:59:60Z": NEW_YEAR_S,
    "1970-01-01T00:00:00Z": 0.0,
    "1969-12-31T23:59:59.75Z": -0.25,
    "2024-02-29T00:00:00Z": 1709164800.0,
    "9999-12-31T23:59:59-23:59": 253402387139.0,
}
NO_STAMPS = (
    "", "now", "2026-01-01", "2026-01-01T00:00Z", "20260101T000000Z", "2026-1-1T00:00:00Z", "2026-01-01T24:00:00Z",
    "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z",
    "2100-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-00-10T00:00:00Z", "0000-01-01T00:00:00Z",
    "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00Z ", "2026-01-01T00:00:00Z\n",
    "٢٠٢٦-01-01T00:00:00Z", "2026-W01-4T00:00:00Z", "2026-01-01T00:00:00 Z",
)  # fmt: skip


@pytest.mark.parametrize(("text", "utc_s"), FORMS.items())
def test_every_form_that_peers_send_is_read(text: str, utc_s: float):
    assert from_wire(text) == pytest.approx(utc_s, abs=1e-6)


@pytest.mark.parametrize("text", NO_STAMPS)
def test_what_is_no_stamp_is_refused(text: str):
    with pytest.raises(ValueError, match="RFC 3339"):
        from_wire(text)


def test_stamps_go_out_in_utc_with_milliseconds_and_z():
    assert to_wire(NEW_YEAR_S) == "2026-01-01T00:00:00.000Z"
    assert to_wire(NEW_YEAR_S + 0.9996) == "2026-01-01T00:00:01.000Z"
    assert to_wire(0.0014) == "1970-01-01T00:00:00.001Z"
    with pytest.raises((ValueError, OverflowError)):
        to_wire(float("nan"))


@given(st.integers(-62135596800000, 253402300799999))
def test_a_stamp_written_is_the_stamp_read(utc_ms: int):
    assert from_wire(to_wire(utc_ms / 1000)) == utc_ms / 1000


@given(
    st.datetimes(timezones=st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))),
    st.sampled_from("T t"),
)
def test_the_standard_library_and_we_read_the_same(moment: datetime, separator: str):
    since_epoch = moment - datetime(1970, 1, 1, tzinfo=UTC)
    assert from_wire(moment.isoformat(sep=separator)) == pytest.approx(since_epoch.total_seconds(), abs=1e-4)


@given(st.from_regex(PATTERN))
def test_whatever_the_messages_accept_as_a_date_time_can_be_read(text: str):
    assert isinstance(from_wire(text), float)


def test_exactly_the_days_of_the_calendar_are_accepted():
    for year in (1, 4, 100, 400, 1900, 2000, 2023, 2024, 2100, 9996, 9999):
        for month in range(14):
            for day in range(33):
                try:
                    datetime(year, month, day, tzinfo=UTC)
                    real = True
                except ValueError:
                    real = False
                assert bool(re.match(PATTERN, f"{year:04}-{month:02}-{day:02}T00:00:00Z")) == real
