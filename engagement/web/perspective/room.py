"""The blueprint, who may call, and the headers of every answer."""

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import HTTPException

from engagement.domain.analysis import AnalysisRefused
from engagement.domain.errors import EngagementError, NotAuthorised
from engagement.domain.moderators import ApiKey, Scope
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


def caller() -> ApiKey | None:
    """The key that came with the request, counted; None where calls are open to everybody.

    Raises ``NoKey``, ``NotAuthorised``, ``NotPermitted`` or ``TooManyRequests``.
    """
    shown = request.args.get("key") or request.headers.get("X-Goog-Api-Key", "")
    if current_app.config["PERSPECTIVE_OPEN"]:
        limits.count("analyze")
        return None
    if not shown:
        raise refusals.NoKey
    try:
        key = keys.recognise(shown, Scope.ANALYZE)
    except NotAuthorised:
        limits.count("api_key")  # of the address: so many tries, and no more
        raise
    limits.count("analyze", who=f"{key.site_key}/{key.name}")
    return key


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
