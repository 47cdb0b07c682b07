"""Modules of the standard library that a library of ours imports for what the agent never asks of it."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any


class _Postponed(ModuleType):
    """Stands for the module of its name until something is asked of it."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), name)


def postpone(*names: str) -> None:
    """Let each of these be loaded when something in it is first used, not when somebody imports it.

    `from MODULE import NAME` is a use. importlib's own `LazyLoader` loads at `import MODULE`, too, in Python 3.11.
    """
    for name in names:
        if name not in sys.modules:
            package, _, own = name.rpartition(".")
            sys.modules[name] = _Postponed(name)
            setattr(import_module(package), own, sys.modules[name])
