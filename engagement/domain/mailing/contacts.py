"""Contacts at a newsletter service: what should stand there, what a call came to, and when to call again."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

UNSUBSCRIBES = ("lists", "blocklist", "off")
FACTS = ("name", "site", "language", "confirmed_on", "leave_url")
_SENDER = re.compile(r"[^\s@<>\"]+@[^\s@<>\"]+\.[^\s@<>\"]+")
_MOST_TIMEOUT = 30.0  # seconds; four calls of a job must end within LEASE


@dataclass(frozen=True)
class Brevo:
    """The section ``[brevo]``; without an ``api_key`` nothing is sent anywhere.

    ``attributes``: name of an attribute at Brevo, whose names are all in capitals → one of ``FACTS``.
    ``site_lists``: key of a site → its own lists. ``campaigns``: new articles are mailed by Brevo where they can be.
    ``sender``: an address that Brevo knows as a sender, "" for the one of ``[mail]``.
    """

    api_key: str = field(default="", repr=False)
    base_url: str = "https://api.brevo.com/v3"
    timeout: float = 10.0
    list_ids: tuple[int, ...] = ()
    sync_unsubscribes: str = "lists"
    webhook_token: str = field(default="", repr=False)
    attributes: Mapping[str, str] = field(default_factory=dict)
    site_lists: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    campaigns: bool = True
    sender: str = ""

    @property
    def on(self) -> bool:
        return bool(self.api_key)

    def lists_of(self, site: str) -> tuple[int, ...]:
        """The lists that confirmed readers of a site stand in; none: that site's readers stay here."""
        return self.site_lists.get(site, self.list_ids)

    def every_list(self, sites: Sequence[str]) -> tuple[int, ...]:
        return tuple(sorted({number for site in sites for number in self.lists_of(site)}))

    def shared(self, site: str, sites: Sequence[str]) -> tuple[int, ...]:
        """Lists of a site in which readers of others stand too."""
        others = set(self.every_list([other for other in sites if other != site]))
        return tuple(number for number in self.lists_of(site) if number in others)

    def mails(self, site: str, sites: Sequence[str]) -> bool:
        """Whether Brevo mails a site's new articles: to its lists, all readers of which are its own and none has left.

        ``sites``: the keys of all. With ``sync_unsubscribes`` "off" who left here may still stand there.
        """
        ours = self.on and self.campaigns and self.sync_unsubscribes != "off"
        return ours and bool(self.lists_of(site)) and not self.shared(site, sites)

    def mistakes(self) -> list[str]:
        """What is wrong with these settings, a sentence each."""
        url, bad = urlsplit(self.base_url), []
        if url.scheme != "https" and not (url.scheme == "http" and url.hostname in {"127.0.0.1", "localhost", "::1"}):
            bad.append("brevo.base_url must be an https address: the key travels with every call")
        if not self.api_key.isascii() or not self.api_key.isprintable() or " " in self.api_key:
            bad.append("brevo.api_key must be a key as Brevo shows it: printable ASCII without spaces")
        if not 0 < self.timeout <= _MOST_TIMEOUT:
            bad.append(f"brevo.timeout must be more than 0 and at most {_MOST_TIMEOUT:g}")
        if self.sync_unsubscribes not in UNSUBSCRIBES:
            bad.append(f"brevo.sync_unsubscribes must be one of {', '.join(UNSUBSCRIBES)}")
        if self.sender and not _SENDER.fullmatch(self.sender):
            bad.append("brevo.sender must be a plain mail address, such as news@blog.example")
        if self.webhook_token and (len(self.webhook_token) < 16 or not self.webhook_token.isascii()):
            bad.append("brevo.webhook_token must be a secret of at least 16 ASCII characters")
        named = {"list_ids": self.list_ids} | {f"site_lists.{site}": own for site, own in self.site_lists.items()}
        bad += [
            f"brevo.{name} must be the numbers that Brevo shows beside its lists"
            for name, numbers in named.items()
            if any(number < 1 for number in numbers)
        ]
        bad += [
            f"brevo.attributes.{name} must be one of {', '.join(FACTS)}, not {fact!r}"
            for name, fact in self.attributes.items()
            if fact not in FACTS
        ]
        return bad


@dataclass(frozen=True)
class Contact:
    """How a confirmed reader should stand there. ``unblock``: take it off the blocklist, for it has just agreed."""

    email: str
    lists: tuple[int, ...]
    attributes: Mapping[str, str] = field(default_factory=dict)
    unblock: bool = False


@dataclass(frozen=True)
class Seen:
    """A contact as it stands there."""

    email: str
    lists: tuple[int, ...]
    blocked: bool


class Outcome(StrEnum):
    DONE = "done"
    MISSING = "missing"  # there is no such thing there
    LATER = "later"  # try again
    REFUSED = "refused"  # this contact never, as it is
    SHUT = "shut"  # the key, the account or this machine's address is not let in: nothing would be


@dataclass(frozen=True)
class Answer:
    """What a call came to. ``reply`` is bounded and without addresses; ``value`` is what was asked for, when ``DONE``.

    ``rest``: before so long nothing may be asked, by the service's own word. ``code`` None: nobody knows whether the
    call was heard.
    """

    outcome: Outcome
    code: int | None = None
    reply: str = ""
    value: Any = None
    rest: timedelta | None = None
    why: str = ""  # the service's own word for a refusal

    @property
    def blames_way(self) -> bool:
        """Whether other contacts would fare no better."""
        return self.outcome is Outcome.LATER and self.code in {None, 429, 502, 503, 504}


@dataclass(frozen=True)
class Job:
    """A claimed row. ``attempt`` counts this try; ``token`` fences it; ``generation`` tells what it was claimed for."""

    id: int
    email: str
    erase: bool
    unblock: bool
    generation: int
    attempt: int
    token: str


@dataclass(frozen=True)
class Way:
    """What is known of the way there: ``shut`` until somebody acts, or resting until ``opens_at``."""

    opens_at: datetime | None = None
    failures: int = 0
    shut: bool = False
    since: datetime | None = None
    code: int | None = None
    reply: str = ""
    key_mark: str = ""  # a keyed hash of the key it was shut for

    def may_call_at(self, now: datetime) -> datetime:
        """When the next call may be made; ``now`` where nothing forbids it. ``shut`` is not asked here."""
        # No rest is longer than LONGEST_REST: else the clock was set back.
        if self.opens_at is None or self.opens_at - now > LONGEST_REST:
            return now
        return max(now, self.opens_at)


# After try n of one contact wait BACKOFF[n - 1], give or take a fifth; the last for all that follow: none is given up.
BACKOFF = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 180, 360))
# After the n-th failure of the way in a row nothing is tried for PAUSES[n - 1].
PAUSES = (timedelta(seconds=30), timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=5))
LONGEST_REST = timedelta(hours=1)  # Brevo counts by the hour at most
LEASE = timedelta(minutes=5)


def next_try(attempt: int, now: datetime, jitter: float) -> datetime:
    """When to try again after ``attempt`` tries; ``jitter`` is in -1..1."""
    return now + BACKOFF[min(attempt, len(BACKOFF)) - 1] * (1 + 0.2 * jitter)


def heard(way: Way, answer: Answer, now: datetime, key_mark: str) -> Way:
    """What is known of the way after one more answer."""
    rest = min(answer.rest, LONGEST_REST) if answer.rest else None
    if answer.outcome is Outcome.SHUT:
        return Way(shut=True, since=now, code=answer.code, reply=answer.reply, key_mark=key_mark)
    if answer.blames_way:
        failures = way.failures + 1
        wait = rest or PAUSES[min(failures, len(PAUSES)) - 1]
        since = way.since if way.failures else now
        return Way(now + wait, failures, since=since, code=answer.code, reply=answer.reply)
    return Way(now + rest) if rest else Way()


class Change(StrEnum):
    """What a reader did at the newsletter service, and how it is proved here."""

    UNSUBSCRIBED = "brevo-unsubscribe"
    BOUNCED = "brevo-bounce"
    COMPLAINED = "brevo-complaint"


# Names on the wire differ between versions of Brevo's own documents, so all of them are heard.
CHANGES: Mapping[str, Change] = {
    "unsubscribe": Change.UNSUBSCRIBED,
    "unsubscribed": Change.UNSUBSCRIBED,
    "hard_bounce": Change.BOUNCED,
    "hard_bounced": Change.BOUNCED,
    "hardBounce": Change.BOUNCED,
    "invalid_email": Change.BOUNCED,
    "spam": Change.COMPLAINED,
    "complaint": Change.COMPLAINED,
}


@dataclass(frozen=True)
class Event:
    """A call of Brevo's webhook that matters here. ``at`` is None where it does not say when."""

    change: Change
    email: str
    about: str  # which mail or campaign
    at: datetime | None
