"""WordPress post numbers and the articles they stand for."""

from sqlalchemy.orm import Session

from engagement.storage.tables import PostRow


def put(session: Session, site_id: int, number: int, url: str, title: str) -> None:
    session.merge(PostRow(site_id=site_id, number=number, url=url, title=title))


def find(session: Session, site_id: int, number: int) -> tuple[str, str] | None:
    """``(url, title)`` of a number, or None."""
    row = session.get(PostRow, (site_id, number))
    return (row.url, row.title) if row else None
