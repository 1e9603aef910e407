"""Headers of every answer: who may read it from another origin, and what a browser must not do with it."""

from flask import Flask, Response, request

from engagement.domain.discussion.pages import BadAddress, origin_of
from engagement.domain.errors import EngagementError
from engagement.web.house import WORDPRESS, asked_site, toolbox

_READERS_DOORS = ("/api/v1/sites/", "/sites/", "/f/", WORDPRESS)
_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
_NOTHING = "default-src 'none'; frame-ancestors 'none'"
_YEAR = 31_536_000  # seconds
_HEADERS = "Authorization, Content-Type, Idempotency-Key, If-None-Match"


def register(app: Flask) -> None:
    app.after_request(add_headers)
    register_guards(app)


def register_guards(app: Flask) -> None:
    """What every answer of any application carries."""
    app.after_request(guard)


def guard(answer: Response) -> Response:
    """What has no policy of its own runs nothing, loads nothing and stands in no frame."""
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers.setdefault("Referrer-Policy", "strict-origin-when-cross-origin")
    if request.path.startswith("/api/") and answer.mimetype != "text/html":
        answer.headers["Content-Security-Policy"] = f"{_NOTHING}; sandbox"
    answer.headers.setdefault("Content-Security-Policy", _NOTHING)
    if toolbox().settings.server.public_url.startswith("https://"):
        answer.headers["Strict-Transport-Security"] = f"max-age={_YEAR}"
    return answer


def add_headers(answer: Response) -> Response:
    """Errors and refusals get them too, so that a form's script can read what went wrong."""
    if request.path.startswith(_READERS_DOORS):
        answer.vary.add("Origin")
        origin = request.headers.get("Origin")
        if origin and _listed(origin):
            answer.headers["Access-Control-Allow-Origin"] = origin
            answer.headers["Access-Control-Expose-Headers"] = "ETag, Retry-After"
            if request.method == "OPTIONS":
                answer.headers["Access-Control-Allow-Methods"] = _METHODS
                answer.headers["Access-Control-Allow-Headers"] = _HEADERS
                answer.headers["Access-Control-Max-Age"] = "600"
    return answer


def _listed(origin: str) -> bool:
    try:
        site = asked_site()
        ours = origin_of(toolbox().settings.server.public_url)
        return site is not None and origin_of(origin) in {*site.origins, ours}
    except (BadAddress, EngagementError):
        return False
