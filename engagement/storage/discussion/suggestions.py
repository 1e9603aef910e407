"""Corrections that Perspective's clients send: append only, until they are old."""

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from engagement.domain.desk.analysis import Suggestion
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


def purge(session: Session, before: datetime) -> None:
    session.execute(delete(SuggestionRow).where(SuggestionRow.at < before))
