"""``/api/v1/sites/{site}``: counts, the newest comments, the most discussed pages."""

import hashlib

from flask import Response, request
from flask_smorest import Blueprint

from engagement.domain.discussion.pages import Page
from engagement.domain.errors import FieldError, InvalidInput
from engagement.domain.messages import Message
from engagement.services.discussion import statistics
from engagement.services.once import answered
from engagement.web import answers, forms, limits, reader_forms
from engagement.web.answers import as_json
from engagement.web.api import described
from engagement.web.gate import json_body
from engagement.web.house import the_site, toolbox
from engagement.web.once import once

blueprint = Blueprint("statistics", __name__, url_prefix="/api/v1/sites/<site>")
_LATEST = {"limit": (10, 50)}
_DISCUSSED = {"days": (30, 3_650), "limit": (10, 50)}


@blueprint.route("/counts", methods=["POST"])
@blueprint.doc(
    parameters=[described.IDEMPOTENCY_KEY],
    requestBody=described.body(reader_forms.CountsForm),
    responses={"200": described.answer("counts", "Counts"), **described.problems(*described.AT_THE_DOOR)},
)
def counts(site: str) -> Response:
    """Published comments of up to 200 pages, by address as it was given."""
    found, body = json_body("reads")
    urls = reader_forms.counted_urls(body, found)
    return as_json(answered(toolbox(), found, once(), lambda: {"counts": statistics.counts(found, urls)}))


@blueprint.route("/counts", methods=["GET"])
@blueprint.doc(
    parameters=[{"in": "query", "name": "page_url", "required": True, "schema": described.URLS, "explode": True}],
    responses={"200": described.answer("counts", "Counts"), **described.problems(404, 422, 429, 503)},
)
def counts_by_query(site: str) -> Response:
    """The same, with the addresses in the query: `page_url` as often as wanted."""
    found = the_site()
    limits.count("reads", found)
    wrong = [FieldError(f"/{name}", Message(forms.UNKNOWN)) for name in request.args if name != "page_url"]
    if wrong:
        raise InvalidInput(wrong)
    urls = reader_forms.page_urls(request.args.getlist("page_url"), found)
    return as_json({"counts": statistics.counts(found, urls)})


@blueprint.route("/latest", methods=["GET"])
@blueprint.doc(
    parameters=[described.query("limit", 10, 50), described.IF_NONE_MATCH],
    responses={
        "200": described.answer("the newest published comments", "Latest"),
        "304": described.answer("unchanged"),
        **described.problems(404, 422, 429, 503),
    },
)
def latest(site: str) -> Response:
    """The newest published comments of a site."""
    found = the_site()
    limits.count("reads", found)
    asked = reader_forms.numbers(request.args.to_dict(), _LATEST)
    comments = statistics.latest(found, None, asked["limit"])
    shown = [answers.comment(c) | {"page": {"url": c.page_url, "title": c.page_title}} for c in comments]
    return tagged(as_json({"comments": shown}))


@blueprint.route("/most-discussed", methods=["GET"])
@blueprint.doc(
    parameters=[described.query("days", 30, 3_650), described.query("limit", 10, 50), described.IF_NONE_MATCH],
    responses={
        "200": described.answer("pages, the most discussed first", "Discussed"),
        "304": described.answer("unchanged"),
        **described.problems(404, 422, 429, 503),
    },
)
def most_discussed(site: str) -> Response:
    """The pages with the most comments of the last days."""
    found = the_site()
    limits.count("reads", found)
    asked = reader_forms.numbers(request.args.to_dict(), _DISCUSSED)
    pages = statistics.most_discussed(toolbox(), found, **asked)
    return tagged(as_json({"days": asked["days"], "pages": [_page(page, count) for page, count in pages]}))


def tagged(answer: Response) -> Response:
    """With an ``ETag`` of its bytes; 304 where the caller has them."""
    answer.set_etag(hashlib.sha256(answer.get_data()).hexdigest()[:32])
    answer.headers["Cache-Control"] = "no-cache"
    answer.make_conditional(request)
    return answer


def _page(page: Page, count: int) -> dict[str, object]:
    return {"url": page.url, "title": page.title, "count": count}
