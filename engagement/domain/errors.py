"""Refusals, as plain classes. ``web/problems.py`` alone knows their HTTP status.

    EngagementError
    ├── InvalidInput            fields are wrong; all of them are named
    ├── MalformedRequest        the bytes are no request at all (syntax, encoding, nesting)
    ├── NotFound
    │   └── SiteNotFound
    ├── Refused                 understood, and not allowed
    │   ├── OriginNotAllowed
    │   ├── AuthorBlocked
    │   ├── NotAuthorised       no or wrong credentials
    │   └── NotPermitted        good credentials, wrong site or scope
    ├── Conflict                the state of things says no
    │   ├── DuplicateComment
    │   ├── DuplicateMessage
    │   ├── PageClosed
    │   └── AlreadySettled
    ├── IdempotencyKeyReused
    ├── TooManyRequests         knows how long to wait
    ├── LinkNotValid            a mail link that is forged, expired or used
    └── Unavailable             a part is down for the moment; try again

``message`` may be shown to anybody; ``detail`` is only for the log.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from engagement.domain.messages import N_, Message


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field. ``pointer`` is an RFC 6901 JSON pointer such as ``/email``."""

    pointer: str
    message: Message


class EngagementError(Exception):
    """Base of all refusals."""

    text = N_("Something went wrong.")

    def __init__(self, message: Message | None = None, *, detail: str = "") -> None:
        self.message = message or Message(self.text)
        self.detail = detail
        super().__init__(detail or self.message.text)


class InvalidInput(EngagementError):
    """Every wrong field of a form, together."""

    text = N_("Some fields need your attention.")

    def __init__(self, errors: Sequence[FieldError]) -> None:
        self.errors = tuple(errors)
        super().__init__(detail=", ".join(e.pointer for e in self.errors))


class MalformedRequest(EngagementError):
    text = N_("The request could not be read.")


class NotFound(EngagementError):
    text = N_("There is nothing at this address.")


class SiteNotFound(NotFound):
    text = N_("This site is not known here.")


class Refused(EngagementError):
    text = N_("This is not allowed.")


class OriginNotAllowed(Refused):
    text = N_("This page may not send comments to this site.")


class AuthorBlocked(Refused):
    text = N_("You can no longer comment on this site.")


class NotAuthorised(Refused):
    text = N_("Please sign in first.")


class NotPermitted(Refused):
    text = N_("You may not do this here.")


class Conflict(EngagementError):
    text = N_("This does not fit the present state.")


class DuplicateComment(Conflict):
    text = N_("You have already sent this comment.")


class DuplicateMessage(Conflict):
    text = N_("You have already sent this message.")


class PageClosed(Conflict):
    text = N_("Comments on this page are closed.")


class AlreadySettled(Conflict):
    text = N_("Another moderator has already decided about this comment.")


class IdempotencyKeyReused(EngagementError):
    text = N_("This Idempotency-Key was used before with another body.")


class TooManyRequests(EngagementError):
    """``retry_after`` in whole seconds."""

    text = N_("Too many requests. Please wait a little and try again.")

    def __init__(self, retry_after: int, message: Message | None = None) -> None:
        self.retry_after = max(1, retry_after)
        super().__init__(message)


class LinkNotValid(EngagementError):
    text = N_("This link is no longer valid.")


class Unavailable(EngagementError):
    """``retry_after`` in whole seconds."""

    text = N_("The service is catching its breath. Please try again in a moment.")

    def __init__(self, retry_after: int = 5, *, detail: str = "") -> None:
        self.retry_after = retry_after
        super().__init__(detail=detail)
