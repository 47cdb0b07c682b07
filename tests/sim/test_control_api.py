"""The control API over HTTP: what docs/control-api.md says is what there is, and what the client in examples/ finds."""

from __future__ import annotations

import asyncio
import http.client
import json
import re
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import get_args, get_type_hints

import msgspec
import pytest

from examples.control_client import Charger, ControlError
from sim.blackbox import Ending
from sim.commands import COMMANDS, ERROR_CODES
from sim.http import BODY_MAX_BYTES, HttpServer
from sim.state import State
from sim.symptoms import Symptom
from sim.vehicle import Misbehaviour
from sim.world import WorldSpec
from tests.sim.blackboxes import box_in

DOCUMENT = (Path(__file__).parents[2] / "docs" / "control-api.md").read_text()


def rows(text: str, header: str) -> list[str]:
    """The first cells of the table with this header, without its back-quotes."""
    table = text.split(f"\n| {header} |", 1)[1].split("\n\n", 1)[0]
    return re.findall(r"^\| `([^`]+)`", table, re.MULTILINE)


def section(title: str) -> str:
    return DOCUMENT.split(f"\n### {title}\n", 1)[1].split("\n##", 1)[0]


def keys(kind: type, path: str = "") -> Iterator[str]:
    """Every key of a struct and of those within it; `[]` after the name of a list of structs."""
    for field in msgspec.structs.fields(kind):
        struct, listed = struct_in(field.type)
        name = f"{path}{field.name}{'[]' if struct is not None and listed else ''}"
        yield name
        if struct is not None:
            yield from keys(struct, f"{name}.")


def struct_in(hint: object) -> tuple[type | None, bool]:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return hint, False
    found = [struct_in(part)[0] for part in getattr(hint, "__args__", ())]
    return next((one for one in found if one is not None), None), getattr(hint, "__origin__", None) is tuple


def test_every_command_has_a_section_and_every_section_a_command():
    commands = DOCUMENT.split("\n## Commands\n", 1)[1].split("\n## ", 1)[0]
    assert re.findall(r"^### (.+)$", commands, re.MULTILINE) == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_arguments_in_the_document_are_those_that_are_taken(name):
    fields = msgspec.structs.fields(COMMANDS[name])
    assert rows(section(name), "argument") == [field.name for field in fields]
    required = re.findall(r"^\| `([^`]+)` \| required", section(name), re.MULTILINE)
    assert required == [field.name for field in fields if field.required]


def test_every_key_of_the_state_is_in_the_document_and_nothing_else():
    documented = rows(DOCUMENT.split("\n## State\n", 1)[1], "key")
    assert sorted(documented) == sorted(keys(State))


def test_every_symptom_and_every_error_code_is_in_the_document_and_nothing_else():
    assert rows(section("fault"), "symptom") == list(Symptom)
    named = {code: f"| `{code}` | `{symptom}`" for code, (symptom, _) in ERROR_CODES.items()}
    assert rows(section("fault"), "OCPP error code") == list(named)
    assert all(row in section("fault") for row in named.values())


def test_every_misbehaviour_of_a_car_is_in_the_document_and_nothing_else():
    assert rows(section("plug_in"), "`how`") == list(get_args(get_type_hints(Misbehaviour)["how"]))


def test_every_option_of_the_hardware_is_in_the_document_and_nothing_else():
    documented = rows(DOCUMENT.split("\n## The hardware's options\n", 1)[1], "option")
    structs = {name.rpartition(".")[0] for name in keys(WorldSpec) if "." in name}
    assert sorted(documented) == sorted(set(keys(WorldSpec)) - structs)


@asynccontextmanager
async def served(state_dir: Path) -> AsyncIterator[Charger]:
    box = box_in(state_dir, FreeVend=True)
    server = HttpServer(box)
    await box.start()
    await server.start(0)
    try:
        yield Charger(server.port)
    finally:
        await box.close(Ending.STOPPED)
        await server.stop()


@pytest.fixture(scope="module")
def charger(tmp_path_factory) -> Iterator[Charger]:
    """A charger on a loop and thread of its own, in real time, without a CSMS."""
    ready, found = threading.Event(), []

    async def live() -> None:
        async with served(tmp_path_factory.mktemp("charger")) as one:
            stop = asyncio.Event()
            found.extend([one, asyncio.get_running_loop(), stop])
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=asyncio.run, args=(live(),))
    thread.start()
    assert ready.wait(20), "the charger has not come up"
    one, loop, stop = found
    yield one
    loop.call_soon_threadsafe(stop.set)
    thread.join(20)
    assert not thread.is_alive()


def asked(charger: Charger, method: str, path: str, body: str | None = None) -> tuple[int, str]:
    connection = http.client.HTTPConnection(*charger._address, timeout=10)
    connection.request(method, path, body)
    response = connection.getresponse()
    answer = response.status, response.read().decode()
    connection.close()
    return answer


def test_it_is_healthy_without_a_csms_and_shows_a_state_of_the_documented_shape(charger):
    assert charger.healthy()
    state = msgspec.convert(charger.state(), State)
    assert state.agent is not None
    assert not state.agent.link.connected
    assert state.physics.evses[0].cp.high_v == pytest.approx(12, abs=0.1)


def test_a_charge_is_seen_in_state_and_events(charger):
    story = charger.events(timeout_s=20)
    assert next(story) == ("listening", {})
    charger.control("plug_in", evse=1, draw_delay_s=0, current_a=13)
    charger.control("ev", evse=1, reaction_s=0)
    state = charger.wait_until(lambda s: s["physics"]["evses"][0]["power_w"] > 0)
    assert state["physics"]["evses"][0]["current_a"] == [13.0, 13.0, 13.0]
    assert state["agent"]["evses"][0]["transaction"]["charging_state"] in {"EVConnected", "Charging"}
    heard = []
    for event, data in story:
        heard.append((event, data.get("what")))
        if event == "physics" and data["what"] == "current":
            break
    assert heard[0] == ("physics", "plug")
    assert {event for event, _ in heard} == {"physics", "step", "fact"}
    charger.control("plug_out", evse=1)
    charger.wait_until(lambda s: not s["physics"]["evses"][0]["plugged"])


def test_an_unknown_command_is_answered_with_the_list(charger):
    with pytest.raises(ControlError) as caught:
        charger.control("explode")
    assert caught.value.status == 400
    assert caught.value.error == f"there is no command 'explode'; there are {', '.join(COMMANDS)}"


@pytest.mark.parametrize(
    ("command", "arguments", "argument", "error"),
    [
        ("plug_in", {}, "evse", "evse: is missing"),
        ("plug_in", {"evse": "one"}, "evse", "evse: Expected int, got str"),
        ("plug_in", {"evse": 2}, "evse", "evse: there is no EVSE 2; there are 1 to 1"),
        ("plug_in", {"evse": 1, "protocol": "iso15118"}, "protocol", None),
        ("plug_in", {"evse": 1, "curent_a": 6}, "curent_a", None),
        ("plug_in", {"evse": 1, "current_a": 0}, "current_a", "current_a: Expected float > 0.0"),
        ("plug_in", {"evse": 1, "then": [{"after_s": 1, "symptom": "bad"}]}, "then[0].symptom", None),
        ("swipe", {"id_token": ""}, "id_token", "id_token: Expected str of length >= 1"),
        ("swipe", {"id_token": "A", "type": "Card"}, "type", None),
        ("swipe", {"id_token": "A", "evses": [3]}, "evses", None),
        ("fault", {"evse": 1, "symptom": "WeakSignal"}, "symptom", None),
        ("ev", {"evse": 1, "soc": 101}, "soc", "soc: Expected float <= 100.0"),
        ("network", {}, "online", "online: is missing"),
        ("power", {"on": "no"}, "on", "on: Expected bool, got str"),
    ],
)  # fmt: skip
def test_a_bad_argument_is_named(charger, command, arguments, argument, error):
    with pytest.raises(ControlError) as caught:
        charger.control(command, **arguments)
    assert caught.value.status == 400
    assert caught.value.argument == argument
    assert error is None or caught.value.error == error


def test_what_cannot_be_now_is_a_conflict(charger):
    with pytest.raises(ControlError) as caught:
        charger.control("plug_out", evse=1)
    assert caught.value.status == 409
    assert caught.value.argument is None


@pytest.mark.parametrize("body", ["[1]", "{", '"x"', "{}" + " " * BODY_MAX_BYTES])
def test_a_body_that_is_no_object_or_far_too_long_is_refused(charger, body):
    status, answer = asked(charger, "POST", "/control/network", body)
    assert status == 400
    assert "body" in json.loads(answer)["error"]


def test_other_paths_and_methods_are_not_there(charger):
    assert asked(charger, "GET", "/")[0] == 404
    assert asked(charger, "GET", "/control/network")[0] == 405
    assert asked(charger, "POST", "/state")[0] == 405


def test_a_power_cut_leaves_the_api_in_the_light(charger):
    charger.control("power", on=False)
    charger.wait_until(lambda s: s["agent"] is None and not s["physics"]["powered"])
    assert charger.healthy()
    charger.control("power", on=True)
    assert charger.wait_until(lambda s: s["agent"] is not None)["agent"]["starts"] == 2


@pytest.mark.realtime
async def test_a_charger_that_stops_ends_its_story_without_making_anybody_wait(tmp_path, caplog):
    async with served(tmp_path) as charger:
        story = charger.events()
        await asyncio.to_thread(next, story)
        began_s = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - began_s < 1
    rest = await asyncio.to_thread(list, story)
    assert {event for event, _ in rest} <= {"physics", "step", "fact"}
    assert not [record for record in caplog.records if record.name.startswith("uvicorn")]
