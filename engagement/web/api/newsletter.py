"""``/api/v1/sites/{site}/newsletter``."""

from flask import Response
from flask_smorest import Blueprint

from engagement.services import newsletter
from engagement.web import signing_up
from engagement.web.answers import as_json
from engagement.web.api import described
from engagement.web.gate import check_origin, json_body
from engagement.web.house import language, toolbox
from engagement.web.once import once

blueprint = Blueprint("newsletter", __name__, url_prefix="/api/v1/sites/<site>/newsletter")


@blueprint.route("", methods=["POST"])
@blueprint.doc(
    parameters=[described.IDEMPOTENCY_KEY],
    requestBody=described.body_of("SignUp"),
    responses={
        "202": described.answer("the same for every address", "Thanks"),
        **described.problems(*described.AT_THE_DOOR),
    },
)
def sign_up(site: str) -> Response:
    """Ask for the newsletter: 202 and the same words, whatever is known of the address."""
    found, body = json_body("newsletter")
    wish, form = signing_up.read(body, found, label="api-1")
    if form:
        check_origin(found, form.origin)
    newsletter.sign_up(toolbox(), found, wish, once())
    return as_json({"message": signing_up.thanks(form, language())}, 202)
