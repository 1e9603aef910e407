"""Mails that do not arrive: counted by days, and after some of them the address is left alone.

A refusal is heard while a mail is handed over, or read from a report that comes later. A report is believed about one
of our own mails alone, known by its Message-ID, and about the address that this mail went to.
"""

import hmac
import logging
from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy.orm import Session

from engagement.archives.delivery_reports import read_report
from engagement.domain.mailing.bounces import (
    GIVEN_UP_AFTER,
    Bounce,
    Meaning,
    Report,
    Returned,
    Source,
    meaning_of,
    status_of,
)
from engagement.domain.mailing.suppression import SuppressionReason, ascii_domain
from engagement.domain.notices import Delivery, KeptMail, QueuedNotice, SendOutcome
from engagement.domain.sites import Site
from engagement.services.addresses import address_hash, hashes_of
from engagement.services.audience import suppressions
from engagement.services.ports import Toolbox
from engagement.storage import audit, privacy, sites
from engagement.storage.db import reading, transaction
from engagement.storage.mailing import bounces, mail_log
from engagement.storage.operations import moderators

_log = logging.getLogger(__name__)
COUNTER, SUPPRESSED = "bounces", "suppressed"  # who and what, in the audit


class Taken(StrEnum):
    """What a message turned out to be."""

    NO_REPORT = "no report about a mail"
    UNKNOWN = "a report about no mail of ours, or not about its recipient"
    HARD = "nobody is at the address"
    SOFT = "the address did not take a mail this time"
    OTHER = "a mail was refused for reasons that are not the address's"


_TAKEN = {Meaning.HARD: Taken.HARD, Meaning.SOFT: Taken.SOFT, Meaning.OTHER: Taken.OTHER}


def take_report(tools: Toolbox, raw: bytes) -> Taken:
    """Take a message that came to where mails come back. Raises nothing but ``Unavailable``."""
    report = read_report(raw)
    if report is None:
        return Taken.NO_REPORT
    with transaction() as session:
        mail = mail_log.by_message_id(session, report.message_id) if report.message_id else None
        told = _about(tools, report, mail.recipient) if mail else None
        if mail is None or told is None:
            return Taken.UNKNOWN
        reply = " ".join(part for part in (told.status, told.words.removeprefix(told.status).strip()) if part)
        bounces.settle(session, mail.id, failed=told.failed, code=told.code, reply=reply)
        _count_report(tools, session, mail, told)
    return _TAKEN[told.meaning]


def hear(tools: Toolbox, session: Session, queued: QueuedNotice, delivery: Delivery) -> None:
    """Learn from what the mail server said of a mail, in the transaction that writes it down."""
    site_id, email, now = queued.notice.site_id, queued.notice.recipient.lower(), tools.clock.now()
    if delivery.outcome is SendOutcome.SENT:
        bounces.taken(session, site_id, hashes_of(tools, email), now)
        return
    status = status_of(delivery)
    if status is None or meaning_of(status) is Meaning.OTHER:
        return
    hard = meaning_of(status) is Meaning.HARD
    bounces.add(session, Bounce(site_id, address_hash(tools, email), hard, Source.SMTP, status, now))
    if hard:
        _leave_alone(tools, session, site_id, email, Source.SMTP)


def alarms(tools: Toolbox, wanted: Sequence[Site]) -> list[str]:
    """Addresses of authors and moderators of sites at which nobody seems to be; they are written to all the same."""
    least = tools.settings.mail.bounces_before_suppression
    if not least:
        return []
    with reading() as session:
        gone = set(bounces.often(session, [site.id for site in wanted], least))
        if not gone:
            return []
        people = [(site.id, email) for site in wanted for email in (site.author_email, *_moderators(session, site))]
    found = [email for site_id, email in people if gone & {(site_id, h) for h in hashes_of(tools, email.lower())}]
    return sorted(set(found))


def _about(tools: Toolbox, report: Report, recipient: str) -> Returned | None:
    """What a report says of the address a mail went to; None where it speaks of others alone."""
    ours = address_hash(tools, _written(recipient))
    for told in report.recipients:
        theirs = [address_hash(tools, _written(address)) for address in told.addresses]
        if any(hmac.compare_digest(ours, one) for one in theirs):
            return told
    return None


def _written(email: str) -> str:
    """An address in the one way in which two are compared: small letters, the domain in ASCII."""
    local, _, domain = email.lower().rpartition("@")
    return f"{local}@{ascii_domain(domain)}"


def _count_report(tools: Toolbox, session: Session, mail: KeptMail, told: Returned) -> None:
    """The day is that of the mail: reports that come late, or twice, do not make more days of it."""
    email = mail.recipient.lower()
    hashes, at = hashes_of(tools, email), mail.sent_at or mail.created_at
    bounces.drop_disproved(session, tools.clock.now() - GIVEN_UP_AFTER)
    bounces.came_back(session, mail.site_id, hashes)
    if told.meaning is Meaning.OTHER:
        return
    hard = told.meaning is Meaning.HARD
    bounces.add(session, Bounce(mail.site_id, hashes[0], hard, Source.REPORT, told.status, at))
    if hard:
        _leave_alone(tools, session, mail.site_id, email, Source.REPORT)


def _leave_alone(tools: Toolbox, session: Session, site_id: int, email: str, source: Source) -> None:
    """After enough days the address goes on the list, and its days are forgotten; never that of who works here."""
    most, hashes = tools.settings.mail.bounces_before_suppression, hashes_of(tools, email)
    if not most or bounces.hard_days(session, site_id, hashes) < most:
        return
    site = sites.by_id(session, site_id).key
    moderator, authored = privacy.holders(session, email)
    if moderator or authored:
        _log.error("alarm: mails to an author or moderator of site %s come back; see the desk", site)
        return
    bounces.forget(session, hashes, site_id)
    if suppressions.silenced(tools, session, site_id, email):
        return
    suppressions.write(tools, session, site_id, email, SuppressionReason.BOUNCED, source.value)
    audit.write(session, tools.clock.now(), COUNTER, SUPPRESSED, f"{SuppressionReason.BOUNCED.value}, {site}")
    _log.warning("an address of site %s did not take mails on %s days and is left alone from now on", site, most)


def _moderators(session: Session, site: Site) -> list[str]:
    return [one.email for one in moderators.of_site(session, site.id)]
