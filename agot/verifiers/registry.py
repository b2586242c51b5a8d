"""The deterministic checks: those that are always made, and those that settings add by name."""

from __future__ import annotations

from agot.protocols import Check
from agot.verifiers.arithmetic import ExpressionCheck
from agot.verifiers.citations import GroundingCheck
from agot.verifiers.composition import CompositionCheck
from agot.verifiers.countdown import CountdownCheck
from agot.verifiers.equations import EquationCheck
from agot.verifiers.forms import FormCheck
from agot.verifiers.stated import StatedCheck
from agot.verifiers.sets import SetCheck


def _named(*checks: Check) -> dict[str, Check]:
    return {check.name: check for check in checks}


CHECKS = _named(
    FormCheck(),
    StatedCheck(),
    EquationCheck(),
    CountdownCheck(),
    SetCheck(),
    ExpressionCheck(),
    CompositionCheck(),
    GroundingCheck(("quotation",)),
)
"""All deterministic checks that are always made, by name, in the order in which they run."""

STEP_CHECKS = (EquationCheck.name,)
"""Checks that can tell a wrong step before there is an answer."""


def further_checks() -> dict[str, Check]:
    """Return the checks that settings may add by name: for one kind of question, or one way of answering."""
    # Imported when asked for: most runs have none of these questions.
    from agot.verifiers.planning.blocksworld import BlocksworldCheck
    from agot.verifiers.planning.calendars import CalendarCheck
    from agot.verifiers.planning.meetings import MeetingCheck
    from agot.verifiers.planning.trips import TripCheck

    return _named(GroundingCheck(), CalendarCheck(), MeetingCheck(), TripCheck(), BlocksworldCheck())
