"""``/api/docs``: the operations of ``/api/openapi.json`` as a plain page, without any script."""

from typing import Any

from flask import Blueprint, Response, current_app
from markupsafe import Markup

from engagement.domain.messages import N_
from engagement.language import say
from engagement.web.house import language

blueprint = Blueprint("api_docs", __name__)
TITLE = N_("The operations of the API")
WHOLE = N_("The whole description, for machines")
_PAGE = Markup(
    '<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width"><title>{title}</title></head><body><main>'
    '<h1>{title}</h1><p><a href="/api/openapi.json">{whole}</a> (OpenAPI 3.1)</p>{operations}</main></body></html>'
)
_OPERATION = Markup(
    '<section lang="en"><h2><code>{method} {path}</code></h2><p>{summary}</p><dl>{answers}</dl></section>'
)
_ANSWER = Markup("<dt>{status}</dt><dd>{text}</dd>")
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
    said = {"language": language(), "title": say(TITLE, language()), "whole": say(WHOLE, language())}
    page = _PAGE.format(**said, operations=Markup("").join(found))
    answer = Response(page, content_type="text/html; charset=utf-8")
    answer.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"
    return answer


def _operation(method: str, path: str, operation: dict[str, Any]) -> Markup:
    answers = Markup("").join(
        _ANSWER.format(status=status, text=given.get("description", ""))
        for status, given in sorted(operation.get("responses", {}).items())
    )
    summary = operation.get("summary", "")
    return _OPERATION.format(method=method.upper(), path=path, summary=summary, answers=answers)
