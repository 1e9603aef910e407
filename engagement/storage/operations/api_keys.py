"""Keys of programs, by the SHA-256 of the key."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engagement.domain.desk.moderators import ApiKey, Scope
from engagement.storage.tables import ApiKeyRow, SiteRow


def add(session: Session, site_id: int, name: str, *, scope: Scope, key_hash: str, now: datetime) -> None:
    row = ApiKeyRow(site_id=site_id, name=name, scope=scope.value, key_hash=key_hash, created_at=now, revoked_at=None)
    session.add(row)
    session.flush()


def known(session: Session, site_id: int, name: str) -> bool:
    query = select(ApiKeyRow.id).where(ApiKeyRow.site_id == site_id, ApiKeyRow.name == name)
    return session.scalar(query) is not None


def every(session: Session) -> list[ApiKey]:
    query = select(ApiKeyRow, SiteRow.key).join(SiteRow, SiteRow.id == ApiKeyRow.site_id)
    return [_key(row, site) for row, site in session.execute(query.order_by(SiteRow.key, ApiKeyRow.name))]


def by_hash(session: Session, key_hash: str) -> ApiKey | None:
    """A key that is not revoked."""
    query = select(ApiKeyRow, SiteRow.key).join(SiteRow, SiteRow.id == ApiKeyRow.site_id)
    found = session.execute(query.where(ApiKeyRow.key_hash == key_hash, ApiKeyRow.revoked_at.is_(None))).first()
    return _key(found[0], found[1]) if found else None


def revoke(session: Session, site_id: int, name: str, now: datetime) -> bool:
    """Whether there was such a key in force."""
    good = (ApiKeyRow.site_id == site_id, ApiKeyRow.name == name, ApiKeyRow.revoked_at.is_(None))
    found = session.execute(update(ApiKeyRow).where(*good).values(revoked_at=now).returning(ApiKeyRow.id)).first()
    return found is not None


def _key(row: ApiKeyRow, site_key: str) -> ApiKey:
    return ApiKey(site_key, row.name, Scope(row.scope), row.created_at, row.revoked_at)
