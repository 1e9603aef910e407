"""``/problems/{slug}``: what a problem's ``type`` points at."""

from flask import Blueprint, Response, abort
from markupsafe import Markup

from engagement.language import LANGUAGES, say
from engagement.web.problems import TITLES

blueprint = Blueprint("problem_pages", __name__)
_PAGE = Markup(
    '<!doctype html><html lang="it"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    "<title>{slug}</title><h1>{slug}</h1>{lines}</html>"
)
_LINE = Markup('<p lang="{language}">{text}</p>')


@blueprint.get("/problems/<slug>")
def explain(slug: str) -> Response:
    """The problem's name in Italian and English."""
    if slug not in TITLES:
        abort(404)
    lines = Markup("").join(_LINE.format(language=x, text=say(TITLES[slug], x)) for x in LANGUAGES)
    return Response(_PAGE.format(slug=slug, lines=lines), content_type="text/html; charset=utf-8")
