"""The configuration: one `evse.toml` and the drop-ins of `evse.d/*.toml`, checked before anything is built from it.

Every error names the file, the line, the key and what was expected. Secrets stand in files of their own. Relative
paths start at the main file's directory. What each key means is documented in docs/configuration.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from agent.config_text import ConfigError, Document, KeyPath, did_you_mean
from agent.core.limits import MAX_OFFER_A, MIN_OFFER_A
from agent.core.sharing import SharingRule
from agent.core.signage_words import Language
from agent.ocpp.network import PLAIN_PROFILES, WITH_CERTIFICATE, WITH_PASSWORD
from agent.ocpp.setting import Setting, SettingError
from agent.ocpp.settings import SETTINGS, custom
from agent.ocpp.variables import find_by_name
from agent.pki.secrets import read as read_secret
from agent.places import CERTIFICATES_NAME, DEFAULT_PATH, DEFAULT_STATE_DIR, SOCKET_NAME
from hal.host import HalConfig

__all__ = ["DEFAULT_PATH", "DEFAULT_STATE_DIR", "Config", "ConfigError", "load", "read_secret"]

IDENTITY_CHARACTERS: Final = frozenset(
    # OCPP 2.0.1 identifierString without ":", which would end the user name of HTTP basic authentication
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789*-_=+|@."
)
AC_WIRING_A: Final = 32.0
MAX_DC_A: Final = 1_000.0  # our policy: beyond every supply there is
PASSWORD_LENGTH: Final = range(16, 41)  # OCPP 2.0.1 A00.FR.205; for 1.6 alone any other length is the operator's affair

Version = Literal["2.1", "2.0.1", "1.6"]


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class Station(_Section, frozen=True):
    """Who the station is, and what language its display speaks. The lengths are OCPP 1.6's, the shorter ones."""

    identity: Annotated[str, Meta(min_length=1, max_length=48)]
    vendor: Annotated[str, Meta(min_length=1, max_length=20)]
    model: Annotated[str, Meta(min_length=1, max_length=20)]
    serial: Annotated[str, Meta(min_length=1, max_length=25)] | None = None
    language: Language = "en"


class Ocpp(_Section, frozen=True):
    """The link to the CSMS. `url` is the CSMS's; the identity is appended when connecting."""

    url: str
    versions: Annotated[tuple[Version, ...], Meta(min_length=1)] = ("2.1", "2.0.1", "1.6")
    security_profile: Literal[0, 1, 2, 3] = 2
    allow_plain_text: bool = False
    password_file: Path | None = None
    ca_file: Path | None = None
    certificates: Path | None = None
    secure_url: str | None = None
    tls_minimum: Literal["1.2", "1.3"] = "1.2"
    authorization_key: Literal["hex", "text"] = "hex"


class V2g(_Section, frozen=True):
    """Digital communication with the car (DIN 70121, ISO 15118-2). `host`: the address towards it, as `fe80::1%eth1`.

    `interface`: where cars are discovered by multicast; without it they are only at `host` itself, for a bench.
    `certificate_file` (the SECC's chain, leaf first) and `key_file`: TLS; `contract_roots_file`: plug & charge, too.
    """

    host: str
    interface: str | None = None
    sdp_port: Annotated[int, Meta(ge=0, le=65_535)] | None = 15_118
    port: Annotated[int, Meta(ge=0, le=65_535)] = 0
    evse_id: Annotated[str, Meta(min_length=7, max_length=37)] | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    contract_roots_file: Path | None = None


class Evse(_Section, frozen=True):
    """One EVSE: what its wiring bears, and its turn when the site's fuse is shared by priority (low goes first).

    `meter_evse_id`: its official id, which a signing meter signs along.
    `max_current_a`: of an AC outlet's wiring per phase (32 A unless told), of a DC output (its supply's rating).
    """

    id: Annotated[int, Meta(ge=1)]
    kind: Literal["AC", "DC"] = "AC"
    max_current_a: Annotated[float, Meta(ge=MIN_OFFER_A, le=MAX_DC_A)] | None = None
    phases: Literal[1, 3] = 3
    priority: int = 0
    meter_evse_id: Annotated[str, Meta(max_length=50)] | None = None
    v2g: V2g | None = None

    @property
    def wiring_a(self) -> float:
        """What its wiring bears; the supply of a DC output says so itself, where nobody says less."""
        unless_told_a = AC_WIRING_A if self.kind == "AC" else MAX_DC_A
        return unless_told_a if self.max_current_a is None else self.max_current_a


class Site(_Section, frozen=True):
    """What the EVSEs share. No `fuse_a`: nothing."""

    fuse_a: Annotated[float, Meta(ge=MIN_OFFER_A, le=10_000)] | None = None
    sharing: SharingRule = SharingRule.EQUAL


class State(_Section, frozen=True):
    """Where the agent keeps what must outlive it."""

    dir: Path = DEFAULT_STATE_DIR


class Transfer(_Section, frozen=True):
    """Files that come and go on the CSMS's request: to and from which networks, and how big.

    `networks`: of those that are not the Internet. `system_roots`: trust the operating system's certificates, too.
    """

    networks: tuple[Literal["private", "loopback", "link-local"], ...] = ("private",)
    max_mb: Annotated[int, Meta(ge=1, le=65_536)] = 512
    system_roots: bool = False


class Firmware(_Section, frozen=True):
    """How new firmware is installed; the manufacturer's root certificates judge who signed it.

    `install` and `confirm` are programs with their arguments; `agent.runtime.installer` says what exit codes mean.
    """

    installer: Literal["none", "command", "simulated"] = "none"
    install: tuple[str, ...] = ()
    confirm: tuple[str, ...] = ()
    timeout_s: Annotated[float, Meta(gt=0, le=86_400)] = 1_800.0
    allow_unsigned: bool = False


class Publish(_Section, frozen=True):
    """Firmware for other stations. `address`: how they reach this one; None: it is no local controller."""

    address: Annotated[str, Meta(min_length=1, max_length=255)] | None = None
    port: Annotated[int, Meta(ge=1, le=65_535)] = 8_090


class Control(_Section, frozen=True):
    """The control socket that `evse status` and others talk to. None: `agent.sock` in the state directory."""

    socket: Path | None = None


class CustomKey(_Section, frozen=True):
    """A setting of the operator's own: a configuration key of 1.6, and a variable of 2.x's CustomizationCtrlr."""

    key: str
    type: custom.Kind = "string"
    default: custom.Value | None = None
    min: float | None = None
    max: float | None = None
    unit: str | None = None
    read_only: bool = False
    reboot: bool = False

    def row(self) -> Setting[Any]:
        """Its row in the registry. Raises `SettingError`."""
        return custom.custom(
            self.key,
            self.type,
            default=self.default,
            minimum=self.min,
            maximum=self.max,
            unit=self.unit,
            read_only=self.read_only,
            reboot=self.reboot,
        )


class Config(_Section, frozen=True):
    """Everything the agent is built from."""

    schema_version: Literal[1]
    station: Station
    ocpp: Ocpp
    evse: Annotated[tuple[Evse, ...], Meta(min_length=1)]
    site: Site = Site()
    hal: HalConfig = HalConfig()
    state: State = State()
    control: Control = Control()
    transfer: Transfer = Transfer()
    firmware: Firmware = Firmware()
    publish: Publish = Publish()
    settings: dict[str, Any] = {}
    custom: tuple[CustomKey, ...] = ()

    @property
    def certificates(self) -> Path:
        """Where the station's certificates and keys are."""
        return self.ocpp.certificates or self.state.dir / CERTIFICATES_NAME

    @property
    def control_socket(self) -> Path:
        """Where the control socket is."""
        return self.control.socket or self.state.dir / SOCKET_NAME

    def registry(self) -> tuple[Setting[Any], ...]:
        """Every setting there is, the operator's own last."""
        return (*SETTINGS, *(own.row() for own in self.custom))

    def start_values(self) -> dict[str, str]:
        """[settings] as texts, for `agent.ocpp.variables.Settings`."""
        return {name: _text(value) for name, value in self.settings.items()}


def load(path: Path, overrides: str = "") -> Config:
    """Read, merge and check the configuration; `overrides`, as TOML, goes before the files. Raises `ConfigError`."""
    document = Document.read(path, overrides)
    base = path.parent

    def resolve(_kind: type, value: Any) -> Path:
        if not isinstance(value, str) or not value:
            raise ValueError(f"Expected a path as text, got {value!r}")
        return base / value

    try:
        config = msgspec.convert(document.merged, Config, dec_hook=resolve)
    except msgspec.ValidationError as error:
        raise document.translate(error, Config) from error
    for key, problem in _problems(config):
        raise document.error(key, problem)
    return config


def _problems(config: Config) -> Iterator[tuple[KeyPath, str]]:
    """What the types cannot say, with the key that is to blame."""
    if not set(config.station.identity) <= IDENTITY_CHARACTERS:
        yield ("station", "identity"), "expected letters, digits and *-_=+|@. only"
    yield from _url_problems(config.ocpp)
    yield from _credential_problems(config)
    if len(set(config.ocpp.versions)) != len(config.ocpp.versions):
        yield ("ocpp", "versions"), "expected every version once"
    for index, evse in enumerate(config.evse):
        if evse.id != index + 1:
            yield ("evse", index, "id"), f"expected {index + 1}: EVSEs are numbered from 1 without gaps, in order"
        if evse.kind == "AC" and evse.wiring_a > MAX_OFFER_A:
            yield ("evse", index, "max_current_a"), f"expected at most {MAX_OFFER_A:g} for an AC outlet"
        if evse.kind == "DC" and evse.v2g is None:
            yield ("evse", index, "v2g"), "is missing: direct current is agreed in digital communication only"
    if config.firmware.installer == "command" and not config.firmware.install:
        yield ("firmware", "install"), "is missing: the program that installs firmware, and its arguments"
    yield from _meter_problems(config)
    yield from _custom_problems(config.custom)
    yield from _setting_problems(config.settings)


def _url_problems(ocpp: Ocpp) -> Iterator[tuple[KeyPath, str]]:
    try:
        url = urlsplit(ocpp.url)
        usable = url.scheme in {"ws", "wss"} and bool(url.hostname) and url.port != 0
    except ValueError:
        usable = False
    if not usable:
        yield ("ocpp", "url"), "expected an address like wss://csms.example.com/ocpp"
        return
    if url.username is not None or url.query or url.fragment:
        yield ("ocpp", "url"), "expected no user, query or fragment: the identity and password_file say who we are"
    plain = ocpp.security_profile in PLAIN_PROFILES
    if plain and not ocpp.allow_plain_text:
        remedy = "set ocpp.allow_plain_text = true if that is meant, or use profile 2"
        yield ("ocpp", "security_profile"), f"profile {ocpp.security_profile} sends all in plain text: {remedy}"
    if ocpp.secure_url is not None and not ocpp.secure_url.startswith("wss://"):
        yield ("ocpp", "secure_url"), "expected an address like wss://csms.example.com/ocpp"
    if plain != (url.scheme == "ws"):
        needed = "ws" if plain else "wss"
        yield ("ocpp", "url"), f"expected {needed}://... for security profile {ocpp.security_profile}"


def _credential_problems(config: Config) -> Iterator[tuple[KeyPath, str]]:
    ocpp, profile = config.ocpp, config.ocpp.security_profile
    yield from _certificate_problems(config)
    if ocpp.password_file is None:
        if profile in WITH_PASSWORD:
            yield ("ocpp", "password_file"), f"is missing: security profile {profile} needs a password"
        return
    if profile not in WITH_PASSWORD:
        yield ("ocpp", "password_file"), f"profile {profile} sends no password: use profile 1 or 2, or remove the line"
        return
    try:
        password = read_secret(ocpp.password_file)
    except ValueError as error:
        yield ("ocpp", "password_file"), str(error)
        return
    if ocpp.versions != ("1.6",) and len(password) not in PASSWORD_LENGTH:
        yield ("ocpp", "password_file"), "expected a password of 16 to 40 characters in that file"


def _certificate_problems(config: Config) -> Iterator[tuple[KeyPath, str]]:
    """Whether the files that the security profile needs are there; what is in them, `evse cert check` says."""
    ocpp, folder = config.ocpp, config.certificates
    if ocpp.ca_file is not None and not ocpp.ca_file.is_file():
        yield ("ocpp", "ca_file"), f"no such file: {ocpp.ca_file}"
    if ocpp.security_profile in PLAIN_PROFILES:
        return
    if ocpp.ca_file is None and not any(folder.glob("roots/csms/*.pem")):
        yield (
            ("ocpp", "ca_file"),
            (
                f"is missing: security profile {ocpp.security_profile} needs the CSMS's root certificate,"
                f" here or in {folder}/roots/csms"
            ),
        )
    if ocpp.security_profile == WITH_CERTIFICATE and not any(folder.glob("own/station/*.pem")):
        yield (
            ("ocpp", "security_profile"),
            (f"profile 3 needs a certificate of the station's own in {folder}/own/station: see `evse cert csr`"),
        )


def _meter_problems(config: Config) -> Iterator[tuple[KeyPath, str]]:
    buses = [bus.name for bus in config.hal.buses]
    for index, meter in enumerate(config.hal.meters):
        if meter.evse not in {evse.id for evse in config.evse}:
            yield ("hal", "meter", index, "evse"), f"there is no EVSE {meter.evse}"
        if meter.bus not in buses:
            hint = did_you_mean(meter.bus, buses)
            yield ("hal", "meter", index, "bus"), f"no [[hal.bus]] is named {meter.bus!r}{hint}"


def _custom_problems(own: Sequence[CustomKey]) -> Iterator[tuple[KeyPath, str]]:
    taken = {name.casefold() for one in SETTINGS for name in (one.key, one.key16) if name}
    for index, one in enumerate(own):
        try:
            one.row()
        except SettingError as error:
            yield ("custom", index, "key"), str(error)
            continue
        if one.key.casefold() in taken:
            yield ("custom", index, "key"), "is a setting already: choose another name"
        taken.add(one.key.casefold())


def _setting_problems(settings: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    seen: dict[str, str] = {}
    for name, value in settings.items():
        if not _is_setting_value(value):
            yield ("settings", name), "expected true or false, a whole number, a text or a list of texts"
            continue
        try:
            setting, parse = find_by_name(name)
            parse(_text(value))
        except SettingError as error:
            yield ("settings", name), str(error)
            continue
        if setting.derived:
            yield ("settings", name), "the agent finds this out by itself: remove the line"
        if setting.key in seen:
            yield ("settings", name), f"is the same setting as {seen[setting.key]!r}: keep one of them"
        seen[setting.key] = name


def _is_setting_value(value: Any) -> bool:
    return isinstance(value, bool | int | str) or (
        isinstance(value, list) and all(isinstance(one, str) for one in value)
    )


def _text(value: bool | int | str | list[str]) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(value) if isinstance(value, list) else str(value)
