"""The blueprint, who may call, and the headers of every answer."""

from dataclasses import dataclass

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import HTTPException

from engagement.domain.analysis import AnalysisRefused
from engagement.domain.errors import EngagementError, NotAuthorised
from engagement.domain.moderators import Scope
from engagement.domain.sites import Site
from engagement.services import keys
from engagement.web import limits
from engagement.web.perspective import refusals
from engagement.web.perspective.shapes import InvalidPayload

blueprint = Blueprint("perspective", __name__)
blueprint.register_error_handler(AnalysisRefused, refusals.analysis)
blueprint.register_error_handler(InvalidPayload, refusals.payload)
blueprint.register_error_handler(EngagementError, refusals.house)
blueprint.register_error_handler(HTTPException, refusals.http)
blueprint.register_error_handler(Exception, refusals.broken)


@dataclass(frozen=True)
class Caller:
    """``site`` and ``key`` are None and "" for a call without a key, where that is open."""

    site: Site | None
    key: str


def caller() -> Caller:
    """Whose key came with the request, counted.

    Raises ``NoKey``, ``NotAuthorised``, ``NotPermitted`` or ``TooManyRequests``.
    """
    shown = request.args.get("key") or request.headers.get("X-Goog-Api-Key", "")
    if current_app.config["PERSPECTIVE_OPEN"]:
        limits.count("analyze")
        return Caller(None, "")
    if not shown:
        raise refusals.NoKey
    try:
        site, key = keys.identify(shown, Scope.ANALYZE)
    except NotAuthorised:
        limits.count("api_key")  # of the address: so many tries, and no more
        raise
    limits.count("analyze", site, key.name)
    return Caller(site, key.name)


@blueprint.after_request
def for_any_page(answer: Response) -> Response:
    """Pages of any origin may call, as they may call Perspective: the key is the credential, and no cookie is read."""
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Cache-Control"] = "private"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    if request.method == "OPTIONS":
        answer.headers["Access-Control-Allow-Methods"] = "GET, POST"
        answer.headers["Access-Control-Allow-Headers"] = "*"
        answer.headers["Access-Control-Max-Age"] = "3600"
    return answer
