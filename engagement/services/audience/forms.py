"""Newsletter forms of a site. Each site has one under its own key without anybody making it."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import fields, replace

from sqlalchemy.orm import Session

from engagement.domain.desk.moderators import COMMAND_LINE
from engagement.domain.discussion.pages import belongs
from engagement.domain.errors import FieldError, InvalidInput, NotFound
from engagement.domain.messages import N_, Message
from engagement.domain.newsletter import NewsletterForm, Wording
from engagement.domain.sites import Site
from engagement.services.ports import Toolbox
from engagement.storage import audit, sites
from engagement.storage.audience import forms
from engagement.storage.db import reading, transaction

KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
FIELD = re.compile(r"[A-Za-z0-9_]{1,40}")
MOST = {"title": 120, "lead": 500, "consent_text": 2_000, "success_text": 500, "redirect_url": 2_000}  # characters
_NO_TEXT = {"Cc", "Cs", "Zl", "Zp"}  # control characters, half characters, separators of lines
NO_SUCH_FORM = N_("This site has no such form.")
NO_SUCH_VERSION = N_("This form never had such a version.")


def find_form(key: str) -> tuple[Site, NewsletterForm]:
    """A form and its site. Raises ``NotFound``."""
    if not KEY.fullmatch(key):
        raise NotFound
    with reading() as session:
        form = forms.get(session, key)
        if form is not None:
            return sites.by_id(session, form.site_id), form
        site = sites.by_key(session, key)
    if site is None:
        raise NotFound
    return site, NewsletterForm(key, site.id)


def form_of(site: Site, key: str) -> NewsletterForm:
    """A form of a site. Raises ``InvalidInput``."""
    found = next((form for form in forms_of(site) if form.key == key), None)
    if found is None:
        raise InvalidInput([FieldError("/form", Message(NO_SUCH_FORM))])
    return found


def forms_of(site: Site) -> Sequence[NewsletterForm]:
    """The site's forms, its own first."""
    with reading() as session:
        kept = forms.of_site(session, site.id)
    own = [] if any(form.key == site.key for form in kept) else [NewsletterForm(site.key, site.id)]
    return [*own, *kept]


def wordings(wanted: Sequence[NewsletterForm]) -> dict[str, list[Wording]]:
    """What stood beside each form's box in each version, by the form's key, the newest first."""
    with reading() as session:
        kept = forms.wordings(session, [form.key for form in wanted])
    return {form.key: kept.get(form.key) or [Wording(form.version, form.consent_text)] for form in wanted}


def wording(form: NewsletterForm, version: int | None = None) -> Wording:
    """What stood beside a form's box in a version, or stands there now. Raises ``InvalidInput`` where there was none.

    A page may have been open since before the last change: the proof is of what its reader saw.
    """
    if version is None or version == form.version:
        return Wording(form.version, form.consent_text)
    found = next((one for one in wordings([form])[form.key] if one.version == version), None)
    if found is None:
        raise InvalidInput([FieldError("/consent_version", Message(NO_SUCH_VERSION))])
    return found


def save_form(
    tools: Toolbox, site: Site, wanted: NewsletterForm, *, who: str = COMMAND_LINE, new: bool = False
) -> NewsletterForm:
    """Make or change a form; another wording of the consent is another version. Nothing changed is nothing written.

    ``who`` stands in the audit; ``new``: there must be none yet.

    Raises ``InvalidInput`` for a key that is another site's, a text, a field name, an origin or a redirect that cannot
    be one.
    """
    wrong = _mistakes(site, wanted)
    could_be = KEY.fullmatch(wanted.key) is not None
    with transaction() as session:
        known = forms.get(session, wanted.key, lock=True) if could_be else None
        other = sites.by_key(session, wanted.key) if could_be else None
        if (known and known.site_id != site.id) or (other and other.id != site.id) or (new and (known or other)):
            wrong.append(FieldError("/key", Message(N_("This key is taken."))))
        if wrong:
            raise InvalidInput(wrong)
        # A site's own form was there, with the house's wording, before anybody wrote it down.
        former = known or (NewsletterForm(wanted.key, site.id) if other else None)
        return _saved(tools, session, site, former, wanted, who)


def _saved(
    tools: Toolbox, session: Session, site: Site, former: NewsletterForm | None, wanted: NewsletterForm, who: str
) -> NewsletterForm:
    now = tools.clock.now()
    reworded = former is not None and former.consent_text != wanted.consent_text
    saved = replace(wanted, site_id=site.id, version=(former.version if former else 1) + reworded)
    changed = _changed(former, saved)
    if former is not None and not changed:
        return former
    forms.save(session, saved, now)
    if former is not None:
        forms.keep_wording(session, former.key, Wording(former.version, former.consent_text))
    forms.keep_wording(session, saved.key, Wording(saved.version, saved.consent_text, now))
    told = ", ".join(changed) if former else "new"
    audit.write(session, now, who, "form-saved", f"{site.key}/{saved.key}, version {saved.version}: {told}")
    return saved


def _changed(former: NewsletterForm | None, saved: NewsletterForm) -> list[str]:
    """The names of what is another than before."""
    names = [one.name for one in fields(NewsletterForm) if one.name not in {"key", "site_id", "version"}]
    return [name for name in names if former is None or getattr(former, name) != getattr(saved, name)]


def _mistakes(site: Site, wanted: NewsletterForm) -> list[FieldError]:
    wrong = []
    if not KEY.fullmatch(wanted.key):
        wrong.append(FieldError("/key", Message(N_("A form key is made of letters, digits, dashes and underscores."))))
    for name, most in MOST.items():
        text = str(getattr(wanted, name))
        if len(text) > most or any(unicodedata.category(sign) in _NO_TEXT for sign in text):
            said = Message(N_("Please write at most %(most)s readable characters, in one line."), {"most": most})
            wrong.append(FieldError(f"/{name}", said))
    if not all(FIELD.fullmatch(name) for name in wanted.name_fields):
        wrong.append(
            FieldError("/name_fields", Message(N_("A field name is made of letters, digits and underscores.")))
        )
    if wanted.redirect_url and not belongs(wanted.redirect_url, site.origins):
        wrong.append(FieldError("/redirect_url", Message(N_("This address is not one of this site's pages."))))
    if wanted.origin and wanted.origin not in site.origins:
        wrong.append(FieldError("/origin", Message(N_("This origin is not one of this site's."))))
    return wrong
