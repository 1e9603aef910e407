"""``engagement form``: embedded newsletter forms."""

import json
from dataclasses import asdict, replace
from typing import Protocol

import click
from flask import Flask

from engagement.domain.errors import InvalidInput, NotFound, SiteNotFound
from engagement.domain.newsletter import NewsletterForm
from engagement.domain.sites import Site
from engagement.language import say
from engagement.services import forms
from engagement.services.ports import Toolbox
from engagement.services.sites import find_site


class _House(Protocol):
    def app(self) -> Flask: ...
    def tools(self) -> Toolbox: ...


@click.group()
def form() -> None:
    """Newsletter forms that stand in a page: POST /f/KEY. Every site has one under its own key."""


@form.command("list")
@click.option("--site", "site_key", required=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
@click.pass_obj
def list_forms(house: _House, site_key: str, as_json: bool) -> None:
    """All forms of a site."""
    with house.app().app_context():
        found = forms.forms_of(_site(site_key))
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
@click.option("--redirect-url", help="Where a plain form leads; a page of the site.")
@click.pass_obj
def change(house: _House, /, key: str, site_key: str, name_fields: tuple[str, ...], **given: str | bool | None) -> None:
    """Make or change the form KEY; what is not named stays."""
    with house.app().app_context():
        site = _site(site_key)
        known = next((one for one in forms.forms_of(site) if one.key == key), NewsletterForm(key, site.id))
        named = {name: value for name, value in given.items() if value is not None}
        wanted = replace(known, **named, **({"name_fields": name_fields} if name_fields else {}))  # type: ignore[arg-type]
        try:
            saved = forms.save_form(house.tools(), site, wanted)
        except (InvalidInput, NotFound) as error:
            messages = error.errors if isinstance(error, InvalidInput) else ()
            raise click.ClickException(" ".join(say(e.message, "en") for e in messages)) from error
    click.echo(f"{saved.key}: version {saved.version}, POST {house.tools().settings.server.address}/f/{saved.key}")


def _site(key: str) -> Site:
    try:
        return find_site(key)
    except SiteNotFound as error:
        raise click.ClickException(f"there is no site {key}; engagement site list shows them") from error
