"""``/preferences/{token}``: a subscriber's own page. GET shows, POST acts; no cookie is needed."""

import json
from collections.abc import Callable

from flask import Blueprint, Response, render_template, request
from werkzeug.exceptions import BadRequest

from engagement.domain.errors import FieldError, InvalidInput
from engagement.domain.messages import N_, Message
from engagement.domain.newsletter import MAX_NAME, SubscriptionState, read_name
from engagement.domain.notices import masked
from engagement.language import LANGUAGES, TONGUES, say, speaker
from engagement.services.audience import preferences
from engagement.services.audience.preferences import Preferences
from engagement.web import limits, signing_up
from engagement.web.gate import check_form
from engagement.web.house import toolbox
from engagement.web.pages.newsletter import for_people, notice_page

blueprint = Blueprint("preferences", __name__)
blueprint.after_request(for_people)

STATES = {
    SubscriptionState.PENDING: N_("Your subscription waits for its confirmation: open the mail that we sent you."),
    SubscriptionState.CONFIRMED: N_("You receive the newsletter of %(site)s."),
    SubscriptionState.LEFT: N_("You do not receive the newsletter of %(site)s."),
}
SAVED = N_("Saved.")
GONE = N_("You no longer receive the newsletter.")
STOPPED = N_("No mail goes to your address any more.")
RESUMED = N_("Mails may come again. To receive the newsletter, sign up again.")
FORGOTTEN = N_("Your address was erased. Only a fingerprint of it stays, so that it is not written to again.")
FILE_NAME = "dati-data.json"


@blueprint.get("/preferences/<token>")
def show(token: str) -> Response:
    limits.count("links")
    return _page(preferences.look_up(toolbox(), token))


@blueprint.post("/preferences/<token>")
def act(token: str) -> Response:
    """What the pressed button says; it stands in the field ``do``."""
    check_form()
    limits.count("preferences")
    action = _ACTIONS.get(request.form.get("do", ""))
    if action is None:
        raise BadRequest
    return action(token)


def _save(token: str) -> Response:
    language = request.form.get("language", "")
    if language not in LANGUAGES:
        raise BadRequest
    try:
        name = read_name(request.form.get("name", ""))
    except ValueError as error:
        raise InvalidInput([FieldError("/name", Message(signing_up.NAME, {"most": MAX_NAME}))]) from error
    return _page(preferences.change(toolbox(), token, name=name, language=language), SAVED)


def _leave(token: str) -> Response:
    return _page(preferences.leave(toolbox(), token), GONE)


def _stop(token: str) -> Response:
    return _page(preferences.stop(toolbox(), token), STOPPED)


def _resume(token: str) -> Response:
    return _page(preferences.resume(toolbox(), token), RESUMED)


def _download(token: str) -> Response:
    found = preferences.own_data(toolbox(), token, request.form.get("email", ""))
    text = json.dumps(found, ensure_ascii=False, indent=2)
    answer = Response(text, content_type="application/json; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{FILE_NAME}"'
    return answer


def _forget(token: str) -> Response:
    seen = preferences.look_up(toolbox(), token)
    preferences.forget(toolbox(), token, request.form.get("email", ""))
    return notice_page(say(FORGOTTEN, seen.language), language=seen.language)


_ACTIONS: dict[str, Callable[[str], Response]] = {
    "save": _save,
    "leave": _leave,
    "stop": _stop,
    "resume": _resume,
    "download": _download,
    "forget": _forget,
}


def _page(seen: Preferences, done: str = "") -> Response:
    tongue, found = seen.language, seen.subscription
    _ = speaker(tongue)
    page = render_template(
        "pages/preferences.html",
        _=_,
        language=tongue,
        site=seen.site,
        name=found.name,
        masked=masked(found.email),
        state=_(STATES[found.state], site=seen.site.name),
        subscribed=found.state is not SubscriptionState.LEFT,
        seen=seen,
        tongues=TONGUES,
        done=_(done) if done else "",
    )
    return Response(page, content_type="text/html; charset=utf-8")
