"""``/api/v1/sites/{site}/comments/{id}`` for readers: change, delete, vote, report."""

from flask import Response, request
from flask_smorest import Blueprint

from engagement.domain.comments import EditOutcome, EditReceipt, is_id
from engagement.domain.errors import NotAuthorised, NotFound
from engagement.domain.messages import N_
from engagement.language import say
from engagement.services.desk import reports
from engagement.services.discussion import editing, voting
from engagement.web import answers, limits, reader_forms
from engagement.web.answers import as_json
from engagement.web.api import described
from engagement.web.gate import check_origin, json_body
from engagement.web.house import client, language, the_site, toolbox
from engagement.web.once import once
from engagement.web.problems import rejected

blueprint = Blueprint("readers", __name__, url_prefix="/api/v1/sites/<site>/comments/<comment_id>")

REPORTED = N_("Thank you. A person will read your report; the decision comes to you by e-mail.")
_STATUS = {EditOutcome.UNCHANGED: 200, EditOutcome.CHANGED: 200, EditOutcome.WAITING: 202}
_MOST_AGENT = 300


@blueprint.route("", methods=["PATCH"])
@blueprint.doc(
    security=[{"editToken": []}],
    requestBody=described.body(reader_forms.EditForm),
    responses={
        "200": described.answer("the new text stands", "EditReceipt"),
        "202": described.answer("the new text is held; until then the published one stays", "EditReceipt"),
        **described.problems(*described.AT_THE_DOOR, 401, 409),
    },
)
def change(site: str, comment_id: str) -> Response:
    """Give a comment a new text, with its edit token and before `edit_until`."""
    found, body = json_body("edits")
    token = edit_token()
    text = reader_forms.edit(body, found)
    receipt = editing.edit_comment(toolbox(), found, _id(comment_id), text, token)
    if receipt.outcome is EditOutcome.REJECTED:
        return rejected(receipt.decision.reasons)
    return as_json(_receipt(receipt), _STATUS[receipt.outcome])


@blueprint.route("", methods=["DELETE"])
@blueprint.doc(
    security=[{"editToken": []}],
    responses={"204": described.answer("deleted"), **described.problems(401, 403, 404, 409, 429, 503)},
)
def delete(site: str, comment_id: str) -> Response:
    """Take a comment back; where it has replies, an empty place stays for them."""
    found = the_site()
    check_origin(found)
    limits.count("edits", found)
    editing.delete_comment(toolbox(), found, _id(comment_id), edit_token())
    answer = Response(status=204)
    del answer.headers["Content-Type"]
    return answer


@blueprint.route("/vote", methods=["PUT"])
@blueprint.doc(
    requestBody=described.body(reader_forms.VoteForm),
    responses={"200": described.answer("the sum now", "Vote"), **described.problems(*described.AT_THE_DOOR)},
)
def vote(site: str, comment_id: str) -> Response:
    """Vote -1, 0 (take it back) or 1; a reader's last word counts."""
    found, body = json_body("votes")
    value = reader_forms.vote(body)
    agent = request.headers.get("User-Agent", "")[:_MOST_AGENT]
    counted = voting.vote(toolbox(), found, _id(comment_id), value, client=client(), agent=agent)
    return as_json({"votes": counted.votes, "value": value})


@blueprint.route("/reports", methods=["POST"])
@blueprint.doc(
    parameters=[described.IDEMPOTENCY_KEY],
    requestBody=described.body(reader_forms.ReportForm),
    responses={"202": described.answer("taken", "Report"), **described.problems(*described.AT_THE_DOOR)},
)
def report(site: str, comment_id: str) -> Response:
    """Report an illegal or rule-breaking comment; the decision comes by mail."""
    found, body = json_body("reports")
    sent = reader_forms.report(body, _id(comment_id), client=client())
    reference = reports.report_comment(toolbox(), found, sent, once())
    return as_json({"reference": reference, "message": say(REPORTED, language())}, 202)


def edit_token() -> str:
    """The bearer token of this request. Raises ``NotAuthorised``."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise NotAuthorised
    return token.strip()


def _id(comment_id: str) -> str:
    if not is_id(comment_id):
        raise NotFound
    return comment_id


def _receipt(receipt: EditReceipt) -> dict[str, object]:
    comment = answers.comment(receipt.comment) | {"body": receipt.body}
    until = receipt.edit_until
    return {
        "comment": comment,
        "edit_token": receipt.edit_token,
        "edit_until": answers.moment(until) if until else None,
        "message": say(answers.EDITS[receipt.outcome], language()),
    }
