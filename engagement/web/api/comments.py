"""``/api/v1/sites/{site}/comments``."""

import json

from flask import Response, request
from flask_smorest import Blueprint

from engagement.domain.comments import Receipt, Status, is_id
from engagement.domain.errors import NotFound
from engagement.domain.sites import Site
from engagement.services import comments
from engagement.services.discussion import editing
from engagement.services.discussion.preview import preview as look_at
from engagement.services.once import answered, replayed
from engagement.web import answers, challenges, forms, limits, ready
from engagement.web.answers import as_json
from engagement.web.api import described
from engagement.web.api.readers import edit_token
from engagement.web.gate import json_body
from engagement.web.house import client, language, settle_site, the_site, toolbox
from engagement.web.once import once
from engagement.web.problems import rejected

blueprint = Blueprint("comments", __name__, url_prefix="/api/v1/sites/<site>/comments")
_STATUS = {Status.PUBLISHED: 201, Status.HELD: 202}


@blueprint.route("", methods=["POST"])
@blueprint.doc(
    parameters=[described.IDEMPOTENCY_KEY],
    requestBody=described.body(forms.SubmissionForm),
    responses={
        "201": described.answer("published", "Receipt"),
        "202": described.answer("held for a moderator", "Receipt"),
        **described.problems(*described.AT_THE_DOOR, 409),
    },
)
def submit(site: str) -> Response:
    """Send a comment: 201 published, 202 held, 403 comment-rejected."""
    found, body = json_body("comments", "comments_site")
    sent = forms.submission(body, found, client=client(), challenge=lambda payload: _solved(payload, found))
    return _answer(comments.submit_comment(toolbox(), found, sent, once()))


@blueprint.route("", methods=["GET"])
@blueprint.doc(
    parameters=[{"in": "query", "schema": forms.ThreadQuery}, described.IF_NONE_MATCH],
    responses={
        "200": described.answer("published comments, flat with `parent`; an unknown page is empty", "Thread"),
        "304": described.answer("unchanged"),
        **described.problems(404, 422, 429, 503),
    },
)
def thread(site: str) -> Response:
    """Published comments of a page; 304 when nothing changed."""
    found, mark = comments.find_thread(site, forms.likely_page(request.args.get("page_url", "")))
    settle_site(found)
    limits.count("reads", found)
    asked = forms.thread_query(request.args.to_dict(), found)
    tag = ready.tag_of("thread", found.id, mark, sorted(asked.items()))
    answer = ready.answer(lambda: _text(answers.thread(comments.read_thread(found, **asked))), tag=tag, keep=bool(mark))
    answer.headers["Cache-Control"] = ready.freshness()
    return answer


@blueprint.route("/<comment_id>", methods=["GET"])
@blueprint.doc(
    parameters=[described.IF_NONE_MATCH],
    responses={
        "200": described.one_of("the comment; `body` only with its edit token", "Comment", "OwnComment"),
        "304": described.answer("unchanged"),
        **described.problems(401, 403, 404, 429, 503),
    },
)
def one(site: str, comment_id: str) -> Response:
    """One published comment; with its edit token its author sees it held too, and its source in `body`."""
    found = the_site()
    limits.count("reads", found)
    if not is_id(comment_id):
        raise NotFound
    if "Authorization" in request.headers:
        own = editing.own_comment(toolbox(), found, comment_id, edit_token())
        answer = as_json(answers.comment(own) | {"body": own.body})
        answer.headers["Cache-Control"] = "no-store"
        return answer
    answer = as_json(answers.comment(comments.read_comment(found, comment_id)))
    answer.add_etag()
    answer.headers["Cache-Control"] = "no-cache"
    answer.make_conditional(request)
    return answer


@blueprint.route("/preview", methods=["POST"])
@blueprint.doc(
    parameters=[described.IDEMPOTENCY_KEY],
    requestBody=described.body(forms.PreviewForm),
    responses={
        "200": described.answer("what it will look like, and advice before it is sent", "Preview"),
        **described.problems(*described.AT_THE_DOOR),
    },
)
def preview(site: str) -> Response:
    """What a comment's Markdown will look like, and advice where its words would keep it from being published."""
    found, body = json_body("preview")
    text = forms.preview(body, found)
    answered(toolbox(), found, once(), dict)  # the same body looks the same; a text that was not sent is not kept
    return as_json(answers.preview(look_at(toolbox(), found, text), language()))


def _solved(payload: str, site: Site) -> str:
    """The nonce to be spent; none for a request that was answered before, whose challenge may be over since."""
    try:
        return challenges.check(payload, site)
    except forms.Wrong:
        key = once()
        if key and replayed(site, key):
            return ""
        raise


def _answer(receipt: Receipt) -> Response:
    status = _STATUS.get(receipt.comment.status)
    if status is None:
        return rejected(receipt.decision.reasons, receipt.appeal)
    return as_json(answers.receipt(receipt, language()), status)


def _text(body: object) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()
