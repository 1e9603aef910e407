"""What services need of the outside, as Protocols; ``app`` hands the pieces in, in one ``Toolbox``."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from engagement.domain.articles import Mailing
from engagement.domain.channel import Channel
from engagement.domain.notices import Delivery, NoticeKind
from engagement.domain.screening import NotScreened, Reading, Screening, Span
from engagement.domain.sites import Site
from engagement.domain.wordlists import WordLists
from engagement.settings import Settings


class Clock(Protocol):
    def now(self) -> datetime:
        """The present instant, in UTC."""


class Screener(Protocol):
    @property
    def model(self) -> str:
        """``name@version``."""

    def screen(self, texts: Sequence[str]) -> Screening | NotScreened:
        """Score the texts of one comment together; the highest of each label is kept. Never raises."""

    def score_each(self, texts: Sequence[str]) -> list[Mapping[str, float]]:
        """Scores of each text. Raises ``RuntimeError`` when there are none to be had."""


class Explainer(Protocol):
    def explain(self, text: str) -> list[Span]:
        """The words of a text that moved a label, in their order. Raises ``RuntimeError`` when nobody can tell now."""


class Scale(Protocol):
    def __call__(self, model: str, attribute: str, score: float) -> float:
        """A model's own score on the scale of Perspective's attribute, where a map is known; else the score."""


def unscaled(model: str, attribute: str, score: float) -> float:
    """The scale of a model that no map is known for."""
    return score


class Links(Protocol):
    def edit_token(self, comment: str, until: datetime) -> str:
        """A token that lets the author of a comment change it; equal for equal arguments."""

    def read_edit_token(self, token: str) -> tuple[str, datetime]:
        """The comment a token is for, and until when it may change it. Raises ``LinkNotValid`` for a forged one."""

    def decide(self, comment: str, version: int, recipient: str, *, since: datetime | None = None) -> str:
        """The address of the page where a mail's recipient decides about a comment; equal for equal ``since``."""

    def read_decide(self, token: str) -> tuple[str, int, str]:
        """``(comment, version, recipient)``. Raises ``LinkNotValid``."""

    def appeal(self, comment: str, version: int, *, since: datetime | None = None) -> str:
        """The address where a rejected comment's author asks for another look; equal for equal ``since``."""

    def read_appeal(self, token: str) -> tuple[str, int]:
        """``(comment, version)``. Raises ``LinkNotValid``."""

    def newsletter(
        self, purpose: Literal["confirm", "leave"], subscription: int, version: int, *, since: datetime | None = None
    ) -> str:
        """The address of the page to confirm (for seven days) or to leave (for ever)."""

    def read_newsletter(self, purpose: Literal["confirm", "leave"], token: str) -> tuple[int, int]:
        """``(subscription, version)``. Raises ``LinkNotValid``."""


class Letters(Protocol):
    def write(self, kind: NoticeKind, language: str, facts: Mapping[str, object], message_id: str) -> bytes:
        """A whole RFC 5322 message. Raises ``ValueError`` for facts it cannot write about."""

    def quote(self, text: str) -> str:
        """A stranger's text, safe to stand in a letter: nothing in it becomes a link."""


class Postman(Protocol):
    def send(self, recipient: str, message: bytes) -> Delivery:
        """Hand one message over. Never raises: what went wrong is the answer."""


class ListMailer(Protocol):
    """Somebody else who mails a whole list, for sites whose subscribers are kept there too."""

    def serves(self, site: Site) -> bool:
        """Whether this site's campaigns go this way, and not through the outbox."""

    def mail(self, site: Site, mailing: Mailing) -> None:
        """Take a mailing over; a second one with its key is the same and changes nothing.

        Raises ``Unavailable`` to be asked again at the next sweep.
        """


@dataclass(frozen=True)
class Toolbox:
    """The equipment of one running service.

    ``wake`` rings the bell of the background work after a commit; ``stopping`` says that the process was asked to
    stop, so that work in batches ends after the piece in hand.
    """

    settings: Settings
    clock: Clock
    screener: Screener
    explainer: Explainer
    read: Callable[[str], Reading]
    words: WordLists
    links: Links
    letters: Letters
    postman: Postman
    channel: Channel  # what this process knows of the postman's way
    wake: Callable[[], None]
    stopping: Callable[[], bool]
    randomness: Callable[[int], int]  # so many random bits
    secret: bytes
    scale: Scale = unscaled
    languages: tuple[str, ...] = ("it", "en")  # those the model was made for
    lists: ListMailer | None = None  # None: every campaign goes through the outbox
