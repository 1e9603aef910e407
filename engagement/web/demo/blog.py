"""``/demo/``: an article of a believable blog, with the form and the newsletter box below it."""

from pathlib import Path

from flask import Blueprint, Response, make_response, redirect, render_template
from werkzeug.wrappers import Response as AnyResponse

from engagement.services import comments
from engagement.services.audience.forms import form_of
from engagement.services.sites import find_site
from engagement.web import limits, signing_up
from engagement.web.house import toolbox
from engagement.web.pages.assets import serve
from engagement.web.pages.contact import FIELDS, is_sent
from engagement.web.pages.thread import facts

blueprint = Blueprint("demo_blog", __name__, template_folder="templates")

SITE = "demo"
TITLE = "Un server di casa con un vecchio portatile"
_SCRIPT = Path(__file__).with_name("demo.js")
_CONTACT = Path(__file__).with_name("contact.js")


@blueprint.get("/")
def entrance() -> AnyResponse:
    """In the demo there is one place to begin at."""
    return redirect("/demo/")


@blueprint.get("/demo/")
def article() -> Response:
    """The article, with its thread already in the page for readers without JavaScript."""
    site = find_site(SITE)
    limits.count("reads", site)
    thread = comments.read_thread(site, page_url(), sort="oldest", limit=50, after=None)
    known = facts(site, thread, typed={"page_title": TITLE})
    box = signing_up.box_of(site, form_of(site, site.key))
    letter = {"letter": dict.fromkeys(FIELDS, ""), "sent": is_sent()}
    answer = make_response(
        render_template("demo/article.html", title=TITLE, mails=_mails(), box=box, **letter, **known)
    )
    own = " ".join(("'self'", *site.origins))
    answer.headers["Content-Security-Policy"] = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; "
        f"base-uri 'none'; frame-ancestors 'none'; form-action {own}"
    )
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@blueprint.get("/demo/demo.js")
def script() -> Response:
    """Sends the newsletter box without leaving the page."""
    return serve(_SCRIPT, "text/javascript")


@blueprint.get("/demo/contact.js")
def contact_script() -> Response:
    """Sends the contact form without leaving the page."""
    return serve(_CONTACT, "text/javascript")


def page_url() -> str:
    """The article's one address, however the blog was reached."""
    return f"{toolbox().settings.server.address}/demo/"


def _mails() -> bool:
    return toolbox().settings.mail.transport == "folder"
