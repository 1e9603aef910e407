"""The console script: every command of ``engagement --help``, with the house behind it."""

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import click
from flask import Flask
from flask_migrate import upgrade
from granian import Granian
from granian.constants import Interfaces

from engagement.app import Models, create_app, make_demo_site, start_screening
from engagement.cli.key import key
from engagement.cli.model import model
from engagement.cli.moderator import moderator
from engagement.cli.screen import screen
from engagement.cli.site import site
from engagement.services import moderators
from engagement.services.demo import seed_demo
from engagement.services.ports import Toolbox
from engagement.settings import Settings, SettingsError, load
from engagement.storage.schema import migrations
from engagement.worker import run_forever

_MODERATOR = "moderatrice@demo.example"
_ARTICLE = "Un server di casa con un vecchio portatile"


@dataclass
class House(Models):
    """What commands reach through ``ctx.obj``; the application is built when a command first asks for it."""

    settings: Settings
    _app: Flask | None = None

    def __post_init__(self) -> None:
        super().__init__(self.settings)

    def app(self) -> Flask:
        if self._app is None:
            self._app = create_app(self.settings)
        return self._app

    def tools(self) -> Toolbox:
        tools: Toolbox = self.app().extensions["engagement"]
        return tools


@click.group()
@click.option("--config", type=click.Path(path_type=Path), help="A TOML file on top of config/default.toml.")
@click.version_option(package_name="engagement")
@click.pass_context
def commands(ctx: click.Context, config: Path | None) -> None:
    """Comment moderation and reader engagement for blogs and newsrooms."""
    if config:
        os.environ["ENGAGEMENT_CONFIG"] = str(config)  # the serving processes read it again
    try:
        ctx.obj = House(load())
    except SettingsError as error:
        raise click.ClickException(str(error)) from error


@commands.command()
@click.pass_obj
def run(house: House) -> None:
    """Web and background work in one go; brings the database up to date first."""
    house = _at_address(house)
    _upgrade(house)
    server = house.settings.server
    if server.demo:
        with house.app().app_context():
            seed_demo(
                house.tools(), make_demo_site(house.app(), house.settings), f"{server.public_url}/demo/", _ARTICLE
            )
            login = _demo_login(house)
        _say_where(server.public_url, login)
    _serve(house)


@commands.command()
@click.pass_obj
def web(house: House) -> None:
    """The web tier alone; background work is done by ``engagement worker``."""
    _serve(_at_address(house))


@commands.command()
@click.pass_obj
def worker(house: House) -> None:
    """Background work alone, in any number of processes."""
    start_screening(house.app())
    run_forever(house.app())


@commands.group()
def db() -> None:
    """The database."""


@db.command("upgrade")
@click.pass_obj
def db_upgrade(house: House) -> None:
    """Make the tables, or bring them up to date."""
    _upgrade(house)


def _upgrade(house: House) -> None:
    with house.app().app_context():
        upgrade(directory=str(migrations()))


def _at_address(house: House) -> House:
    """HOST and PORT, where set, say where to listen, and the public address follows if nobody chose one."""
    server = house.settings.server
    host, port = os.environ.get("HOST", server.host), os.environ.get("PORT", str(server.port))
    if not port.isdigit():
        raise click.ClickException(f"PORT must be a number, not {port!r}")
    url = server.public_url
    if url == f"http://{server.host}:{server.port}":
        url = f"http://{host}:{port}"
    os.environ.update(ENGAGEMENT_SERVER__HOST=host, ENGAGEMENT_SERVER__PORT=port, ENGAGEMENT_SERVER__PUBLIC_URL=url)
    changed = replace(server, host=host, port=int(port), public_url=url)
    return House(replace(house.settings, server=changed))


def _demo_login(house: House) -> str:
    """The moderator's one-time login address, until a password is chosen with it."""
    if any(one.email == _MODERATOR and one.has_password for one in moderators.every()):
        return ""
    return moderators.add(house.tools(), _MODERATOR, ["demo"])


def _say_where(url: str, login: str) -> None:
    click.echo(f"demo blog      {url}/demo/")
    click.echo(f"desk           {url}/desk/")
    click.echo(f"caught mails   {url}/demo/mails/")
    if login:
        click.echo(f"moderator      {_MODERATOR}, first login: {login}")


def _serve(house: House) -> None:
    server = house.settings.server
    Granian(
        "engagement.serving:app",
        address=server.host,
        port=server.port,
        interface=Interfaces.WSGI,
        workers=server.workers,
        blocking_threads=server.threads,
        log_access=False,
    ).serve()


for command in (key, model, moderator, screen, site):
    commands.add_command(command)


def main() -> None:
    try:
        commands()
    except SettingsError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
