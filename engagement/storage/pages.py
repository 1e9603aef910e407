"""Pages: one row an article. Its version changes with its thread, so a 304 costs one indexed read."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engagement.domain.discussion.pages import Page
from engagement.storage.db import listener
from engagement.storage.tables import PageRow


def by_url(session: Session, site_id: int, url: str) -> Page | None:
    row = session.scalar(select(PageRow).where(PageRow.site_id == site_id, PageRow.url == url))
    return page_of(row) if row else None


def by_id(session: Session, page_id: int) -> Page:
    """Raises ``LookupError``."""
    row = session.get(PageRow, page_id)
    if row is None:
        raise LookupError(page_id)
    return page_of(row)


def ensure(session: Session, site_id: int, url: str, title: str, now: datetime) -> Page:
    """The page of an address, made on first use; the first title that is given stays."""
    found = by_url(session, site_id, url)
    if found is None:
        try:
            with session.begin_nested():
                session.add(
                    PageRow(site_id=site_id, url=url, title=title, open=True, version=0, count=0, created_at=now)
                )
        except IntegrityError:
            pass  # somebody made it between the look and the leap
        found = by_url(session, site_id, url)
    elif title and not found.title:
        session.execute(update(PageRow).where(PageRow.id == found.id).values(title=title))
    if found is None:
        raise LookupError(url)
    return found


def entitle(session: Session, page_id: int, title: str, *, published: bool) -> None:
    """Take the title that came with a comment; the page is locked, and the comment not counted yet.

    The first one waits while nothing is published there. A published comment brings its own, and what a held one
    brought falls: nobody would have looked at it.
    """
    page = update(PageRow).where(PageRow.id == page_id)
    if published:
        session.execute(page.where(or_(PageRow.count == 0, PageRow.title == "")).values(title=title))
    elif title:
        session.execute(page.where(PageRow.count == 0, PageRow.title == "").values(title=title))


def drop_title(session: Session, page_id: int) -> None:
    """Of a page that shows nothing: the comment that may have brought it was refused."""
    session.execute(update(PageRow).where(PageRow.id == page_id, PageRow.count == 0).values(title=""))


def lock(session: Session, page_id: int) -> None:
    """Let one writer at a time at a page, so that two equal comments cannot pass each other by."""
    session.execute(select(PageRow.id).where(PageRow.id == page_id).with_for_update())


def lock_all(session: Session, page_ids: Iterable[int]) -> None:
    """Several pages, for a writer of comments on all of them; in their order, so that nobody waits in a ring."""
    for page_id in sorted(set(page_ids)):
        lock(session, page_id)


def changed(session: Session, page_id: int, published: int = 0) -> None:
    """Count one change of the thread, and ``published`` more (or fewer) published comments; tell who wants to know."""
    session.execute(
        update(PageRow)
        .where(PageRow.id == page_id)
        .values(version=PageRow.version + 1, count=PageRow.count + published)
    )
    listener(session)(session, page_id)


def page_of(row: PageRow) -> Page:
    return Page(row.id, row.site_id, row.url, row.title, row.open, row.version, row.count)
