"""``engagement moderator``: add, list and remove the people at the desk."""

import json
from dataclasses import asdict

import click

from engagement.cli.house import House, sentence
from engagement.domain.errors import EngagementError
from engagement.services.desk import moderators


@click.group()
def moderator() -> None:
    """The people who decide at the desk."""


@moderator.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.pass_obj
def list_moderators(house: House, as_json: bool) -> None:
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
def add(house: House, email: str, sites: tuple[str, ...]) -> None:
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
def remove(house: House, email: str) -> None:
    """Remove the moderator EMAIL and end their sessions at once."""
    with house.app().app_context():
        try:
            moderators.remove(house.tools(), email)
        except EngagementError as error:
            raise click.ClickException(sentence(error)) from error
    click.echo(f"{email} can no longer sign in")
