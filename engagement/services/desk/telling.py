"""Who is told of a comment: notices, written in the transaction of what they tell about."""

from datetime import datetime

from sqlalchemy.orm import Session

from engagement.domain.comments import Comment, Status
from engagement.domain.discussion.reports import KeptReport
from engagement.domain.mailing.digests import AuthorMail, held_due, published_due
from engagement.domain.notices import Notice, NoticeKind
from engagement.domain.sites import Site
from engagement.services.ports import Toolbox
from engagement.storage import outbox, sites
from engagement.storage.mailing import news

_NEWS = (NoticeKind.COMMENT_PUBLISHED, NoticeKind.COMMENT_DIGEST)


def tell_author(tools: Toolbox, session: Session, site: Site, comment: Comment) -> None:
    """Of a comment that was published, or held."""
    kinds = {Status.PUBLISHED: NoticeKind.COMMENT_PUBLISHED, Status.HELD: NoticeKind.COMMENT_HELD}
    kind = kinds.get(comment.status)
    if kind is not None:
        _post(tools, session, site, kind, f"{comment.id}:{site.author_email}", comment)


def tell_of_edit(tools: Toolbox, session: Session, site: Site, comment: Comment) -> None:
    """Of a new text that waits for a decision; ``comment.version`` is the one that waits."""
    _post(tools, session, site, NoticeKind.COMMENT_HELD, f"{comment.id}:{comment.version}:{site.author_email}", comment)


def tell_of_report(tools: Toolbox, session: Session, site: Site, comment: Comment) -> None:
    """Of a notice about a comment; one mail for each version, however many notices come."""
    key = f"{comment.id}:{comment.version}:{site.author_email}"
    _post(tools, session, site, NoticeKind.COMMENT_REPORTED, key, comment)


def tell_notifier(tools: Toolbox, session: Session, site: Site, report: KeptReport) -> None:
    """Of the decision about what was reported."""
    if not report.email:
        return
    notice = Notice(
        kind=NoticeKind.REPORT_DECIDED,
        key=f"{NoticeKind.REPORT_DECIDED.value}:{report.reference}",
        recipient=report.email,
        language=site.language,
        site_id=site.id,
        payload={"reference": report.reference},
    )
    outbox.add(session, notice, tools.clock.now(), tools.settings.mail.domain)


def _post(tools: Toolbox, session: Session, site: Site, kind: NoticeKind, key: str, comment: Comment) -> None:
    now = tools.clock.now()
    due = _due(session, site, kind, now) if site.author_email else None
    if due is None:
        return
    if due > now and kind is not NoticeKind.COMMENT_REPORTED:
        news.put(session, site.id, comment.id, due)
        return
    notice = Notice(
        kind=kind,
        key=f"{kind.value}:{key}",
        recipient=site.author_email,
        language=site.language,
        site_id=site.id,
        payload={"comment": comment.id, "version": comment.version},
        priority=5 if kind is NoticeKind.COMMENT_PUBLISHED else 3,
    )
    outbox.add(session, notice, now, tools.settings.mail.domain, due=due)


def _due(session: Session, site: Site, kind: NoticeKind, now: datetime) -> datetime | None:
    """When the author is told, as the site wants it; None is never."""
    if kind is not NoticeKind.COMMENT_PUBLISHED:
        return held_due(site.rules, now)
    last = None
    if site.rules.author_mail == AuthorMail.QUARTER_HOUR:
        sites.lock(session, site.id)  # of two comments at once only one is the first
        last = outbox.last_written(session, site.id, _NEWS)
    return published_due(site.rules, now, last)
