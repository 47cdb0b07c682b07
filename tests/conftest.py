"""Every async test runs in virtual time; `@pytest.mark.realtime` gives one an ordinary event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import pytest
from hypothesis import HealthCheck, settings

from sim.time import new_virtual_loop
from tests import budget, matrix
from tests.security.fixtures import tls_cases  # noqa: F401 - a fixture, for the suites that have TLS cases

# Always the same function objects: pytest-asyncio rebuilds wider-scoped loops whenever the factory changes.
_VIRTUAL: Mapping[str, Callable[[], asyncio.AbstractEventLoop]] = {"virtual": new_virtual_loop}
_REALTIME: Mapping[str, Callable[[], asyncio.AbstractEventLoop]] = {"realtime": asyncio.new_event_loop}

# What decides whether a change lands draws the same examples each time, so that it blames the change that broke them;
# `make explore` draws new ones. How long an example takes says more about the machine than about the code.
settings.register_profile(
    "gate", derandomize=True, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("explore", settings.get_profile("gate"), derandomize=False)
settings.load_profile("gate")


def pytest_addoption(parser: pytest.Parser) -> None:
    matrix.add_option(parser)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "realtime: runs on an ordinary event loop, where a second takes a second")
    config.addinivalue_line("markers", "own_clock: makes the clocks that it runs on itself")
    config.pluginmanager.register(budget)
    config.pluginmanager.register(matrix)


def pytest_asyncio_loop_factories(
    config: pytest.Config,
    item: pytest.Item,
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    own = any(item.get_closest_marker(name) for name in ("realtime", "own_clock"))
    return _REALTIME if own else _VIRTUAL
