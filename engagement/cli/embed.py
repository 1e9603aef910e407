"""``engagement embed``: what to put into a page."""

import json
from typing import Protocol

import click
from flask import Flask

from engagement.domain.errors import SiteNotFound
from engagement.services.ports import Toolbox
from engagement.services.sites import find_site


class _House(Protocol):
    def app(self) -> Flask: ...
    def tools(self) -> Toolbox: ...


@click.command()
@click.option("--site", "site_key", help="With the element for this site.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object: src, integrity, latest.")
@click.pass_obj
def embed(house: _House, site_key: str | None, as_json: bool) -> None:
    """Print the widget's script element, with the hash that browsers check."""
    found = house.app().extensions["engagement-embed"]
    address = house.tools().settings.server.address
    src = f"{address}/{found.name}"
    if as_json:
        click.echo(json.dumps({"src": src, "integrity": found.integrity, "latest": f"{address}/embed.js"}))
        return
    if site_key:
        click.echo(f'<engagement-comments site="{_known(house, site_key)}"></engagement-comments>')
    click.echo(f'<script src="{src}" integrity="{found.integrity}" crossorigin="anonymous" defer></script>')


def _known(house: _House, key: str) -> str:
    with house.app().app_context():
        try:
            return find_site(key).key
        except SiteNotFound as error:
            raise click.ClickException(f"there is no site {key}; engagement site list shows them") from error
