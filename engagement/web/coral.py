"""``POST /coral/SITE``: the address to give to Coral as an external moderation phase."""

import json
from typing import Any

from flask import Blueprint, Response, request

from engagement.domain.errors import MalformedRequest
from engagement.domain.policy import Decision, Outcome
from engagement.services.desk import coral
from engagement.web.gate import parse
from engagement.web.house import toolbox

blueprint = Blueprint("coral", __name__)
_SPAM = {"links", "repetition"}
_TOXIC = {"toxicity", "blocked-word"}


@blueprint.post("/coral/<site_key>")
def moderate(site_key: str) -> Response:
    """204 where we have nothing against it, so that Coral's own rules go on; else what Coral should do.

    401 for a wrong signature, 404 for a site without a secret.
    """
    raw = request.get_data(cache=True)
    site = coral.check_signature(toolbox(), site_key, raw, request.headers.get("X-Coral-Signature", ""))
    decision = coral.examine(toolbox(), site, _body(parse(raw)))
    if decision.outcome is Outcome.PUBLISH:
        return Response(status=204)
    return Response(json.dumps(_told(decision)), content_type="application/json")


def _body(sent: dict[str, Any]) -> str:
    comment = sent.get("comment")
    body = comment.get("body") if isinstance(comment, dict) else None
    if sent.get("action") not in {"NEW", "EDIT"} or not isinstance(body, str):
        raise MalformedRequest(detail="no external moderation request")
    return body


def _told(decision: Decision) -> dict[str, Any]:
    """Flags for what it was found to be; a hold goes to the queue of pending comments."""
    codes = {reason.code for reason in decision.reasons}
    flags = ["COMMENT_DETECTED_TOXIC"] if codes & _TOXIC else []
    flags += ["COMMENT_DETECTED_SPAM"] if codes & _SPAM else []
    status = "REJECTED" if decision.outcome is Outcome.REJECT else "SYSTEM_WITHHELD" if flags else "PREMOD"
    told: dict[str, Any] = {"status": status}
    if flags:
        told["actions"] = [{"actionType": "FLAG", "reason": flag} for flag in flags]
    return told
