"""Embedded newsletter forms of a site. Each site has one under its own key without anybody making it."""

import re
from collections.abc import Sequence
from dataclasses import replace

from engagement.domain.errors import FieldError, InvalidInput, NotFound
from engagement.domain.messages import N_, Message
from engagement.domain.moderators import COMMAND_LINE
from engagement.domain.newsletter import NewsletterForm
from engagement.domain.pages import belongs
from engagement.domain.sites import Site
from engagement.services.ports import Toolbox
from engagement.storage import audit, forms, sites
from engagement.storage.db import reading, transaction

KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
FIELD = re.compile(r"[A-Za-z0-9_]{1,40}")


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


def forms_of(site: Site) -> Sequence[NewsletterForm]:
    """The site's forms, its own first."""
    with reading() as session:
        kept = forms.of_site(session, site.id)
    own = [] if any(form.key == site.key for form in kept) else [NewsletterForm(site.key, site.id)]
    return [*own, *kept]


def save_form(
    tools: Toolbox, site: Site, wanted: NewsletterForm, *, who: str = COMMAND_LINE, new: bool = False
) -> NewsletterForm:
    """Make or change a form; another wording of the consent is another version.

    ``who`` stands in the audit; ``new``: there must be none yet.

    Raises ``InvalidInput`` for a key that is another site's, a field name or a redirect that cannot be one.
    """
    wrong = []
    if not KEY.fullmatch(wanted.key):
        wrong.append(FieldError("/key", Message(N_("A form key is made of letters, digits, dashes and underscores."))))
    if not all(FIELD.fullmatch(name) for name in wanted.name_fields):
        wrong.append(
            FieldError("/name_fields", Message(N_("A field name is made of letters, digits and underscores.")))
        )
    if "\0" in wanted.consent_text:
        wrong.append(FieldError("/consent_text", Message(N_("Please use characters that can be seen and read."))))
    if wanted.redirect_url and not belongs(wanted.redirect_url, site.origins):
        wrong.append(FieldError("/redirect_url", Message(N_("This address is not one of this site's pages."))))
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
        changed = former is not None and former.consent_text != wanted.consent_text
        saved = replace(wanted, site_id=site.id, version=(former.version if former else 1) + changed)
        now = tools.clock.now()
        forms.save(session, saved, now)
        audit.write(session, now, who, "form-saved", f"{site.key}/{saved.key}, version {saved.version}")
    return saved
