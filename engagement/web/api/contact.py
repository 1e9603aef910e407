"""``/api/v1/sites/{site}/messages``: a reader writes to the author."""

from flask import Response
from flask_smorest import Blueprint

from engagement.services.mailing import contact
from engagement.web import forms
from engagement.web.answers import as_json
from engagement.web.api import described
from engagement.web.gate import json_body
from engagement.web.house import client, language, toolbox
from engagement.web.once import once
from engagement.web.pages.words import words

blueprint = Blueprint("contact", __name__, url_prefix="/api/v1/sites/<site>/messages")


@blueprint.route("", methods=["POST"])
@blueprint.doc(
    parameters=[described.IDEMPOTENCY_KEY],
    requestBody=described.body(forms.MessageForm),
    responses={
        "202": described.answer("taken, whatever the check found", "Thanks"),
        **described.problems(*described.AT_THE_DOOR, 409),
    },
)
def write(site: str) -> Response:
    """Write to the site's author: 202 and the same words, also for a message that a moderator sees first."""
    found, body = json_body("messages")
    contact.write_to_author(toolbox(), found, forms.message(body, found, client=client()), once())
    return as_json({"message": words(language())["written"]}, 202)
