"""The words on a station's display, in every language it speaks: short enough for lines of forty characters."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from agent.core.limits import LimitSource
from agent.core.values import AuthStatus
from hal.types import FaultKind

Language = Literal["en", "de"]


class Situation(enum.StrEnum):
    """What a driver has to know or to do."""

    FREE = "free"
    RESERVED = "reserved"
    OUT_OF_SERVICE = "out-of-service"
    STARTING_UP = "starting-up"
    CHECKING = "checking"
    REFUSED = "refused"
    PLUG_IN = "plug-in"
    IDENTIFY = "identify"
    RELEASE = "release"
    WAITING_FOR_CAR = "waiting-for-car"
    STARTING = "starting"
    CHARGING = "charging"
    CAR_PAUSES = "car-pauses"
    PAUSED = "paused"
    ENDING = "ending"
    UNPLUG = "unplug"
    FAULT = "fault"


class Words(NamedTuple):
    """One language. `reduced` takes source and ampere, `too_little` the source."""

    titles: Mapping[Situation, tuple[str, str]]
    limits: Mapping[LimitSource, str]
    faults: Mapping[FaultKind, str]
    refusals: Mapping[AuthStatus, str]
    reduced: str
    too_little: str


_ENGLISH: Final = Words(
    titles={
        Situation.FREE: ("Free", "Plug in and show your card"),
        Situation.RESERVED: ("Reserved", "Show the card it is reserved for"),
        Situation.OUT_OF_SERVICE: ("Out of service", ""),
        Situation.STARTING_UP: ("One moment", "The station is starting"),
        Situation.CHECKING: ("One moment", "Checking your card"),
        Situation.REFUSED: ("Not accepted", ""),
        Situation.PLUG_IN: ("Welcome", "Please plug in"),
        Situation.IDENTIFY: ("Connected", "Please show your card"),
        Situation.RELEASE: ("Cable locked", "Show your card to release it"),
        Situation.WAITING_FOR_CAR: ("Ready", "Waiting for the vehicle"),
        Situation.STARTING: ("One moment", "Charging is starting"),
        Situation.CHARGING: ("Charging", ""),
        Situation.CAR_PAUSES: ("Paused", "The vehicle takes no energy now"),
        Situation.PAUSED: ("Paused", "Charging goes on by itself"),
        Situation.ENDING: ("One moment", "Charging is ending"),
        Situation.UNPLUG: ("Finished", "Please unplug"),
        Situation.FAULT: ("Fault", ""),
    },
    limits={one: one.value for one in LimitSource},
    faults={
        FaultKind.CP_DIODE: "vehicle fails the safety check",
        FaultKind.CP_SHORT: "cable or vehicle damaged",
        FaultKind.CP_NOISE: "bad contact to the vehicle",
        FaultKind.PP_OPEN: "cable not recognised",
        FaultKind.PP_SHORT: "cable damaged",
        FaultKind.PP_UNKNOWN: "cable not recognised",
        FaultKind.WELD: "do not use: call the hotline",
        FaultKind.NO_CLOSE: "power switch does not close",
        FaultKind.LOCK_JAMMED: "plug lock is stuck: push the plug in",
        FaultKind.RCD_DC: "leakage current: unplug",
        FaultKind.RCD_AC: "leakage current: unplug",
        FaultKind.RCD_SELF_TEST: "leakage protection fails its test",
        FaultKind.OVER_CURRENT: "vehicle draws too much current",
        FaultKind.OVER_TEMPERATURE: "station too hot",
        FaultKind.OVER_VOLTAGE: "mains voltage too high",
        FaultKind.UNDER_VOLTAGE: "mains voltage too low",
        FaultKind.PHASE_LOSS: "a mains phase is missing",
        FaultKind.PE_LOSS: "no protective earth: unplug",
        FaultKind.VENTILATION: "vehicle needs ventilation",
        FaultKind.E_STOP: "emergency stop pressed",
        FaultKind.DOOR: "station is open",
        FaultKind.INSULATION: "insulation too low",
        FaultKind.INSULATION_MONITOR: "insulation monitor at fault",
        FaultKind.DC_SUPPLY: "DC supply at fault",
        FaultKind.DC_OVER_VOLTAGE: "DC voltage too high",
        FaultKind.METER: "energy meter does not answer",
        FaultKind.STORAGE: "nothing can be stored",
        FaultKind.HAL_LOST: "station's hardware does not answer",
        FaultKind.BOARD: "station's hardware fails",
        FaultKind.TAMPER: "somebody has tampered with the station",
    },
    refusals={
        AuthStatus.ACCEPTED: "",
        AuthStatus.BLOCKED: "This card is blocked",
        AuthStatus.EXPIRED: "This card has expired",
        AuthStatus.INVALID: "This card is not known",
        AuthStatus.UNKNOWN: "This card is not known",
        AuthStatus.CONCURRENT_TX: "This card is charging elsewhere",
        AuthStatus.NO_CREDIT: "No credit left",
        AuthStatus.NOT_ALLOWED_HERE: "This card is not valid here",
        AuthStatus.NO_ANSWER: "No connection: try again later",
    },
    reduced="Reduced: {} {:g} A",
    too_little="Too little current: {}",
)

_GERMAN: Final = Words(
    titles={
        Situation.FREE: ("Frei", "Bitte anstecken und Karte vorhalten"),
        Situation.RESERVED: ("Reserviert", "Karte der Reservierung vorhalten"),
        Situation.OUT_OF_SERVICE: ("Außer Betrieb", ""),
        Situation.STARTING_UP: ("Einen Moment", "Die Station startet"),
        Situation.CHECKING: ("Einen Moment", "Karte wird geprüft"),
        Situation.REFUSED: ("Nicht angenommen", ""),
        Situation.PLUG_IN: ("Willkommen", "Bitte anstecken"),
        Situation.IDENTIFY: ("Verbunden", "Bitte Karte vorhalten"),
        Situation.RELEASE: ("Kabel verriegelt", "Zum Entriegeln Karte vorhalten"),
        Situation.WAITING_FOR_CAR: ("Bereit", "Warten auf das Fahrzeug"),
        Situation.STARTING: ("Einen Moment", "Das Laden beginnt"),
        Situation.CHARGING: ("Lädt", ""),
        Situation.CAR_PAUSES: ("Pause", "Das Fahrzeug nimmt keine Energie ab"),
        Situation.PAUSED: ("Pause", "Das Laden geht von selbst weiter"),
        Situation.ENDING: ("Einen Moment", "Das Laden endet"),
        Situation.UNPLUG: ("Fertig", "Bitte abstecken"),
        Situation.FAULT: ("Störung", ""),
    },
    limits={
        LimitSource.CABLE: "Kabel",
        LimitSource.BOARD: "Nennstrom",
        LimitSource.SITE_FUSE: "Hausanschluss",
        LimitSource.TEMPERATURE: "Temperatur",
        LimitSource.OCPP: "Ladeprofil",
        LimitSource.STATION: "Stationsprofil",
        LimitSource.GRID: "Netzsignal",
        LimitSource.LOCAL: "Vorgabe vor Ort",
    },
    faults={
        FaultKind.CP_DIODE: "Sicherheitsprüfung des Fahrzeugs",
        FaultKind.CP_SHORT: "Kabel oder Fahrzeug beschädigt",
        FaultKind.CP_NOISE: "schlechter Kontakt zum Fahrzeug",
        FaultKind.PP_OPEN: "Kabel nicht erkannt",
        FaultKind.PP_SHORT: "Kabel beschädigt",
        FaultKind.PP_UNKNOWN: "Kabel nicht erkannt",
        FaultKind.WELD: "nicht benutzen, Hotline anrufen",
        FaultKind.NO_CLOSE: "Leistungsschalter schließt nicht",
        FaultKind.LOCK_JAMMED: "Verriegelung klemmt: Stecker andrücken",
        FaultKind.RCD_DC: "Fehlerstrom: bitte abstecken",
        FaultKind.RCD_AC: "Fehlerstrom: bitte abstecken",
        FaultKind.RCD_SELF_TEST: "Fehlerstromschutz besteht Test nicht",
        FaultKind.OVER_CURRENT: "Fahrzeug zieht zu viel Strom",
        FaultKind.OVER_TEMPERATURE: "Station zu heiß",
        FaultKind.OVER_VOLTAGE: "Netzspannung zu hoch",
        FaultKind.UNDER_VOLTAGE: "Netzspannung zu niedrig",
        FaultKind.PHASE_LOSS: "eine Netzphase fehlt",
        FaultKind.PE_LOSS: "kein Schutzleiter: bitte abstecken",
        FaultKind.VENTILATION: "Fahrzeug braucht Belüftung",
        FaultKind.E_STOP: "Not-Aus gedrückt",
        FaultKind.DOOR: "Station ist offen",
        FaultKind.INSULATION: "Isolation zu gering",
        FaultKind.INSULATION_MONITOR: "Isolationswächter gestört",
        FaultKind.DC_SUPPLY: "DC-Netzteil gestört",
        FaultKind.DC_OVER_VOLTAGE: "DC-Spannung zu hoch",
        FaultKind.METER: "Zähler antwortet nicht",
        FaultKind.STORAGE: "Speichern nicht möglich",
        FaultKind.HAL_LOST: "Hardware der Station antwortet nicht",
        FaultKind.BOARD: "Hardware der Station gestört",
        FaultKind.TAMPER: "Verdacht auf Manipulation",
    },
    refusals={
        AuthStatus.ACCEPTED: "",
        AuthStatus.BLOCKED: "Diese Karte ist gesperrt",
        AuthStatus.EXPIRED: "Diese Karte ist abgelaufen",
        AuthStatus.INVALID: "Diese Karte ist unbekannt",
        AuthStatus.UNKNOWN: "Diese Karte ist unbekannt",
        AuthStatus.CONCURRENT_TX: "Diese Karte lädt schon anderswo",
        AuthStatus.NO_CREDIT: "Kein Guthaben mehr",
        AuthStatus.NOT_ALLOWED_HERE: "Diese Karte gilt hier nicht",
        AuthStatus.NO_ANSWER: "Keine Verbindung: später versuchen",
    },
    reduced="Reduziert: {} {:g} A",
    too_little="Zu wenig Strom: {}",
)

WORDS: Final[Mapping[Language, Words]] = MappingProxyType({"en": _ENGLISH, "de": _GERMAN})
