"""``/decide/{token}``: a decision from a mail. GET shows, POST acts, once."""

from flask import Blueprint, Response, request
from werkzeug.exceptions import BadRequest

from engagement.domain.comments import Status
from engagement.domain.errors import AlreadySettled, LinkNotValid, NotFound
from engagement.domain.messages import N_, Message
from engagement.domain.moderation import Actor, QueueItem, Verdict
from engagement.language import say
from engagement.services import moderation
from engagement.web import limits
from engagement.web.desk import reading, room
from engagement.web.house import toolbox

blueprint = Blueprint("decide", __name__)
blueprint.after_request(room.guarded)

ASK = N_("Decide about this comment")
ASK_TEXT = N_("One press decides; the comment's author is not told who did.")
SETTLED = N_("This comment is already decided")
SETTLED_TEXT = N_("It stands as: %(status)s. Nothing is left to do here.")
DONE = N_("Thank you, it is decided")
DONE_TEXT = N_("The comment now stands as: %(status)s.")
INVALID = N_("This link is no longer valid.")
INVALID_TEXT = N_("It is too old or was cut short. The comment can still be decided at the desk.")


@blueprint.get("/decide/<token>")
def ask(token: str) -> Response:
    limits.count("links")
    try:
        comment_id, version, recipient = toolbox().links.read_decide(token)
        item = moderation.linked_item(comment_id, recipient)
    except (LinkNotValid, NotFound):
        return _page(INVALID, INVALID_TEXT, 410)
    if item.comment.version != version:
        return _page(SETTLED, SETTLED_TEXT, item=item)
    return _page(ASK, ASK_TEXT, item=item, asking=True)


@blueprint.post("/decide/<token>")
def act(token: str) -> Response:
    limits.count("links")
    try:
        verdict = Verdict(request.form.get("verdict", ""))
    except ValueError as error:
        raise BadRequest from error
    try:
        comment_id, version, recipient = toolbox().links.read_decide(token)
        moderation.linked_item(comment_id, recipient)
        moderation.settle(toolbox(), comment_id, verdict, actor=Actor.MAIL_LINK, who=recipient, version=version)
        return _page(DONE, DONE_TEXT, item=moderation.item(comment_id))
    except AlreadySettled:
        return _page(SETTLED, SETTLED_TEXT, 409, item=moderation.item(comment_id))
    except (LinkNotValid, NotFound):
        return _page(INVALID, INVALID_TEXT, 410)


def _page(title: str, text: str, code: int = 200, *, item: QueueItem | None = None, asking: bool = False) -> Response:
    status = say(reading.STATUSES[item.comment.status if item else Status.HELD], room.language())
    values = {"status": status} if "%(status)s" in text else {}
    return room.show(
        "decide",
        code,
        title=say(title, room.language()),
        lines=[say(Message(text, values), room.language())],
        card=reading.card(item) if item else None,
        ask=asking,
    )
