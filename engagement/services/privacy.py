"""What people may ask of whoever keeps data about them: to hand it out, and to forget it."""

import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from engagement.domain.desk.moderators import COMMAND_LINE
from engagement.domain.errors import Conflict
from engagement.domain.mailing.suppression import SuppressionReason
from engagement.domain.messages import N_, Message
from engagement.language import say
from engagement.services.addresses import hashes_of
from engagement.services.audience import suppressions
from engagement.services.ports import Toolbox
from engagement.services.sites import find_site
from engagement.storage import audit, privacy, sites
from engagement.storage.audience import contacts
from engagement.storage.audience import suppressions as suppressed
from engagement.storage.db import reading, transaction
from engagement.storage.mailing import bounces

_log = logging.getLogger(__name__)
NO_NAME = N_("Anonymous")
ERASURE = "erasure"  # the hand that wrote a line of the suppression list


@dataclass(frozen=True)
class Forgotten:
    """How many of each kind were forgotten or made anonymous."""

    comments: int
    messages: int
    reports: int
    subscriptions: int
    reply_consents: int
    consents: int
    mails: int
    traces: int
    bounces: int


def forget(tools: Toolbox, email: str, by: str = COMMAND_LINE) -> Forgotten:
    """Forget an address on all sites, in one transaction.

    Comments stay without name and addresses; subscriptions, proofs and mails go. What stays is a keyed hash for each
    site, so that nobody can sign the address up again, and an audit line without the address. ``by``: who asked.
    Raises ``Conflict`` for the address of a moderator or of a site's author.
    """
    email, now = _plain(email), tools.clock.now()
    hashes = hashes_of(tools, email)
    with transaction() as session:
        _check_holder(*privacy.holders(session, email))
        known = sites.every(session)
        names = {site.id: say(NO_NAME, site.language) for site in known}
        privacy.forget_wishes(session, email)  # first: one that is being carried out becomes a subscription
        done = Forgotten(
            comments=privacy.forget_comments(session, email, names),
            messages=privacy.forget_messages(session, email),
            reports=privacy.forget_reports(session, email),
            subscriptions=privacy.forget_subscriptions(session, email),
            reply_consents=privacy.forget_reply_consents(session, email),
            consents=privacy.forget_consents(session, hashes),
            mails=privacy.forget_mails(session, email),
            traces=privacy.forget_traces(session, email),
            bounces=bounces.forget(session, hashes),
        )
        contacts.forget_job(session, email)
        suppressed.lift(session, hashes)
        if done.subscriptions and tools.settings.brevo.on:
            # The address is kept until its contact is gone there too: without it nobody could say whose.
            contacts.want(session, email, now, erase=True)
        for site in known:
            suppressions.write(tools, session, site.id, email, SuppressionReason.FORGOTTEN, ERASURE)
        audit.write(session, now, by, "forgotten", ", ".join(f"{k} {v}" for k, v in asdict(done).items()))
    tools.wake()
    if not privacy.scrub():
        _log.warning("the database file is busy: deleted bytes stay in it; type VACUUM in sqlite3 later")
    return done


def allow_again(tools: Toolbox, email: str) -> bool:
    """Let an address that was forgotten sign up again; whether it had been forgotten."""
    with transaction() as session:
        gone = suppressed.lift(session, hashes_of(tools, _plain(email)), source=ERASURE)
        audit.write(session, tools.clock.now(), COMMAND_LINE, "allowed-again")
    return gone > 0


def export(tools: Toolbox, site_key: str | None, email: str | None, by: str = COMMAND_LINE) -> Iterator[dict[str, Any]]:
    """Everything of a site, everything about an address, or what is both; each value names its ``kind``.

    That it was done stands in the audit, without the address. ``by``: who asked. Raises ``SiteNotFound``.
    """
    site = find_site(site_key) if site_key else None
    with transaction() as session:
        about = ", ".join([*([site.key] if site else []), *(["one address"] if email else [])])
        audit.write(session, tools.clock.now(), by, "exported", about)
    email = _plain(email) if email else None
    return _exported(tools, site.id if site else None, email)


def _exported(tools: Toolbox, site_id: int | None, email: str | None) -> Iterator[dict[str, Any]]:
    hashes = hashes_of(tools, email) if email else None
    with reading() as session:
        if site_id is not None and email is None:
            yield {"kind": "site"} | asdict(sites.by_id(session, site_id))
            yield from _kind("page", privacy.pages_of(session, site_id))
        yield from _kind("comment", privacy.comments_of(session, site_id=site_id, email=email))
        yield from _kind("message", privacy.messages_of(session, site_id=site_id, email=email))
        yield from _kind("report", privacy.reports_of(session, site_id=site_id, email=email))
        yield from _kind("subscription", privacy.subscriptions_of(session, site_id=site_id, email=email))
        yield from _kind("wish", privacy.wishes_of(session, site_id=site_id, email=email))
        yield from _kind("reply-consent", privacy.reply_consents_of(session, site_id=site_id, email=email))
        yield from _kind("consent", privacy.consents_of(session, site_id=site_id, hashes=hashes))
        yield from _kind("suppression", privacy.suppressions_of(session, site_id=site_id, hashes=hashes))
        yield from _kind("bounce", privacy.bounces_of(session, site_id=site_id, hashes=hashes))
        yield from _kind("mail", privacy.mails_of(session, site_id=site_id, email=email))
        if site_id is not None and email is None:
            yield from _kind("suggestion", privacy.suggestions_of(session, site_id))
        if email is not None:
            yield from _kind("contact", privacy.contact_jobs_of(session, email=email))
            yield from _kind("audit", privacy.audit_of(session, email))


def _kind(name: str, values: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    # A mail has a kind of its own already; it is the kind of notice.
    for value in values:
        yield {"kind": name} | ({"notice": value.pop("kind")} if "kind" in value else {}) | value


def _check_holder(moderator: bool, site_keys: list[str]) -> None:
    if moderator:
        text = N_("This is a moderator's address. First type: engagement moderator remove ADDRESS")
        raise Conflict(Message(text))
    if site_keys:
        text = N_("This is the author's address of %(sites)s. First give the site another one: engagement site set")
        raise Conflict(Message(text, {"sites": ", ".join(site_keys)}))


def _plain(email: str) -> str:
    return email.strip().lower()
