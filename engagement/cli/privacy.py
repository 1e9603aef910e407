"""``engagement forget`` and ``engagement export``: what people may ask about their data."""

import json
from dataclasses import asdict
from typing import TextIO

import click

from engagement.cli.house import House, sentence
from engagement.domain.errors import EngagementError
from engagement.services import privacy


@click.command()
@click.argument("email")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--allow-again", is_flag=True, help="Only let a forgotten address sign up again.")
@click.option("--json", "as_json", is_flag=True, help="The counts as one JSON object.")
@click.pass_obj
def forget(house: House, email: str, yes: bool, allow_again: bool, as_json: bool) -> None:
    """Forget EMAIL on all sites: comments become anonymous, everything else kept about it goes."""
    with house.app().app_context():
        if allow_again:
            again = privacy.allow_again(house.tools(), email)
            click.echo("the address may sign up again" if again else "the address was not forgotten; nothing changed")
            return
        if not yes:
            click.confirm("This cannot be undone. Forget the address on all sites?", abort=True, err=True)
        try:
            counts = asdict(privacy.forget(house.tools(), email))
        except EngagementError as error:
            raise click.ClickException(sentence(error)) from error
    if as_json:
        click.echo(json.dumps(counts))
        return
    for kind, count in counts.items():
        click.echo(f"{kind}\t{count}")


@click.command()
@click.option("--site", help="What the site with this key keeps of its readers.")
@click.option("--email", help="Only what is kept about this address.")
@click.option("--out", type=click.File("w", encoding="utf-8", lazy=True), default="-", help="A file to write to.")
@click.pass_obj
def export(house: House, site: str | None, email: str | None, out: TextIO) -> None:
    """Write JSON lines: pages, comments with their decisions, messages, reports, subscriptions, consents, mails."""
    if not site and not email:
        raise click.UsageError("say what to export: --site KEY, --email ADDRESS, or both")
    with house.app().app_context():
        try:
            for value in privacy.export(house.tools(), site, email):
                out.write(json.dumps(value, ensure_ascii=False) + "\n")
        except EngagementError as error:
            raise click.ClickException(sentence(error)) from error
