"""What every message and every part of one is: an immutable struct with its EXI grammar."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct


class Message(Struct, frozen=True, kw_only=True, gc=False):
    """Base of all generated types. An absent field is None, an absent list is empty.

    `GRAMMAR` says in which order and how often the fields come on the wire; exi/grammar.py explains how it is written.
    """

    GRAMMAR: ClassVar[str] = ""
