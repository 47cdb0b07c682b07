"""A client of the simulated charger's control API (docs/control-api.md). Standard library only: copy it as it is.

python control_client.py 9100 plug_in '{"evse": 1}'
python control_client.py 9100 state
python control_client.py 9100 events
"""
# ruff: noqa: INP001 - a file to be copied, in no package

from __future__ import annotations

import http.client
import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

OK = 200


class ControlError(Exception):
    """The charger has answered with an error; `argument` is to blame, if one is."""

    def __init__(self, status: int, error: str, argument: str | None = None) -> None:
        super().__init__(f"{status}: {error}")
        self.status = status
        self.error = error
        self.argument = argument


class Charger:
    """A simulated charger, by the port of its control API. Every call is a connection of its own."""

    def __init__(self, port: int, host: str = "127.0.0.1", timeout_s: float = 10.0) -> None:
        self._address = (host, port)
        self._timeout_s = timeout_s

    def healthy(self) -> bool:
        """Whether it runs."""
        try:
            return bool(self._request("GET", "/health")["status"] == "ok")
        except OSError:
            return False

    def state(self) -> dict[str, Any]:
        """Physics and the agent's view at this moment."""
        return self._request("GET", "/state")

    def control(self, command: str, **arguments: Any) -> None:
        """Carry out a command, like `control("plug_in", evse=1)`; returns at once. Raises `ControlError`."""
        self._request("POST", f"/control/{command}", arguments)

    def events(self, timeout_s: float = 60.0) -> Iterator[tuple[str, dict[str, Any]]]:
        """What happens from now on, as (event, data); ends with the charger. Raises TimeoutError after a silence.

        It listens once the first item is asked for: begin with `next` before you do what you want to hear of.
        The first item is ("listening", {}).
        """
        connection = http.client.HTTPConnection(*self._address, timeout=timeout_s)
        try:
            connection.request("GET", "/events")
            response = connection.getresponse()
            yield "listening", {}
            event = ""
            while line := response.readline().decode():
                name, _, value = line.rstrip("\n").partition(": ")
                if name == "event":
                    event = value
                elif name == "data":
                    yield event, json.loads(value)
        finally:
            connection.close()

    def wait_until(
        self, condition: Callable[[dict[str, Any]], object], within_s: float = 30.0, every_s: float = 0.1
    ) -> dict[str, Any]:
        """Look at the state until it is as wanted, and return it. Raises TimeoutError with the last state."""
        until_s = time.monotonic() + within_s
        while not condition(state := self.state()):
            if time.monotonic() > until_s:
                raise TimeoutError(f"not within {within_s:g} s; the state is {json.dumps(state)}")
            time.sleep(every_s)
        return state

    def _request(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        connection = http.client.HTTPConnection(*self._address, timeout=self._timeout_s)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        if response.status == OK:
            answer: dict[str, Any] = json.loads(text)
            return answer
        try:
            problem = json.loads(text)
        except ValueError:  # a path or a method that is not there
            problem = {"error": text.decode(errors="replace")}
        raise ControlError(response.status, problem["error"], problem.get("argument"))


def main(port: str, what: str, arguments: str = "{}") -> None:
    """Show the state, follow the events, or carry out a command."""
    charger = Charger(int(port))
    if what == "state":
        print(json.dumps(charger.state(), indent=2))  # noqa: T201 - a program that prints
    elif what == "events":
        for event, data in charger.events():
            print(event, json.dumps(data), flush=True)  # noqa: T201
    else:
        charger.control(what, **json.loads(arguments))


if __name__ == "__main__":
    main(*sys.argv[1:])
