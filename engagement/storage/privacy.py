"""Everything that is kept about an address, or of a site: found, handed out as plain values, and forgotten."""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, Text, cast, delete, func, or_, select, update
from sqlalchemy.orm import Session

from engagement.domain.comments import Status
from engagement.domain.moderation import Actor
from engagement.storage import pages
from engagement.storage.audience.contact_tables import ContactJobRow
from engagement.storage.audience.wish_tables import WishRow
from engagement.storage.db import Base, db
from engagement.storage.mailing.mail_tables import BounceRow, ReplyConsentRow, ReplyMuteRow
from engagement.storage.outbox import PURGE
from engagement.storage.tables import (
    AuditRow,
    CommentRow,
    ConsentRow,
    DecisionRow,
    MessageRow,
    ModeratorRow,
    OutboxRow,
    PageRow,
    ReportRow,
    RevisionRow,
    SiteRow,
    SubscriptionRow,
    SuggestionRow,
    SuppressionRow,
)

FORGOTTEN = "(forgotten)"
_BATCH = 500
# Of no use outside of this database: hashes under keys that stay here, leases, and work that is planned.
_INNER = {"client_hash", "text_hash", "gist", "email_hash", "screen_at", "screen_attempts", "screen_lease"}
_INNER |= {"lease_until", "lease_token", "key", "site_id", "page_id", "comment_id"}


def holders(session: Session, email: str) -> tuple[bool, list[str]]:
    """Whether an address is an active moderator's, and the sites whose author it is."""
    moderator = select(ModeratorRow.id).where(func.lower(ModeratorRow.email) == email, ModeratorRow.active)
    sites = select(SiteRow.key).where(func.lower(SiteRow.author_email) == email).order_by(SiteRow.key)
    return session.scalar(moderator) is not None, list(session.scalars(sites))


def forget_comments(session: Session, email: str, names: Mapping[int, str]) -> int:
    """Take name, addresses and hash off every comment left with an address, and what its author wrote to moderators.

    How many. ``names`` by site id.
    """
    mine = func.lower(CommentRow.email) == email
    pages.lock_all(session, session.scalars(select(CommentRow.page_id).where(mine).distinct()))
    query = select(CommentRow.id, CommentRow.site_id, CommentRow.page_id, CommentRow.status)
    found = session.execute(query.where(mine)).all()
    for comment_id, site_id, _, _ in found:
        bare = {"author": names[site_id], "email": "", "website": "", "client_hash": "", "notify_replies": False}
        session.execute(update(CommentRow).where(CommentRow.id == comment_id).values(bare))
        own = (DecisionRow.comment_id == comment_id, DecisionRow.actor == Actor.AUTHOR.value)
        session.execute(update(DecisionRow).where(*own).values(note=""))
    for page_id in sorted({page for _, _, page, status in found if status == Status.PUBLISHED.value}):
        pages.changed(session, page_id)
    return len(found)


def forget_messages(session: Session, email: str) -> int:
    """Forget what an address wrote to authors; how many messages."""
    gone = delete(MessageRow).where(func.lower(MessageRow.email) == email).returning(MessageRow.id)
    return len(session.scalars(gone).all())


def forget_reports(session: Session, email: str) -> int:
    """Take name and address off the reports of an address; what was reported, and what came of it, stays."""
    bare = update(ReportRow).where(func.lower(ReportRow.email) == email).values(name="", email="")
    return len(session.scalars(bare.returning(ReportRow.id)).all())


def forget_wishes(session: Session, email: str) -> None:
    """Forget what an address asked of the newsletter and nobody has carried out yet."""
    session.execute(delete(WishRow).where(func.lower(WishRow.email) == email))


def forget_subscriptions(session: Session, email: str) -> int:
    gone = delete(SubscriptionRow).where(func.lower(SubscriptionRow.email) == email).returning(SubscriptionRow.id)
    return len(session.scalars(gone).all())


def forget_reply_consents(session: Session, email: str) -> int:
    gone = delete(ReplyConsentRow).where(func.lower(ReplyConsentRow.email) == email).returning(ReplyConsentRow.id)
    return len(session.scalars(gone).all())


def forget_consents(session: Session, hashes: Sequence[str]) -> int:
    """Forget proofs of consent by the keyed hashes of an address."""
    gone = delete(ConsentRow).where(ConsentRow.email_hash.in_(hashes)).returning(ConsentRow.id)
    return len(session.scalars(gone).all())


def forget_mails(session: Session, email: str) -> int:
    """Forget mails to an address, sent or not, and those that tell about it."""
    ids = [row.id for row in _mails(session, email)]
    session.execute(delete(OutboxRow).where(OutboxRow.id.in_(ids)))
    return len(ids)


def forget_traces(session: Session, email: str) -> int:
    """Take an address out of the audit, the decisions, and the list of former moderators; how many lines had it."""
    changes = (
        update(AuditRow).where(func.lower(AuditRow.who) == email).values(who=FORGOTTEN).returning(AuditRow.id),
        update(AuditRow).where(func.lower(AuditRow.about) == email).values(about=FORGOTTEN).returning(AuditRow.id),
        update(DecisionRow).where(func.lower(DecisionRow.who) == email).values(who=FORGOTTEN).returning(DecisionRow.id),
    )
    changed = sum(len(session.execute(change).all()) for change in changes)
    former = select(ModeratorRow).where(func.lower(ModeratorRow.email) == email, ~ModeratorRow.active)
    for row in session.scalars(former).all():
        row.email = f"forgotten-{row.id}@invalid"  # a name that RFC 2606 keeps from ever being one
        changed += 1
    return changed


def scrub() -> bool:
    """Overwrite what SQLite deleted, whose bytes stay in file and log otherwise; False while others use the file."""
    if db.engine.dialect.name != "sqlite":
        return True  # PostgreSQL's autovacuum does it
    connection = db.engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("VACUUM")
        busy, *_ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        cursor.close()
        return not busy
    except sqlite3.OperationalError:
        return False
    finally:
        connection.close()


def pages_of(session: Session, site_id: int) -> Iterator[dict[str, Any]]:
    return _each(session, PageRow, PageRow.site_id == site_id)


def comments_of(session: Session, *, site_id: int | None, email: str | None) -> Iterator[dict[str, Any]]:
    """Comments with their pages, decisions and other texts, oldest first."""
    for row in _rows(session, CommentRow, *_mine(CommentRow, site_id, CommentRow.email, email)):
        page = session.get(PageRow, row.page_id)
        site = session.get(SiteRow, row.site_id)
        lines = session.scalars(select(DecisionRow).where(DecisionRow.comment_id == row.id).order_by(DecisionRow.id))
        # Who moderated is the moderator's own affair; that it was a person is not.
        decisions = [_plain(line, {"who"} if email else set()) for line in lines]
        texts = session.scalars(select(RevisionRow).where(RevisionRow.comment_id == row.id).order_by(RevisionRow.id))
        place = {"site": site.key if site else "", "page_url": page.url if page else ""}
        yield _plain(row) | place | {"decisions": decisions, "other_texts": [_plain(text) for text in texts]}


def subscriptions_of(session: Session, *, site_id: int | None, email: str | None) -> Iterator[dict[str, Any]]:
    return _each(session, SubscriptionRow, *_mine(SubscriptionRow, site_id, SubscriptionRow.email, email))


def wishes_of(session: Session, *, site_id: int | None, email: str | None) -> Iterator[dict[str, Any]]:
    """What was asked of the newsletter and is not carried out yet."""
    return _each(session, WishRow, *_mine(WishRow, site_id, WishRow.email, email))


def reply_consents_of(session: Session, *, site_id: int | None, email: str | None) -> Iterator[dict[str, Any]]:
    """With the addresses of the pages whose replies they want no more of."""
    for row in _rows(session, ReplyConsentRow, *_mine(ReplyConsentRow, site_id, ReplyConsentRow.email, email)):
        muted = select(PageRow.url).join(ReplyMuteRow, ReplyMuteRow.page_id == PageRow.id)
        urls = session.scalars(muted.where(ReplyMuteRow.consent_id == row.id).order_by(PageRow.id)).all()
        yield _plain(row) | {"muted": list(urls)}


def messages_of(session: Session, *, site_id: int | None, email: str | None) -> Iterator[dict[str, Any]]:
    return _each(session, MessageRow, *_mine(MessageRow, site_id, MessageRow.email, email))


def reports_of(session: Session, *, site_id: int | None, email: str | None) -> Iterator[dict[str, Any]]:
    return _each(session, ReportRow, *_mine(ReportRow, site_id, ReportRow.email, email))


def consents_of(session: Session, *, site_id: int | None, hashes: Sequence[str] | None) -> Iterator[dict[str, Any]]:
    """Proofs of consent; ``hashes`` are those of one address, or None for everybody's."""
    wanted = [ConsentRow.site_id == site_id] if site_id is not None else []
    wanted += [ConsentRow.email_hash.in_(hashes)] if hashes is not None else []
    return _each(session, ConsentRow, *wanted)


def suppressions_of(session: Session, *, site_id: int | None, hashes: Sequence[str] | None) -> Iterator[dict[str, Any]]:
    """Why an address is not written to; ``hashes`` as in ``consents_of``."""
    wanted = [SuppressionRow.site_id == site_id] if site_id is not None else []
    wanted += [SuppressionRow.email_hash.in_(hashes)] if hashes is not None else []
    return _each(session, SuppressionRow, *wanted)


def bounces_of(session: Session, *, site_id: int | None, hashes: Sequence[str] | None) -> Iterator[dict[str, Any]]:
    """Days on which an address did not take a mail; ``hashes`` as in ``consents_of``."""
    wanted = [BounceRow.site_id == site_id] if site_id is not None else []
    wanted += [BounceRow.email_hash.in_(hashes)] if hashes is not None else []
    return _each(session, BounceRow, *wanted)


def mails_of(session: Session, *, site_id: int | None, email: str | None) -> Iterator[dict[str, Any]]:
    if email is not None:
        rows = _mails(session, email)
        return (_plain(row) for row in rows if site_id is None or row.site_id == site_id)
    return _each(session, OutboxRow, OutboxRow.site_id == site_id, OutboxRow.kind != PURGE)


def suggestions_of(session: Session, site_id: int) -> Iterator[dict[str, Any]]:
    """Corrections of scores, to learn from."""
    return _each(session, SuggestionRow, SuggestionRow.site_id == site_id)


def contact_jobs_of(session: Session, *, email: str | None) -> Iterator[dict[str, Any]]:
    """What the newsletter service has still to be told about an address."""
    return _each(session, ContactJobRow, ContactJobRow.email == email)


def audit_of(session: Session, email: str) -> Iterator[dict[str, Any]]:
    return _each(session, AuditRow, or_(func.lower(AuditRow.who) == email, func.lower(AuditRow.about) == email))


def _mine(table: Any, site_id: int | None, address: Any, email: str | None) -> list[ColumnElement[bool]]:
    wanted = [table.site_id == site_id] if site_id is not None else []
    return wanted + ([func.lower(address) == email] if email is not None else [])


def _mails(session: Session, email: str) -> list[OutboxRow]:
    """Mails to an address or with it in what they tell."""
    inside = func.lower(cast(OutboxRow.payload, Text)).contains(json.dumps(email)[1:-1].lower(), autoescape=True)
    found = session.scalars(select(OutboxRow).where(or_(func.lower(OutboxRow.recipient) == email, inside)))
    return [row for row in found if row.recipient.lower() == email or email in _texts(row.payload)]


def _texts(value: Any) -> set[str]:
    """Every text in a JSON value, in small letters."""
    if isinstance(value, str):
        return {value.lower()}
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {text for part in inner for text in _texts(part)}


def _each(session: Session, table: type[Any], *wanted: Any) -> Iterator[dict[str, Any]]:
    return (_plain(row) for row in _rows(session, table, *wanted))


def _rows(session: Session, table: type[Any], *wanted: Any) -> Iterator[Any]:
    """Rows in the order of their ids, so many at a time."""
    query, last = select(table).where(*wanted).order_by(table.id).limit(_BATCH), None
    while rows := session.scalars(query if last is None else query.where(table.id > last)).all():
        yield from rows
        last = rows[-1].id
        session.expunge_all()


def _plain(row: Base, without: set[str] | None = None) -> dict[str, Any]:
    table = row.__table__
    assert isinstance(table, Table)  # noqa: S101 - tells the type checker what Base cannot
    return {c.name: _value(getattr(row, c.name)) for c in table.columns if c.name not in _INNER | (without or set())}


def _value(value: Any) -> Any:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value
