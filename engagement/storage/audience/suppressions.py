"""The list of addresses, as keyed hashes, that a site does not write to."""

from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from engagement.domain.mailing.suppression import Suppression, SuppressionReason
from engagement.storage.db import insert
from engagement.storage.tables import SuppressionRow

_SOFT = SuppressionReason.UNSUBSCRIBED.value


def add(session: Session, line: Suppression) -> None:
    """Write a line; what was there gives way, but a silence is never softened to "unsubscribed"."""
    values = {"reason": line.reason.value, "source": line.source, "at": line.at}
    made = insert(session, SuppressionRow).values(site_id=line.site_id, email_hash=line.email_hash, **values)
    keep = None if line.reason.silences else SuppressionRow.reason == _SOFT
    session.execute(
        made.on_conflict_do_update(
            index_elements=[SuppressionRow.site_id, SuppressionRow.email_hash], set_=values, where=keep
        )
    )


def find(session: Session, site_id: int, hashes: Sequence[str]) -> Suppression | None:
    """The line of an address by its hashes, a silence before "unsubscribed"; None where it may be written to."""
    query = select(SuppressionRow).where(SuppressionRow.site_id == site_id, SuppressionRow.email_hash.in_(hashes))
    lines = [_line(row) for row in session.scalars(query)]
    return max(lines, key=lambda line: line.reason.silences, default=None)


def lift(
    session: Session, hashes: Sequence[str], *, site_id: int | None = None, source: str = "", soft: bool = False
) -> int:
    """Take lines off the list: of all sites or one, of one source, or ``soft`` for "unsubscribed" alone; how many."""
    wanted: list[ColumnElement[bool]] = [SuppressionRow.email_hash.in_(hashes)]
    wanted += [SuppressionRow.site_id == site_id] if site_id is not None else []
    wanted += [SuppressionRow.source == source] if source else []
    wanted += [SuppressionRow.reason == _SOFT] if soft else []
    return len(session.scalars(delete(SuppressionRow).where(*wanted).returning(SuppressionRow.id)).all())


def of_site(session: Session, site_id: int) -> Iterator[Suppression]:
    """A site's list, the oldest line first."""
    query = select(SuppressionRow).where(SuppressionRow.site_id == site_id).order_by(SuppressionRow.id)
    return (_line(row) for row in session.scalars(query.execution_options(yield_per=500)))


def _line(row: SuppressionRow) -> Suppression:
    return Suppression(row.site_id, row.email_hash, SuppressionReason(row.reason), row.at, row.source)
