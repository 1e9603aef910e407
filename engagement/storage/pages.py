"""Pages: one row an article. Its version changes with its thread, so a 304 costs one indexed read."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engagement.domain.pages import Page
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
