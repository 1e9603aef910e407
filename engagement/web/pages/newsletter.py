"""The newsletter without JavaScript: the form's answer, and the pages behind the links in mails.

GET shows, POST acts: programs that check mails follow every link. Neither needs a cookie.
"""

from flask import Blueprint, Response, request
from markupsafe import Markup
from werkzeug.exceptions import UnsupportedMediaType

from engagement.domain.messages import N_, Message
from engagement.domain.newsletter import SubscriptionState
from engagement.domain.pages import belongs
from engagement.language import best_language, say
from engagement.services import newsletter
from engagement.web import limits, signing_up
from engagement.web.gate import check_origin
from engagement.web.house import language as readers_language
from engagement.web.house import the_site, toolbox

blueprint = Blueprint("newsletter_pages", __name__)

TITLE = N_("Newsletter")
CONFIRM = N_("Do you want to receive the newsletter of %(site)s?")
CONFIRM_BUTTON = N_("Confirm the subscription")
CONFIRMED = N_("Your subscription is confirmed.")
LEAVE = N_("Do you want to stop receiving the newsletter of %(site)s?")
LEAVE_BUTTON = N_("Leave the newsletter")
LEFT = N_("You no longer receive the newsletter of %(site)s.")
BACK = N_("Back to the page")

_PAGE = Markup(
    '<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
    "<title>{title}</title></head><body><main><h1>{title}</h1>{body}</main></body></html>"
)
_LINE = Markup("<p>{}</p>")
_BUTTON = Markup('<form method="post"><button type="submit">{}</button></form>')
_BACK = Markup('<p><a href="{}">{}</a></p>')
_AGREED = {"true", "on", "1", "yes", "si", "sì"}
_FIELDS = ("email", "name", "source_url")


@blueprint.post("/sites/<site>/newsletter")
def sign_up(site: str) -> Response:
    """A plain form; fields it does not know are left alone. The same page for every address."""
    if request.mimetype not in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        raise UnsupportedMediaType
    sent = request.form
    found = the_site()
    check_origin(found)
    limits.count("newsletter", found)
    given: dict[str, object] = {name: sent[name] for name in _FIELDS if name in sent}
    given["consent"] = sent.get("consent", "").strip().lower() in _AGREED
    wish = signing_up.read(given, found, form="page-1")
    newsletter.sign_up(toolbox(), found, wish)
    body = _LINE.format(say(signing_up.ASKED, found.language))
    if belongs(wish.source_url, found.origins):
        body += _BACK.format(wish.source_url, say(BACK, found.language))
    return _page(body, found.language)


@blueprint.get("/newsletter/confirm/<token>")
def show_confirm(token: str) -> Response:
    limits.count("links")
    found = newsletter.look_up(toolbox(), token, "confirm")
    site = newsletter.site_of(found)
    if found.state is SubscriptionState.CONFIRMED:
        return _page(_LINE.format(say(CONFIRMED, site.language)), site.language)
    return _ask(CONFIRM, CONFIRM_BUTTON, site.name, site.language)


@blueprint.post("/newsletter/confirm/<token>")
def confirm(token: str) -> Response:
    limits.count("links")
    site = newsletter.site_of(newsletter.confirm(toolbox(), token))
    return _page(_LINE.format(say(CONFIRMED, site.language)), site.language)


@blueprint.get("/newsletter/leave/<token>")
def show_leave(token: str) -> Response:
    limits.count("links")
    found = newsletter.look_up(toolbox(), token, "leave")
    site = newsletter.site_of(found)
    if found.state is SubscriptionState.LEFT:
        return _left(site.name, site.language)
    return _ask(LEAVE, LEAVE_BUTTON, site.name, site.language)


@blueprint.post("/newsletter/leave/<token>")
def leave(token: str) -> Response:
    """The button of the page, or a mail program's own (RFC 8058). No rate: one program leaves for many."""
    one_click = request.form.get("List-Unsubscribe") == "One-Click"
    site = newsletter.site_of(newsletter.leave(toolbox(), token, "one-click" if one_click else "link"))
    return _left(site.name, site.language)


@blueprint.after_request
def for_people(answer: Response) -> Response:
    """A problem becomes a page with its words; nothing here is kept, indexed, framed or passed on."""
    if answer.mimetype == "application/problem+json":
        said = answer.get_json(force=True)
        lines = dict.fromkeys([said["detail"], *(e["detail"] for e in said.get("errors", []))])
        page = _page(Markup("").join(_LINE.format(line) for line in lines), readers_language())
        answer.set_data(page.get_data())
        answer.content_type = page.content_type
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex"
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Content-Security-Policy"] = (
        "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return answer


def notice_page(text: str, language: str) -> Response:
    """A page with one sentence."""
    return _page(_LINE.format(text), language)


def _ask(text: str, button: str, site_name: str, language: str) -> Response:
    line = _LINE.format(say(Message(text, {"site": site_name}), language))
    return _page(line + _BUTTON.format(say(button, language)), language)


def _left(site_name: str, language: str) -> Response:
    return _page(_LINE.format(say(Message(LEFT, {"site": site_name}), language)), language)


def _page(body: Markup, language: str) -> Response:
    language = best_language(language)
    shown = _PAGE.format(language=language, title=say(TITLE, language), body=body)
    return Response(shown, content_type="text/html; charset=utf-8")
