"""``/appeal/{token}``: the author of a rejected comment asks for another look. GET shows, POST acts, once."""

import unicodedata

from flask import Blueprint, Response, make_response, render_template, request
from markupsafe import Markup

from engagement.domain.comments import Status
from engagement.domain.discussion.appeals import MAX_WORDS, Appealable
from engagement.domain.discussion.reasons import public_text
from engagement.domain.errors import AlreadySettled, LinkNotValid
from engagement.domain.messages import N_, Message
from engagement.domain.policy import Outcome
from engagement.domain.sites import Site
from engagement.language import say
from engagement.services.desk import appeals
from engagement.web import limits
from engagement.web.house import language as readers_language
from engagement.web.house import toolbox
from engagement.web.pages.assets import for_one_person
from engagement.web.pages.words import words

blueprint = Blueprint("appeal", __name__, template_folder="templates")
blueprint.after_request(for_one_person)

ASK = N_("Ask for another look")
ASK_TEXT = N_(
    "Your comment was not published. A moderator can look at it again; you will be told by e-mail what they decide."
)
RECEIVED = N_("Thank you, a moderator will look at it")
RECEIVED_TEXT = N_("You will be told by e-mail what they decide.")
SETTLED = N_("This comment is already decided")
PUBLISHED_TEXT = N_("Your comment is published.")
REFUSED_TEXT = N_("Your comment was not published.")
INVALID = N_("This link is no longer valid.")
INVALID_TEXT = N_("It is too old or was cut short. You can write a new comment.")
WORDS_LONG = N_("Please write at most %(most)s readable characters.")


@blueprint.get("/appeal/<token>")
def ask(token: str) -> Response:
    limits.count("links")
    try:
        site, found = appeals.look_up(toolbox(), token)
    except LinkNotValid:
        return _invalid()
    if found.spent:
        return _spent(site, found)
    return _ask(site, found)


@blueprint.post("/appeal/<token>")
def act(token: str) -> Response:
    limits.count("links")
    try:
        site, found = appeals.look_up(toolbox(), token)
        said = _readable(request.form.get("words", ""))
        if said is None:
            return _ask(site, found, 422, typed=request.form.get("words", ""))
        appeals.appeal(toolbox(), token, said)
    except LinkNotValid:
        return _invalid()
    except AlreadySettled:
        return _spent(*appeals.look_up(toolbox(), token), code=409)
    return _page(site.language, RECEIVED, RECEIVED_TEXT)


def _ask(site: Site, found: Appealable, code: int = 200, *, typed: str = "") -> Response:
    codes = dict.fromkeys(r.code for r in found.reasons if r.outcome is Outcome.REJECT)
    return _page(
        site.language,
        ASK,
        ASK_TEXT,
        code,
        body=Markup(found.comment.body_html),  # noqa: S704 - it comes cleaned from engagement.markup
        reasons=[say(public_text(c), site.language) for c in codes],
        error=say(Message(WORDS_LONG, {"most": MAX_WORDS}), site.language) if code == 422 else "",
        typed=typed,
    )


def _spent(site: Site, found: Appealable, *, code: int = 200) -> Response:
    status = found.comment.status
    if status is Status.HELD:
        return _page(site.language, RECEIVED, RECEIVED_TEXT, code)
    return _page(site.language, SETTLED, PUBLISHED_TEXT if status is Status.PUBLISHED else REFUSED_TEXT, code)


def _invalid() -> Response:
    return _page(readers_language(), INVALID, INVALID_TEXT, 410)


def _page(language: str, title: str, text: str, code: int = 200, /, **more: object) -> Response:
    page = render_template(
        "pages/appeal.html",
        language=language,
        words=words(language),
        title=say(title, language),
        text=say(text, language),
        most=MAX_WORDS,
        **more,
    )
    return make_response(page, code)


def _readable(text: str) -> str | None:
    """The words with plain line breaks; None where they are too long or hold what nobody can read."""
    text = text.replace("\r\n", "\n").strip()
    wrong = any(unicodedata.category(c) in {"Cc", "Cs"} and c not in "\n\t" for c in text)
    return None if wrong or len(text) > MAX_WORDS else text
