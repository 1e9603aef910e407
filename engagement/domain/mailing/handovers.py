"""A campaign that a newsletter service mails for us: what is known of it there, and what to do about it next."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from engagement.domain.mailing.articles import CampaignState
from engagement.domain.mailing.contacts import Answer, Outcome, next_try

DRAFT = "draft"  # the only status in which Brevo takes "send now"
OVER = ("sent", "archive")
NO_CREDITS = 402
TOO_MANY = 429
DEPARTING = "departing"  # the reply where somebody who left has still to be taken off the list there
LEASE = timedelta(minutes=5)  # longer than the calls of one step
LOOKS_APART = timedelta(minutes=1)  # between two looks, of whatever campaign: Brevo lets us ask 100 times an hour
_WHILE_SENDING = timedelta(minutes=10)
_LOOKS = tuple(timedelta(hours=hours) for hours in (1, 6, 24, 72))
_LONGEST_SENDING = timedelta(days=1)
_CREDITS_COME = timedelta(minutes=5)  # after midnight, UTC


class Step(StrEnum):
    """What a handover needs next; each asks before it acts, so a step that was cut off can be taken again."""

    MAKE = "make"  # look for the campaign there by its key, else make a draft
    SEND = "send"  # look at the draft, then have it sent
    LOOK = "look"  # ask how it stands, and change nothing


@dataclass(frozen=True)
class Figures:
    """Mails of a campaign as the service counts them. Openings and clicks are not asked for."""

    sent: int = 0
    delivered: int = 0
    bounced: int = 0
    complaints: int = 0
    unsubscribed: int = 0


@dataclass(frozen=True)
class There:
    """A campaign as it stands there. ``figures`` None: they were not asked for."""

    number: int
    status: str
    figures: Figures | None = None


@dataclass(frozen=True)
class Draft:
    """A campaign to be made there. ``key`` is its own for ever, by it the campaign is found again."""

    key: str
    name: str
    subject: str
    html: str
    lists: tuple[int, ...]
    sender_name: str
    sender_email: str


@dataclass(frozen=True)
class Handover:
    """What is known of a campaign there.

    ``number``: the service's own, once it is known. ``asked_at``: when it was first told to send, written down before
    the call. ``stopped``: waits for a person. ``code`` and ``reply`` are of the last step that did not do; 0: there was
    no answer, or no call. ``attempt`` counts this try, ``token`` fences it.
    """

    campaign_id: int
    key: str
    number: int | None = None
    status: str = ""
    asked_at: datetime | None = None
    looked_at: datetime | None = None
    due_at: datetime | None = None
    attempt: int = 0
    stopped: bool = False
    code: int | None = None
    reply: str = ""
    figures: Figures = field(default_factory=Figures)
    token: str = ""

    @property
    def taken(self) -> bool:
        """Whether the service has begun or done the sending, or somebody there has decided about it."""
        return self.status not in {"", DRAFT}

    @property
    def trouble(self) -> bool:
        """Whether the last step did not do."""
        return self.code is not None


def step_of(handover: Handover, state: CampaignState) -> Step | None:
    """What to do now; None where nothing may be done. A campaign that was paused or cancelled is never sent."""
    if state is CampaignState.SENDING:
        return Step.MAKE if handover.number is None else Step.SEND
    # One that was told to send may have been sent although nobody heard the answer, before somebody pressed the button.
    known = state is CampaignState.HANDED_OVER or handover.asked_at is not None
    return Step.LOOK if handover.number is not None and known else None


def stands(handover: Handover, there: There, now: datetime) -> Handover:
    """The handover after a look; it was well, so what went wrong before is over."""
    seen = replace(handover, number=there.number, status=there.status, looked_at=now, attempt=0, code=None, reply="")
    if there.figures is not None:
        seen = replace(seen, figures=there.figures)
    return replace(seen, due_at=next_look(seen, now) if seen.taken else now)


def next_look(handover: Handover, now: datetime) -> datetime | None:
    """When to ask again how a campaign that was taken stands: often while it is sent, a few times after; then never."""
    began = handover.asked_at or now
    if handover.status not in OVER and now < began + _LONGEST_SENDING:
        return now + _WHILE_SENDING
    return next((began + after for after in _LOOKS if began + after > now), None)


def failed(handover: Handover, answer: Answer, now: datetime, *, opens_at: datetime, jitter: float) -> Handover:
    """The handover after a call that did not do: later, when the credits come back, or when a person says so.

    ``opens_at`` is when the service may be called at all; ``jitter`` is in -1..1.
    """
    told = replace(handover, code=answer.code or 0, reply=answer.reply)
    if answer.code == NO_CREDITS:
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        return replace(told, due_at=midnight + _CREDITS_COME)
    if answer.outcome in {Outcome.REFUSED, Outcome.MISSING}:
        return replace(told, stopped=True, due_at=None)
    if answer.outcome is Outcome.SHUT or answer.code == TOO_MANY:
        return replace(told, due_at=max(now, opens_at))
    soon = answer.blames_way or answer.reply == DEPARTING
    return replace(told, due_at=max(opens_at, next_try(1 if soon else handover.attempt, now, jitter)))
