"""The console script: every command of ``engagement --help``, with the house behind it."""

import os
import shlex
import signal
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

import click
from flask import Flask
from flask_migrate import upgrade
from granian import Granian
from granian.constants import Interfaces
from sqlalchemy.exc import DBAPIError, ProgrammingError

from engagement import logs
from engagement.app import Models, create_analyzer, create_app, make_demo_site, make_patient, start_screening
from engagement.cli.brevo import brevo
from engagement.cli.doctor import doctor, openapi
from engagement.cli.embed import embed
from engagement.cli.feed import feed
from engagement.cli.form import form
from engagement.cli.imports import import_command
from engagement.cli.key import key
from engagement.cli.mail import TryLater, mail
from engagement.cli.model import model
from engagement.cli.moderator import moderator
from engagement.cli.newsletter import newsletter
from engagement.cli.privacy import export, forget
from engagement.cli.screen import screen
from engagement.cli.site import site
from engagement.domain.errors import Unavailable
from engagement.services.desk import moderators
from engagement.services.operations.demo import seed_demo
from engagement.services.operations.findings import Patient
from engagement.services.ports import Toolbox
from engagement.settings import Analyzer, Server, Settings, SettingsError, address, load
from engagement.storage import schema
from engagement.storage.db import db as database
from engagement.storage.db import reading
from engagement.storage.schema import Standing, migrations
from engagement.web.demo.blog import TITLE
from engagement.worker import run_forever

MOST_PORT = 65_535
STOP_SECONDS = 30  # for what was accepted; systemd's TimeoutStopSec must be longer
_MODERATOR = "moderatrice@demo.example"


@dataclass
class House(Models):
    """What commands reach through ``ctx.obj``; the application is built when a command first asks for it."""

    settings: Settings
    mistakes: list[str] = field(default_factory=list)  # of a configuration that cannot be used
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

    def patient(self) -> Patient:
        return make_patient(self.app())


class _Commands(click.Group):
    """Tells in a sentence what the database lacks, whatever command met it."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (Unavailable, DBAPIError) as error:
            _must_be_current(ctx.obj)
            if isinstance(error, Unavailable):
                raise click.ClickException(f"the database does not answer: {error.detail}") from error
            raise


@click.group(cls=_Commands)
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
        if ctx.invoked_subcommand != "doctor":  # which is there to tell about it
            raise (TryLater if ctx.invoked_subcommand == "mail" else click.ClickException)(str(error)) from error
        ctx.obj = House(Settings(), error.mistakes)


@commands.command()
@click.pass_obj
def run(house: House) -> None:
    """Web and background work in one go; brings the database up to date first."""
    _leave_when_told()
    house = _at_address(house)
    _upgrade(house)
    server = house.settings.server
    if server.demo:
        with house.app().app_context():
            seed_demo(house.tools(), make_demo_site(house.app(), house.settings), f"{server.address}/demo/", TITLE)
            login = _demo_login(house)
        _say_where(server.address, login)
    _serve("engagement.serving:app", house.app(), server, plain=server.demo)


@commands.command()
@click.pass_obj
def web(house: House) -> None:
    """The web tier alone; background work is done by ``engagement worker``."""
    _leave_when_told()
    house = _at_address(house)
    _must_be_current(house)
    _serve("engagement.serving:app", house.app(), house.settings.server, plain=house.settings.server.demo)


@commands.command()
@click.pass_obj
def analyzer(house: House) -> None:
    """Scores for other programs in the Perspective format, in any number of processes; see docs/perspective.md."""
    _leave_when_told()
    app = create_analyzer(house.settings)  # mistakes are told here, once, and not by every serving process
    _serve("engagement.analyzing:app", app, house.settings.analyzer, plain=house.settings.server.demo)


@commands.command()
@click.pass_obj
def worker(house: House) -> None:
    """Background work alone, in any number of processes."""
    logs.set_up(plain=house.settings.server.demo)
    _leave_when_told()
    _must_be_current(house)
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
    _standing(house)
    with house.app().app_context():
        upgrade(directory=str(migrations()))


def _standing(house: House) -> Standing:
    """How the database stands; refuses one that this program does not know, or that does not answer."""
    try:
        with house.app().app_context(), reading() as session:
            found, revision = schema.standing(session), schema.version(session)
    except Unavailable as error:
        raise click.ClickException(f"the database does not answer: {error.detail}") from error
    if found is Standing.FOREIGN:
        raise click.ClickException(
            f"the database has the schema {revision!r}, of a newer version; this one knows up to {schema.newest()!r}. "
            "Install the version that made it, or restore a backup from before; to see which is installed, type:\n"
            "  engagement --version"
        )
    return found


def _must_be_current(house: House) -> None:
    found = _standing(house)
    if found is not Standing.CURRENT:
        lack = "has no tables yet" if found is Standing.EMPTY else "has an older schema"
        config = os.environ.get("ENGAGEMENT_CONFIG")
        words = ["engagement", *(["--config", config] if config else []), "db", "upgrade"]
        raise click.ClickException(f"the database {lack}; bring it up to date first, type:\n  {shlex.join(words)}")


def _at_address(house: House) -> House:
    """HOST and PORT, where set, say where to listen, and the public address follows if nobody chose one."""
    server = house.settings.server
    host, port = os.environ.get("HOST") or server.host, os.environ.get("PORT") or str(server.port)
    if not (port.isascii() and port.isdigit() and 1 <= int(port) <= MOST_PORT):
        raise click.ClickException(f"PORT must be a port, 1 to {MOST_PORT}, not {port!r}")
    url = server.public_url
    if url == address(server.host, server.port):
        url = address(host, int(port))
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


def _leave_when_told() -> None:
    """Until the server or the worker takes over, nothing was accepted: leave at once, and not as a failure."""

    def leave(*_: object) -> None:
        raise SystemExit(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)


def _serve(target: str, app: Flask, chosen: Server | Analyzer, *, plain: bool) -> None:
    """Serve what ``target`` names, as ``module:application``, in processes of their own; ``app`` is this one's."""
    logs.set_up(plain=plain)
    if "sqlalchemy" in app.extensions:
        with app.app_context():
            database.engine.dispose()  # the serving processes are forked: a connection must not be shared with them
    # Nor may they keep the supervisor's handlers, which would swallow a signal until they have their own.
    os.register_at_fork(after_in_child=_die_when_told)
    granian = Granian(
        target,
        address=chosen.host,
        port=chosen.port,
        interface=Interfaces.WSGI,
        workers=chosen.workers,
        blocking_threads=chosen.threads,
        workers_kill_timeout=STOP_SECONDS,
        log_access=False,  # it would hold addresses and whole paths; ours are written by engagement.web.access
        log_dictconfig=logs.server_config(),
    )
    try:
        granian.serve()
    except SystemExit:
        # A signal to all processes reaches the serving ones too; one that ends before it is told to has not failed.
        if not granian.interrupt_signal:
            raise


def _die_when_told() -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


for command in (
    brevo,
    doctor,
    embed,
    export,
    feed,
    forget,
    form,
    import_command,
    key,
    mail,
    model,
    moderator,
    newsletter,
    openapi,
    screen,
    site,
):
    commands.add_command(command)


def main() -> None:
    try:
        commands()
    except SettingsError as error:
        sys.exit(str(error))
    except (Unavailable, ProgrammingError) as error:
        _tell_what_lacks(error)


def _tell_what_lacks(error: Exception) -> NoReturn:
    """A command met a database that is not there or not up to date; whatever else it met is a mistake of ours."""
    try:
        _must_be_current(House(load()))
    except click.ClickException as lack:
        sys.exit(f"Error: {lack.format_message()}")
    if isinstance(error, Unavailable):
        sys.exit(f"Error: the database does not answer: {error.detail}")
    raise error


if __name__ == "__main__":
    main()
