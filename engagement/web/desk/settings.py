"""Settings: the rules of one's sites. Origins, keys and the author's address stay with the command line."""

from dataclasses import replace
from typing import Any

from flask import Response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from engagement.domain.desk.moderators import DeskSession
from engagement.domain.errors import InvalidInput, NotFound
from engagement.domain.mailing.digests import AuthorMail
from engagement.domain.messages import N_
from engagement.domain.sites import Site, SiteRules
from engagement.language import say
from engagement.services import sites
from engagement.web.desk import room
from engagement.web.desk.reading import frame
from engagement.web.house import toolbox

AS_INSTALLED = N_("As the installation says")
FIRST_TIMES = {"": AS_INSTALLED, "yes": N_("Yes"), "no": N_("No")}
CHALLENGES = {
    "": AS_INSTALLED,
    "off": N_("Never"),
    "risky": N_("After several bad comments"),
    "always": N_("Always"),
}
AUTHOR_MAILS = {
    AuthorMail.IMMEDIATE: N_("At once"),
    AuthorMail.QUARTER_HOUR: N_("At once, then together every 15 minutes"),
    AuthorMail.HOURLY: N_("Together, every hour"),
    AuthorMail.DAILY: N_("Together, every morning"),
    AuthorMail.OFF: N_("Never"),
}
_MOST_TEXT = 20_000  # characters of one field
_FIRST = {"": None, "yes": True, "no": False}
_BOXES = ("email_required", "hold_all", "weekly")
_LISTS = ("block_words", "hold_words")


@room.blueprint.get("/settings")
def rules() -> Response:
    return _page(room.present())


@room.blueprint.post("/settings")
def save_rules() -> AnyResponse:
    """Change the rules of one site; a wrong field is told beside what was typed."""
    session = room.present()
    room.check_form(session)
    site = next((one for one in session.sites if one.key == request.form.get("site", "")), None)
    if site is None:
        raise NotFound
    wanted = _sent(site)
    try:
        sites.change_rules(toolbox(), site, wanted, who=session.moderator.email)
    except InvalidInput as error:
        errors = {e.pointer.removeprefix("/"): say(e.message, room.language()) for e in error.errors}
        return _page(session, 422, draft=wanted, draft_site=site.key, errors=errors)
    return redirect(room.to("/desk/settings", saved=site.key) + f"#s-{site.key}", 303)


def _sent(site: Site) -> SiteRules:
    """The rules as the form says; what is no choice of it stays as it is."""

    def text(name: str) -> str:
        return request.form.get(name, "").strip()[:_MOST_TEXT]

    known, size = site.rules, text("max_body_bytes")
    sent: dict[str, Any] = {name: request.form.get(name) == "1" for name in _BOXES}
    sent |= {name: tuple(line for raw in text(name).splitlines() if (line := raw.strip())) for name in _LISTS}
    return replace(
        known,
        **sent,
        max_body_bytes=int(size) if size.isascii() and size.isdigit() and len(size) < 10 else 0,
        hold_first_time=_FIRST.get(text("hold_first_time"), known.hold_first_time),
        challenge=(text("challenge") or None) if text("challenge") in CHALLENGES else known.challenge,
        author_mail=text("author_mail"),
        quiet=text("quiet"),
        time_zone=text("time_zone"),
        languages=tuple(text("languages").replace(",", " ").split()),
    )


def _page(session: DeskSession, code: int = 200, /, **more: object) -> Response:
    facts = {"draft": None, "draft_site": "", "errors": {}, "saved": request.args.get("saved", "")} | more
    return room.show(
        "settings",
        code,
        room="settings",
        **frame(session),
        firsts=_said(FIRST_TIMES),
        challenges=_said(CHALLENGES),
        author_mails=_said(AUTHOR_MAILS),
        firsts_of={True: "yes", False: "no", None: ""},
        **facts,
    )


def _said(choices: dict[Any, str]) -> list[tuple[str, str]]:
    return [(str(value), say(text, room.language())) for value, text in choices.items()]
