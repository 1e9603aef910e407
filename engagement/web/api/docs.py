"""``/api/docs``: the operations of ``/api/openapi.json`` as a plain page, without any script."""

from typing import Any

from flask import Blueprint, Response, current_app, render_template

from engagement.domain.messages import N_
from engagement.language import say
from engagement.web.house import language
from engagement.web.pages.assets import CALM_POLICY

blueprint = Blueprint("api_docs", __name__)
TITLE = N_("The operations of the API")
WHOLE = N_("The whole description, for machines")
_METHODS = ("get", "post", "put", "patch", "delete")


@blueprint.get("/api/docs")
def docs() -> Response:
    """Every operation with its answers."""
    paths = current_app.extensions["engagement-api"].spec.to_dict()["paths"]
    found = [
        _operation(method, path, operations[method])
        for path, operations in sorted(paths.items())
        for method in _METHODS
        if method in operations
    ]
    page = render_template(
        "pages/operations.html",
        title=say(TITLE, language()),
        whole=say(WHOLE, language()),
        operations=found,
        language=language(),
    )
    answer = Response(page, content_type="text/html; charset=utf-8")
    answer.headers["Content-Security-Policy"] = CALM_POLICY
    return answer


def _operation(method: str, path: str, operation: dict[str, Any]) -> dict[str, Any]:
    answers = [
        (status, given.get("description", "")) for status, given in sorted(operation.get("responses", {}).items())
    ]
    return {"method": method.upper(), "path": path, "summary": operation.get("summary", ""), "answers": answers}
