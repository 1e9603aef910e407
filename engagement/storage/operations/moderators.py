"""Moderators, their one-time login addresses and their sessions. Of tokens only the SHA-256 comes here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from engagement.domain.desk.moderators import Moderator
from engagement.domain.sites import Site
from engagement.storage import sites
from engagement.storage.tables import DeskSessionRow, LoginLinkRow, ModeratorRow, ModeratorSiteRow, SiteRow


@dataclass(frozen=True)
class StoredSession:
    moderator_id: int
    csrf: str
    created_at: datetime
    seen_at: datetime


def ensure(session: Session, email: str, now: datetime) -> int:
    """The id of the moderator with that address, made or brought back where need be; the row is locked."""
    row = session.scalar(select(ModeratorRow).where(ModeratorRow.email == email).with_for_update())
    if row is None:
        row = ModeratorRow(email=email, password_hash="", active=True, created_at=now)
        session.add(row)
    row.active = True
    session.flush()
    return row.id


def grant(session: Session, moderator_id: int, site_id: int) -> None:
    """Give a moderator a site; twice does no harm."""
    if session.get(ModeratorSiteRow, (moderator_id, site_id)) is None:
        session.add(ModeratorSiteRow(moderator_id=moderator_id, site_id=site_id))


def every(session: Session) -> list[Moderator]:
    rows = session.scalars(select(ModeratorRow).where(ModeratorRow.active).order_by(ModeratorRow.email)).all()
    return [_moderator(session, row) for row in rows]


def by_id(session: Session, moderator_id: int) -> Moderator | None:
    row = session.get(ModeratorRow, moderator_id)
    return _moderator(session, row) if row and row.active else None


def password_of(session: Session, email: str, *, lock: bool = False) -> tuple[int, str] | None:
    """``(id, hash)`` of an active moderator; ``lock`` keeps others from asking at once."""
    query = select(ModeratorRow).where(ModeratorRow.email == email, ModeratorRow.active)
    row = session.scalar(query.with_for_update() if lock else query)
    return (row.id, row.password_hash) if row else None


def set_password(session: Session, moderator_id: int, password_hash: str) -> None:
    session.execute(update(ModeratorRow).where(ModeratorRow.id == moderator_id).values(password_hash=password_hash))


def remove(session: Session, moderator_id: int) -> None:
    """Take away sites, links, sessions and password; the address stays for the log."""
    session.execute(delete(DeskSessionRow).where(DeskSessionRow.moderator_id == moderator_id))
    session.execute(delete(LoginLinkRow).where(LoginLinkRow.moderator_id == moderator_id))
    session.execute(delete(ModeratorSiteRow).where(ModeratorSiteRow.moderator_id == moderator_id))
    gone = update(ModeratorRow).where(ModeratorRow.id == moderator_id)
    session.execute(gone.values(active=False, password_hash=""))


def sites_of(session: Session, moderator_id: int) -> list[Site]:
    keys = set(_keys(session, moderator_id))
    return [site for site in sites.every(session) if site.key in keys]


def of_site(session: Session, site_id: int) -> list[Moderator]:
    """The active moderators of a site."""
    query = select(ModeratorRow).join(ModeratorSiteRow, ModeratorSiteRow.moderator_id == ModeratorRow.id)
    rows = session.scalars(query.where(ModeratorSiteRow.site_id == site_id, ModeratorRow.active)).all()
    return [_moderator(session, row) for row in rows]


def add_link(session: Session, token_hash: str, moderator_id: int, expires_at: datetime) -> None:
    session.add(LoginLinkRow(token_hash=token_hash, moderator_id=moderator_id, expires_at=expires_at, used_at=None))


def open_link(session: Session, token_hash: str, now: datetime) -> int | None:
    """Whose link it is, while it is good."""
    row = session.get(LoginLinkRow, token_hash)
    return row.moderator_id if row and row.used_at is None and row.expires_at > now else None


def use_link(session: Session, token_hash: str, now: datetime) -> int | None:
    """Use a link up; whose it was, or None when it is not good any more."""
    good = (LoginLinkRow.token_hash == token_hash, LoginLinkRow.used_at.is_(None), LoginLinkRow.expires_at > now)
    return session.scalar(update(LoginLinkRow).where(*good).values(used_at=now).returning(LoginLinkRow.moderator_id))


def spend_links(session: Session, moderator_id: int, now: datetime) -> None:
    """Use up whatever other links a moderator was given."""
    left = (LoginLinkRow.moderator_id == moderator_id, LoginLinkRow.used_at.is_(None))
    session.execute(update(LoginLinkRow).where(*left).values(used_at=now))


def add_session(session: Session, token_hash: str, moderator_id: int, csrf: str, now: datetime) -> None:
    row = DeskSessionRow(token_hash=token_hash, moderator_id=moderator_id, csrf=csrf, created_at=now, seen_at=now)
    session.add(row)


def find_session(session: Session, token_hash: str) -> StoredSession | None:
    row = session.get(DeskSessionRow, token_hash)
    return StoredSession(row.moderator_id, row.csrf, row.created_at, row.seen_at) if row else None


def touch_session(session: Session, token_hash: str, now: datetime) -> None:
    session.execute(update(DeskSessionRow).where(DeskSessionRow.token_hash == token_hash).values(seen_at=now))


def end_session(session: Session, token_hash: str) -> None:
    session.execute(delete(DeskSessionRow).where(DeskSessionRow.token_hash == token_hash))


def end_sessions(session: Session, moderator_id: int) -> None:
    session.execute(delete(DeskSessionRow).where(DeskSessionRow.moderator_id == moderator_id))


def _keys(session: Session, moderator_id: int) -> Sequence[str]:
    query = select(SiteRow.key).join(ModeratorSiteRow, ModeratorSiteRow.site_id == SiteRow.id)
    return session.scalars(query.where(ModeratorSiteRow.moderator_id == moderator_id).order_by(SiteRow.key)).all()


def _moderator(session: Session, row: ModeratorRow) -> Moderator:
    return Moderator(row.id, row.email, tuple(_keys(session, row.id)), bool(row.password_hash))
