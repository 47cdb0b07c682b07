"""That every check of `hal.conformance` can fail: boards whose counterparts do one thing wrong, and what finds it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from msgspec.structs import replace

from hal import conformance
from hal.board import Board
from hal.boards import gpio, modbus_io, rapi, serial_mcu
from hal.boards.mcu_frames import Kind, PilotMode, read_pilot
from hal.boards.pins import Options
from hal.checks import CHECKS
from hal.checks_meter import METER_CHECKS
from hal.conformance import Outcome
from hal.metered import MeteredBoard
from hal.types import CpChanged, CpState, FaultRaised, LockChanged, LockState, MeterSample
from sim.bench import SimBench
from sim.benches import FAST_DEBOUNCE_S, LEAVE_C_S
from sim.board import SimBoard
from sim.dc import DcSpec
from sim.evse import EvseSpec
from sim.evse_din import COIL, MIRROR, WATCHDOG, EvseDin
from sim.mcu import SimMcu
from sim.openevse import SimOpenEvse
from sim.pins import MIRROR as MIRROR_PIN
from sim.pins import SimPins
from tests.hal.test_conformance import CLAIMABLE

BY_NAME = {one.name: one for one in CHECKS}
Spoil = Callable[[Any], None]


class Stand(NamedTuple):
    """A counterpart, the physics behind it, and the driver in front of it."""

    counterpart: Any
    behind: SimBoard
    open_raw: Callable[[], Board]


def _serial_mcu(_: Path) -> Stand:
    mcu = SimMcu(SimBoard(evse=EvseSpec(phase_switch=True)))
    options = {"device": mcu.pty.path, "phase_switch": True}
    return Stand(mcu, mcu.board, lambda: serial_mcu.open_board(options))


def _rapi(_: Path) -> Stand:
    openevse = SimOpenEvse(SimBoard(evse=EvseSpec(phases=1, socket=False)), debounce_s=FAST_DEBOUNCE_S)
    options = {"device": openevse.pty.path, "leave_c_s": LEAVE_C_S}
    return Stand(openevse, openevse.board, lambda: rapi.open_board(options))


def _modbus_io(_: Path) -> Stand:
    plant = EvseDin(SimBoard())
    relay = {"unit": 2, "coil_register": COIL, "mirror_register": MIRROR, "watchdog_register": WATCHDOG}
    return Stand(plant, plant.board, lambda: modbus_io.open_board({"bus": plant.url, "relay": relay}))


def _gpio(folder: Path) -> Stand:
    pins = SimPins(SimBoard(), folder)
    options = msgspec.convert(pins.options(), Options)
    return Stand(pins, pins.board, lambda: gpio.GpioBoard(options, pins.library))


STANDS = {"serial_mcu": _serial_mcu, "rapi": _rapi, "modbus_io": _modbus_io, "gpio": _gpio}


@asynccontextmanager
async def standing(board: str, folder: Path, spoil: Spoil) -> AsyncIterator[Stand]:
    stand = STANDS[board](folder)
    await stand.counterpart.start()
    spoil(stand.counterpart)
    try:
        yield stand
    finally:
        await stand.counterpart.close()


def ails(symptom: str) -> Spoil:
    return lambda counterpart: counterpart.board.inject(1, symptom)


# A microcontroller


def hears(change: Callable[[Any], Any]) -> Spoil:
    """Its firmware takes in another event than the one that came; None: it misses it."""

    def spoil(mcu: SimMcu) -> None:
        evse = mcu._evses[1]
        heard = evse._heard

        def hear(event: Any) -> None:
            changed = change(event)
            if changed is not None:
                heard(changed)

        evse._heard = hear  # type: ignore[method-assign]

    return spoil


def c_as_b(event: Any) -> Any:
    if isinstance(event, CpChanged) and event.reading.state is CpState.C:
        return CpChanged(replace(event.reading, state=CpState.B, high_mv=9000))
    return event


def always_locked(event: Any) -> Any:
    return LockChanged(LockState.LOCKED) if isinstance(event, LockChanged) else event


def without(*kinds: type) -> Callable[[Any], Any]:
    return lambda event: None if isinstance(event, kinds) else event


def works(kind: Kind, work: Callable[[SimMcu, bytes], Callable[[], Any]]) -> Spoil:
    """It does something else than this command says, and answers that it is done."""

    def spoil(mcu: SimMcu) -> None:
        evse = mcu._evses[1]
        proper = evse._work
        evse._work = lambda frame: (  # type: ignore[method-assign]
            work(mcu, frame.payload) if frame.kind == kind else proper(frame)
        )

    return spoil


async def nothing() -> None:
    pass


def five_points_off(mcu: SimMcu, payload: bytes) -> Callable[[], Any]:
    mode, duty_pct = read_pilot(payload)
    pilot = mcu.board.evses[1].pilot
    return (lambda: pilot.pwm(duty_pct + 5.0)) if mode is PilotMode.PWM else pilot.x1


def obeys(rule: Callable[[Any], bool], *, late_s: float = 0.0) -> Spoil:
    """Its contactor follows this instead of the firmware's rules."""

    def spoil(mcu: SimMcu) -> None:
        evse = mcu._evses[1]

        async def move(on: bool) -> None:
            await asyncio.sleep(0.0 if on else late_s)
            await evse._hardware.contactor.permit(on, "firmware")

        evse._obey = lambda: mcu.run(move(rule(evse)))  # type: ignore[method-assign]

    return spoil


def live(evse: Any) -> bool:
    return asyncio.get_running_loop().time() < evse._lease_until_s


def asks(evse: Any) -> bool:
    return evse._state.reading.state is CpState.C


def sound(evse: Any) -> bool:
    return live(evse) and asks(evse) and not evse._state.faults


class Ever(NamedTuple):
    """Once it was told on, it stays so."""

    seen: list[bool]

    def __call__(self, evse: Any) -> bool:
        self.seen.append(sound(evse))
        return any(self.seen)


def ignores_a_dead_converter(mcu: SimMcu) -> None:
    mcu._evses[1]._check_converter = lambda: None  # type: ignore[method-assign]


def looks_for_no_diode(mcu: SimMcu) -> None:
    mcu._evses[1]._judged = lambda _: mcu._evses[1]._state.faults  # type: ignore[method-assign]


MCU = [
    ("stream", "never says where its lock is", hears(without(LockChanged))),
    ("levels", "takes C for B", hears(c_as_b)),
    ("duty", "runs PWM five points off", works(Kind.PILOT, five_points_off)),
    ("lock", "says done and moves no lock", works(Kind.LOCK, lambda *_: nothing)),
    ("self-test", "has a monitor that fails its test", ails("rcd-test-fails")),
    ("unpermitted", "closes for everybody who asks", obeys(asks)),
    ("not-asking", "closes for everybody who is permitted", obeys(live)),
    ("lock-slips", "takes every plug for locked", hears(always_locked)),
    ("withdraw", "stays closed", obeys(Ever([]))),
    ("leave-c", "opens half a second late", obeys(sound, late_s=0.5)),
    ("unplug", "opens half a second late", obeys(sound, late_s=0.5)),
    ("lease", "stays closed", obeys(Ever([]))),
    ("diode", "looks for no diode", looks_for_no_diode),
    ("ventilation", "closes for everybody who is permitted", obeys(live)),
    ("offer-ends", "stays closed", obeys(Ever([]))),
    ("blind", "does not miss its converter", ignores_a_dead_converter),
    ("leak-dc", "does not hear of residual currents", hears(without(FaultRaised))),
    ("leak-ac", "does not hear of residual currents", hears(without(FaultRaised))),
]

# An OpenEVSE


def keeps_closed(openevse: SimOpenEvse) -> None:
    """Its relay sticks electrically: once closed it follows nothing."""
    contactor = openevse.board.evses[1].contactor
    permit = contactor.permit

    async def only_on(on: bool, reason: str, **_: Any) -> None:
        if on:
            await permit(on, reason)

    contactor.permit = only_on  # type: ignore[method-assign]


def debounces_as_stock_does(openevse: SimOpenEvse) -> None:
    openevse._debounce_s = 0.25


def wakes_by_itself(openevse: SimOpenEvse) -> None:
    answer = openevse._answer
    openevse._answer = lambda words: "OK" if words in (["FS"], ["FD"]) else answer(words)  # type: ignore[method-assign]
    openevse._answer(["FE"])


def sees_no_car(openevse: SimOpenEvse) -> None:
    openevse.__class__ = type("Blind", (SimOpenEvse,), {"_flags": property(lambda _: 0)})


def knows_no_faults(openevse: SimOpenEvse) -> None:
    wanted = openevse._wanted
    openevse._wanted = lambda: wanted() if openevse._reading.state is CpState.A else 0x03  # type: ignore[method-assign]


RAPI = [
    ("levels", "sees no car while it sleeps", sees_no_car),
    ("unpermitted", "wakes by itself", wakes_by_itself),
    ("withdraw", "keeps its relay closed", keeps_closed),
    ("leave-c", "debounces as stock firmware does", debounces_as_stock_does),
    ("lease", "keeps its relay closed", keeps_closed),
    ("diode", "charges whatever its pilot says", knows_no_faults),
    ("ventilation", "charges whatever its pilot says", knows_no_faults),
    ("offer-ends", "keeps its relay closed", keeps_closed),
]

# A Modbus controller with a relay board


def ignores_its_watchdog(plant: EvseDin) -> None:
    plant.relay._bite = lambda: None  # type: ignore[method-assign]


def closes_by(rule: Callable[[EvseDin], bool]) -> Spoil:
    def spoil(plant: EvseDin) -> None:
        obey = plant.obey

        def other() -> None:
            obey()
            plant._tasks.append(asyncio.create_task(plant.board.evses[1].contactor.permit(rule(plant), "coil")))

        plant.obey = other  # type: ignore[method-assign]

    return spoil


MODBUS = [
    ("unpermitted", "closes without its relay", closes_by(lambda it: it.reading.state is CpState.C)),
    ("not-asking", "closes with its relay alone", closes_by(lambda it: it.relay.on)),
    ("withdraw", "closes without its relay", closes_by(lambda it: it.reading.state is CpState.C)),
    ("leave-c", "closes with its relay alone", closes_by(lambda it: it.relay.on)),
    ("lease", "ignores its watchdog", ignores_its_watchdog),
    ("ventilation", "closes with its relay alone", closes_by(lambda it: it.relay.on)),
    ("leak-dc", "has no residual-current device", closes_by(lambda it: it.relay.on and not it.failed)),
]

# Pins


def contact_is_stuck(pin: int, value: bool) -> Spoil:
    def spoil(pins: SimPins) -> None:
        get = pins.get
        pins.get = lambda line: value if line == pin else get(line)  # type: ignore[method-assign]

    return spoil


PINS = [
    ("levels", "has a converter that is a volt and a half off", ails("cp-drift")),
    ("lock", "has a lock that jams", ails("lock-jam")),
    ("self-test", "has a device that does not trip on its test", ails("rcd-test-fails")),
    ("withdraw", "has a contactor that is welded", ails("contactor-weld")),
    ("weld", "has a mirror contact that is stuck open", contact_is_stuck(MIRROR_PIN, False)),
]

MUTANTS = [
    pytest.param(board, check, spoil, id=f"{board} {what}: {check}".replace(" ", "-"))
    for board, table in (("serial_mcu", MCU), ("rapi", RAPI), ("modbus_io", MODBUS), ("gpio", PINS))
    for check, what, spoil in table
]


@pytest.mark.parametrize(("board", "check", "spoil"), MUTANTS)
async def test_a_counterpart_that_does_it_wrong_fails_the_check(board: str, check: str, spoil: Spoil, tmp_path: Path):
    async with standing(board, tmp_path, spoil) as stand:
        report = await conformance.run(stand.open_raw, SimBench(stand.behind), [BY_NAME[check]])
    assert Outcome.FAILED in {one.outcome for one in report.findings}, report.text()


OPENING = (
    *("withdraw", "leave-c", "unplug", "lease", "diode", "ventilation"),
    *("offer-ends", "lock-slips", "blind", "leak-dc", "leak-ac"),
)
CHARGING = ("close", "unlock-closed", "phases-closed", "self-test-closed", "weld")


@pytest.mark.campaign
@pytest.mark.parametrize("board", STANDS)
@pytest.mark.parametrize(
    ("symptom", "check"),
    [
        *(("contactor-weld", one) for one in OPENING),
        *(("contactor-no-close", one) for one in CHARGING),
        *(("cp-open", one) for one in ("levels", "duty", "unpermitted", "not-asking", "unlocked", "over-limit")),
    ],
)
async def test_on_no_board_does_a_check_pass_without_the_part_that_it_is_about(
    board: str, symptom: str, check: str, tmp_path: Path
):
    """A contactor that does not open, one that does not close, a pilot wire that is broken: seen on every board."""
    async with standing(board, tmp_path, ails(symptom)) as stand:
        report = await conformance.run(stand.open_raw, SimBench(stand.behind), [BY_NAME[check]])
    found = {one.outcome for one in report.findings}
    if found == {Outcome.ABSENT}:
        pytest.skip(report.findings[0].detail)
    assert found == {Outcome.FAILED}, report.text()


# Meters, direct current, and what a board says of itself


class WrongMeter:
    """Measures what it likes."""

    def __init__(self, board: SimBoard, change: Callable[[MeterSample], MeterSample]) -> None:
        self._board = board
        self._change = change

    async def read(self, **_: float) -> MeterSample:
        return self._change(self._board.sample(1))


def shows_half(sample: MeterSample) -> MeterSample:
    return replace(sample, current_a=tuple(one / 2 for one in sample.current_a or ()), power_w=0.0)


def shows_what_was(sample: MeterSample) -> MeterSample:
    return replace(sample, taken_mono_s=-1.0)


@pytest.mark.parametrize(("check", "change"), [("overdraw", shows_half), ("meter", shows_what_was)])
async def test_a_meter_that_measures_wrongly_fails_the_check(check: str, change: Callable[[MeterSample], MeterSample]):
    bench = SimBench(SimBoard())

    def open_raw() -> Board:
        bench.board = SimBoard()
        bench.forget_cars()
        return MeteredBoard(bench.board, {1: WrongMeter(bench.board, change)})

    report = await conformance.run(open_raw, bench, [BY_NAME[check]])
    assert not report.passed, report.text()


def monitor_sees_nothing(board: SimBoard) -> None:
    board._plants[1].dc.watch = lambda _: None  # type: ignore[union-attr, method-assign]


def shows(symptom: str) -> Callable[[SimBoard], None]:
    return lambda board: board.inject(1, symptom)


SIMULATED = [
    ("close", "pulls nothing", shows("contactor-no-close")),
    ("dc-cable-check", "fails its self-test", shows("insulation-test-fails")),
    ("dc-cable-check", "stays live", shows("dc-output-fed")),
    ("dc-over-voltage", "sees no over-voltage", monitor_sees_nothing),
]


@pytest.mark.parametrize(("check", "spoil"), [pytest.param(one, do, id=what) for one, what, do in SIMULATED])
async def test_a_simulated_board_that_does_it_wrong_fails_the_check(check: str, spoil: Callable[[SimBoard], None]):
    bench = SimBench(SimBoard())

    def open_raw() -> SimBoard:
        bench.board = SimBoard(evse=EvseSpec(dc=DcSpec() if check.startswith("dc-") else None))
        bench.forget_cars()
        spoil(bench.board)
        return bench.board

    report = await conformance.run(open_raw, bench, [BY_NAME[check]])
    assert not report.passed, report.text()


def test_a_board_that_has_not_what_it_says_fails_the_check():
    board = SimBoard()
    board._hardware[1].capabilities = replace(board.evses[1].capabilities, has_phase_switch=True)
    report = asyncio.run(conformance.run(lambda: board, SimBench(board), [BY_NAME["parts"]]))
    assert "phase_switch is True, but the port says otherwise" in report.findings[0].detail


REFUSED = ("over-limit", "unlock-closed", "phases-closed", "self-test-closed")
REFUSALS = (*REFUSED, "dc-nobody", "dc-unproved", "dc-unwatched")


@pytest.mark.parametrize("check", REFUSALS)
async def test_an_interlock_that_refuses_nothing_fails_the_check(check: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("hal.interlock.refusal", lambda *_: None)
    spec = EvseSpec(dc=DcSpec()) if check.startswith("dc-") else EvseSpec(phase_switch=True)
    board = SimBoard(evse=spec)
    report = await conformance.run(lambda: board, SimBench(board), [BY_NAME[check]])
    assert not report.passed, report.text()


def test_there_is_no_check_that_nothing_can_make_fail():
    counterparts = {check for table in (MCU, RAPI, MODBUS, PINS) for check, *_ in table}
    claimed = {one.name for one in CHECKS if one.rule in CLAIMABLE}  # test_conformance: boards that enforce nothing
    signing = {one.name for one in METER_CHECKS}  # test_signing_checks
    others = {"parts", "meter", "overdraw", *(check for check, *_ in SIMULATED), *REFUSALS}
    assert {one.name for one in CHECKS} == counterparts | claimed | signing | others
