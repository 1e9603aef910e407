"""The door of Perspective's clients: the same addresses, fields, errors; ``docs/perspective.md`` says what differs."""

from flask import Flask
from werkzeug.exceptions import HTTPException

from engagement.services.ports import Toolbox
from engagement.web.perspective import calls, discovery, refusals
from engagement.web.perspective.room import blueprint

ROOMS = (calls, discovery)  # their routes hang on the one blueprint


def register(app: Flask, tools: Toolbox) -> None:
    """Beside the other doors of the service: with keys."""
    app.config.update(PERSPECTIVE_ROOT=tools.settings.server.public_url, PERSPECTIVE_OPEN=False)
    app.register_blueprint(blueprint)


def register_alone(app: Flask, tools: Toolbox) -> None:
    """In an application that is nothing else: what no route answers is refused in the same words."""
    app.config.update(
        PERSPECTIVE_ROOT=tools.settings.analyzer.public_url,
        PERSPECTIVE_OPEN=tools.settings.analyzer.open,
    )
    app.register_blueprint(blueprint)
    app.register_error_handler(HTTPException, refusals.http)
    app.register_error_handler(Exception, refusals.broken)
