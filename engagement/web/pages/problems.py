"""``/problems/{slug}``: what a problem's ``type`` points at."""

from flask import Blueprint, Response, abort
from markupsafe import Markup

from engagement.language import LANGUAGES, say
from engagement.web.problems import EXPLANATIONS, TITLES

blueprint = Blueprint("problem_pages", __name__)
_PAGE = Markup(
    '<!doctype html><html lang="it"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    "<title>{title}</title></head><body><main>{parts}<p><code>{slug}</code></p></main></body></html>"
)
_PART = Markup('<section lang="{language}"><{level}>{title}</{level}><p>{text}</p></section>')


@blueprint.get("/problems/<slug>")
def explain(slug: str) -> Response:
    """The problem's name and what it means, in Italian and English."""
    if slug not in TITLES:
        abort(404)
    parts = Markup("").join(_part(slug, language) for language in LANGUAGES)
    page = _PAGE.format(title=say(TITLES[slug], LANGUAGES[0]), slug=slug, parts=parts)
    answer = Response(page, content_type="text/html; charset=utf-8")
    answer.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"
    return answer


def _part(slug: str, language: str) -> Markup:
    title, text = say(TITLES[slug], language), say(EXPLANATIONS[slug], language)
    return _PART.format(language=language, level="h1" if language == LANGUAGES[0] else "h2", title=title, text=text)
