"""``engagement key``: add, list and revoke the keys of programs."""

import json

import click

from engagement.cli.house import House, sentence
from engagement.domain.desk.moderators import ApiKey, Scope
from engagement.domain.errors import EngagementError
from engagement.services.desk import keys


@click.group()
def key() -> None:
    """API keys of programs."""


@key.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.pass_obj
def list_keys(house: House, as_json: bool) -> None:
    """All keys, without the keys themselves."""
    with house.app().app_context():
        found = keys.every()
    if as_json:
        click.echo(json.dumps([_shown(k) for k in found], ensure_ascii=False))
        return
    for one in found:
        click.echo(f"{one.site_key}\t{one.name}\t{one.scope}\t{'revoked' if one.revoked_at else 'in force'}")


@key.command("add")
@click.argument("name")
@click.option("--site", required=True, help="The site the key is good for.")
@click.option("--scope", type=click.Choice([s.value for s in Scope]), required=True)
@click.pass_obj
def add(house: House, name: str, site: str, scope: str) -> None:
    """Make the key NAME; it is printed once, as the last line."""
    with house.app().app_context():
        try:
            made = keys.add(house.tools(), name, site, Scope(scope))
        except EngagementError as error:
            raise click.ClickException(sentence(error)) from error
    click.echo("Keep this key; it is not shown again:")
    click.echo(made)


@key.command("revoke")
@click.argument("name")
@click.option("--site", required=True)
@click.pass_obj
def revoke(house: House, name: str, site: str) -> None:
    """Take the key NAME out of force at once."""
    with house.app().app_context():
        try:
            keys.revoke(house.tools(), name, site)
        except EngagementError as error:
            raise click.ClickException(sentence(error)) from error
    click.echo(f"{name} is revoked")


def _shown(one: ApiKey) -> dict[str, str | None]:
    return {
        "site": one.site_key,
        "name": one.name,
        "scope": one.scope.value,
        "created_at": one.created_at.isoformat(),
        "revoked_at": one.revoked_at.isoformat() if one.revoked_at else None,
    }
