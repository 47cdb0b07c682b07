from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.config import (
    Config,
    ConfigError,
    Control,
    CustomKey,
    Evse,
    Firmware,
    Ocpp,
    Publish,
    Site,
    State,
    Station,
    Transfer,
    V2g,
    load,
    read_secret,
)
from agent.config_text import Document
from agent.core.sharing import SharingRule
from agent.ocpp.variables import SETTINGS, Settings, SettingVerdict
from hal.host import BusConfig, HalConfig, MeterConfig

DOCS = Path(__file__).parents[2] / "docs" / "configuration.md"

GOOD = """\
schema_version = 1

[station]
identity = "CP-1"
vendor = "Acme"
model = "Wall 22"

[ocpp]
url = "ws://csms.example.com/ocpp"
security_profile = 0
allow_plain_text = true

[[evse]]
id = 1
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "evse.toml"


def refused(path: Path, text: str) -> ConfigError:
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load(path)
    return caught.value


def secret(path: Path, text: str, mode: int = 0o600) -> None:
    path.write_text(text)
    path.chmod(mode)


def test_the_shortest_configuration_leaves_the_rest_to_defaults(path: Path) -> None:
    path.write_text(GOOD)
    config = load(path)
    assert config.station == Station(identity="CP-1", vendor="Acme", model="Wall 22")
    assert config.ocpp.versions == ("2.1", "2.0.1", "1.6")
    assert config.evse == (Evse(id=1, phases=3),)
    assert config.evse[0].wiring_a == 32.0
    assert config.site.fuse_a is None
    assert config.state.dir == Path("/var/lib/evse")
    assert config.start_values() == {}


def test_every_section_is_read(path: Path) -> None:
    secret(path.with_name("password"), "0123456789abcdef\n")
    path.with_name("ca.pem").write_text("root")
    path.write_text("""\
schema_version = 1
station = {identity = "CP-1", vendor = "Acme", model = "Wall 22", serial = "0815"}
evse = [{id = 1, max_current_a = 16}, {id = 2, phases = 1, priority = 5}]

[ocpp]
url = "wss://csms.example.com/ocpp"
versions = ["2.0.1", "1.6"]
password_file = "password"
ca_file = "ca.pem"

[site]
fuse_a = 63
sharing = "priority"

[hal]
board = "gpio"
options = {chip = "/dev/gpiochip0"}
[[hal.bus]]
name = "meters"
url = "serial:///dev/ttyUSB0"
[[hal.meter]]
evse = 2
profile = "acme_em3"
bus = "meters"
unit_id = 7

[state]
dir = "state"

[settings]
ConnectionTimeOut = 90
FreeVend = true
"SampledDataCtrlr.TxUpdatedMeasurands" = ["Voltage", "Frequency"]
""")
    config = load(path)
    assert config.evse[1] == Evse(id=2, phases=1, priority=5)
    assert config.ocpp.security_profile == 2
    assert config.ocpp.password_file == path.with_name("password")
    assert read_secret(path.with_name("password")) == "0123456789abcdef"
    assert config.site.sharing is SharingRule.PRIORITY
    assert config.hal.meters[0].unit_id == 7
    assert config.state.dir == path.with_name("state")
    assert config.start_values() == {
        "ConnectionTimeOut": "90",
        "FreeVend": "true",
        "SampledDataCtrlr.TxUpdatedMeasurands": "Voltage,Frequency",
    }


def test_drop_ins_are_merged_in_the_order_of_their_names(path: Path) -> None:
    path.write_text(GOOD)
    drop_ins = path.with_name("evse.d")
    drop_ins.mkdir()
    (drop_ins / "20-site.toml").write_text('[station]\nvendor = "Site"\n[settings]\nConnectionTimeOut = 20\n')
    (drop_ins / "10-maker.toml").write_text('[station]\nvendor = "Maker"\nserial = "1"\n[[evse]]\nid = 1\nphases = 1\n')
    (drop_ins / "README").write_text("not read")
    config = load(path)
    assert config.station == Station(identity="CP-1", vendor="Site", model="Wall 22", serial="1")
    assert config.evse == (Evse(id=1, phases=1),), "a later file's list replaces the earlier one"
    assert config.start_values() == {"ConnectionTimeOut": "20"}


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "problem"),
    [
        ('identity = "CP-1"', "identity = 7", 4, "station.identity", "expected str, got int"),
        ('identity = "CP-1"', 'identity = "CP:1"', 4, "station.identity", "expected letters, digits"),
        ('identity = "CP-1"', 'identiti = "CP-1"', 4, "station.identiti", "no such key here; did you mean 'identity'?"),
        ('identity = "CP-1"\n', "", 3, "station.identity", "is missing"),
        ('model = "Wall 22"', f'model = "{"x" * 21}"', 6, "station.model", "expected str of length <= 20"),
        ("[station]", "[stations]", 3, "stations", "no such key here; did you mean 'station'?"),
        ("schema_version = 1", "schema_version = 2", 1, "schema_version", "expected one of 1, got '2'"),
        ("schema_version = 1", "", None, "schema_version", "is missing"),
        ("security_profile = 0", "security_profile = 4", 10, "ocpp.security_profile", "expected one of 0, 1, 2, 3"),
        ("security_profile = 0", "security_profile = 1", 8, "ocpp.password_file", "is missing: security profile 1"),
        ("allow_plain_text = true", "", 10, "ocpp.security_profile", "set ocpp.allow_plain_text = true"),
        ('"ws://csms', '"wss://csms', 9, "ocpp.url", "expected ws://... for security profile 0"),
        ('"ws://csms', '"http://csms', 9, "ocpp.url", "expected an address like wss://"),
        ('"ws://csms', '"ws://user:pw@csms', 9, "ocpp.url", "expected no user"),
        ('"ws://csms.example.com/ocpp"', '"ws://"', 9, "ocpp.url", "expected an address like wss://"),
        ('"ws://csms.example.com/ocpp"', '"ws://a:b/"', 9, "ocpp.url", "expected an address like wss://"),
        ("id = 1", "id = 2", 14, "evse[1].id", "expected 1: EVSEs are numbered"),
        ("id = 1", "id = 1\nphases = 2", 15, "evse[1].phases", "expected one of 1, 3, got '2'"),
        ("id = 1", "id = 1\nmax_current_a = 5", 15, "evse[1].max_current_a", "expected float >= 6.0, got '5'"),
        ("id = 1", "id = 1\nmax_current_a = nan", 15, "evse[1].max_current_a", "expected float >= 6.0, got 'nan'"),
        ("id = 1", "id = 1\n[[evse]]\nid = true", 16, "evse[2].id", "expected int, got bool"),
        ("[[evse]]\nid = 1", "evse = 3", 13, "ocpp.evse", "no such key here"),
    ],
)
def test_an_error_names_line_key_and_what_was_expected(
    path: Path, old: str, new: str, line: int | None, key: str, problem: str
) -> None:
    assert old in GOOD
    error = refused(path, GOOD.replace(old, new))
    assert (error.line, error.key) == (line, key)
    assert problem in error.problem
    assert str(error).startswith(f"{path}:{line}: {key}: " if line else f"{path}: {key}: ")


@pytest.mark.parametrize(
    ("more", "line", "key", "problem"),
    [
        ('[site]\nsharing = "equel"', 16, "site.sharing", "expected one of 'equal', 'first-come', 'priority'; did you"),
        ("[settings]\n\nConectionTimeOut = 60", 17, "settings.ConectionTimeOut", "did you mean 'ConnectionTimeOut'?"),
        ('[settings]\nConnectionTimeOut = "soon"', 16, "settings.ConnectionTimeOut", "expected a whole number"),
        ("[settings]\nNumberOfConnectors = 2", 16, "settings.NumberOfConnectors", "finds this out by itself"),
        (
            '[settings]\nConnectionTimeOut = 1\n"TxCtrlr.EVConnectionTimeOut" = 2',
            17,
            "settings.TxCtrlr.EVConnectionTimeOut",
            "is the same setting as 'ConnectionTimeOut'",
        ),
        ("[settings]\nMeterGracePeriod = 1.5", 16, "settings.MeterGracePeriod", "a whole number, a text"),
        ("[hal]\nbord = 'sim'", 16, "hal.bord", "did you mean 'board'?"),
        ("[[hal.bus]]\nname='a'\nurl='b'\nnam = 'c'", 18, "hal.bus[1].nam", "did you mean 'name'?"),
        (
            "[[hal.bus]]\nname='main'\nurl='b'\n[[hal.meter]]\nevse=1\nprofile='x'\nbus='man'\nunit_id=1",
            21,
            "hal.meter[1].bus",
            "no [[hal.bus]] is named 'man'; did you mean 'main'?",
        ),
        (
            "[[hal.bus]]\nname='main'\nurl='b'\n[[hal.meter]]\nevse=2\nprofile='x'\nbus='main'\nunit_id=1",
            19,
            "hal.meter[1].evse",
            "there is no EVSE 2",
        ),
        ("[state]\ndir = 7", 16, "state.dir", "expected a path as text, got 7"),
    ],
)
def test_an_error_in_a_further_section_is_found_too(path: Path, more: str, line: int, key: str, problem: str) -> None:
    error = refused(path, GOOD + more)
    assert (error.line, error.key) == (line, key)
    assert problem in error.problem


def test_an_error_in_a_drop_in_names_that_file(path: Path) -> None:
    drop_in = path.with_name("evse.d") / "site.toml"
    drop_in.parent.mkdir()
    drop_in.write_text("# the site\n[site]\nfuse_a = 3\n")
    error = refused(path, GOOD)
    assert (error.file, error.line, error.key) == (drop_in, 3, "site.fuse_a")
    drop_in.write_text('[station]\nvendor = ""\n')
    error = refused(path, GOOD)
    assert (error.file, error.line, error.key) == (drop_in, 2, "station.vendor"), "its value replaced the good one"


def test_broken_toml_is_named_with_its_line(path: Path) -> None:
    error = refused(path, GOOD + "[site\n")
    assert error.line == 15
    assert "no valid TOML" in error.problem


def test_a_missing_or_binary_file_is_named(path: Path) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"{path}: cannot be read: No such file")):
        load(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="no UTF-8 text"):
        load(path)


@pytest.mark.parametrize(
    ("content", "mode", "problem"),
    [
        ("0123456789abcdef", 0o640, "others can read"),
        ("", 0o600, "is empty"),
        ("too short", 0o600, "expected a password of 16 to 40 characters"),
        (None, 0o600, "cannot read"),
    ],
)
def test_a_password_file_that_is_no_secret_is_refused(path: Path, content: str | None, mode: int, problem: str) -> None:
    if content is not None:
        secret(path.with_name("password"), content, mode)
    profile_1 = GOOD.replace("security_profile = 0", 'security_profile = 1\npassword_file = "password"')
    error = refused(path, profile_1)
    assert (error.line, error.key) == (11, "ocpp.password_file")
    assert problem in error.problem
    assert not content or content not in str(error), "never echo a secret"


def test_tls_needs_the_csms_own_root_certificate(path: Path) -> None:
    secret(path.with_name("password"), "0123456789abcdef")
    profile_2 = GOOD.replace("security_profile = 0", 'password_file = "password"').replace("ws:", "wss:")
    assert "needs the CSMS's root certificate" in refused(path, profile_2).problem
    profile_2 = profile_2.replace("[[evse]]", 'ca_file = "ca.pem"\n[[evse]]')
    assert "no such file" in refused(path, profile_2).problem


@given(st.integers(0, 30), st.text("[]\"'\n =#.,abc1", max_size=12))
def test_whatever_stands_in_the_file_it_is_a_configuration_or_an_error(at: int, noise: str) -> None:
    lines = GOOD.splitlines(keepends=True)
    text = "".join(lines[: at % len(lines)]) + noise + "".join(lines[at % len(lines) :])
    try:
        document = Document({Path("evse.toml"): text})
    except ConfigError:
        return
    try:
        msgspec.convert(document.merged, Config)
    except msgspec.ValidationError as error:
        translated = document.translate(error, Config)
        assert translated.problem
        assert translated.line is None or 1 <= translated.line <= len(text.splitlines())


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ('[[custom]]\nkey = "HeartbeatInterval"\ntype = "integer"', "is a setting already"),
        ('[[custom]]\nkey = "Coffee Strength"\ntype = "integer"', "without spaces"),
        ('[[custom]]\nkey = "Strength"\ntype = "integer"\ndefault = 9\nmax = 5', "a whole number from 0 to 5"),
        ('[[custom]]\nkey = "Strength"\ntype = "integer"\ndefault = "5"', "a whole number"),
        ('[[custom]]\nkey = "Strength"\ntype = "coffee"', "expected one of 'boolean'"),
    ],
)
def test_a_setting_of_the_operators_own_that_cannot_be_one_is_refused(path: Path, table: str, problem: str) -> None:
    error = refused(path, f"{GOOD}\n{table}\n")
    assert error.key is not None
    assert error.key.startswith("custom[1]")
    assert problem in error.problem


def test_a_setting_of_the_operators_own_is_a_key_and_a_variable_like_any_other(path: Path) -> None:
    strength = '[[custom]]\nkey = "Strength"\ntype = "integer"\ndefault = 3\nmax = 5\n'
    own = f'{strength}[[custom]]\nkey = "Bean"\nread_only = true\nreboot = true\n'
    path.write_text(f"{GOOD}\n{own}")
    settings = Settings(load(path).registry())
    assert settings.set_by_key16("strength", "6").verdict is SettingVerdict.INVALID
    assert settings.set_by_key16("strength", "5").verdict is SettingVerdict.ACCEPTED
    found = settings.find("CustomizationCtrlr", "Strength")
    assert found is not None
    assert settings.text(found) == "5"
    assert settings.set_by_key16("Bean", "x").verdict is SettingVerdict.READ_ONLY


# The documentation

SECTIONS: dict[str, type[msgspec.Struct]] = {
    "": Config,
    "station": Station,
    "ocpp": Ocpp,
    "evse": Evse,
    "evse.v2g": V2g,
    "site": Site,
    "hal": HalConfig,
    "hal.bus": BusConfig,
    "hal.meter": MeterConfig,
    "state": State,
    "control": Control,
    "custom": CustomKey,
    "transfer": Transfer,
    "firmware": Firmware,
    "publish": Publish,
}


def documented() -> dict[str, list[str]]:
    """First column of every table row, with the other columns."""
    rows = [line.strip("| ").split(" | ") for line in DOCS.read_text().splitlines() if line.startswith("| `")]
    return {row[0].strip("`"): [cell.strip() for cell in row[1:]] for row in rows}


def default_text(default: Any) -> str:
    if default is msgspec.NODEFAULT:
        return "required"
    if default is None:
        return "none"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, Path):
        default = str(default)
    if isinstance(default, tuple | list | dict):
        return f"`{msgspec.json.encode(default).decode().replace(',', ', ')}`"
    return f"`{msgspec.json.encode(default).decode()}`"


def test_every_key_stands_in_the_documentation_with_its_default() -> None:
    keys = {}
    for section, struct in SECTIONS.items():
        for field in msgspec.structs.fields(struct):
            name = f"{section}.{field.encode_name}".removeprefix(".")
            if name not in SECTIONS and name != "settings":
                factory = field.default_factory
                keys[name] = default_text(field.default if factory is msgspec.NODEFAULT else factory())
    assert {name: row[0] for name, row in documented().items() if name in keys} == keys
    settings = {one.key for one in SETTINGS}
    assert set(documented()) - settings == set(keys), "a documented key that does not exist"


def test_every_setting_stands_in_the_documentation_with_its_names_and_default() -> None:
    rows = documented()
    for setting in SETTINGS:
        key16 = f"`{setting.key16}`" if setting.key16 else ""
        default = f"`{setting.format(setting.default)}`" if setting.default not in ((), "") else "empty"
        assert rows[setting.key][:2] == [key16, default], setting.key
