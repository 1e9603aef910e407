"""A site is one blog: its key, its language, the origins its pages live at, and its own rules."""

import re
from dataclasses import dataclass, field

SITE_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")

MAX_BODY_BYTES = 65_525  # WordPress's limit for a comment; nothing a reader could send there is refused here

DEFAULT_ZONE = "Europe/Rome"


@dataclass(frozen=True)
class SiteRules:
    """What a site may set for itself. ``max_body_bytes`` counts UTF-8 bytes of Markdown."""

    email_required: bool = False
    max_body_bytes: int = MAX_BODY_BYTES
    hold_first_time: bool | None = None  # None: as the installation says
    hold_all: bool = False
    challenge: str | None = None  # proof of work: off, risky, always; None: as the installation says
    block_words: tuple[str, ...] = ()
    hold_words: tuple[str, ...] = ()
    author_mail: str = "immediate"  # domain.mailing.digests.AuthorMail
    quiet: str = ""  # hours without mail to the author in the site's zone, such as 22-7
    time_zone: str = DEFAULT_ZONE
    weekly: bool = False  # a summary every week
    languages: tuple[str, ...] = ()  # comments in others are held; empty: any language will do


@dataclass(frozen=True)
class Site:
    """``origins`` are ``scheme://host[:port]`` in lower case, without a default port."""

    id: int
    key: str
    name: str
    language: str = "it"
    origins: tuple[str, ...] = ()
    author_email: str = ""
    rules: SiteRules = field(default_factory=SiteRules)
