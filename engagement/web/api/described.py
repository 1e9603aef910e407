"""What ``/api/openapi.json`` says beside the addresses: shapes, parameters and problems of the answers."""

from collections.abc import Mapping
from typing import Any

from flask_smorest import Api

from engagement.domain.comments import Status
from engagement.domain.moderation import Actor, Verdict

_TEXT = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}
_TIME = {"type": "string", "format": "date-time"}
_MAYBE_TEXT = {"type": ["string", "null"]}
_STATUS = {"enum": [status.value for status in Status]}


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(of: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": of}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


_COMMENT = {
    "id": _TEXT,
    "parent": _MAYBE_TEXT,
    "status": _STATUS,
    "author": _TEXT,
    "website": _MAYBE_TEXT,
    "body_html": _TEXT,
    "created_at": _TIME,
    "edited_at": {"type": ["string", "null"], "format": "date-time"},
    "votes": {"type": "integer"},
    "replies": _COUNT,
    "permalink": {"type": "string", "format": "uri"},
}
_NUMBER = {"type": "number"}
_SCORES = {"type": "object", "additionalProperties": _NUMBER, "description": "Label → probability, 0 to 1."}
_MODERATED = _COMMENT | {
    "body": _TEXT,
    "email": _TEXT,
    "version": _COUNT,
    "page": _object(url=_TEXT, title=_TEXT),
}
_SHAPES: Mapping[str, dict[str, Any]] = {
    "Comment": _object(**_COMMENT),
    "OwnComment": _object(**_COMMENT, body=_TEXT),
    "Receipt": _object(comment=_ref("Comment"), edit_token=_TEXT, edit_until=_TIME, message=_TEXT),
    "Thread": _object(
        page=_object(url=_TEXT, title=_TEXT, open={"type": "boolean"}),
        count=_COUNT,
        comments=_list(_ref("Comment")),
        next=_MAYBE_TEXT,
    ),
    "EditReceipt": _object(comment=_ref("OwnComment"), edit_token=_TEXT, edit_until=_TIME, message=_TEXT),
    "Vote": _object(votes={"type": "integer"}, value={"enum": [-1, 0, 1]}),
    "Report": _object(reference=_TEXT, message=_TEXT),
    "Counts": _object(counts={"type": "object", "additionalProperties": _COUNT}),
    "Latest": _object(comments=_list({"type": "object", "description": "a Comment with its `page` (url, title)"})),
    "Discussed": _object(days=_COUNT, pages=_list(_object(url=_TEXT, title=_TEXT, count=_COUNT))),
    "Challenge": _object(parameters={"type": "object"}, signature=_TEXT),
    "Preview": _object(
        body_html=_TEXT,
        advice=_MAYBE_TEXT
        | {
            "description": "A sentence to show before the text is sent, once, where its words would keep it from being "
            "published straight away; null otherwise. It binds nobody: the text can be sent as it is."
        },
    ),
    "Thanks": _object(message=_TEXT),
    "ModeratedComment": _object(**_MODERATED),
    "Reason": _object(
        code=_TEXT, outcome={"enum": ["publish", "hold", "reject"]}, facts={"type": "object"}, text=_TEXT
    ),
    "QueueItem": _object(
        comment=_ref("ModeratedComment"),
        stands_html=_MAYBE_TEXT | {"description": "The published text, where `comment` shows a new one that waits."},
        site=_TEXT,
        risk=_NUMBER,
        scores=_SCORES,
        model=_TEXT,
        reasons=_list(_ref("Reason")),
        highlights=_list(_TEXT),
        spanScores=_list(_object(begin=_COUNT, end=_COUNT, label=_TEXT, score=_NUMBER)),
        appeal=_MAYBE_TEXT | {"description": "Its author's words, where they appeal."},
        history=_object(published=_COUNT, held=_COUNT, rejected=_COUNT, spam=_COUNT),
    ),
    "Queue": _object(items=_list(_ref("QueueItem")), next=_MAYBE_TEXT),
    "Settled": _object(comment=_ref("ModeratedComment")),
    "LogLine": _object(
        at=_TIME,
        actor={"enum": [actor.value for actor in Actor]},
        who=_TEXT,
        what=_TEXT,
        status_before=_STATUS,
        status_after=_STATUS,
        reasons=_list(_ref("Reason")),
        scores=_SCORES,
        model=_TEXT,
        policy=_TEXT,
        reason=_TEXT,
        note=_TEXT,
        version=_COUNT,
    ),
    "Log": _object(log=_list(_ref("LogLine"))),
    "Verdict": {
        "type": "object",
        "properties": {
            "verdict": {"enum": [verdict.value for verdict in Verdict]},
            "version": _COUNT | {"description": "The version that was seen; another one answers 409."},
            "reason": _TEXT | {"maxLength": 80},
            "note": _TEXT | {"maxLength": 2_000},
        },
        "required": ["verdict", "version"],
        "additionalProperties": False,
    },
    "SignUp": {
        "type": "object",
        "properties": {
            "email": _TEXT | {"format": "email"},
            "name": _TEXT,
            "consent": {"const": True},
            "source_url": _TEXT | {"format": "uri"},
            "form": _TEXT | {"description": "The key of the site's form that was shown; its texts and origin count."},
            "consent_version": {
                "type": "integer",
                "description": "Which version of the form's wording was shown; the present one where left out.",
            },
        },
        "required": ["email", "consent"],
        "additionalProperties": False,
    },
    "Problem": {
        "type": "object",
        "description": "RFC 9457; `type` is the address of a page that explains it.",
        "properties": {
            "type": {"type": "string", "format": "uri"},
            "title": _TEXT,
            "status": {"type": "integer"},
            "detail": _TEXT,
            "instance": _TEXT,
            "errors": _list(_object(pointer=_TEXT, detail=_TEXT)),
            "message": _TEXT | {"description": "Of a rejected comment: the same as `detail`."},
            "reasons": _list(_object(code=_TEXT, text=_TEXT)),
            "appeal": {"type": "string", "format": "uri", "description": "Where the author can ask for another look."},
        },
        "required": ["type", "title", "status", "detail", "instance"],
    },
}
_PROBLEMS = {
    400: "malformed-request",
    401: "not-authorised",
    403: "comment-rejected, origin-not-allowed or author-blocked",
    404: "site-not-found or not-found",
    409: "comment-duplicate, message-duplicate, page-closed, already-settled or conflict",
    413: "content-too-large",
    415: "unsupported-media-type",
    422: "invalid-input or idempotency-key-reused",
    429: "too-many-requests",
    503: "unavailable",
}
# What every JSON door may refuse with.
AT_THE_DOOR = (400, 403, 404, 413, 415, 422, 429, 503)

IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "description": "The same key with the same body within 24 hours gives the same answer and changes nothing.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128},
}
URLS = {"type": "array", "items": _TEXT, "minItems": 1, "maxItems": 200}
IF_NONE_MATCH = {"in": "header", "name": "If-None-Match", "schema": _TEXT}


def add_shapes(api: Api) -> None:
    """Name the shapes of answers in the document."""
    api.DEFAULT_ERROR_RESPONSE_NAME = None  # the library's own shape of errors is not ours
    api.spec.components.security_scheme("editToken", {"type": "http", "scheme": "bearer"})
    api.spec.components.security_scheme("apiKey", {"type": "http", "scheme": "bearer"})
    for name, shape in _SHAPES.items():
        api.spec.components.schema(name, shape)


def query(name: str, default: int, most: int) -> dict[str, Any]:
    """A whole number in the query."""
    return {
        "in": "query",
        "name": name,
        "schema": {"type": "integer", "minimum": 1, "maximum": most, "default": default},
    }


def body(form: type) -> dict[str, Any]:
    """A JSON body that must be there."""
    return {"required": True, "content": {"application/json": {"schema": form}}}


def one_of(text: str, *shapes: str) -> dict[str, Any]:
    """One good answer that has one of several shapes."""
    schema = {"oneOf": [_ref(shape) for shape in shapes]}
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def body_of(shape: str) -> dict[str, Any]:
    """A JSON body of a named shape that must be there."""
    return {"required": True, "content": {"application/json": {"schema": _ref(shape)}}}


def choice(name: str, *known: str, default: str) -> dict[str, Any]:
    """One of several words in the query."""
    return {"in": "query", "name": name, "schema": {"enum": list(known), "default": default}}


def words(name: str) -> dict[str, Any]:
    """Some text in the query."""
    return {"in": "query", "name": name, "schema": _TEXT}


def answer(text: str, shape: str | None = None) -> dict[str, Any]:
    """One good answer."""
    if shape is None:
        return {"description": text}
    return {"description": text, "content": {"application/json": {"schema": _ref(shape)}}}


def problems(*statuses: int) -> dict[str, Any]:
    """The refusals of an operation, by status."""
    return {str(status): _problem(status) for status in statuses}


def _problem(status: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "description": _PROBLEMS[status],
        "content": {"application/problem+json": {"schema": _ref("Problem")}},
    }
    if status in {429, 503}:
        found["headers"] = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    return found
