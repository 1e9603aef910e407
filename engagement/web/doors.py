"""All doors, hung in one place."""

from flask import Flask
from flask_smorest import Api

from engagement import __version__
from engagement.services.operations.health import analyzer_lacks
from engagement.services.ports import Toolbox
from engagement.web import (
    access,
    coral,
    cors,
    demo,
    desk,
    embed,
    health,
    hooks,
    limits,
    mail_metrics,
    perspective,
    problems,
    ready,
)
from engagement.web.api import (
    challenge,
    comments,
    contact,
    described,
    docs,
    moderation,
    newsletter,
    readers,
    statistics,
)
from engagement.web.dropins import brevo, wordpress
from engagement.web.gate import MAX_REQUEST
from engagement.web.pages import appeal, assets, decide, feed, preferences, thread
from engagement.web.pages import contact as contact_pages
from engagement.web.pages import newsletter as newsletter_pages
from engagement.web.pages import problems as problem_pages
from engagement.web.pages import replies as reply_pages

MOST_PARTS = 100  # fields of a form; the largest that stands in for another system's has a dozen


def register(app: Flask, tools: Toolbox) -> None:
    """Register every route and error handler on ``app``."""
    app.config.update(
        API_TITLE="Engagement",
        API_VERSION=__version__,
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api",
        OPENAPI_JSON_PATH="openapi.json",
        MAX_CONTENT_LENGTH=MAX_REQUEST,
        MAX_FORM_PARTS=MOST_PARTS,
    )
    access.register(app)
    api = Api(app)
    app.extensions["engagement-api"] = api
    described.add_shapes(api)
    app.register_blueprint(docs.blueprint)
    api.register_blueprint(comments.blueprint)
    api.register_blueprint(readers.blueprint)
    api.register_blueprint(challenge.blueprint)
    api.register_blueprint(statistics.blueprint)
    api.register_blueprint(newsletter.blueprint)
    api.register_blueprint(contact.blueprint)
    api.register_blueprint(moderation.blueprint)
    app.register_blueprint(newsletter_pages.blueprint)
    app.register_blueprint(preferences.blueprint)
    app.register_blueprint(reply_pages.blueprint)
    app.register_blueprint(problem_pages.blueprint)
    app.register_blueprint(thread.blueprint)
    app.register_blueprint(feed.blueprint)
    app.register_blueprint(assets.blueprint)
    app.register_blueprint(decide.blueprint)
    app.register_blueprint(appeal.blueprint)
    app.register_blueprint(contact_pages.blueprint)
    app.register_blueprint(brevo.blueprint)
    app.register_blueprint(wordpress.blueprint)
    embed.register(app, tools)
    desk.register(app, tools)
    demo.register(app, tools)
    perspective.register(app, tools)
    app.register_blueprint(coral.blueprint)
    app.register_blueprint(hooks.blueprint)
    health.register(app)
    mail_metrics.register(app, tools)
    limits.register(app, tools.settings)
    ready.register(app, tools)
    cors.register(app)
    problems.register(app)  # last: its handlers replace the libraries' own


def register_analyzer(app: Flask, tools: Toolbox) -> None:
    """The doors of an analyzer: Perspective's, health and metrics."""
    app.config["MAX_CONTENT_LENGTH"] = MAX_REQUEST
    perspective.register_alone(app, tools)
    health.register(app, lacking=analyzer_lacks)
    limits.register(app, tools.settings)
    cors.register_guards(app)
