"""Keys of the day: with a key destroyed, the hashes it made say nothing about anybody any more."""

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engagement.storage.tables import SecretRow


def of(session: Session, day: str, fresh: str) -> str:
    """The key of ``day`` (ISO date); ``fresh`` becomes it when there is none yet."""
    query = select(SecretRow.key).where(SecretRow.day == day)
    found = session.scalar(query)
    if found is None:
        try:
            with session.begin_nested():
                session.add(SecretRow(day=day, key=fresh))
        except IntegrityError:
            pass  # another process made it first; its key is the day's
        found = session.scalar(query)
    return found or fresh


def destroy(session: Session, before: str) -> None:
    session.execute(delete(SecretRow).where(SecretRow.day < before))
