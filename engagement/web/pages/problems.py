"""``/problems/{slug}``: what a problem's ``type`` points at; and problems as pages for whoever browses here."""

from flask import Blueprint, Response, abort, render_template, request

from engagement.domain.discussion.pages import belongs
from engagement.language import LANGUAGES, say
from engagement.web.house import asked_site, language
from engagement.web.pages.assets import CALM_POLICY
from engagement.web.pages.words import words
from engagement.web.problems import EXPLANATIONS, TITLES

blueprint = Blueprint("problem_pages", __name__)
_PROBLEM = "application/problem+json"
_FOR_PROGRAMS = ("/api/", "/v1alpha1/")


@blueprint.get("/problems/<slug>")
def explain(slug: str) -> Response:
    """The problem's name and what it means, in Italian and English."""
    if slug not in TITLES:
        abort(404)
    parts = [_part(slug, tongue) for tongue in LANGUAGES]
    page = render_template("pages/explained.html", parts=parts, slug=slug, language=LANGUAGES[0])
    answer = Response(page, content_type="text/html; charset=utf-8")
    answer.headers["Content-Security-Policy"] = CALM_POLICY
    return answer


@blueprint.after_app_request
def for_people(answer: Response) -> Response:
    """A refusal is a page where a browser asked for one; programs, which ask for anything or JSON, get the problem."""
    if answer.mimetype != _PROBLEM or request.path.startswith(_FOR_PROGRAMS):
        return answer
    answer.vary.add("Accept")
    if request.accept_mimetypes.best_match([_PROBLEM, "application/json", "text/html"]) != "text/html":
        return answer
    said = answer.get_json(force=True)
    page = render_template(
        "pages/notice.html",
        title=said["title"],
        lines=[said["detail"]],
        back=_way_back(),
        back_text=words(language())["back_to_page"],
        language=language(),
    )
    answer.set_data(page)
    answer.content_type = "text/html; charset=utf-8"
    answer.headers["Content-Security-Policy"] = CALM_POLICY
    return answer


def _way_back() -> str:
    """The page of the site whose form was sent, where the browser tells."""
    site, url = asked_site() if request.method == "POST" else None, request.referrer or ""
    return url if site and belongs(url, site.origins) else ""


def _part(slug: str, tongue: str) -> dict[str, str]:
    return {"language": tongue, "title": say(TITLES[slug], tongue), "text": say(EXPLANATIONS[slug], tongue)}
