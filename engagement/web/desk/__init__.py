"""The desk: where moderators sign in, read and decide."""

from flask import Flask

from engagement.services.ports import Toolbox
from engagement.web.desk import campaigns, contact, entrance, forms, mails, reading, reports, room

ROOMS = (entrance, reading, contact, reports, forms, mails, campaigns)  # their routes hang on the one blueprint


def register(app: Flask, tools: Toolbox) -> None:
    """Hang the desk's routes on ``app``."""
    del tools  # found through the application, as every door does
    app.register_blueprint(room.blueprint)
