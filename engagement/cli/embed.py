"""``engagement embed``: what to put into a page."""

import json

import click

from engagement.cli.house import House, site_named


@click.command()
@click.option("--site", "site_key", help="With the element for this site.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object: src, integrity, latest.")
@click.pass_obj
def embed(house: House, site_key: str | None, as_json: bool) -> None:
    """Print the widget's script element, with the hash that browsers check."""
    found = house.app().extensions["engagement-embed"]
    address = house.tools().settings.server.address
    src = f"{address}/{found.name}"
    if as_json:
        click.echo(json.dumps({"src": src, "integrity": found.integrity, "latest": f"{address}/embed.js"}))
        return
    if site_key:
        with house.app().app_context():
            click.echo(f'<engagement-comments site="{site_named(site_key).key}"></engagement-comments>')
    click.echo(f'<script src="{src}" integrity="{found.integrity}" crossorigin="anonymous" defer></script>')
