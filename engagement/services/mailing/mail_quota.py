"""How much mail may go where anybody can send some: to a mailbox, from a site, from the whole installation.

A mail that a form causes is written down as a proof of its kind, and those are counted together. The ceiling of the
installation is an alarm: either the house has grown, or somebody makes it a weapon.
"""

import logging
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from engagement.domain.newsletter import MONTH, Subscription, may_be_mailed
from engagement.domain.notices import Notice, NoticeKind
from engagement.domain.sites import Site
from engagement.services.addresses import mailbox_hash
from engagement.services.ports import Toolbox
from engagement.storage import audit, newsletter, outbox
from engagement.storage.db import reading
from engagement.storage.newsletter import Proof

_log = logging.getLogger(__name__)
_HOUR = timedelta(hours=1)
_WRITTEN = {
    NoticeKind.NEWSLETTER_CONFIRM: "mailed",
    NoticeKind.NEWSLETTER_LEAVE: "leave-mailed",
    NoticeKind.REPLY_CONFIRM: "reply-mailed",
}
ALARM_SHOWN = timedelta(days=1)
ALARMIST, ALARM = "mail", "mail-ceiling"  # who and what, in the audit


def hold_mailbox(tools: Toolbox, session: Session, email: str) -> None:
    """Requests about one mailbox take turns until this transaction ends: tags are addresses of their own."""
    newsletter.lock_mailbox(session, mailbox_hash(tools, email))


def may_mail(tools: Toolbox, session: Session, site: Site, email: str, kind: NoticeKind) -> bool:
    """Whether one more mail of a kind may go to a mailbox, be sent by the site, and by the installation."""
    now = tools.clock.now()
    sent = newsletter.mailed(session, site.id, mailbox_hash(tools, email), _WRITTEN[kind], now - MONTH)
    limits = tools.settings.limits
    by_site, by_all = newsletter.mailed_lately(session, site.id, now, _HOUR)
    if not may_be_mailed(sent, now) or by_site >= limits.mail_per_site_hour:
        return False
    if by_all >= limits.mail_per_hour:
        _alarm(session, now, limits.mail_per_hour)
        return False
    return True


def queue(tools: Toolbox, session: Session, site: Site, found: Subscription, kind: NoticeKind) -> None:
    """Queue a mail about a subscription and write down that it was."""
    now = tools.clock.now()
    notice = Notice(
        kind=kind,
        key=f"{kind.value}:{found.id}:{found.version}:{int(now.timestamp())}",
        recipient=found.email,
        language=found.language or site.language,
        site_id=site.id,
        payload={"subscription": found.id, "version": found.version},
        priority=1,
    )
    write_down(tools, session, notice)


def write_down(tools: Toolbox, session: Session, notice: Notice) -> None:
    """Queue a mail of one of the counted kinds, with the line that it is counted by."""
    now, mailbox = tools.clock.now(), mailbox_hash(tools, notice.recipient)
    outbox.add(session, notice, now, tools.settings.mail.domain)
    newsletter.prove(session, Proof(notice.site_id, mailbox, _WRITTEN[notice.kind], now, "form", notice.language))


def alarm(tools: Toolbox) -> datetime | None:
    """When the ceiling was last hit, for a day; None where all is well."""
    with reading() as session:
        last = audit.newest(session, ALARMIST, 1)
    return last[0].at if last and last[0].at > tools.clock.now() - ALARM_SHOWN else None


def _alarm(session: Session, now: datetime, ceiling: int) -> None:
    """Once an hour: a line in the audit, which the desk shows, and one in the log."""
    if audit.count(session, ALARMIST, ALARM, now, _HOUR):
        return
    audit.write(session, now, ALARMIST, ALARM, f"{ceiling} an hour")
    _log.error("alarm: %s mails in an hour, limits.mail_per_hour; no confirmations go out for now", ceiling)
