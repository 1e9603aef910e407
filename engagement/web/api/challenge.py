"""``/api/v1/sites/{site}/challenge``."""

from flask import Response
from flask_smorest import Blueprint

from engagement.web import challenges, limits
from engagement.web.answers import as_json
from engagement.web.api import described
from engagement.web.house import the_site

blueprint = Blueprint("challenge", __name__, url_prefix="/api/v1/sites/<site>/challenge")


@blueprint.route("", methods=["GET"])
@blueprint.doc(responses={"200": described.answer("a challenge", "Challenge"), **described.problems(404, 429, 503)})
def challenge(site: str) -> Response:
    """A proof-of-work challenge in ALTCHA's second format; usable once, in `challenge` of a comment."""
    found = the_site()
    limits.count("reads", found)
    answer = as_json(challenges.issue(found))
    answer.headers["Cache-Control"] = "no-store"
    return answer
