"""Asking for reports on parts of the device model (2.x B08, N02)."""

from __future__ import annotations

import enum

import msgspec

from agent.ocpp.asks import Ask, VariableName


class Criterion(enum.StrEnum):
    """What a component must be for a report to tell of it (2.x ComponentCriterionEnumType)."""

    ACTIVE = "Active"
    AVAILABLE = "Available"
    ENABLED = "Enabled"
    PROBLEM = "Problem"


class Wanted(msgspec.Struct, frozen=True):
    """A component, and one of its variables or all, that a report is limited to; what is None is any (B08.FR.20-25)."""

    component: str
    component_instance: str | None = None
    evse: int | None = None
    connector: int | None = None
    variable: str | None = None
    instance: str | None = None

    def fits(self, name: VariableName) -> bool:
        """Whether this variable is meant."""
        return (
            same(name.component, self.component)
            and (self.component_instance is None or same(self.component_instance, name.component_instance))
            and (self.evse is None or self.evse == name.evse)
            and (self.connector is None or self.connector == name.connector)
            and (self.variable is None or same(self.variable, name.variable))
            and (self.instance is None or same(self.instance, name.instance))
        )


class ReportAsk(Ask, frozen=True):
    """Report these variables (none named: all) of components that meet one of the criteria (none named: any)."""

    request_id: int
    wanted: tuple[Wanted, ...] = ()
    criteria: tuple[Criterion, ...] = ()


def same(one: str, other: str | None) -> bool:
    """Whether two names are one: case does not count, and an empty name is none."""
    return one.casefold() == (other or "").casefold()
