"""``/api/v1/moderation``: the desk for programs, with a bearer key of the scope ``moderate``."""

from typing import Any

from flask import Response, request
from flask_smorest import Blueprint

from engagement.domain.comments import Comment, Status
from engagement.domain.desk.moderators import ApiKey, Scope
from engagement.domain.discussion.appeals import words_of
from engagement.domain.discussion.reasons import moderator_text
from engagement.domain.errors import FieldError, InvalidInput, NotAuthorised, NotPermitted
from engagement.domain.messages import N_, Message
from engagement.domain.moderation import Actor, LogLine, QueueItem, Verdict
from engagement.domain.policy import Reason
from engagement.domain.sites import Site
from engagement.language import say
from engagement.services import moderation
from engagement.services.desk import keys
from engagement.services.desk.highlights import highlights
from engagement.web import answers, forms, limits
from engagement.web.answers import as_json
from engagement.web.api import described
from engagement.web.gate import json_alone
from engagement.web.house import language, toolbox
from engagement.web.once import once

blueprint = Blueprint("moderation", __name__, url_prefix="/api/v1/moderation")
MOST_ITEMS, MOST_NOTE, MOST_REASON = 200, 2_000, 80
STATUSES = [status.value for status in Status if status is not Status.DELETED]
LONG = N_("This text is too long: at most %(most)s characters.")


_KEY: list[dict[str, list[str]]] = [{"apiKey": []}]


@blueprint.route("/queue", methods=["GET"])
@blueprint.doc(
    security=_KEY,
    parameters=[
        described.words("site"),
        described.choice("status", *STATUSES, default="held"),
        described.choice("order", *moderation.ORDERS, default="risk"),
        described.query("limit", 50, MOST_ITEMS),
        described.words("after"),
    ],
    responses={"200": described.answer("cards", "Queue"), **described.problems(401, 403, 422, 429, 503)},
)
def queue() -> Response:
    """Comments of one status, with all that is needed to decide."""
    site, _ = _caller()
    asked = _query({name: value for name, value in request.args.items() if value})
    if asked.pop("site") not in {"", site.key}:
        raise NotPermitted
    items, more = moderation.queue(toolbox(), [site.id], **asked)
    return as_json({"items": [_item(i) for i in items], "next": more})


@blueprint.route("/comments/<comment_id>/verdict", methods=["POST"])
@blueprint.doc(
    security=_KEY,
    parameters=[described.IDEMPOTENCY_KEY],
    requestBody=described.body_of("Verdict"),
    responses={
        "200": described.answer("decided", "Settled"),
        **described.problems(400, 401, 403, 404, 409, 413, 415, 422, 429, 503),
    },
)
def verdict(comment_id: str) -> Response:
    """Decide about the version that was seen; 409 already-settled when somebody was faster."""
    site, key = _caller()
    sent = _verdict(json_alone())
    who, ids = f"key:{key.name}", [site.id]
    settled = moderation.settle(
        toolbox(), comment_id, actor=Actor.MODERATOR, who=who, site_ids=ids, once=once(), **sent
    )
    return as_json({"comment": _comment(settled)})


@blueprint.route("/comments/<comment_id>/log", methods=["GET"])
@blueprint.doc(
    security=_KEY,
    responses={"200": described.answer("oldest first", "Log"), **described.problems(401, 403, 404, 429, 503)},
)
def log(comment_id: str) -> Response:
    """Every decision about a comment, oldest first."""
    site, _ = _caller()
    return as_json({"log": [_line(line) for line in moderation.log(comment_id, [site.id])]})


@blueprint.after_request
def for_its_owner(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _caller() -> tuple[Site, ApiKey]:
    """The site and the key that came with the request, counted by the key; a wrong one by the address it came from."""
    kind, _, bearer = request.headers.get("Authorization", "").partition(" ")
    try:
        site, key = keys.identify(bearer.strip() if kind.lower() == "bearer" else "", Scope.MODERATE)
    except NotAuthorised:
        limits.count("api_key")
        raise
    limits.count("api_key", who=f"{key.site_key}/{key.name}")
    return site, key


def _query(given: dict[str, str]) -> dict[str, Any]:
    known = {"site": "", "status": "held", "order": "risk", "limit": "50", "after": ""}
    wrong = [FieldError(f"/{name}", Message(forms.UNKNOWN)) for name in given if name not in known]
    asked = known | given
    _one_of("status", asked["status"], STATUSES, wrong)
    _one_of("order", asked["order"], list(moderation.ORDERS), wrong)
    number = asked["limit"]
    if not (number.isascii() and number.isdigit() and len(number) < 5 and 1 <= int(number) <= MOST_ITEMS):
        wrong.append(FieldError("/limit", Message(forms.LIMIT, {"most": MOST_ITEMS})))
    if wrong:
        raise InvalidInput(wrong)
    chosen = {"status": Status(asked["status"]), "order": asked["order"], "after": given.get("after")}
    return {"site": asked["site"], "limit": int(number)} | chosen


def _verdict(body: dict[str, Any]) -> dict[str, Any]:
    known = {"verdict", "reason", "note", "version"}
    wrong = [FieldError(f"/{name}", Message(forms.UNKNOWN)) for name in body if name not in known]
    _one_of("verdict", body.get("verdict"), [v.value for v in Verdict], wrong)
    version = body.get("version")
    if type(version) is not int:
        wrong.append(FieldError("/version", Message(forms.WRONG_TYPE)))
    for name, most in (("reason", MOST_REASON), ("note", MOST_NOTE)):
        text = body.get(name, "")
        if not isinstance(text, str):
            wrong.append(FieldError(f"/{name}", Message(forms.WRONG_TYPE)))
        elif len(text) > most:
            wrong.append(FieldError(f"/{name}", Message(LONG, {"most": most})))
        elif "\0" in text:
            wrong.append(FieldError(f"/{name}", Message(forms.UNREADABLE)))
    if wrong:
        raise InvalidInput(wrong)
    texts = {"reason": body.get("reason", ""), "note": body.get("note", "")}
    return {"verdict": Verdict(body["verdict"]), "version": version} | texts


def _one_of(name: str, value: object, known: list[str], wrong: list[FieldError]) -> None:
    if value not in known:
        wrong.append(FieldError(f"/{name}", Message(forms.CHOICE, {"known": ", ".join(known)})))


def _item(item: QueueItem) -> dict[str, Any]:
    past = item.history
    return {
        "comment": _comment(item.comment),
        "stands_html": item.stands or None,
        "site": item.site_key,
        "risk": item.risk,
        "scores": dict(item.scores),
        "model": item.model,
        "reasons": [_reason(r) for r in item.reasons],
        "highlights": highlights(item),
        "spanScores": [{"begin": s.begin, "end": s.end, "label": s.label, "score": s.score} for s in item.spans],
        "appeal": words_of(item.log),
        "history": {"published": past.published, "held": past.held, "rejected": past.rejected, "spam": past.spam},
    }


def _comment(kept: Comment) -> dict[str, Any]:
    page = {"url": kept.page_url, "title": kept.page_title}
    return answers.comment(kept) | {"body": kept.body, "email": kept.email, "version": kept.version, "page": page}


def _reason(reason: Reason) -> dict[str, Any]:
    text = say(moderator_text(reason), language())
    return {"code": reason.code, "outcome": reason.outcome.value, "facts": dict(reason.facts), "text": text}


def _line(line: LogLine) -> dict[str, Any]:
    return {
        "at": answers.moment(line.at),
        "actor": line.actor.value,
        "who": line.who,
        "what": line.what,
        "status_before": line.status_before.value,
        "status_after": line.status_after.value,
        "reasons": [_reason(r) for r in line.reasons],
        "scores": dict(line.scores),
        "model": line.model,
        "policy": line.policy,
        "reason": line.reason,
        "note": line.note,
        "version": line.comment_version,
    }
