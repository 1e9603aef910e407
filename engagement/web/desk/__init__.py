"""The desk: where moderators sign in, read and decide."""

from flask import Flask

from engagement.services.ports import Toolbox
from engagement.web.desk import campaigns, contact, entrance, forms, mails, reading, reports, room, settings, statistics

# Their routes hang on the one blueprint.
ROOMS = (entrance, reading, contact, reports, forms, mails, campaigns, settings, statistics)


def register(app: Flask, tools: Toolbox) -> None:
    """Hang the desk's routes on ``app``."""
    del tools  # found through the application, as every door does
    app.register_blueprint(room.blueprint)
