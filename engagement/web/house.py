"""What every door reaches for: the toolbox, the site in the address, the language of the answer."""

import re

from flask import current_app, g, request

from engagement.domain.discussion.pages import belongs
from engagement.domain.errors import NotFound, SiteNotFound, Unavailable
from engagement.domain.sites import Site
from engagement.language import best_language
from engagement.services.audience.forms import find_form
from engagement.services.ports import Toolbox
from engagement.services.sites import every_site, find_site
from engagement.web.clients import client_of

_FORM_IN_PATH = re.compile(r"^/f/([A-Za-z0-9_-]{1,64})$")
WORDPRESS = "/wp-comments-post.php"  # the one door of readers whose path names neither site nor form
_SITE_IN_PATH = re.compile(r"^/(?:api/v1/)?sites/([a-z0-9][a-z0-9-]{0,39})(?:/|$)")


def toolbox() -> Toolbox:
    tools: Toolbox = current_app.extensions["engagement"]
    return tools


def asked_site() -> Site | None:
    """The site that the path names, also when no route matched; looked up once a request.

    At WordPress's own path, which names none, the first that lists the request's origin.
    """
    if "asked_site" not in g:
        try:
            g.asked_site = _named()
        except NotFound:
            g.asked_site = None
    site: Site | None = g.asked_site
    return site


def _named() -> Site | None:
    if named := _SITE_IN_PATH.match(request.path):
        return find_site(named[1])
    if form := _FORM_IN_PATH.match(request.path):
        return find_form(form[1])[0]
    if request.path == WORDPRESS:  # until the form is read, the page's origin is all that tells
        origin = request.headers.get("Origin", "")
        return next((site for site in every_site() if belongs(origin, site.origins)), None)
    return None


def settle_site(site: Site) -> None:
    """For a door whose path names no site: this is the one, for the language and the headers of the answer."""
    g.asked_site = site


def the_site() -> Site:
    """The site of the path. Raises ``SiteNotFound``."""
    site = asked_site()
    if site is None:
        raise SiteNotFound
    return site


def language() -> str:
    """The site's language; elsewhere the first of ours that the browser asks for."""
    try:
        site = asked_site()  # also for what was refused before anybody looked the site up
    except Unavailable:
        site = None
    if site is not None:
        return site.language
    return best_language(request.accept_languages.best_match(["it", "en"]))


def client() -> str:
    return client_of(request, toolbox().settings.server.trusted_proxies)
