"""Sums over pages and comments that readers may see."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, true
from sqlalchemy.orm import Session

from engagement.domain.comments import Comment, Status
from engagement.domain.discussion.pages import Page
from engagement.storage import comments
from engagement.storage.pages import page_of
from engagement.storage.tables import CommentRow, PageRow


def counts(session: Session, site_id: int, urls: Sequence[str]) -> dict[str, int]:
    """Published comments by page address; addresses without a page are not in it."""
    query = select(PageRow.url, PageRow.count).where(PageRow.site_id == site_id, PageRow.url.in_(urls))
    return dict(session.execute(query).all())


def latest(session: Session, site_id: int, page_id: int | None, limit: int) -> list[Comment]:
    """The newest published comments of a site, or of one page."""
    query = select(CommentRow.id).where(CommentRow.status == Status.PUBLISHED.value)
    query = query.where(CommentRow.page_id == page_id) if page_id else query.where(CommentRow.site_id == site_id)
    ids = session.scalars(query.order_by(CommentRow.id.desc()).limit(limit)).all()
    return [comment for one in ids if (comment := comments.get(session, one)) is not None]


def by_status(session: Session, site_id: int, since: datetime, until: datetime) -> dict[Status, int]:
    """How many of the comments sent in a period stand as what now."""
    query = (
        select(CommentRow.status, func.count())
        .where(CommentRow.site_id == site_id, CommentRow.created_at >= since, CommentRow.created_at < until)
        .group_by(CommentRow.status)
    )
    return {Status(status): count for status, count in session.execute(query)}


def times(session: Session, site_id: int, since: datetime, until: datetime) -> list[datetime]:
    """When the comments of a period were sent."""
    query = select(CommentRow.created_at)
    query = query.where(CommentRow.site_id == site_id, CommentRow.created_at >= since, CommentRow.created_at < until)
    return list(session.scalars(query))


def most_discussed(
    session: Session, site_id: int, since: datetime, limit: int, *, until: datetime | None = None
) -> list[tuple[Page, int]]:
    """Pages with the most comments published and sent since then (and before ``until``), with that number."""
    number = func.count(CommentRow.id)
    query = (
        select(PageRow, number)
        .join(CommentRow, CommentRow.page_id == PageRow.id)
        .where(
            CommentRow.site_id == site_id,
            CommentRow.status == Status.PUBLISHED.value,
            CommentRow.created_at >= since,
            CommentRow.created_at < until if until else true(),
        )
        .group_by(PageRow.id)
        .order_by(number.desc(), PageRow.id.desc())
        .limit(limit)
    )
    return [(page_of(row), count) for row, count in session.execute(query)]


def totals(session: Session, site_id: int) -> dict[str, int]:
    query = select(CommentRow.status, func.count()).where(CommentRow.site_id == site_id).group_by(CommentRow.status)
    return dict(session.execute(query.order_by(CommentRow.status)).all())


def by_language(session: Session, site_id: int) -> dict[str, int]:
    """Comments that were not deleted, by the language they were taken for."""
    query = select(CommentRow.language, func.count()).where(
        CommentRow.site_id == site_id, CommentRow.status != Status.DELETED.value
    )
    return dict(session.execute(query.group_by(CommentRow.language).order_by(CommentRow.language)).all())


def by_day(session: Session, site_id: int, since: datetime) -> dict[str, int]:
    """Comments sent since then by day, the oldest first."""
    times = session.scalars(
        select(CommentRow.created_at)
        .where(CommentRow.site_id == site_id, CommentRow.created_at >= since)
        .order_by(CommentRow.created_at)
        .execution_options(yield_per=1_000)
    )
    # Counted here: the two databases do not share a word for the day of an instant in UTC.
    return dict(Counter(at.date().isoformat() for at in times))
