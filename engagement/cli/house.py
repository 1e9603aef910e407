"""What commands ask of the house, which ``ctx.obj`` is, and how they refuse."""

from typing import Protocol

import click
from flask import Flask

from engagement.domain.errors import EngagementError, InvalidInput, SiteNotFound, Unavailable
from engagement.domain.sites import Site
from engagement.language import say
from engagement.services.ports import Toolbox
from engagement.services.sites import find_site


class House(Protocol):
    def app(self) -> Flask: ...
    def tools(self) -> Toolbox: ...


def site_named(key: str) -> Site:
    """Raises ``ClickException``."""
    try:
        return find_site(key)
    except SiteNotFound as error:
        raise click.ClickException(f"there is no site {key}; engagement site list shows them") from error


def sentence(error: EngagementError) -> str:
    """A refusal in English, its fields included. A silent database is raised again: the console says what it lacks."""
    if isinstance(error, Unavailable):
        raise error
    if isinstance(error, InvalidInput):
        return " ".join(say(e.message, "en") for e in error.errors)
    return say(error.message, "en")
