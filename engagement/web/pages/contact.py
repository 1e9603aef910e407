"""The contact form without JavaScript: a page with the form, fit for an iframe, and the form's own door."""

from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

from flask import Blueprint, Response, make_response, redirect, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as Answer

from engagement.domain.discussion.pages import BadAddress, belongs, normalise
from engagement.domain.errors import EngagementError
from engagement.domain.sites import Site
from engagement.services.mailing import contact
from engagement.web import forms, limits
from engagement.web.gate import check_form, check_origin
from engagement.web.house import asked_site, client, language, the_site, toolbox
from engagement.web.pages.thread import guarded
from engagement.web.pages.words import words
from engagement.web.problems import as_problem, mistakes, refused

blueprint = Blueprint("contact_pages", __name__, template_folder="templates")

FIELDS = ("name", "email", "subject", "body")
SENT = ("messaggio", "inviato")  # the parameter that leads back to a page with the thanks, and its value
ANCHOR = "scrivimi"


@blueprint.get("/sites/<site>/write")
def show(site: str) -> Response:
    """The form. ``page_url``, where it is one of the site's, is the page to come back to."""
    try:
        found = the_site()
        limits.count("reads", found)
    except (EngagementError, HTTPException) as error:
        return _refusal(error, {})
    answer = make_response(_page(found, request.args, sent=is_sent()))
    answer.headers["Cache-Control"] = "no-store"
    return guarded(answer, found)


@blueprint.post("/sites/<site>/messages")
def write(site: str) -> Answer:
    """A plain form: 303 to the page it stood on, or to a small one; a refusal keeps what was typed."""
    typed: dict[str, str] = {}
    try:
        check_form()
        typed.update({name: request.form.get(name, "") for name in (*FIELDS, "page_url")})
        found = the_site()
        check_origin(found)
        limits.count("messages", found)
        given = {name: typed[name] for name in FIELDS}
        contact.write_to_author(toolbox(), found, forms.message(given, found, client=client()))
    except (EngagementError, HTTPException) as error:
        return _refusal(error, typed)
    back = _way_back(found, typed["page_url"])
    return redirect(_with_thanks(back) if back else f"/sites/{found.key}/write?{'='.join(SENT)}", 303)


def is_sent() -> bool:
    """Whether this page is the one that a sent message leads back to."""
    return request.args.get(SENT[0]) == SENT[1]


def _way_back(site: Site, page_url: str) -> str:
    """The page, if it is one of the site's: nobody is led anywhere else."""
    try:
        return normalise(page_url) if belongs(page_url, site.origins) else ""
    except BadAddress:
        return ""


def _with_thanks(url: str) -> str:
    parts = urlsplit(url)
    query = "&".join(filter(None, (parts.query, "=".join(SENT))))
    return urlunsplit(parts._replace(query=query, fragment=ANCHOR))


def _refusal(error: EngagementError | HTTPException, typed: Mapping[str, str]) -> Response:
    """The refusal as a page, with the status that the JSON door gives it."""
    problem, site = as_problem(error), asked_site()
    said = problem.get_json()
    title = words(language())["not_written"] if request.method == "POST" else said["title"]
    page = _page(site, typed, title=title, detail=said["detail"], errors=mistakes(error))
    return guarded(refused(page, problem), site)


def _page(
    site: Site | None,
    typed: Mapping[str, str],
    *,
    sent: bool = False,
    title: str = "",
    detail: str = "",
    errors: Mapping[str, str] | None = None,
) -> str:
    wrong = errors or {}
    return render_template(
        "pages/contact.html",
        site=site,
        heading=title or words(language())["write_to"],
        values={name: typed.get(name, "") for name in FIELDS},
        back=_way_back(site, typed.get("page_url", "")) if site else "",
        sent=sent,
        detail=detail,
        errors={name: wrong[name] for name in (*FIELDS, *wrong) if name in wrong},  # as the form has them
        words=words(language()),
        language=language(),
    )
