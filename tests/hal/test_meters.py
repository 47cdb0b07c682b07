from __future__ import annotations

import pytest

from hal.board import Meter, SigningMeter
from hal.dcbm import DcbmMeter
from hal.meters import open_bus, open_meter
from hal.modbus.bsm import BsmMeter
from hal.modbus.meter import ModbusMeter
from hal.modbus.sunspec_meter import SunSpecMeter


@pytest.mark.parametrize(
    ("profile", "url", "driver", "signs"),
    [
        ("abb_b2x", "tcp://meter", ModbusMeter, False),
        ("sunspec", "serial:///dev/ttyUSB0?baudrate=19200&parity=E", SunSpecMeter, False),
        ("bauer_bsm", "tcp://meter", BsmMeter, True),
        ("lem_dcbm", "http://meter", DcbmMeter, True),
    ],
)
def test_each_kind_of_meter_has_its_driver(profile: str, url: str, driver: type, signs: bool) -> None:
    meter = open_meter(profile, open_bus(url), 7, lambda: 0.0)
    assert type(meter) is driver
    assert isinstance(meter, Meter)
    assert isinstance(meter, SigningMeter) is signs


@pytest.mark.parametrize(
    ("profile", "url", "message"),
    [
        ("abb_b2x", "http://meter", "is read over Modbus; over HTTP there is 'lem_dcbm'"),
        ("lem_dcbm", "tcp://meter", "give its bus the address http://host:port"),
        ("lem_dcbm", "http://meter/path", "expected http://host"),
        ("abb_b3x", "tcp://meter", "did you mean 'abb_b2x'"),
    ],
)
def test_a_meter_on_the_wrong_kind_of_bus_is_refused_with_the_remedy(profile: str, url: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        open_meter(profile, open_bus(url), 1, lambda: 0.0)
