"""Answers kept under the caller's key, in the transaction of what they answered."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from engagement.storage.tables import IdempotencyRow


def find(session: Session, site_id: int, key: str) -> tuple[str, dict[str, Any]] | None:
    """``(fingerprint of the body, answer)`` of an earlier request, or None."""
    row = session.scalar(select(IdempotencyRow).where(IdempotencyRow.site_id == site_id, IdempotencyRow.key == key))
    return (row.fingerprint, row.answer) if row else None


def keep(session: Session, site_id: int, key: str, *, fingerprint: str, answer: dict[str, Any], now: datetime) -> None:
    """Raises SQLAlchemy's ``IntegrityError`` at flush when another request was faster."""
    session.add(IdempotencyRow(site_id=site_id, key=key, fingerprint=fingerprint, answer=answer, created_at=now))
    session.flush()


def purge(session: Session, before: datetime) -> None:
    session.execute(delete(IdempotencyRow).where(IdempotencyRow.created_at < before))
