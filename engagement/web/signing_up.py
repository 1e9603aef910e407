"""The newsletter form, as JSON and as a plain form send it."""

from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import fields

from engagement.domain import pages
from engagement.domain.messages import N_, Message
from engagement.domain.newsletter import MAX_NAME, SignUp, read_name
from engagement.domain.sites import Site
from engagement.language import say
from engagement.services.addresses import read_address
from engagement.web import forms
from engagement.web.house import client, toolbox

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


def read(given: Mapping[str, Any], site: Site, *, form: str, consent_text: str = "") -> SignUp:
    """A wish to subscribe; ``consent_text`` is what stood beside the box where it was not the house's own wording.

    Raises ``InvalidInput`` that names every wrong field.
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
    forms.refuse(wrong)
    return SignUp(
        email=found["email"],
        name=found["name"],
        source_url=found["source_url"],
        form=form,
        consent_text=consent_text or say(Message(CONSENT, {"site": site.name}), site.language),
        client=client(),
    )


def _source(value: str) -> str:
    return pages.normalise(value.strip()) if value.strip() else ""


_CHECKS: Mapping[str, Callable[[str], str]] = {"email": read_address, "name": read_name, "source_url": _source}
_SAID = {
    "email": Message(forms.EMAIL),
    "name": Message(NAME, {"most": MAX_NAME}),
    "source_url": Message(SOURCE),
}
