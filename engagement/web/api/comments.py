"""``/api/v1/sites/{site}/comments``."""

import hashlib
import json

from flask import Response, request
from flask_smorest import Blueprint

from engagement.domain.comments import Receipt, Status
from engagement.domain.errors import FieldError, InvalidInput
from engagement.domain.messages import N_, Message
from engagement.markup import render
from engagement.services import comments
from engagement.services.comments import Once
from engagement.web import answers, forms, limits
from engagement.web.gate import json_body
from engagement.web.house import client, language, the_site, toolbox
from engagement.web.problems import rejected

blueprint = Blueprint("comments", __name__, url_prefix="/api/v1/sites/<site>/comments")
_STATUS = {Status.PUBLISHED: 201, Status.HELD: 202}
_MAX_KEY = 128


@blueprint.route("", methods=["POST"])
def submit(site: str) -> Response:
    """Send a comment: 201 published, 202 held, 403 comment-rejected."""
    found, body = json_body("comments", "comments_site")
    sent = forms.submission(body, found, client=client(), door="api")
    return _answer(comments.submit_comment(toolbox(), found, sent, _once()))


@blueprint.route("", methods=["GET"])
def thread(site: str) -> Response:
    """Published comments of a page; 304 when nothing changed."""
    found = the_site()
    limits.count("reads", found)
    asked = forms.thread_query(request.args.to_dict(), found)
    mark = comments.thread_mark(found, asked["page_url"])
    tag = hashlib.sha256(f"{mark}|{sorted(asked.items())}".encode()).hexdigest()[:32]
    answer = Response(status=304)
    if tag not in request.if_none_match:
        answer = _json(answers.thread(comments.read_thread(found, **asked)))
    answer.set_etag(tag)
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@blueprint.route("/<comment_id>", methods=["GET"])
def one(site: str, comment_id: str) -> Response:
    """One published comment."""
    found = the_site()
    limits.count("reads", found)
    return _json(answers.comment(comments.read_comment(found, comment_id)))


@blueprint.route("/preview", methods=["POST"])
def preview(site: str) -> Response:
    """What a comment's Markdown will look like."""
    found, body = json_body("preview")
    return _json({"body_html": render(forms.preview(body, found))})


def _answer(receipt: Receipt) -> Response:
    status = _STATUS.get(receipt.comment.status)
    if status is None:
        return rejected(receipt.decision.reasons)
    return _json(answers.receipt(receipt, language()), status)


def _once() -> Once | None:
    """The Idempotency-Key, if one was sent. Raises ``InvalidInput`` for an empty or long one."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 0 < len(key) <= _MAX_KEY:
        message = Message(N_("An Idempotency-Key has 1 to %(most)s characters."), {"most": _MAX_KEY})
        raise InvalidInput([FieldError("/Idempotency-Key", message)])
    route = f"{request.method} {request.path} {key}"
    return Once(_digest(route.encode()), _digest(request.get_data(cache=True)))


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def _json(body: object, status: int = 200) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, content_type="application/json")
