"""``engagement form``: embedded newsletter forms."""

import json
from dataclasses import asdict, replace

import click

from engagement.cli.house import House, sentence, site_named
from engagement.domain.errors import EngagementError
from engagement.domain.newsletter import NewsletterForm
from engagement.services.audience import forms


@click.group()
def form() -> None:
    """Newsletter forms that stand in a page: POST /f/KEY. Every site has one under its own key."""


@form.command("list")
@click.option("--site", "site_key", required=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.pass_obj
def list_forms(house: House, site_key: str, as_json: bool) -> None:
    """All forms of a site."""
    with house.app().app_context():
        found = forms.forms_of(site_named(site_key))
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False))
        return
    for one in found:
        click.echo(f"{one.key}\tversion {one.version}\t{' '.join(one.name_fields)}\t{one.consent_text or '-'}")


@form.command("set")
@click.argument("key")
@click.option("--site", "site_key", required=True)
@click.option("--consent-text", help="The exact label beside the box; a new wording is a new version.")
@click.option("--consent-box/--no-consent-box", "consent_needed", default=None, help="Whether the form has OPT_IN.")
@click.option("--name-field", "name_fields", multiple=True, help="Such as NOME; repeatable.")
@click.option("--title", help='Above the form; "" for ours, as for the texts below.')
@click.option("--lead", help="Opening words below the title.")
@click.option("--success-text", help="What is said after signing up.")
@click.option("--origin", help='The only origin of the site that the form may be sent from; "" for all.')
@click.option("--redirect-url", help="Where a plain form leads; a page of the site.")
@click.pass_obj
def change(house: House, /, key: str, site_key: str, name_fields: tuple[str, ...], **given: str | bool | None) -> None:
    """Make or change the form KEY; what is not named stays."""
    with house.app().app_context():
        site = site_named(site_key)
        known = next((one for one in forms.forms_of(site) if one.key == key), NewsletterForm(key, site.id))
        named = {name: value for name, value in given.items() if value is not None}
        wanted = replace(known, **named, **({"name_fields": name_fields} if name_fields else {}))  # type: ignore[arg-type]
        try:
            saved = forms.save_form(house.tools(), site, wanted)
        except EngagementError as error:
            raise click.ClickException(sentence(error)) from error
    click.echo(f"{saved.key}: version {saved.version}, POST {house.tools().settings.server.address}/f/{saved.key}")
