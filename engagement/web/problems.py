"""Refusals as RFC 9457 problem details; the only place that knows their HTTP status."""

import json
import logging
from typing import Any

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException

from engagement.domain import errors
from engagement.domain.discussion.reasons import public_text
from engagement.domain.messages import N_, Message
from engagement.domain.policy import Outcome, Reason
from engagement.language import say
from engagement.logs import request_id
from engagement.web.house import language, toolbox

_log = logging.getLogger(__name__)

# (class, status, slug), the most special first.
_TABLE: tuple[tuple[type[errors.EngagementError], int, str], ...] = (
    (errors.InvalidInput, 422, "invalid-input"),
    (errors.MalformedRequest, 400, "malformed-request"),
    (errors.SiteNotFound, 404, "site-not-found"),
    (errors.NotFound, 404, "not-found"),
    (errors.OriginNotAllowed, 403, "origin-not-allowed"),
    (errors.AuthorBlocked, 403, "author-blocked"),
    (errors.NotAuthorised, 401, "not-authorised"),
    (errors.Refused, 403, "not-permitted"),
    (errors.DuplicateComment, 409, "comment-duplicate"),
    (errors.DuplicateMessage, 409, "message-duplicate"),
    (errors.PageClosed, 409, "page-closed"),
    (errors.AlreadySettled, 409, "already-settled"),
    (errors.Conflict, 409, "conflict"),
    (errors.IdempotencyKeyReused, 422, "idempotency-key-reused"),
    (errors.TooManyRequests, 429, "too-many-requests"),
    (errors.LinkNotValid, 410, "link-not-valid"),
    (errors.Unavailable, 503, "unavailable"),
)
TITLES = {
    "invalid-input": N_("Invalid input"),
    "malformed-request": N_("Malformed request"),
    "site-not-found": N_("Site not found"),
    "not-found": N_("Not found"),
    "origin-not-allowed": N_("Origin not allowed"),
    "author-blocked": N_("Author blocked"),
    "not-authorised": N_("Not signed in"),
    "not-permitted": N_("Not permitted"),
    "comment-duplicate": N_("Comment sent twice"),
    "comment-rejected": N_("Comment rejected"),
    "message-duplicate": N_("Message sent twice"),
    "page-closed": N_("Comments closed"),
    "already-settled": N_("Already decided"),
    "conflict": N_("Conflict"),
    "idempotency-key-reused": N_("Idempotency-Key used again"),
    "too-many-requests": N_("Too many requests"),
    "link-not-valid": N_("Link not valid"),
    "unavailable": N_("Temporarily unavailable"),
    "method-not-allowed": N_("Method not allowed"),
    "content-too-large": N_("Content too large"),
    "unsupported-media-type": N_("Unsupported media type"),
    "internal-error": N_("Internal error"),
}
# What a problem's page says beside its name.
EXPLANATIONS = {slug: kind.text for kind, _, slug in reversed(_TABLE)} | {
    "comment-rejected": N_("Your comment was not published. You can change it and send it again."),
    "not-permitted": errors.Refused.text,
    "method-not-allowed": N_("This address does not take that method."),
    "content-too-large": N_("The request is too large."),
    "unsupported-media-type": N_("Send the request as application/json."),
    "internal-error": errors.EngagementError.text,
}
_HTTP_SLUGS = {404: "not-found", 405: "method-not-allowed", 413: "content-too-large"}
_HTTP_SLUGS |= {415: "unsupported-media-type", 429: "too-many-requests", 500: "internal-error"}
_HTTP_SLUGS |= {
    401: "not-authorised",
    403: "not-permitted",
    409: "conflict",
    410: "link-not-valid",
    503: "unavailable",
}


def register(app: Flask) -> None:
    app.register_error_handler(errors.EngagementError, _refused)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _broken)


def problem(status: int, slug: str, detail: Message | str, **more: Any) -> Response:
    """An ``application/problem+json`` answer in the reader's language."""
    body = {
        "type": f"{toolbox().settings.server.address}/problems/{slug}",
        "title": say(TITLES[slug], language()),
        "status": status,
        "detail": say(detail, language()),
        "instance": request.path,
    } | more
    return Response(json.dumps(body, ensure_ascii=False), status, content_type="application/problem+json")


def rejected(reasons: tuple[Reason, ...], appeal: str = "") -> Response:
    """``403 comment-rejected`` with public reasons, never scores, and where to appeal if that is possible.

    ``message`` says it where 201 and 202 say theirs, so that one line of a form's script shows all three.
    """
    codes = dict.fromkeys(r.code for r in reasons if r.outcome is Outcome.REJECT)
    shown = [{"code": code, "text": say(public_text(code), language())} for code in codes]
    text = EXPLANATIONS["comment-rejected"]
    more = {"appeal": appeal} if appeal else {}
    return problem(403, "comment-rejected", text, message=say(text, language()), reasons=shown, **more)


def as_problem(error: Exception) -> Response:
    """What a program would be answered."""
    return current_app.make_response(current_app.handle_user_exception(error))


def mistakes(error: Exception, tongue: str | None = None) -> dict[str, str]:
    """Field → what is wrong with it, for a form that is shown again; in the reader's language if no other is named."""
    found = error.errors if isinstance(error, errors.InvalidInput) else ()
    return {e.pointer.removeprefix("/"): say(e.message, tongue or language()) for e in found}


def refused(page: str, problem: Response) -> Response:
    """A page that says what the problem does, with its status and what it asks for."""
    answer = asking(Response(page, content_type="text/html; charset=utf-8"), problem)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def asking(answer: Response, problem: Response) -> Response:
    """The answer with the problem's status and what that asks for."""
    answer.status_code = problem.status_code
    for name in ("Retry-After", "Allow"):
        if name in problem.headers:
            answer.headers[name] = problem.headers[name]
    return answer


def _refused(error: errors.EngagementError) -> Response:
    status, slug = next((s, slug) for kind, s, slug in _TABLE if isinstance(error, kind))
    more: dict[str, Any] = {}
    if isinstance(error, errors.InvalidInput):
        more["errors"] = [{"pointer": e.pointer, "detail": say(e.message, language())} for e in error.errors]
    answer = problem(status, slug, error.message, **more)
    if isinstance(error, errors.TooManyRequests | errors.Unavailable):
        answer.headers["Retry-After"] = str(error.retry_after)
    if status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    if status >= 500:
        _log.error("%s: %s", slug, error.detail)
    return answer


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        return Response(status=status, headers=error.get_headers())
    slug = _HTTP_SLUGS.get(status, "malformed-request")
    answer = problem(status, slug, EXPLANATIONS[slug])
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After"}:
            answer.headers[name] = value
    return answer


def _broken(error: Exception) -> Response:
    number = request_id()
    _log.error("the request failed", exc_info=error)
    text = Message(N_("Something went wrong here. Its number is %(number)s."), {"number": number})
    return problem(500, "internal-error", text)
