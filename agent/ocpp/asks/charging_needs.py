"""What the station tells the CSMS of cars that talk: what they need, and what they mean to draw (2.x K15-K17)."""

from __future__ import annotations

import enum

from agent.core.car_plan import CarPlan
from agent.core.session import Needs
from agent.ocpp.dialect import Notice


class Planning(enum.StrEnum):
    """What the CSMS makes of a car's needs (NotifyEVChargingNeedsStatusEnumType)."""

    ACCEPTED = "Accepted"  # a charging profile follows
    PROCESSING = "Processing"  # one follows some time
    REJECTED = "Rejected"  # none follows
    NO_PROFILE = "NoChargingProfile"  # 2.1: none is needed


class NeedsTold(Notice, frozen=True):
    """What the car at an EVSE needs; answered with a `Planning`."""

    evse: int
    needs: Needs


class PlanTold(Notice, frozen=True):
    """What the car means to draw; answered with whether the CSMS takes it."""

    plan: CarPlan
