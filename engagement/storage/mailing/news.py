"""Comments that a site's author will be told of together. A row goes in the transaction that queues its digest."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from engagement.storage.db import insert
from engagement.storage.mailing.mail_tables import NewsRow


def put(session: Session, site_id: int, comment_id: str, due_at: datetime) -> None:
    """One that waits already keeps its time."""
    values = {"site_id": site_id, "comment_id": comment_id, "due_at": due_at}
    session.execute(insert(session, NewsRow).values(values).on_conflict_do_nothing())


def sites_due(session: Session, now: datetime) -> list[int]:
    """Sites with news whose time has come."""
    return list(session.scalars(select(NewsRow.site_id).where(NewsRow.due_at <= now).distinct()))


def take(session: Session, site_id: int, limit: int) -> list[str]:
    """Ids of the comments that wait, oldest first; gone when this transaction is committed."""
    rows = session.scalars(
        select(NewsRow)
        .where(NewsRow.site_id == site_id)
        .order_by(NewsRow.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    session.execute(delete(NewsRow).where(NewsRow.id.in_([row.id for row in rows])))
    return [row.comment_id for row in rows]
