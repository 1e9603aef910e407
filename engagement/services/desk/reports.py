"""Notices of readers about comments: taken here, closed by the verdict about the comment."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engagement.domain.comments import Comment, Status
from engagement.domain.discussion.reports import KeptReport, Report, ReportState
from engagement.domain.errors import NotFound, TooManyRequests
from engagement.domain.sites import Site
from engagement.services.desk.telling import tell_notifier, tell_of_report
from engagement.services.once import Once, earlier_answer, remember
from engagement.services.ports import Toolbox
from engagement.storage import comments, pages, sites
from engagement.storage.db import reading, transaction
from engagement.storage.discussion import reports

MOST_SHOWN = 100
MOST_A_DAY = 10  # notices that name one address
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class ReportedComment:
    """A comment with the open notices about it."""

    comment: Comment
    reports: Sequence[KeptReport]


def report_comment(tools: Toolbox, site: Site, report: Report, once: Once | None = None) -> str:
    """Take a notice about a published comment; its reference. The same notice again keeps the first reference.

    Raises ``NotFound``, ``TooManyRequests`` or ``IdempotencyKeyReused``.
    """
    if once and (earlier := _replay(site, once)):
        return earlier
    try:
        with transaction() as session:
            reference = _take(tools, session, site, report)
            remember(tools, session, site, once, {"reference": reference})
    except IntegrityError:
        # Two requests with one key at once: the other was faster, so its answer is ours too.
        if once and (earlier := _replay(site, once)):
            return earlier
        raise
    tools.wake()
    return reference


def close_reports(tools: Toolbox, session: Session, comment: Comment, after: Status) -> None:
    """With a verdict about a comment, in its transaction: close the notices, tell who sent them."""
    state = ReportState.KEPT if after is Status.PUBLISHED else ReportState.REMOVED
    closed = reports.settle(session, comment.id, state, tools.clock.now())
    if closed:
        site = sites.by_id(session, comment.site_id)
        for report in closed:
            tell_notifier(tools, session, site, report)


def open_reports(site_ids: Sequence[int]) -> list[ReportedComment]:
    """Reported comments that nobody has decided about, the oldest notice first."""
    with reading() as session:
        grouped: dict[str, list[KeptReport]] = {}
        for report in reports.waiting(session, site_ids, MOST_SHOWN):
            grouped.setdefault(report.comment, []).append(report)
        known = comments.some(session, grouped)
    return [ReportedComment(known[comment], about) for comment, about in grouped.items() if comment in known]


def _take(tools: Toolbox, session: Session, site: Site, report: Report) -> str:
    comment = comments.get(session, report.comment)
    if comment is None or comment.site_id != site.id or comment.status is not Status.PUBLISHED:
        raise NotFound
    pages.lock(session, comment.page_id)
    earlier = reports.earlier(session, comment.id, report.email, report.reason)
    if earlier:
        return earlier
    now = tools.clock.now()
    if report.email and reports.sent_by(session, report.email, now - _DAY) >= MOST_A_DAY:
        raise TooManyRequests(3600)  # nobody has proved that the address is theirs, and each notice makes a mail to it
    reference = secrets.token_hex(8)
    reports.add(session, site.id, report, reference, now)
    tell_of_report(tools, session, site, comment)
    return reference


def _replay(site: Site, once: Once) -> str | None:
    with reading() as session:
        answer = earlier_answer(session, site, once)
    return str(answer["reference"]) if answer else None
