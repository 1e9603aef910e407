"""The demo blog and the mails it caught; there only where ``server.demo`` says so."""

from flask import Flask

from engagement.services.ports import Toolbox
from engagement.web.demo import blog, mails


def register(app: Flask, tools: Toolbox) -> None:
    if not tools.settings.server.demo:
        return
    app.register_blueprint(blog.blueprint)
    if tools.settings.mail.transport == "folder":
        app.register_blueprint(mails.blueprint)
