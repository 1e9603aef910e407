"""``engagement moderator``: add, list and remove the people at the desk."""

import json
from dataclasses import asdict
from typing import Protocol

import click
from flask import Flask

from engagement.domain.errors import EngagementError, InvalidInput, Unavailable
from engagement.language import say
from engagement.services import moderators
from engagement.services.ports import Toolbox


class _House(Protocol):
    def app(self) -> Flask: ...
    def tools(self) -> Toolbox: ...


@click.group()
def moderator() -> None:
    """The people who decide at the desk."""


@moderator.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.pass_obj
def list_moderators(house: _House, as_json: bool) -> None:
    """All moderators and their sites."""
    with house.app().app_context():
        found = moderators.every()
    if as_json:
        click.echo(json.dumps([asdict(m) for m in found], ensure_ascii=False))
        return
    for one in found:
        click.echo(f"{one.email}\t{' '.join(one.site_keys)}")


@moderator.command("add")
@click.argument("email")
@click.option("--site", "sites", multiple=True, required=True, help="A site's key; repeatable.")
@click.pass_obj
def add(house: _House, email: str, sites: tuple[str, ...]) -> None:
    """Add the moderator EMAIL; prints a one-time login address. Again: another site, or a new password."""
    with house.app().app_context():
        try:
            address = moderators.add(house.tools(), email, sites)
        except EngagementError as error:
            raise click.ClickException(sentence(error)) from error
    click.echo("Open this address once, within three days, to choose a password:")
    click.echo(address)


@moderator.command("remove")
@click.argument("email")
@click.pass_obj
def remove(house: _House, email: str) -> None:
    """Remove the moderator EMAIL and end their sessions at once."""
    with house.app().app_context():
        try:
            moderators.remove(house.tools(), email)
        except EngagementError as error:
            raise click.ClickException(sentence(error)) from error
    click.echo(f"{email} can no longer sign in")


def sentence(error: EngagementError) -> str:
    """A refusal in English, its fields included. A silent database is raised again: the console says what it lacks."""
    if isinstance(error, Unavailable):
        raise error
    if isinstance(error, InvalidInput):
        return " ".join(say(e.message, "en") for e in error.errors)
    return say(error.message, "en")
