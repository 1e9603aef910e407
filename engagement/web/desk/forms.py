"""Embedded newsletter forms: what each says and asks, the address to paste, and a place to change it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flask import Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from engagement.domain.desk.moderators import DeskSession
from engagement.domain.errors import InvalidInput, NotFound
from engagement.domain.newsletter import NewsletterForm, Wording
from engagement.domain.sites import Site
from engagement.language import say
from engagement.services.audience import forms
from engagement.web import signing_up
from engagement.web.desk import room
from engagement.web.desk.reading import frame
from engagement.web.dropins.brevo import REFUSED
from engagement.web.house import toolbox
from engagement.web.pages.newsletter import CONFIRMED

TEXTS = ("title", "lead", "consent_text", "success_text", "redirect_url", "origin")


@dataclass(frozen=True)
class Shown:
    """A form as the page shows it. ``box`` is what readers see, ``texts`` what they are told.

    ``earlier`` are the wordings of former versions.
    """

    form: NewsletterForm
    site: Site
    address: str
    box: signing_up.Box
    texts: tuple[str, ...]
    earlier: tuple[Wording, ...]


@room.blueprint.get("/forms")
def list_forms() -> Response:
    """All forms of one's sites."""
    return _page(room.present())


@room.blueprint.post("/forms")
def save_form() -> AnyResponse:
    """Make a form, or change one; a wrong field is told beside what was typed."""
    session = room.present()
    room.check_form(session)
    site = next((one for one in session.sites if one.key == request.form.get("site", "")), None)
    if site is None:
        raise NotFound
    wanted, new = _sent(site), request.form.get("new") == "1"
    try:
        forms.save_form(toolbox(), site, wanted, who=session.moderator.email, new=new)
    except InvalidInput as error:
        errors = {e.pointer.removeprefix("/"): say(e.message, room.language()) for e in error.errors}
        return _page(session, 422, draft=wanted, draft_site=site.key, draft_new=new, errors=errors)
    return redirect(room.to("/desk/forms", saved=wanted.key) + f"#f-{wanted.key}", 303)


def _sent(site: Site) -> NewsletterForm:
    def text(name: str) -> str:
        return " ".join(request.form.get(name, "").split())

    known = next((one for one in forms.forms_of(site) if one.key == text("key")), None)
    form = known or NewsletterForm(text("key"), site.id)
    return replace(
        form,
        **{name: text(name) for name in TEXTS if name in request.form},  # type: ignore[arg-type] # all are texts
        consent_needed=request.form.get("consent_needed") == "1",
        name_fields=tuple(text("name_fields").replace(",", " ").split()),
    )


def _page(session: DeskSession, code: int = 200, /, **more: object) -> Response:
    facts = {
        "draft": None,
        "draft_site": "",
        "draft_new": False,
        "errors": {},
        "saved": request.args.get("saved", ""),
    } | more
    pairs = [(site, form) for site in session.sites for form in forms.forms_of(site)]
    wordings = forms.wordings([form for _, form in pairs])
    found = [_shown(site, form, wordings[form.key]) for site, form in pairs]
    return room.show("forms", code, room="forms", **frame(session), found=found, blank=NewsletterForm("", 0), **facts)


def _shown(site: Site, form: NewsletterForm, wordings: Sequence[Wording]) -> Shown:
    url = toolbox().settings.server.address
    told = (signing_up.thanks(form, site.language), say(REFUSED, site.language), say(CONFIRMED, site.language))
    earlier = tuple(
        replace(one, consent_text=signing_up.consent_words(site, one.consent_text))
        for one in wordings
        if one.version != form.version
    )
    return Shown(form, site, f"{url}/f/{form.key}", signing_up.box_of(site, form), told, earlier)
