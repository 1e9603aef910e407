"""Sites: few rows, read at every request by their key."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from engagement.domain.discussion.pages import Page
from engagement.domain.sites import Site, SiteRules
from engagement.storage.pages import page_of
from engagement.storage.tables import PageRow, SiteRow


def by_key(session: Session, key: str) -> Site | None:
    row = session.scalar(select(SiteRow).where(SiteRow.key == key))
    return _site(row) if row else None


def with_page(session: Session, key: str, url: str) -> tuple[Site, Page | None] | None:
    """A site and its page of an address, in one indexed read."""
    here = and_(PageRow.site_id == SiteRow.id, PageRow.url == url)
    found = session.execute(select(SiteRow, PageRow).outerjoin(PageRow, here).where(SiteRow.key == key)).first()
    if found is None:
        return None
    site, page = found
    return _site(site), page_of(page) if page else None


def by_id(session: Session, site_id: int) -> Site:
    """Raises ``LookupError`` for an id that no row has."""
    row = session.get(SiteRow, site_id)
    if row is None:
        raise LookupError(f"no site {site_id}")
    return _site(row)


def lock(session: Session, site_id: int) -> None:
    """Until the end of the transaction; rows that refer to the site can still be written."""
    session.execute(select(SiteRow.id).where(SiteRow.id == site_id).with_for_update(key_share=True))


def every(session: Session) -> list[Site]:
    return [_site(row) for row in session.scalars(select(SiteRow).order_by(SiteRow.key))]


def save(session: Session, site: Site, now: datetime) -> None:
    """Insert or change the site of that key; ``site.id`` is not looked at."""
    row = session.scalar(select(SiteRow).where(SiteRow.key == site.key))
    if row is None:
        row = SiteRow(key=site.key, created_at=now)
        session.add(row)
    row.name, row.language, row.author_email = site.name, site.language, site.author_email
    row.origins, row.rules = list(site.origins), asdict(site.rules)
    session.flush()


def _site(row: SiteRow) -> Site:
    rules: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in row.rules.items()}
    return Site(
        id=row.id,
        key=row.key,
        name=row.name,
        language=row.language,
        origins=tuple(row.origins),
        author_email=row.author_email,
        rules=SiteRules(**rules),
    )
