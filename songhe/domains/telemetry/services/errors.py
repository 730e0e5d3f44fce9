"""What the services of telemetry refuse, in words."""

from __future__ import annotations

from songhe.kernel.errors import Conflict, Invalid, NotFound


class NoSuchReading(NotFound):
    code = "telemetry.no_such_reading"
    message = "This reading does not exist, or is not open to you."


class ReasonNeeded(Invalid):
    code = "telemetry.reason_needed"
    message = "Please give a reason."


class LetterHandled(Conflict):
    code = "telemetry.letter_handled"
    message = "This message has been dealt with already."
