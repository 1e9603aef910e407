"""The pages behind the links in letters about replies. GET shows, POST acts; neither needs a cookie."""

from flask import Blueprint, Response, render_template, request

from engagement.domain.messages import N_, Message
from engagement.domain.newsletter import SubscriptionState
from engagement.language import best_language, say
from engagement.services.mailing import replies
from engagement.web import limits
from engagement.web.house import toolbox
from engagement.web.pages import newsletter

blueprint = Blueprint("reply_pages", __name__)
blueprint.after_request(newsletter.for_people)

TITLE = N_("Replies to your comments")
CONFIRM = N_("Do you want an e-mail when somebody answers your comments on %(site)s?")
CONFIRM_BUTTON = N_("Yes, tell me about replies")
CONFIRMED = N_("You will get an e-mail when somebody answers your comments on %(site)s.")
LEAVE = N_("Do you want no more e-mails about replies?")
LEAVE_PAGE = N_("None about “%(page)s”")
LEAVE_ALL = N_("None at all from %(site)s")
LEFT = N_("You get no more e-mails about replies from %(site)s.")
LEFT_PAGE = N_("You get no more e-mails about replies under “%(page)s”.")
ALL = "all"


@blueprint.get("/replies/confirm/<token>")
def show_confirm(token: str) -> Response:
    limits.count("links")
    found, site, _ = replies.look_up(toolbox(), token, "confirm")
    if found.state is SubscriptionState.CONFIRMED:
        return _page(Message(CONFIRMED, {"site": site.name}), site.language)
    button = ("", say(CONFIRM_BUTTON, site.language))
    return _page(Message(CONFIRM, {"site": site.name}), site.language, button)


@blueprint.post("/replies/confirm/<token>")
def confirm(token: str) -> Response:
    limits.count("links")
    site = replies.confirm(toolbox(), token)
    return _page(Message(CONFIRMED, {"site": site.name}), site.language)


@blueprint.get("/replies/leave/<token>")
def show_leave(token: str) -> Response:
    limits.count("links")
    found, site, page = replies.look_up(toolbox(), token, "leave")
    if found.state is SubscriptionState.LEFT:
        return _page(Message(LEFT, {"site": site.name}), site.language)
    whole = (ALL, say(Message(LEAVE_ALL, {"site": site.name}), site.language))
    one = [("page", say(Message(LEAVE_PAGE, {"page": page}), site.language))] if page else []
    return _page(Message(LEAVE), site.language, *one, whole)


@blueprint.post("/replies/leave/<token>")
def leave(token: str) -> Response:
    """A button of the page, or a mail program's own (RFC 8058), which means all.

    No rate: one program leaves for many.
    """
    one_click = request.form.get("List-Unsubscribe") == "One-Click"
    _, _, page = replies.look_up(toolbox(), token, "leave")
    one_page = bool(page) and not one_click and request.form.get("what") == "page"
    site = replies.leave(toolbox(), token, "one-click" if one_click else "link", everywhere=not one_page)
    said = Message(LEFT_PAGE, {"page": page}) if one_page else Message(LEFT, {"site": site.name})
    return _page(said, site.language)


def _page(line: Message, language: str, *buttons: tuple[str, str]) -> Response:
    """A sentence, and buttons as ``(value, text)`` of one form that is sent to the same address."""
    language = best_language(language)
    page = render_template(
        "pages/replies.html",
        title=say(TITLE, language),
        line=say(line, language),
        buttons=buttons,
        language=language,
    )
    return Response(page, content_type="text/html; charset=utf-8")
