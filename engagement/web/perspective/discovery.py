"""The discovery document, from which clients build themselves."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from flask import Response, current_app, request
from werkzeug.exceptions import NotFound

from engagement.web.perspective.refusals import as_json
from engagement.web.perspective.room import blueprint

_FILE = Path(__file__).with_name("discovery.json")


@blueprint.get("/$discovery/rest")
def document() -> Response:
    """For ``version=v1alpha1``, with the address that clients reach us at."""
    if request.args.get("version", "v1alpha1") != "v1alpha1":
        raise NotFound("Discovery document not found.")
    root = f"{(current_app.config['PERSPECTIVE_ROOT'] or request.host_url).rstrip('/')}/"
    return as_json(_document() | {"rootUrl": root, "baseUrl": root})


@cache
def _document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_FILE.read_text("utf-8"))
    return found
