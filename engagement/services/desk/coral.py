"""Coral's external moderation phase: our policy hears a comment that stands elsewhere, and is never late."""

import hashlib
import hmac
import re
from dataclasses import replace
from queue import Empty, SimpleQueue
from threading import Thread

from engagement.domain.errors import NotAuthorised, NotFound
from engagement.domain.policy import Case, Decision, decide
from engagement.domain.screening import NotScreened, Screening
from engagement.domain.sites import Site
from engagement.markup import count_links, visible_text
from engagement.services.ports import Toolbox
from engagement.services.screening import rules_for, words_for
from engagement.services.sites import find_site

_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_LINK = re.compile(r"https?://[^\s<]+")


def check_signature(tools: Toolbox, site_key: str, body: bytes, header: str) -> Site:
    """The site whose secret signed the raw body. ``header`` holds ``sha256=<hex>``, several separated by commas
    while Coral changes its secret.

    Raises ``NotFound`` for a site without a secret, ``NotAuthorised`` for a wrong signature.
    """
    secret = tools.settings.coral.secrets.get(site_key)
    if not secret:
        raise NotFound
    wanted = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    signatures = (part.strip().removeprefix("sha256=") for part in header.split(","))
    if not any(hmac.compare_digest(wanted.encode(), given.encode()) for given in signatures):
        raise NotAuthorised
    return find_site(site_key)


def examine(tools: Toolbox, site: Site, body: str) -> Decision:
    """The policy's word about a comment, plain or HTML. Without a score in time it is held.

    Authors' histories are Coral's, so first comments are not held here.
    """
    marked = _TAG.search(body) is not None
    seen = visible_text(body) if marked else body
    return decide(
        Case(
            screening=_screened_in_time(tools, seen),
            reading=tools.read(seen),
            links=count_links(body) if marked else len(_LINK.findall(body)),
            rules=replace(rules_for(tools, site), hold_first_time=False),
            words=words_for(tools, site),
        )
    )


def _screened_in_time(tools: Toolbox, text: str) -> Screening | NotScreened:
    """Coral skips a phase that is late, and publishes: better a hold in time than a score after it."""
    answer: SimpleQueue[Screening | NotScreened] = SimpleQueue()
    Thread(target=lambda: answer.put(tools.screener.screen((text,))), name="coral", daemon=True).start()
    try:
        return answer.get(timeout=tools.settings.coral.timeout)
    except Empty:
        return NotScreened("slow", tools.screener.model, "too late for Coral")
