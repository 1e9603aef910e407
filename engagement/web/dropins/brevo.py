"""``POST /f/{form_key}``: stands in for an embedded Brevo form.

The embed's own script adds ``?isAjax=1``, sends multipart, ignores the status and reads JSON ``{success, message,
errors}``; an answer without CORS headers leaves its spinner turning for ever. So it always gets 200 and JSON.
"""

from collections.abc import Mapping

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Response as Answer

from engagement.domain.discussion.pages import origin_of
from engagement.domain.errors import EngagementError, InvalidInput
from engagement.domain.messages import N_
from engagement.domain.newsletter import NewsletterForm, SignUp
from engagement.domain.sites import Site
from engagement.language import LANGUAGES, say
from engagement.services import newsletter
from engagement.services.audience.forms import find_form
from engagement.web import limits, signing_up
from engagement.web.answers import as_json
from engagement.web.gate import check_form, check_origin
from engagement.web.house import language as site_language
from engagement.web.house import toolbox
from engagement.web.pages.assets import CALM_POLICY
from engagement.web.pages.newsletter import for_people, notice_page, tells_origin, whole_number
from engagement.web.pages.words import words
from engagement.web.problems import as_problem, asking, mistakes

blueprint = Blueprint("brevo", __name__)

REFUSED = N_("Your subscription could not be validated.")
HONEYPOT = "email_address_check"
MOST_BYTES = 16 * 1024
_AGREED = {"1", "true", "on", "yes"}


@blueprint.get("/f/<form_key>")
def show(form_key: str) -> Answer:
    """The form as a page of ours, with its own texts, for a link or a theme without one."""
    site, form = find_form(form_key)
    limits.count("reads", site)
    page = render_template(
        "pages/sign_up.html",
        box=signing_up.box_of(site, form, language()),
        site=site,
        words=words(language()),
        name_field=form.name_fields[0] if form.name_fields else "",
        trap=HONEYPOT,
        language=language(),
    )
    answer = tells_origin(for_people(Response(page, content_type="text/html; charset=utf-8")))
    if form.redirect_url:  # browsers hold the way back to this rule too
        leads = f"form-action 'self' {origin_of(form.redirect_url)}"
        answer.headers["Content-Security-Policy"] = f"{CALM_POLICY}; {leads}"
    return answer


@blueprint.post("/f/<form_key>")
def sign_up(form_key: str) -> Answer:
    """Take a sign-up; new, pending, confirmed and departed addresses get the same answer."""
    ajax = request.args.get("isAjax") == "1"
    try:
        form = _signed_up(form_key)
    except Exception as error:
        if ajax:
            return _refusal(error)
        if not isinstance(error, EngagementError | HTTPException):
            raise
        return _refusal_page(error)
    said = signing_up.thanks(form, language())
    if ajax:
        return _json({"success": True, "message": said, "errors": {}})
    if form.redirect_url:
        return redirect(form.redirect_url, 303)
    return for_people(notice_page(said, language=language()))


def language() -> str:
    """The form's own ``locale`` where we speak it, else the site's language."""
    try:
        wanted = request.values.get("locale", "")
    except HTTPException:  # what cannot be read has no language either
        wanted = ""
    return wanted if wanted in LANGUAGES else site_language()


def _signed_up(form_key: str) -> NewsletterForm:
    check_form()
    if (request.content_length or 0) > MOST_BYTES:
        raise RequestEntityTooLarge
    sent = request.form
    site, form = find_form(form_key)
    check_origin(site, form.origin)
    limits.count("newsletter", site)
    if sent.get(HONEYPOT):
        return form  # a program filled the field that nobody sees: it hears what everybody hears
    newsletter.sign_up(toolbox(), site, _wish(sent, site, form))
    return form


def _wish(sent: "MultiDict[str, str]", site: Site, form: NewsletterForm) -> SignUp:
    """Only what is known is read; the other fields of an embed are its own."""
    name = next((sent[field] for field in form.name_fields if sent.get(field, "").strip()), "")
    given: dict[str, object] = {
        "email": sent.get("EMAIL", ""),
        "name": name,
        "consent": not form.consent_needed or sent.get("OPT_IN", "").strip().lower() in _AGREED,
    }
    if sent.get("consent_version"):  # of our own page; an embed has the wording that stands in its page
        given["consent_version"] = whole_number(sent["consent_version"])
    named = next(
        (field for field in form.name_fields if field in sent), form.name_fields[0] if form.name_fields else ""
    )
    try:
        return signing_up.read(given, site, label=form.key, form=form)[0]
    except InvalidInput as error:
        raise _Renamed(error, {"/email": "/EMAIL", "/consent": "/OPT_IN", "/name": f"/{named}"}) from error


class _Renamed(InvalidInput):
    """The same mistakes under the names that the embed gave its fields."""

    def __init__(self, error: InvalidInput, names: Mapping[str, str]) -> None:
        super().__init__([type(e)(names.get(e.pointer, e.pointer), e.message) for e in error.errors])


def _refusal(error: Exception) -> Response:
    """Always 200: the embed's script looks at nothing but the body."""
    errors = mistakes(error, language())
    message = say(REFUSED, language())
    if not errors:
        message = f"{message} {_detail(error, as_problem(error))}"
    return _json({"success": False, "message": message, "errors": errors})


def _refusal_page(error: EngagementError | HTTPException) -> Response:
    """The same words as a small page, with the status that the JSON door gives it."""
    problem = as_problem(error)
    why = list(mistakes(error, language()).values()) or [_detail(error, problem)]
    return asking(for_people(notice_page(say(REFUSED, language()), *why, language=language())), problem)


def _detail(error: Exception, problem: Response) -> str:
    """Our own refusals can be said in the form's language; the others come in the site's."""
    if isinstance(error, EngagementError):
        return say(error.message, language())
    return str(problem.get_json(force=True)["detail"])


def _json(body: object) -> Response:
    answer = as_json(body)
    answer.headers["Cache-Control"] = "no-store"
    return answer
