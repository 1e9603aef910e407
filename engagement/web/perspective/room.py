"""The blueprint, who may call, and the headers of every answer."""

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import HTTPException, default_exceptions

from engagement.domain.desk.analysis import AnalysisRefused
from engagement.domain.desk.moderators import ApiKey, Scope
from engagement.domain.errors import EngagementError, NotAuthorised
from engagement.services.desk import keys
from engagement.web import limits
from engagement.web.perspective import refusals
from engagement.web.perspective.masks import InvalidMask
from engagement.web.perspective.shapes import InvalidPayload

blueprint = Blueprint("perspective", __name__)
blueprint.register_error_handler(AnalysisRefused, refusals.analysis)
blueprint.register_error_handler(InvalidPayload, refusals.payload)
blueprint.register_error_handler(InvalidMask, refusals.mask)
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


@blueprint.after_app_request
def nowhere(answer: Response) -> Response:
    """What no route of ours answers below our path is refused in the words of this door, not of the whole house."""
    if request.blueprint is not None or not request.path.startswith("/v1alpha1/") or answer.status_code < 400:
        return answer
    said = refusals.http(default_exceptions[answer.status_code]())
    answer.set_data(said.get_data())
    answer.content_type = said.content_type
    return for_any_page(answer)


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
