"""Corrections that Perspective's clients send: append only, until they are old."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from engagement.domain.analysis import Suggestion
from engagement.storage.tables import SuggestionRow


def add(session: Session, site_id: int, key_name: str, kept: Suggestion, now: datetime) -> None:
    row = SuggestionRow(
        site_id=site_id,
        key_name=key_name,
        at=now,
        text=kept.text,
        scores=dict(kept.scores),
        languages=list(kept.languages),
        detected=list(kept.detected),
        community=kept.community,
        token=kept.token,
        session=kept.session,
    )
    session.add(row)
    session.flush()


def newest(session: Session, site_id: int, limit: int) -> list[Suggestion]:
    """The newest first."""
    query = select(SuggestionRow).where(SuggestionRow.site_id == site_id).order_by(SuggestionRow.id.desc())
    return [
        Suggestion(
            text=row.text,
            scores=row.scores,
            languages=tuple(row.languages),
            community=row.community,
            token=row.token,
            session=row.session,
            detected=tuple(row.detected),
        )
        for row in session.scalars(query.limit(limit))
    ]


def purge(session: Session, before: datetime) -> None:
    session.execute(delete(SuggestionRow).where(SuggestionRow.at < before))
