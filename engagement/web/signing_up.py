"""The newsletter form, as JSON and as a plain form send it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import fields

from engagement.domain.discussion import pages
from engagement.domain.errors import InvalidInput
from engagement.domain.messages import N_, Message
from engagement.domain.newsletter import MAX_NAME, NewsletterForm, SignUp, read_name
from engagement.domain.sites import Site
from engagement.language import say
from engagement.services.addresses import read_address
from engagement.services.audience.forms import form_of, wording
from engagement.web import forms
from engagement.web.house import client, toolbox

TITLE = N_("The newsletter")
LEAD = N_("Leave your address; each letter has a link to leave.")
CONSENT = N_("I want to receive the newsletter of %(site)s by e-mail. I can leave it at any time.")
ASKED = N_("Almost done: please open the e-mail we are sending you and confirm your subscription.")
CONSENT_NEEDED = N_("Please agree to receive the newsletter.")
NAME = N_("Please write your name in at most %(most)s readable characters.")
SOURCE = N_("Please write the http or https address of the page with the form.")

REFUSED_DOMAIN = N_("Addresses of this mail provider are not accepted here. Please use another one.")


class SignUpForm(forms.Form):
    """The body of ``POST …/newsletter``."""

    email = fields.String(required=True, **forms.TEXT)
    name = fields.String(load_default="", **forms.TEXT)
    consent = forms.Flag(load_default=False, **forms.TEXT)
    source_url = fields.String(load_default="", **forms.TEXT)
    form = fields.String(load_default="", **forms.TEXT)
    consent_version = fields.Integer(load_default=None, allow_none=False, strict=True, **forms.TEXT)


@dataclass(frozen=True)
class Box:
    """A form as one of our own boxes shows it; its texts are the form's, or else the house's in the site's language."""

    key: str
    version: int
    title: str
    lead: str
    consent: str
    consent_needed: bool


def box_of(site: Site, form: NewsletterForm, language: str = "") -> Box:
    """What a reader is shown."""
    tongue = language or site.language
    return Box(
        key=form.key,
        version=form.version,
        title=form.title or say(TITLE, tongue),
        lead=form.lead or say(LEAD, tongue),
        # Not in the reader's language but in the site's: the proof says what stood there.
        consent=consent_words(site, form.consent_text),
        consent_needed=form.consent_needed,
    )


def consent_words(site: Site, own: str) -> str:
    """What stands beside the box: a form's own wording, or the house's where it has none."""
    return own or say(Message(CONSENT, {"site": site.name}), site.language)


def thanks(form: NewsletterForm | None, language: str) -> str:
    """What a reader is told after signing up."""
    return (form.success_text if form else "") or say(ASKED, language)


def read(
    given: Mapping[str, Any], site: Site, *, label: str, form: NewsletterForm | None = None
) -> tuple[SignUp, NewsletterForm | None]:
    """A wish to subscribe, and the form it came by: ``form``, or the one that it names, if any.

    The proof holds the form's key and version and the wording that stood there then; ``label`` and the house's wording
    where no form is known. Raises ``InvalidInput`` that names every wrong field.
    """
    found, wrong = forms.load(SignUpForm(), given)
    for name, check in _CHECKS.items():
        if name in wrong:
            continue
        try:
            found[name] = check(found.get(name, ""))
        except ValueError:
            wrong[name] = _SAID[name]
    if "email" not in wrong and toolbox().refused_domains.refuses(found["email"]):
        wrong["email"] = Message(REFUSED_DOMAIN)
    if "consent" not in wrong and not found["consent"]:
        wrong["consent"] = Message(CONSENT_NEEDED)
    shown = None
    try:
        form = form_of(site, found["form"]) if form is None and found.get("form") else form
        shown = wording(form, found.get("consent_version")) if form else None
    except InvalidInput as error:
        wrong |= {one.pointer.removeprefix("/"): one.message for one in error.errors}
    forms.refuse(wrong)
    wish = SignUp(
        email=found["email"],
        name=found["name"],
        source_url=found["source_url"],
        form=f"{form.key}-{shown.version}" if form and shown else label,
        consent_text=consent_words(site, shown.consent_text if shown else ""),
        client=client(),
    )
    return wish, form


def _source(value: str) -> str:
    return pages.normalise(value.strip()) if value.strip() else ""


_CHECKS: Mapping[str, Callable[[str], str]] = {"email": read_address, "name": read_name, "source_url": _source}
_SAID = {
    "email": Message(forms.EMAIL),
    "name": Message(NAME, {"most": MAX_NAME}),
    "source_url": Message(SOURCE),
}
