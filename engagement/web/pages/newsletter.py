"""The newsletter without JavaScript: the form's answer, and the pages behind the links in mails.

GET shows, POST acts: programs that check mails follow every link. Neither needs a cookie.
"""

from collections.abc import Sequence

from flask import Blueprint, Response, render_template, request

from engagement.domain.discussion.pages import belongs
from engagement.domain.messages import N_, Message
from engagement.domain.newsletter import SubscriptionState
from engagement.language import best_language, say
from engagement.services import newsletter
from engagement.services.addresses import checked_address
from engagement.web import limits, signing_up
from engagement.web.gate import check_form, check_origin
from engagement.web.house import asked_site, the_site, toolbox
from engagement.web.house import language as readers_language
from engagement.web.pages.assets import for_one_person

blueprint = Blueprint("newsletter_pages", __name__)

TITLE = N_("Newsletter")
CONFIRM = N_("Do you want to receive the newsletter of %(site)s?")
CONFIRM_BUTTON = N_("Confirm the subscription")
CONFIRMED = N_("Your subscription is confirmed.")
LEAVE = N_("Do you want to stop receiving the newsletter of %(site)s?")
LEAVE_BUTTON = N_("Leave the newsletter")
LEFT = N_("You no longer receive the newsletter of %(site)s.")
ASK_ADDRESS = N_("Write the address at which you receive the newsletter of %(site)s.")
ASKED_TO_LEAVE = N_("If this address receives the newsletter, a mail with the link to leave it is on its way.")
ASK_LEAVE_BUTTON = N_("Send me the link")
ADDRESS = N_("Your e-mail address")
BACK = N_("Back to the page")
TOO_OLD = N_("It is too old or was cut short: open the newest mail that you had from here.")
_ASKING = {"newsletter_pages.show_ask_to_leave", "newsletter_pages.ask_to_leave"}
_ON_OUR_PAGES = {"newsletter_pages.ask_to_leave", "preferences.act"}  # forms that stand at the address they are sent to

_MOST_DIGITS = 10
_AGREED = {"true", "on", "1", "yes", "si", "sì"}
_FIELDS = ("email", "name", "source_url", "form")


@blueprint.post("/sites/<site>/newsletter")
def sign_up(site: str) -> Response:
    """A plain form; fields it does not know are left alone. The same page for every address."""
    check_form()
    sent = request.form
    found = the_site()
    check_origin(found)
    limits.count("newsletter", found)
    given: dict[str, object] = {name: sent[name] for name in _FIELDS if name in sent}
    given["consent"] = sent.get("consent", "").strip().lower() in _AGREED
    given |= {"consent_version": whole_number(sent["consent_version"])} if sent.get("consent_version") else {}
    wish, form = signing_up.read(given, found, label="page-1")
    if form:
        check_origin(found, form.origin)
    newsletter.sign_up(toolbox(), found, wish)
    back = wish.source_url if belongs(wish.source_url, found.origins) else ""
    return _page([signing_up.thanks(form, found.language)], found.language, back=back)


@blueprint.get("/newsletter/confirm/<token>")
def show_confirm(token: str) -> Response:
    limits.count("links")
    found = newsletter.look_up(toolbox(), token, "confirm")
    site = newsletter.site_of(found)
    language = found.language or site.language
    if found.state is SubscriptionState.CONFIRMED:
        return _page([say(CONFIRMED, language)], language)
    return _ask(CONFIRM, CONFIRM_BUTTON, site.name, language)


@blueprint.post("/newsletter/confirm/<token>")
def confirm(token: str) -> Response:
    limits.count("links")
    found = newsletter.confirm(toolbox(), token)
    language = found.language or newsletter.site_of(found).language
    return _page([say(CONFIRMED, language)], language)


@blueprint.get("/newsletter/leave/<token>")
def show_leave(token: str) -> Response:
    limits.count("links")
    found = newsletter.look_up(toolbox(), token, "leave")
    site = newsletter.site_of(found)
    language = found.language or site.language
    if found.state is SubscriptionState.LEFT:
        return _left(site.name, language)
    return _ask(LEAVE, LEAVE_BUTTON, site.name, language)


@blueprint.post("/newsletter/leave/<token>")
def leave(token: str) -> Response:
    """The button of the page, or a mail program's own (RFC 8058). No rate: one program leaves for many."""
    one_click = request.form.get("List-Unsubscribe") == "One-Click"
    found = newsletter.leave(toolbox(), token, "one-click" if one_click else "link")
    site = newsletter.site_of(found)
    return _left(site.name, found.language or site.language)


@blueprint.get("/sites/<site>/newsletter/leave")
def show_ask_to_leave(site: str) -> Response:
    """For who has no mail with a link at hand."""
    limits.count("reads", the_site())
    found = the_site()
    text = say(Message(ASK_ADDRESS, {"site": found.name}), found.language)
    button = say(ASK_LEAVE_BUTTON, found.language)
    return _page([text], found.language, button=button, field=say(ADDRESS, found.language))


@blueprint.post("/sites/<site>/newsletter/leave")
def ask_to_leave(site: str) -> Response:
    """The same page for every address; a mail goes to a subscribed one alone."""
    check_form()
    found = the_site()
    check_origin(found)
    limits.count("newsletter_leave", found)
    newsletter.ask_to_leave(toolbox(), found, checked_address(request.form.get("email", "")))
    return _page([say(ASKED_TO_LEAVE, found.language)], found.language)


@blueprint.after_request
def for_people(answer: Response) -> Response:
    """A problem becomes a page with its words; nothing here is kept, indexed, framed or passed on."""
    if answer.mimetype == "application/problem+json":
        said = answer.get_json(force=True)
        tongue = readers_language()
        lines = dict.fromkeys([said["detail"], *(e["detail"] for e in said.get("errors", []))])
        advice = [say(TOO_OLD, tongue)] if answer.status_code == 410 else []
        page = _page([*lines, *advice], tongue, back=_way_back(answer.status_code))
        answer.set_data(page.get_data())
        answer.content_type = page.content_type
    answer = for_one_person(answer)
    if request.endpoint in _ASKING:  # no token stands in the address; without it browsers send "Origin: null"
        answer.headers["Referrer-Policy"] = "same-origin"
    return answer


def _way_back(status: int) -> str:
    """To the form that was refused: ours, or on one of the site's pages; "" where nobody tells which."""
    if request.method != "POST" or status == 410:
        return ""
    if request.endpoint in _ON_OUR_PAGES:
        return request.path
    site = asked_site()
    source = request.form.get("source_url", "") if status != 413 else ""  # too large to be read
    known = (url for url in (source, request.referrer or "") if site and belongs(url, site.origins))
    return next(known, "")


def whole_number(text: str) -> int | str:
    """A number that a form sent; else its text, which is refused by name."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < _MOST_DIGITS else text


def tells_origin(answer: Response) -> Response:
    """For a page whose form is asked where it comes from: with "no-referrer" browsers say "Origin: null"."""
    answer.headers["Referrer-Policy"] = "same-origin"
    return answer


def notice_page(*lines: str, language: str) -> Response:
    """A page with one or more sentences."""
    return _page(lines, language)


def _ask(text: str, button: str, site_name: str, language: str) -> Response:
    return _page([say(Message(text, {"site": site_name}), language)], language, button=say(button, language))


def _left(site_name: str, language: str) -> Response:
    return _page([say(Message(LEFT, {"site": site_name}), language)], language)


def _page(lines: Sequence[str], language: str, *, button: str = "", back: str = "", field: str = "") -> Response:
    """One or more sentences; ``button`` sends a form to the same address, empty or with a ``field`` for an address.

    ``back`` is a link.
    """
    language = best_language(language)
    page = render_template(
        "pages/notice.html",
        title=say(TITLE, language),
        lines=lines,
        button=button,
        field=field,
        back=back,
        back_text=say(BACK, language),
        language=language,
    )
    return Response(page, content_type="text/html; charset=utf-8")
