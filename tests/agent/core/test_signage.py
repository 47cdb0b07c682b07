"""What the driver sees, reads and hears, in every situation."""

from __future__ import annotations

from collections import defaultdict

import pytest
from msgspec.structs import replace

from agent.core import signage
from agent.core.events import AuthorizationDecided
from agent.core.limits import LimitInput, LimitSource
from agent.core.session import Driver, Phase, Session, Stop, Transaction
from agent.core.signage import LIGHT, Sign
from agent.core.signage_words import WORDS, Situation
from agent.core.values import (
    AuthInfo,
    AuthStatus,
    ChargingState,
    ConnectorStatus,
    IdToken,
    StopReason,
    Trigger,
)
from hal.types import CpState, FaultKind, LedColour, LedPattern, Sound, TokenPresented

CARD = IdToken("AABBCCDD")
DRIVER = Driver(CARD)
STOP = Stop(Trigger.STOP_AUTHORIZED, StopReason.LOCAL)
BOARD = LimitInput(LimitSource.BOARD, 32.0)
TX = Transaction(
    id="tx",
    seq=1,
    started_utc_s=0.0,
    started_mono_s=0.0,
    start_energy_wh=0.0,
    charging=ChargingState.CHARGING,
    last_energy_wh=0.0,
)
FREE = Session(evse=1, limits=(BOARD,))
CHARGING = replace(
    FREE,
    phase=Phase.CHARGING,
    status=ConnectorStatus.CHARGING,
    driver=DRIVER,
    cp=CpState.C,
    contactor_closed=True,
    tx=TX,
)


def with_limit(session: Session, source: LimitSource, current_a: float) -> Session:
    return replace(session, limits=(BOARD, LimitInput(source, current_a)))


def said(session: Session, language="en") -> tuple[str, str]:
    return signage.sign(session, 0.0).lines(language)


# The table


def test_no_meaning_rests_on_a_colour_alone():
    colours = defaultdict(set)
    for colour, pattern in LIGHT.values():
        colours[pattern].add(colour)
    assert all(len(one) == 1 for one in colours.values()), colours


def test_no_two_lights_that_ask_for_different_things_look_the_same():
    by_light = defaultdict(set)
    for situation, light in LIGHT.items():
        by_light[light].add(situation)
    waits = {Situation.STARTING_UP, Situation.CHECKING, Situation.STARTING, Situation.ENDING}
    acts = {Situation.PLUG_IN, Situation.IDENTIFY, Situation.RELEASE, Situation.UNPLUG}
    rests = {Situation.WAITING_FOR_CAR, Situation.CAR_PAUSES, Situation.PAUSED}
    says_no = {Situation.REFUSED, Situation.FAULT}
    assert {frozenset(one) for one in by_light.values() if len(one) > 1} == set(
        map(frozenset, (waits, acts, rests, says_no))
    )


@pytest.mark.parametrize("language", WORDS)
def test_every_word_is_there_in_every_language_and_fits_a_line(language):
    words = WORDS[language]
    assert set(words.titles) == set(Situation)
    assert set(words.limits) == set(LimitSource)
    assert set(words.faults) == set(FaultKind)
    assert set(words.refusals) == set(AuthStatus)
    texts = [
        *(text for pair in words.titles.values() for text in pair),
        *words.faults.values(),
        *words.refusals.values(),
    ]
    texts += [words.reduced.format(one, 31.5) for one in words.limits.values()]
    texts += [words.too_little.format(one) for one in words.limits.values()]
    assert [one for one in texts if len(one) > 40] == []


def test_no_german_text_is_an_english_one():
    english, german = WORDS["en"], WORDS["de"]
    assert all(english.titles[one] != german.titles[one] for one in Situation)
    assert all(english.faults[one] != german.faults[one] for one in FaultKind)


# From the session


@pytest.mark.parametrize(
    ("session", "situation"),
    [
        (FREE, Situation.FREE),
        (replace(FREE, status=ConnectorStatus.RESERVED), Situation.RESERVED),
        (replace(FREE, status=ConnectorStatus.UNAVAILABLE), Situation.OUT_OF_SERVICE),
        (replace(FREE, asking=(1, CARD)), Situation.CHECKING),
        (replace(FREE, phase=Phase.CONNECTED, cp=CpState.B, asking=(1, CARD)), Situation.CHECKING),
        (replace(FREE, phase=Phase.AUTHORIZED, driver=DRIVER), Situation.PLUG_IN),
        (replace(FREE, phase=Phase.CONNECTED, cp=CpState.B), Situation.IDENTIFY),
        (replace(FREE, held_by=CARD), Situation.RELEASE),
        (replace(FREE, phase=Phase.READY, cp=CpState.B, driver=DRIVER), Situation.WAITING_FOR_CAR),
        (replace(FREE, phase=Phase.STARTING, cp=CpState.C, driver=DRIVER), Situation.STARTING),
        (CHARGING, Situation.CHARGING),
        (replace(CHARGING, asking=(2, CARD)), Situation.CHARGING),
        (replace(CHARGING, phase=Phase.READY, status=ConnectorStatus.SUSPENDED_EV), Situation.CAR_PAUSES),
        (replace(CHARGING, phase=Phase.READY, status=ConnectorStatus.SUSPENDED_EVSE), Situation.PAUSED),
        (replace(CHARGING, phase=Phase.EASING, stop=STOP), Situation.ENDING),
        (replace(CHARGING, phase=Phase.STOPPING, stop=STOP), Situation.ENDING),
        (replace(FREE, phase=Phase.FINISHED, cp=CpState.B, status=ConnectorStatus.FINISHING), Situation.UNPLUG),
        (replace(CHARGING, phase=Phase.RECOVERING), Situation.STARTING_UP),
        (replace(FREE, status=ConnectorStatus.FAULTED, faults=frozenset({FaultKind.WELD})), Situation.FAULT),
    ],
)
def test_every_phase_shows_what_the_driver_has_to_know_or_do(session, situation):
    assert signage.sign(session, 0.0).situation is situation


def test_a_reduced_current_is_shown_with_its_reason_in_plain_words():
    session = with_limit(CHARGING, LimitSource.SITE_FUSE, 10.0)
    assert said(session) == ("Charging", "Reduced: site fuse 10 A")
    assert said(session, "de") == ("Lädt", "Reduziert: Hausanschluss 10 A")


def test_a_cable_that_bears_what_the_station_gives_reduces_nothing():
    session = replace(CHARGING, limits=(LimitInput(LimitSource.CABLE, 32.0), BOARD))
    assert said(session) == ("Charging", "")


@pytest.mark.parametrize("phase", [Phase.READY, Phase.EASING])
def test_a_pause_is_shown_with_who_takes_the_current_away(phase):
    session = with_limit(replace(CHARGING, phase=phase, status=ConnectorStatus.SUSPENDED_EVSE), LimitSource.GRID, 0.0)
    assert said(session) == ("Paused", "Too little current: grid signal")


def test_a_fault_that_only_holds_the_energy_back_is_a_pause():
    session = replace(CHARGING, phase=Phase.READY, status=ConnectorStatus.SUSPENDED_EVSE)
    assert said(replace(session, faults=frozenset({FaultKind.OVER_TEMPERATURE}))) == ("Paused", "station too hot")


def test_a_fault_says_what_to_do_and_the_worst_comes_first():
    faults = frozenset({FaultKind.OVER_TEMPERATURE, FaultKind.RCD_DC})
    session = replace(FREE, status=ConnectorStatus.FAULTED, faults=faults)
    assert said(session) == ("Fault", "leakage current: unplug")
    assert said(session, "de") == ("Störung", "Fehlerstrom: bitte abstecken")
    sign = signage.sign(session, 0.0)
    assert (sign.colour, sign.pattern) == (LedColour.RED, LedPattern.TRIPLE)


# Moments


ASKING = replace(FREE, asking=(3, CARD), asks=3)


def verdict(status: AuthStatus, ask: int = 3) -> AuthorizationDecided:
    return AuthorizationDecided(ask, CARD, AuthInfo(status))


def test_a_refused_card_is_told_why():
    sign = signage.moment(ASKING, verdict(AuthStatus.EXPIRED))
    assert sign == Sign(Situation.REFUSED, AuthStatus.EXPIRED)
    assert sign.lines("en") == ("Not accepted", "This card has expired")
    assert signage.sound(ASKING, verdict(AuthStatus.EXPIRED), FREE) is Sound.REFUSED


def test_an_accepted_card_is_only_heard():
    assert signage.moment(ASKING, verdict(AuthStatus.ACCEPTED)) is None
    assert signage.sound(ASKING, verdict(AuthStatus.ACCEPTED), CHARGING) is Sound.ACCEPTED


@pytest.mark.parametrize(
    "before", [FREE, replace(ASKING, asking=(4, CARD)), replace(ASKING, remote=DRIVER)], ids=["none", "newer", "remote"]
)
def test_a_verdict_that_nobody_at_the_station_waits_for_is_not_told(before):
    assert signage.moment(before, verdict(AuthStatus.EXPIRED)) is None
    assert signage.sound(before, verdict(AuthStatus.EXPIRED), before) is None


def test_the_card_that_ends_its_own_session_is_heard():
    after = replace(CHARGING, phase=Phase.EASING, stop=STOP)
    assert signage.sound(CHARGING, TokenPresented("AABBCCDD"), after) is Sound.ACCEPTED
    assert signage.sound(after, TokenPresented("AABBCCDD"), after) is None


def test_a_fault_and_the_end_are_heard_once():
    faulted = replace(CHARGING, status=ConnectorStatus.FAULTED)
    assert signage.sound(CHARGING, None, faulted) is Sound.ALARM
    assert signage.sound(faulted, None, faulted) is None
    assert signage.sound(faulted, None, replace(faulted, phase=Phase.FINISHED)) is None
    finished = replace(CHARGING, phase=Phase.FINISHED)
    assert signage.sound(CHARGING, None, finished) is Sound.DONE
    assert signage.sound(finished, None, finished) is None


@pytest.mark.req("C01.FR.08")
@pytest.mark.req("C01.FR.09")
@pytest.mark.req("C01.FR.13")
@pytest.mark.parametrize(
    ("wanted", "shown"),
    [((), "de"), (("en-US",), "en"), (("fr", "DE-at"), "de"), (("de", "en"), "de"), (("fr", "nl"), "en")],
)
def test_a_driver_reads_his_own_language_where_the_station_speaks_it(wanted, shown):
    session = Session(evse=1, driver=Driver(CARD, languages=wanted))
    assert signage.language_of(session, "de") == shown


def test_where_nobody_is_the_station_speaks_its_own():
    assert signage.language_of(FREE, "de") == "de"
