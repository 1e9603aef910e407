"""Small files that browsers keep: strong ``ETag``, an hour without asking. And the headers of calm pages."""

import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Response, request

blueprint = Blueprint("assets", __name__)
# For a page that only shows words: our stylesheet, nothing that runs, nothing around it.
CALM_POLICY = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
_STYLE = Path(__file__).with_name("engagement.css")


@blueprint.get("/assets/engagement.css")
def style() -> Response:
    """The one stylesheet of desk and pages."""
    return serve(_STYLE, "text/css")


def serve(path: Path, mimetype: str) -> Response:
    """The file, or 304 for a browser that has it."""
    return kept(_read(path), mimetype)


def kept(text: bytes, mimetype: str) -> Response:
    """These bytes, or 304 for a browser that has them."""
    answer = Response(text, content_type=f"{mimetype}; charset=utf-8")
    answer.set_etag(hashlib.sha256(text).hexdigest()[:32])
    answer.headers["Cache-Control"] = "public, max-age=3600"
    answer.make_conditional(request)
    return answer


def for_one_person(answer: Response) -> Response:
    """What stands behind a link of somebody's own: nothing is kept, indexed, framed or passed on."""
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex"
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Content-Security-Policy"] = f"{CALM_POLICY}; form-action 'self'"
    return answer


@lru_cache(maxsize=8)
def _read(path: Path) -> bytes:
    return path.read_bytes()
