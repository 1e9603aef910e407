"""What services need of the outside, as Protocols; ``app`` hands the pieces in, in one ``Toolbox``."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from engagement.domain.mailing.channel import Channel
from engagement.domain.mailing.contacts import Answer, Contact
from engagement.domain.mailing.handovers import Draft
from engagement.domain.mailing.suppression import NO_DOMAINS, RefusedDomains
from engagement.domain.newsletter import LinkPurpose
from engagement.domain.notices import Delivery, NoticeKind
from engagement.domain.screening import NotScreened, Reading, Screening, Span
from engagement.domain.spam import Question
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
        self, purpose: LinkPurpose, subscription: int, version: int, *, since: datetime | None = None
    ) -> str:
        """The address of the page to confirm (for seven days), to leave, or to change things (for ever)."""

    def read_newsletter(self, purpose: LinkPurpose, token: str) -> tuple[int, int]:
        """``(subscription, version)``. Raises ``LinkNotValid``."""

    def replies(
        self,
        purpose: Literal["confirm", "leave"],
        consent: int,
        version: int,
        *,
        page: int = 0,
        since: datetime | None = None,
    ) -> str:
        """The address to confirm (for seven days) or to leave (for ever) letters about replies."""

    def read_replies(self, purpose: Literal["confirm", "leave"], token: str) -> tuple[int, int, int]:
        """``(consent, version, page)``. Raises ``LinkNotValid``."""


class Letters(Protocol):
    def write(self, kind: NoticeKind, language: str, facts: Mapping[str, object], message_id: str) -> bytes:
        """A whole RFC 5322 message. Raises ``ValueError`` for facts it cannot write about."""

    def issue(self, kind: NoticeKind, language: str, facts: Mapping[str, object]) -> tuple[str, str]:
        """Subject and HTML of a letter that a newsletter service sends; its ``leave_url`` is that service's own."""

    def quote(self, text: str) -> str:
        """A stranger's text, safe to stand in a letter: nothing in it becomes a link."""

    def cite(self, text: str) -> str:
        """The site's own text: an address in it becomes no link, names such as ASP.NET stay as they are."""


class SpamChecker(Protocol):
    @property
    def learns(self) -> bool:
        """Whether any checker wants to hear people's verdicts."""

    def signs(self, question: Question) -> tuple[str, ...]:
        """Signs that checkers outside of the house see, within two seconds. Never raises: no answer is no sign."""

    def learn(self, question: Question, spam: bool) -> bool:
        """Tell a person's verdict; whether all heard it. Never raises."""


class NoChecker:
    """Asks nobody."""

    learns = False

    def signs(self, question: Question) -> tuple[str, ...]:
        return ()

    def learn(self, question: Question, spam: bool) -> bool:
        return True


NO_CHECKER = NoChecker()


class Postman(Protocol):
    def send(self, recipient: str, message: bytes) -> Delivery:
        """Hand one message over. Never raises: what went wrong is the answer."""


class Contacts(Protocol):
    """Readers as contacts of a newsletter service. No call raises; ``Answer.value`` holds what a question asks for."""

    def put(self, contact: Contact) -> Answer:
        """Make or change a contact, in its lists."""

    def take_off(self, email: str, lists: tuple[int, ...], *, block: bool) -> Answer:
        """Take a contact off some lists; ``block``: off every campaign."""

    def erase(self, email: str) -> Answer:
        """The contact goes altogether."""

    def find(self, email: str) -> Answer:
        """A ``Seen``, or ``MISSING``."""

    def page(self, list_id: int, offset: int) -> Answer:
        """A tuple of ``Seen`` of one list, from ``offset`` on; empty at its end."""

    def account(self) -> Answer:
        """The account's name."""

    def lists(self) -> Answer:
        """The set of the lists' numbers."""

    def attributes(self) -> Answer:
        """The set of the attributes' names."""


class Purge(Protocol):
    def __call__(self, site: str, page_url: str, urls: Sequence[str]) -> bool:
        """Ask a cache to drop these addresses; whether it took it. Never raises."""


class ListMailer(Protocol):
    """A newsletter service that mails whole lists. No call raises; ``Answer.value`` holds what a question asks for."""

    @property
    def way_out(self) -> str:
        """What stands for each reader's own address to leave, in a letter of ours."""

    def look_for(self, key: str, since: datetime) -> Answer:
        """A ``There``, or None where no campaign since then has this key."""

    def make(self, draft: Draft) -> Answer:
        """The number of a new campaign, which is not sent yet."""

    def look(self, number: int) -> Answer:
        """A ``There`` with figures, or ``MISSING``."""

    def send(self, number: int) -> Answer:
        """Have a draft sent; refused for one that was sent."""

    def senders(self) -> Answer:
        """The set of addresses that letters may come from."""


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
    contacts: Contacts
    wake: Callable[[], None]
    stopping: Callable[[], bool]
    randomness: Callable[[int], int]  # so many random bits
    secret: bytes
    scale: Scale = unscaled
    refused_domains: RefusedDomains = NO_DOMAINS  # whose addresses may not sign up
    checker: SpamChecker = NO_CHECKER
    languages: tuple[str, ...] = ("it", "en")  # those the model was made for
    purge: Purge | None = None  # the hook of a cache in front, where there is one
    lists: ListMailer | None = None  # None: new campaigns go through the outbox
