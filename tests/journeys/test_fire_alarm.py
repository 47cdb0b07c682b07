"""Each invariant that the judge watches can fail: a planted bug, and the judge names the invariant that it breaks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from msgspec.structs import replace

import hal.rules
from agent.core import recovery, sharing
from agent.core.session import Session
from agent.core.turn import Turn
from agent.ocpp.v16.dialect import DialectV16
from agent.runtime.evse import EvseTask
from agent.runtime.journal import Journal
from hal.types import FaultKind, FaultRaised, Rule
from sim.stage import invariants
from sim.stage.invariants import ViolationError
from sim.symptoms import Symptom
from tests.journeys.fire import OTHER_TAG, STRANGER, Fire

pytestmark = pytest.mark.own_clock


def without(rule: Rule) -> tuple[hal.rules.Condition, ...]:
    """The interlock's conditions but this one."""
    return tuple(one for one in hal.rules.CONDITIONS if one.rule is not rule)


# The bugs


def faults_are_ignored(m: pytest.MonkeyPatch) -> None:
    m.setattr(hal.rules.State, "blocking", property(lambda _: frozenset()))
    m.setattr("agent.core.settle.holds_energy", lambda _: False)
    m.setattr("agent.core.settle.end_reason", lambda _: None)


def the_pilot_is_ignored(m: pytest.MonkeyPatch) -> None:
    m.setattr(hal.rules, "CONDITIONS", without(Rule.CP_NOT_CD))


def the_lease_never_ends(m: pytest.MonkeyPatch) -> None:
    m.setattr(hal.rules, "CONDITIONS", without(Rule.LEASE_ENDED))
    m.setattr("hal.interlock.LEASE_S", 1e9)


def a_restart_keeps_the_driver(m: pytest.MonkeyPatch) -> None:
    right = recovery.restored

    def wrong(saved: Session, rules: object, *, power_cut: bool = False) -> Session:
        return right(saved, replace(rules, resume_after_power_loss=True), power_cut=power_cut)

    m.setattr("agent.first_session.restored", wrong)
    m.setattr(recovery, "restored", wrong)  # what is kept of a session is made by it, too


def everybody_may_charge(m: pytest.MonkeyPatch) -> None:
    m.setattr("csms.back_office.BackOffice.judge", _everybody)


def _everybody(_self: object, value: str) -> object:
    from csms.back_office import Judgement, Verdict

    return Judgement(Verdict.ACCEPTED)


def limits_are_forgotten(m: pytest.MonkeyPatch) -> None:
    m.setattr(Session, "limit", lambda self, _now: sharing_limit(self))


def sharing_limit(session: Session) -> object:
    from agent.core.limits import Limit, LimitSource

    return Limit(16.0 if session.cable_a else 0.0, LimitSource.CABLE)


def the_fuse_is_not_shared(m: pytest.MonkeyPatch) -> None:
    def advance(_now: float, _fuse: float, _held: object, target: dict[int, float]) -> object:
        return sharing.Allocation(dict.fromkeys(target, 32.0), {}), None

    m.setattr("agent.runtime.site.advance", advance)


def a_weld_is_not_seen(m: pytest.MonkeyPatch) -> None:
    m.setattr("hal.interlock.check_mirror", lambda _turn: None)


def ends_are_not_told(m: pytest.MonkeyPatch) -> None:
    m.setattr(Turn, "end_transaction", lambda self, _stop: self.set(tx=None))


def nothing_is_written(m: pytest.MonkeyPatch) -> None:
    def commit(
        _self: Journal, *_operations: object, within_s: float | None = None, kept: bool = False, synced: bool = True
    ) -> asyncio.Future[None]:
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    m.setattr(Journal, "commit", commit)


def the_end_is_billed_as_the_start(m: pytest.MonkeyPatch) -> None:
    right = Turn.end_transaction

    def wrong(self: Turn, stop: object) -> None:
        if self.s.meter is not None and self.s.tx is not None:
            start_wh = self.s.tx.start_energy_wh
            self.set(
                meter=replace(self.s.meter, energy_import_wh=start_wh), tx=replace(self.s.tx, last_energy_wh=start_wh)
            )
        right(self, stop)

    m.setattr(Turn, "end_transaction", wrong)


def the_register_is_told_in_milliwatthours(m: pytest.MonkeyPatch) -> None:
    right = Turn.end_transaction

    def wrong(self: Turn, stop: object) -> None:
        if self.s.meter is not None:
            self.set(meter=replace(self.s.meter, energy_import_wh=self.s.meter.energy_import_wh * 1000))
        right(self, stop)

    m.setattr(Turn, "end_transaction", wrong)


def a_repeated_start_is_another_start(m: pytest.MonkeyPatch) -> None:
    right = DialectV16._start

    def wrong(self: DialectV16, fact: object, token: object, start_wh: float) -> object:
        wrong.told += 1
        return right(self, replace(fact, at_utc_s=fact.at_utc_s + wrong.told), token, start_wh)

    wrong.told = 0
    m.setattr(DialectV16, "_start", wrong)


def a_number_is_skipped(m: pytest.MonkeyPatch) -> None:
    right = Turn.update_transaction

    def wrong(self: Turn, *args: object, **named: object) -> None:
        right(self, *args, **named)
        if self.s.tx is not None:
            self.set(tx=replace(self.s.tx, seq=self.s.tx.seq + 1))

    m.setattr(Turn, "update_transaction", wrong)


def a_full_disk_is_not_survived(m: pytest.MonkeyPatch) -> None:
    right = EvseTask._take

    def wrong(self: EvseTask, event: object, session: Session, effects: object) -> None:
        if isinstance(event, FaultRaised) and event.fault is FaultKind.STORAGE:
            raise RuntimeError("disk full")
        right(self, event, session, effects)

    m.setattr(EvseTask, "_take", wrong)


def the_queue_has_no_room(m: pytest.MonkeyPatch) -> None:
    m.setattr(invariants, "MAX_QUEUED", 3)


# What brings them to light


def charging(fire: Fire, evse: int = 1) -> None:
    fire.plug_in(evse)
    fire.wait(1.0)
    fire.tap(evse)
    fire.wait(30.0)


def emergency_stop(fire: Fire) -> None:
    charging(fire)
    fire.inject(1, Symptom.E_STOP)
    fire.wait(2.0)


def car_pauses(fire: Fire) -> None:
    charging(fire)
    fire.pause(1)
    fire.wait(2.0)


def power_cut(fire: Fire) -> None:
    charging(fire)
    fire.kill()
    fire.wait(5.0)


def power_cut_and_restart(fire: Fire) -> None:
    charging(fire)
    fire.kill()
    fire.wait(5.0)
    fire.boot()
    fire.wait(40.0)


def stranger(fire: Fire) -> None:
    fire.plug_in(1)
    fire.wait(1.0)
    fire.tap(1, STRANGER)
    fire.wait(20.0)


def lower_limit(fire: Fire) -> None:
    charging(fire)
    fire.limit(1, 8.0)
    fire.wait(10.0)


def two_cars(fire: Fire) -> None:
    charging(fire)
    fire.plug_in(2)
    fire.wait(1.0)
    fire.tap(2, OTHER_TAG)
    fire.wait(30.0)


def weld(fire: Fire) -> None:
    charging(fire)
    fire.inject(1, Symptom.WELD)
    fire.wait(1.0)
    fire.tap(1)
    fire.wait(10.0)
    fire.clear(1, Symptom.WELD)
    fire.wait(10.0)
    fire.tap(1)
    fire.wait(60.0)


def whole_charge(fire: Fire) -> None:
    charging(fire)
    fire.tap(1)
    fire.wait(15.0)
    fire.settle()


def lost_answer(fire: Fire) -> None:
    fire.csms_fault(action="StartTransaction", close=True)
    whole_charge(fire)


def a_start_is_given_up(fire: Fire) -> None:
    fire.csms_fault(action="StartTransaction", error="InternalError", times=3)
    charging(fire)
    fire.tap(1)
    fire.wait(400.0)
    assert fire.station.agent.journal.dead_letters()
    fire.plug_out(1)
    fire.wait(5.0)
    whole_charge(fire)


def full_disk(fire: Fire) -> None:
    fire.plug_in(1)
    fire.disk(full=True)
    fire.wait(1.0)
    fire.tap(1)
    fire.wait(20.0)


def csms_away(fire: Fire) -> None:
    charging(fire)
    fire.csms(up=False)
    fire.wait(300.0)


Story = Callable[[Fire], None]
ALARMS: tuple[tuple[str, Callable[[pytest.MonkeyPatch], None], Story, str], ...] = (
    ("[1]", faults_are_ignored, emergency_stop, "2.0.1"),
    ("[2]", the_pilot_is_ignored, car_pauses, "2.0.1"),
    ("[3]", the_lease_never_ends, power_cut, "2.0.1"),
    ("[4]", a_restart_keeps_the_driver, power_cut_and_restart, "2.0.1"),
    ("[4]", everybody_may_charge, stranger, "2.0.1"),
    ("[5]", limits_are_forgotten, lower_limit, "2.0.1"),
    ("[5]", the_fuse_is_not_shared, two_cars, "2.0.1"),
    ("[7]", a_weld_is_not_seen, weld, "2.0.1"),
    ("[9]", ends_are_not_told, whole_charge, "2.0.1"),
    ("[10]", nothing_is_written, whole_charge, "2.0.1"),
    ("[11]", the_end_is_billed_as_the_start, whole_charge, "2.0.1"),
    ("[11]", the_end_is_billed_as_the_start, a_start_is_given_up, "1.6"),
    ("[12]", a_repeated_start_is_another_start, lost_answer, "1.6"),
    ("[13]", a_number_is_skipped, whole_charge, "2.0.1"),
    ("[16]", the_register_is_told_in_milliwatthours, whole_charge, "2.0.1"),
    ("[18]", a_full_disk_is_not_survived, full_disk, "2.0.1"),
    ("[21]", the_queue_has_no_room, csms_away, "2.0.1"),
)


def told(story: Story, version: str) -> str:
    """What the judge says of a story."""
    fire = Fire(version)
    try:
        story(fire)
    except ViolationError as violation:
        return str(violation)
    finally:
        fire.close()
    return ""


@pytest.mark.parametrize(
    ("invariant", "bug", "story", "version"), ALARMS, ids=lambda one: getattr(one, "__name__", one)
)
def test_a_planted_bug_is_caught_and_its_invariant_named(invariant, bug, story, version, monkeypatch):
    bug(monkeypatch)
    assert invariant in told(story, version)


@pytest.mark.parametrize(
    ("story", "version"),
    sorted({(story, version) for _, _, story, version in ALARMS}, key=lambda one: one[0].__name__),
    ids=lambda one: getattr(one, "__name__", one),
)
def test_without_the_bug_the_same_story_breaks_nothing(story, version):
    assert told(story, version) == ""
