"""Embedded newsletter forms."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from engagement.domain.newsletter import NewsletterForm, Wording
from engagement.storage.tables import FormWordingRow, NewsletterFormRow


def get(session: Session, key: str, *, lock: bool = False) -> NewsletterForm | None:
    row = session.get(NewsletterFormRow, key, with_for_update=lock or None)
    return _form(row) if row else None


def of_site(session: Session, site_id: int) -> list[NewsletterForm]:
    query = select(NewsletterFormRow).where(NewsletterFormRow.site_id == site_id).order_by(NewsletterFormRow.key)
    return [_form(row) for row in session.scalars(query)]


def save(session: Session, form: NewsletterForm, now: datetime) -> None:
    row = session.get(NewsletterFormRow, form.key)
    if row is None:
        row = NewsletterFormRow(key=form.key, created_at=now)
        session.add(row)
    row.site_id, row.version = form.site_id, form.version
    row.consent_text, row.consent_needed = form.consent_text, form.consent_needed
    row.name_fields, row.redirect_url = list(form.name_fields), form.redirect_url
    row.title, row.lead, row.success_text, row.origin = form.title, form.lead, form.success_text, form.origin


def keep_wording(session: Session, key: str, wording: Wording) -> None:
    """What stands beside the box in a version; one that is kept already stays as it is."""
    if session.get(FormWordingRow, (key, wording.version)) is None:
        session.add(
            FormWordingRow(key=key, version=wording.version, consent_text=wording.consent_text, since=wording.since)
        )


def wordings(session: Session, keys: Collection[str]) -> dict[str, list[Wording]]:
    """All that were kept, by the form's key, the newest first."""
    query = select(FormWordingRow).where(FormWordingRow.key.in_(keys)).order_by(FormWordingRow.version.desc())
    found: dict[str, list[Wording]] = {}
    for row in session.scalars(query):
        found.setdefault(row.key, []).append(Wording(row.version, row.consent_text, row.since))
    return found


def _form(row: NewsletterFormRow) -> NewsletterForm:
    return NewsletterForm(
        key=row.key,
        site_id=row.site_id,
        version=row.version,
        consent_text=row.consent_text,
        consent_needed=row.consent_needed,
        name_fields=tuple(row.name_fields),
        redirect_url=row.redirect_url,
        title=row.title,
        lead=row.lead,
        success_text=row.success_text,
        origin=row.origin,
    )
