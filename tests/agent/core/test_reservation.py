"""Whom an EVSE is kept for: the pure rules, and what a session makes of them."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from agent.core.effects import OfferCurrent, PermitPower
from agent.core.events import (
    AuthorizationDecided,
    AvailabilityChanged,
    RemoteStart,
    ReservationOver,
    ReservationsChanged,
)
from agent.core.facts import ConnectorStatusChanged, ReservationEnded, TransactionStarted, TransactionUpdated
from agent.core.recovery import restored
from agent.core.reservation import NOTHING_KEPT, Kept, Place, PlaceState, Reservation, broken, kept, refusal
from agent.core.rules import Rules
from agent.core.session import Phase
from agent.core.signage import Sound, sound
from agent.core.values import AuthInfo, AuthStatus, ConnectorStatus, IdToken, ReservationEnd, TokenKind, TxPoint
from hal.types import CpState
from tests.agent.core.playing import Player, cp

OWNER, STRANGER = IdToken("OWNER"), IdToken("STRANGER")
SOCKET, CABLE = "sType2", "cType2"
FREE, OCCUPIED, FAULTED, UNAVAILABLE = PlaceState.FREE, PlaceState.OCCUPIED, PlaceState.FAULTED, PlaceState.UNAVAILABLE


def reservation(number=1, evse=None, kind=None, token=OWNER, group=None) -> Reservation:
    return Reservation(id=number, token=token, expires_utc_s=1e10, evse=evse, connector_type=kind, group=group)


def places(*states, kinds=None) -> list[Place]:
    return [Place(n, (kinds or {}).get(n, SOCKET), state) for n, state in enumerate(states, 1)]


def held(reservations, everywhere) -> list[int]:
    return [evse for evse, one in kept(reservations, everywhere).items() if one.held]


# The rules


def test_a_reservation_of_one_evse_keeps_that_one():
    assert held([reservation(evse=2)], places(FREE, FREE)) == [2]


@pytest.mark.req("H01.FR.07")
def test_a_reservation_of_any_evse_keeps_none_while_there_is_another():
    assert held([reservation()], places(FREE, FREE)) == []
    assert held([reservation()], places(OCCUPIED, FREE)) == [2]


@pytest.mark.req("H01.FR.20")
def test_as_many_reservations_as_free_evses_keep_them_all():
    assert held([reservation(1), reservation(2)], places(FREE, FREE, OCCUPIED)) == [1, 2]


@pytest.mark.req("H01.FR.09")
@pytest.mark.req("H01.FR.24")
def test_a_reservation_of_a_type_keeps_the_last_evse_with_such_a_connector():
    mixed = places(FREE, FREE, FREE, kinds={3: CABLE})
    assert held([reservation(kind=CABLE)], mixed) == [3]
    assert held([reservation(kind=SOCKET)], mixed) == []
    assert held([reservation(1, kind=CABLE), reservation(2), reservation(3)], mixed) == [1, 2, 3]


@pytest.mark.req("H02.FR.05")
def test_an_evse_reserved_by_its_number_does_not_serve_those_that_name_none():
    assert held([reservation(1, evse=1), reservation(2)], places(FREE, FREE)) == [1, 2]


@pytest.mark.req("H03.FR.01")
@pytest.mark.req("H03.FR.04")
def test_the_token_or_its_group_opens_a_kept_evse_and_nobody_else():
    one = Kept(held=True, claims=(reservation(7, evse=1, group="FLEET"),))
    assert not one.turns_away(IdToken("owner", TokenKind.CENTRAL))
    assert not one.turns_away(STRANGER, "FLEET")
    assert one.turns_away(STRANGER)
    assert one.turns_away(STRANGER, "OTHERS")
    assert not Kept(held=False, claims=one.claims).turns_away(STRANGER)


def test_a_driver_uses_the_reservation_for_this_very_evse_first():
    two = Kept(claims=(reservation(1), reservation(2, kind=SOCKET), reservation(3, evse=1)))
    assert two.claim(OWNER).id == 3
    assert replace(two, claims=two.claims[:2]).claim(OWNER).id == 2


@pytest.mark.req("H01.FR.11")
@pytest.mark.req("H01.FR.12")
@pytest.mark.req("H01.FR.14")
@pytest.mark.parametrize(
    ("new", "before", "states", "why"),
    [
        (reservation(evse=1), [], (FREE,), None),
        (reservation(evse=1), [], (OCCUPIED, FREE), OCCUPIED),
        (reservation(evse=1), [], (FAULTED, FREE), FAULTED),
        (reservation(evse=1), [], (UNAVAILABLE, FREE), UNAVAILABLE),
        (reservation(2, evse=1), [reservation(evse=1)], (FREE, FREE), OCCUPIED),
        (reservation(2, evse=1), [reservation()], (FREE, OCCUPIED), OCCUPIED),
        (reservation(2, evse=1), [reservation()], (FREE, FREE), None),
        (reservation(), [], (OCCUPIED, FREE), None),
        (reservation(), [], (OCCUPIED, OCCUPIED), OCCUPIED),
        (reservation(), [], (FAULTED, FAULTED), FAULTED),
        (reservation(), [], (UNAVAILABLE, UNAVAILABLE), UNAVAILABLE),
        (reservation(), [], (FAULTED, OCCUPIED), OCCUPIED),
        (reservation(), [], (FAULTED, UNAVAILABLE), UNAVAILABLE),
        (reservation(2), [reservation(evse=1)], (FREE, OCCUPIED), OCCUPIED),
        (reservation(3), [reservation(1), reservation(2)], (FREE, FREE), OCCUPIED),
        (reservation(3), [reservation(1, evse=1), reservation(2)], (FREE, FREE, FREE), None),
    ],
)
def test_whether_a_reservation_can_be_made_and_why_not(new, before, states, why):
    assert refusal(new, before, places(*states)) is why


@pytest.mark.req("H01.FR.16")
@pytest.mark.req("H01.FR.17")
def test_a_reservation_is_broken_when_no_evse_is_left_that_could_serve_it():
    named, loose, kind = reservation(1, evse=1), reservation(2), reservation(3, kind=CABLE)
    assert broken([named, loose, kind], places(FAULTED, OCCUPIED, UNAVAILABLE, kinds={3: CABLE})) == (named, kind)
    assert broken([named, loose], places(FREE, FAULTED)) == ()


kinds = st.sampled_from([SOCKET, CABLE])
stations = st.lists(st.builds(lambda kind, state: (kind, state), kinds, st.sampled_from(PlaceState)), max_size=4).map(
    lambda every: [Place(n, kind, state) for n, (kind, state) in enumerate(every, 1)]
)
wishes = st.lists(st.tuples(st.one_of(st.none(), st.integers(1, 4)), st.one_of(st.none(), kinds)), max_size=5).map(
    lambda every: [reservation(n, evse, kind if evse is None else None) for n, (evse, kind) in enumerate(every, 1)]
)


def can_serve(reservations, everywhere) -> bool:
    """By trying every way to hand out the free EVSEs."""
    free = [one for one in everywhere if one.state is FREE]
    return len(reservations) <= len(free) and any(
        all(one.suits(place) for one, place in zip(reservations, order, strict=False))
        for order in itertools.permutations(free)
    )


@given(stations, wishes)
def test_whoever_holds_an_accepted_reservation_finds_an_evse_however_strangers_fill_the_others(everywhere, wanted):
    made: list[Reservation] = []
    for one in wanted:
        suitable = one.evse is None or any(place.evse == one.evse for place in everywhere)
        if suitable and any(one.suits(place) for place in everywhere) and refusal(one, made, everywhere) is None:
            made.append(one)
    assert can_serve(made, everywhere)
    while strangers := [
        place
        for place in everywhere
        if place.state is FREE and not kept(made, everywhere)[place.evse].turns_away(STRANGER)
    ]:
        everywhere = [replace(p, state=OCCUPIED) if p is strangers[0] else p for p in everywhere]
        assert can_serve(made, everywhere)


# The session


def reserved(rules: Rules | None = None, **more) -> Player:
    p = Player(rules)
    p.play(ReservationsChanged(Kept(held=True, claims=(reservation(7, evse=1, **more),))))
    return p


def statuses(p: Player) -> list[ConnectorStatus]:
    return [one.status for one in p.facts if isinstance(one, ConnectorStatusChanged)]


@pytest.mark.req("H03.FR.01")
def test_a_kept_evse_gives_a_stranger_no_energy_also_with_his_car_on_the_cable():
    p = reserved()
    p.plug()
    p.tap("STRANGER")
    p.ask()
    p.wait(30)
    assert p.session.driver is None
    assert not any(isinstance(one, OfferCurrent) or one == PermitPower(True, "recorded") for one in p.log)
    assert set(statuses(p)) == {ConnectorStatus.RESERVED}


def test_a_stranger_hears_that_he_is_refused():
    p = reserved()
    before = p.session
    p.tap("STRANGER")
    asked = replace(before, asking=(1, STRANGER))
    verdict = AuthorizationDecided(1, STRANGER, AuthInfo(AuthStatus.ACCEPTED))
    assert sound(asked, verdict, p.session) is Sound.REFUSED


@pytest.mark.req("H03.FR.09")
@pytest.mark.req("H03.FR.10")
@pytest.mark.req("H01.FR.15")
def test_the_owner_charges_and_the_transaction_names_the_reservation():
    p = reserved()
    p.tap("OWNER")
    assert statuses(p)[-1] is ConnectorStatus.PREPARING
    p.plug()
    p.ask()
    p.close()
    (started,) = [one for one in p.facts if isinstance(one, TransactionStarted)]
    assert started.reservation_id == 7


@pytest.mark.req("H01.FR.15")
def test_a_transaction_that_began_with_the_cable_names_the_reservation_when_its_owner_comes():
    p = reserved(Rules(start_points=frozenset({TxPoint.EV_CONNECTED})))
    p.plug()
    assert set(statuses(p)) == {ConnectorStatus.RESERVED}
    p.tap("OWNER")
    started, *updates = p.tx_facts
    assert started.reservation_id is None
    assert [one.reservation_id for one in updates if isinstance(one, TransactionUpdated)] == [7]


@pytest.mark.req("H03.FR.04")
def test_somebody_of_the_owners_group_may_use_it():
    p = Player(group="FLEET")
    p.play(ReservationsChanged(Kept(held=True, claims=(reservation(7, evse=1, group="FLEET"),))))
    p.charge()
    assert p.session.phase is Phase.CHARGING
    assert p.session.driver.reservation_id == 7


@pytest.mark.req("F01.FR.22")
def test_a_remote_start_for_a_stranger_does_not_open_a_kept_evse():
    p = reserved()
    p.play(RemoteStart(STRANGER, 1))
    assert p.session.driver is None
    p.play(RemoteStart(OWNER, 2))
    assert p.session.driver.reservation_id == 7


def test_free_vending_does_not_give_a_kept_evse_away():
    p = reserved(Rules(free_vend=True))
    p.plug()
    p.ask()
    assert p.session.driver is None


@pytest.mark.req("H04.FR.02")
@pytest.mark.req("H04.FR.03")
def test_when_a_reservation_has_expired_the_connector_is_available_and_then_the_csms_is_told():
    p = reserved()
    p.play(ReservationsChanged(NOTHING_KEPT), ReservationOver(7, ReservationEnd.EXPIRED))
    status, ended = p.facts[-2:]
    assert status.status is ConnectorStatus.AVAILABLE
    assert (type(ended), ended.reservation_id, ended.why) == (ReservationEnded, 7, ReservationEnd.EXPIRED)
    p.charge()
    assert p.session.phase is Phase.CHARGING


def test_a_kept_evse_that_is_taken_out_of_service_says_so():
    p = reserved()
    p.play(AvailabilityChanged(operative=False))
    assert statuses(p)[-1] is ConnectorStatus.UNAVAILABLE


def test_a_kept_evse_is_kept_after_a_restart():
    p = reserved()
    again = Player(session=restored(p.session, Rules()))
    assert again.session.status is ConnectorStatus.RESERVED
    assert statuses(again) == []
    again.play(cp(CpState.B), again.sample())
    again.tap("STRANGER")
    assert again.session.driver is None


def test_a_car_that_waits_at_a_free_vending_evse_is_served_when_the_reservation_is_over():
    p = reserved(Rules(free_vend=True))
    p.plug()
    p.play(ReservationsChanged(NOTHING_KEPT))
    assert p.session.phase is Phase.READY
