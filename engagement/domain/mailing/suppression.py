"""Addresses that are not written to, and providers that are not accepted."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class SuppressionReason(StrEnum):
    """Why. Who only left may ask for the newsletter again; the others are silence until somebody lifts it."""

    UNSUBSCRIBED = "unsubscribed"  # left the newsletter; a new request with its own confirmation ends it
    BOUNCED = "bounced"  # the mailbox is not there
    COMPLAINED = "complained"  # called a mail of ours spam
    MANUAL = "manual"  # by hand: the operator's, or the person's own "stop everything"
    FORGOTTEN = "forgotten"  # erased on request

    @property
    def silences(self) -> bool:
        """Whether not even a mail to confirm, or to leave, may go there."""
        return self is not SuppressionReason.UNSUBSCRIBED


@dataclass(frozen=True)
class Suppression:
    """One line of the list. ``source`` is the hand that wrote it: command, page, link or a program's name."""

    site_id: int
    email_hash: str
    reason: SuppressionReason
    at: datetime
    source: str = ""


@dataclass(frozen=True)
class ProviderRules:
    """What the settings say about mail providers: ``[newsletter]``."""

    refuse_disposable: bool = False
    disposable_file: str = ""
    blocked_domains: tuple[str, ...] = ()


@dataclass(frozen=True)
class RefusedDomains:
    """Mail domains in lower-case ASCII; each stands for its subdomains too."""

    names: frozenset[str] = frozenset()

    def refuses(self, email: str) -> bool:
        """Whether the domain of an address, or one above it, is listed."""
        parts = ascii_domain(email.rpartition("@")[2]).split(".")
        return any(".".join(parts[i:]) in self.names for i in range(len(parts)))


NO_DOMAINS = RefusedDomains()


def ascii_domain(text: str) -> str:
    """A domain as lists have it: lower case, IDNA, without ``*.``, ``@`` and dots around it."""
    name = text.strip().lower().removeprefix("*.").strip("@.")
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return name
