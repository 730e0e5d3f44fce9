"""Errors with a stable code and parameters; rendered once each for pages, JSON, FHIR and jobs."""

from __future__ import annotations

from typing import Any, ClassVar


class SongheError(Exception):
    """An anticipated refusal. The sentence for people is made from code and params by the surface.

    A concrete class lives beside the service that raises it and sets `code` and `message`, an
    English sentence with %(name)s fields which is also the translation key.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "songhe.error"
    message: ClassVar[str] = "Something went wrong."

    def __init__(self, **params: Any) -> None:
        self.params = params
        super().__init__(self.message % params if params else self.message)


class NotFound(SongheError):
    """There is no such thing, or the actor may not know that there is."""

    status = 404
    code = "songhe.not_found"
    message = "This does not exist, or it is not open to you."


class Denied(SongheError):
    """The actor's roles do not carry the action."""

    status = 403
    code = "songhe.denied"
    message = "Your role does not allow this."


class Conflict(SongheError):
    """Somebody else was first, or the thing is in a state that does not allow this."""

    status = 409
    code = "songhe.conflict"
    message = "This has changed in the meantime."


class Invalid(SongheError):
    """What was entered cannot be used; params["field"] names the field where there is one."""

    status = 422
    code = "songhe.invalid"
    message = "This entry cannot be used."


class Unavailable(SongheError):
    """Something that is needed is away for now; trying again later makes sense."""

    status = 503
    code = "songhe.unavailable"
    message = "This is not available right now. Please try again shortly."
