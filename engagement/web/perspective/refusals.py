"""Refusals in the envelope that Google's clients read: ``{"error": {"code", "message", "status", "details"}}``.

These words are part of the format: clients compare them, so they are English whoever asks.
"""

import json
import logging
import secrets
from typing import Any

from flask import Response, request
from limits import parse_many
from werkzeug.exceptions import HTTPException

from engagement.domain import errors
from engagement.domain.desk.analysis import AnalysisRefused
from engagement.web.house import toolbox
from engagement.web.perspective.masks import InvalidMask
from engagement.web.perspective.shapes import InvalidPayload

_log = logging.getLogger(__name__)
_SERVICE = "commentanalyzer.googleapis.com"  # the name that clients know it by
_ERROR = "type.googleapis.com/google.commentanalyzer.v1alpha1.Error"
_RPC = "type.googleapis.com/google.rpc."
_STATUS = {
    400: "INVALID_ARGUMENT",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
_INVALID = "Request contains an invalid argument."
_NO_KEY = (
    "Method doesn't allow unregistered callers (callers without established identity). "
    "Please use API Key or other form of API consumer identity to call this API."
)


class NoKey(errors.Refused):
    """A call without a key, where one is needed."""


def as_json(body: object, status: int = 200) -> Response:
    """Indented unless ``prettyPrint=false``, as the original is."""
    indent = None if request.args.get("prettyPrint", "").lower() in {"false", "0"} else 2
    text = json.dumps(body, ensure_ascii=False, indent=indent) + "\n"
    return Response(text, status, content_type="application/json; charset=UTF-8")


def refusal(code: int, message: str, details: list[dict[str, Any]] | None = None) -> Response:
    error: dict[str, Any] = {"code": code, "message": message, "status": _STATUS[code]}
    if details:
        error["details"] = details
    return as_json({"error": error}, code)


def analysis(error: AnalysisRefused) -> Response:
    """400; a refused language names exactly one attribute, which clients drop before they ask again."""
    detail: dict[str, Any] = {"@type": _ERROR, "errorType": error.error_type}
    if error.error_type == "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE":
        named: dict[str, Any] = {"detectedLanguages": list(error.detected)} if error.detected else {}
        if error.requested:
            named["requestedLanguages"] = list(error.requested)
        detail["languageNotSupportedByAttributeError"] = named | {"attribute": error.attribute}
    return refusal(400, error.text, [detail])


def payload(error: InvalidPayload) -> Response:
    """400 for JSON that is none, or not of the format's shape."""
    violations = [
        {"field": where, "description": text} if where else {"description": text} for where, text in error.found
    ]
    message = "\n".join(text for _, text in error.found)
    return refusal(400, message, [{"@type": f"{_RPC}BadRequest", "fieldViolations": violations}])


def mask(error: InvalidMask) -> Response:
    """400 for a field mask that asks for what no answer has."""
    text = f"Error expanding 'fields' parameter. Cannot find matching fields for path '{error.path}'."
    violation = {"field": error.mask, "description": text}
    return refusal(400, _INVALID, [{"@type": f"{_RPC}BadRequest", "fieldViolations": [violation]}])


def house(error: errors.EngagementError) -> Response:
    """What the rest of the house refuses, in these words."""
    if isinstance(error, NoKey):
        return refusal(403, _NO_KEY)
    if isinstance(error, errors.NotAuthorised):
        return refusal(400, "API key not valid. Please pass a valid API key.", [_info("API_KEY_INVALID")])
    if isinstance(error, errors.NotPermitted):
        message = "Requests to this API are blocked: the key was made for another purpose."
        return refusal(403, message, [_info("API_KEY_SERVICE_BLOCKED")])
    if isinstance(error, errors.TooManyRequests):
        return _too_many(error)
    if isinstance(error, errors.Unavailable):
        _log.error("no analysis: %s", error.detail)
        answer = refusal(503, "The service is currently unavailable.")
        answer.headers["Retry-After"] = str(error.retry_after)
        return answer
    return refusal(400, _INVALID)


def http(error: HTTPException) -> Response:
    code = error.code or 500
    if code < 400:
        return Response(status=code, headers=error.get_headers())
    answer = refusal(code if code in _STATUS else 400, error.description or error.name)
    for name, value in error.get_headers():
        if name == "Allow":
            answer.headers[name] = value
    return answer


def broken(error: Exception) -> Response:
    number = secrets.token_hex(6)
    _log.exception("request failed, id %s", number, exc_info=error)
    return refusal(500, f"Internal error encountered. Its number is {number}.")


def _info(reason: str, **more: str) -> dict[str, Any]:
    metadata = {"service": _SERVICE} | more
    return {"@type": f"{_RPC}ErrorInfo", "reason": reason, "domain": "googleapis.com", "metadata": metadata}


def _too_many(error: errors.TooManyRequests) -> Response:
    allowed = parse_many(toolbox().settings.limits.analyze)[0].amount
    project = "engagement"
    message = (
        "Quota exceeded for quota metric 'Analysis requests (AnalyzeComment)' and limit 'Analysis requests "
        f"(AnalyzeComment) per minute' of service '{_SERVICE}' for consumer 'project_number:{project}'."
    )
    info = _info(
        "RATE_LIMIT_EXCEEDED",
        quota_limit="AnalyzeRequestsPerMinutePerProject",
        quota_limit_value=str(allowed),
        quota_location="global",
        quota_metric="CommentAnalyzerService/analyze_requests",
        consumer=f"projects/{project}",
    )
    links = [
        {
            "description": "Request a higher quota limit.",
            "url": f"{toolbox().settings.server.address}/problems/too-many-requests",
        }
    ]
    answer = refusal(429, message, [info, {"@type": f"{_RPC}Help", "links": links}])
    answer.headers["Retry-After"] = str(error.retry_after)
    return answer
