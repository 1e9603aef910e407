"""Wiring only: the one room that knows all others."""

import atexit
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask
from flask_migrate import Migrate

from engagement.cli.models_port import Progress, TextScorer
from engagement.contacts.brevo import open_contacts
from engagement.contacts.campaigns import open_campaigns
from engagement.domain.mailing.channel import Channel
from engagement.domain.mailing.suppression import RefusedDomains
from engagement.domain.sites import Site
from engagement.domain.wordlists import WordLists
from engagement.mail.links import SignedLinks
from engagement.mail.messages import Letterbox
from engagement.mail.names import records
from engagement.mail.postmen import open_postman
from engagement.mail.providers import refused
from engagement.purge import open_purge
from engagement.screening import catalogue, embedded, lexicon
from engagement.screening.disguises.guesses import read
from engagement.screening.guarded import MissingScreener
from engagement.screening.processes.native import NativeLimits, NativeScreener
from engagement.screening.processes.pipe import ChildLimits
from engagement.screening.scale import to_perspective
from engagement.screening.spam_checkers import Akismet, Checkers, Client, StopForumSpam
from engagement.screening.weights.places import LargeModels
from engagement.services import sites
from engagement.services.operations import purging
from engagement.services.operations.findings import Patient
from engagement.services.ports import Clock, Screener, Toolbox
from engagement.settings import Settings, SettingsError, load, secret_key
from engagement.storage.db import db, engine_options, prepare, tell_of_changes
from engagement.storage.schema import migrations
from engagement.web import doors
from engagement.worker import Background, open_bell

_BLOCKED_KINDS = {"slur_ethnic", "slur_lgbt", "slur_ability", "slur_threat", "threat"}


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def create_app(settings: Settings | None = None, toolbox: Toolbox | None = None) -> Flask:
    """The WSGI application. Raises ``SettingsError`` that names every mistake of the configuration."""
    settings = settings or load()
    app = Flask("engagement", static_folder=None, root_path=str(Path(__file__).resolve().parent))
    app.config.update(
        SECRET_KEY=secret_key(settings),
        SQLALCHEMY_DATABASE_URI=_database_url(settings),
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database.url),
    )

    db.init_app(app)
    Migrate(app, db, directory=str(migrations()))
    with app.app_context():
        prepare(db.engine)
    background = Background(app, settings.queue.sweep_seconds, open_bell(settings.queue.url))
    tools = toolbox or make_toolbox(settings)
    tools = replace(tools, wake=background.ring, stopping=background.stopping)
    app.extensions["engagement"] = tools
    app.extensions["engagement-background"] = background
    if tools.purge is not None:
        with app.app_context():
            tell_of_changes(db.engine, purging.note_changes(tools))
    doors.register(app, tools)
    return app


def create_analyzer(settings: Settings | None = None, toolbox: Toolbox | None = None) -> Flask:
    """The WSGI application of ``engagement analyzer``: the Perspective door, health and metrics alone.

    With ``analyzer.open`` it never asks the database. Raises ``SettingsError``.
    """
    settings = settings or load()
    if settings.screening.model == "remote":
        raise SettingsError(["screening.model: an analyzer needs a model of its own, not a remote one"])
    app = Flask("engagement", static_folder=None, root_path=str(Path(__file__).resolve().parent))
    if not settings.analyzer.open:
        app.config.update(
            SQLALCHEMY_DATABASE_URI=_database_url(settings),
            SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database.url),
        )
        db.init_app(app)
        with app.app_context():
            prepare(db.engine)
    tools = toolbox or make_toolbox(settings)
    app.extensions["engagement"] = tools
    doors.register_analyzer(app, tools)
    return app


def make_toolbox(settings: Settings, clock: Clock | None = None) -> Toolbox:
    """The real equipment that the settings ask for; every piece of it looks at the one ``clock``."""
    clock = clock or SystemClock()
    secret = secret_key(settings)
    screener = make_screener(settings)
    links = SignedLinks([*settings.server.old_secret_keys, secret], settings.server.public_url, clock=clock.now)
    return Toolbox(
        settings=settings,
        clock=clock,
        screener=screener,
        explainer=catalogue.open_explainer(settings.screening.model, screener.score_each, large=large_models(settings)),
        read=read,
        words=make_words(settings),
        links=links,
        letters=Letterbox(settings.mail.sender),
        postman=open_postman(settings.mail),
        channel=Channel(),
        contacts=open_contacts(settings.brevo),
        wake=lambda: None,
        stopping=lambda: False,
        randomness=secrets.randbits,
        secret=secret.encode(),
        scale=to_perspective,
        refused_domains=make_refused_domains(settings),
        languages=catalogue.languages(screener.model),
        purge=open_purge(settings.cache),
        checker=make_checkers(settings),
        lists=open_campaigns(settings.brevo),
    )


def make_checkers(settings: Settings) -> Checkers:
    """The outside spam checkers that the settings name; none by default."""
    clients: list[Client] = []
    if settings.spam.akismet_key:
        clients.append(Akismet(settings.spam.akismet_url, settings.spam.akismet_key))
    if settings.spam.stopforumspam:
        clients.append(StopForumSpam(settings.spam.stopforumspam))
    return Checkers(clients)


def make_patient(app: Flask) -> Patient:
    """What ``engagement doctor`` looks at: the application's equipment, asked for real."""
    tools: Toolbox = app.extensions["engagement"]
    postman = open_postman(tools.settings.mail)
    return Patient(tools, mail=postman.check, store_answers=app.extensions["engagement-rates"].answers, records=records)


def make_screener(settings: Settings, name: str | None = None) -> Screener:
    """The classifier of a name, or the one of the settings."""
    chosen = settings.screening
    return catalogue.open_screener(
        name or chosen.model,
        timeout=chosen.timeout,
        large=large_models(settings),
        limits=native_limits(settings),
        remote_url=chosen.remote_url,
        remote_key=chosen.remote_key,
    )


def large_models(settings: Settings, variant: str | None = None) -> LargeModels:
    """Where the settings say the large models lie; of another variant, if one is named."""
    given = settings.screening
    return LargeModels(Path(given.weights), variant or given.variant, given.threads, given.weights_sha256)


def native_limits(settings: Settings) -> NativeLimits:
    """What a native model may use; the cache is everybody's."""
    chosen = settings.screening
    child = ChildLimits(chosen.timeout, chosen.load_seconds, chosen.memory_mb)
    return NativeLimits(child, chosen.batch_size, chosen.batch_wait_ms, chosen.cache_size)


def start_screening(app: Flask) -> None:
    """Load a native model now rather than at the first comment, and end it with the process."""
    tools: Toolbox = app.extensions["engagement"]
    if isinstance(tools.screener, NativeScreener):
        tools.screener.start()
        atexit.register(tools.screener.close)


def make_words(settings: Settings) -> WordLists:
    """The installation's word lists, with the unmistakable terms of the shipped lexicon where settings say so."""
    policy = settings.policy
    block = {read(term).cleaned for term in policy.block_words}
    if policy.block_lexicon:
        block |= {
            read(term.text).cleaned
            for term in lexicon.shipped().terms
            if term.kind in _BLOCKED_KINDS and term.severity == 3 and not term.ambiguous
        }
    return WordLists(frozenset(block), frozenset(read(term).cleaned for term in policy.hold_words))


def make_refused_domains(settings: Settings) -> RefusedDomains:
    """The mail domains that may not sign up. Raises ``SettingsError`` for a list that cannot be read."""
    chosen = settings.newsletter
    try:
        return refused(chosen.blocked_domains, disposable=chosen.refuse_disposable, file=chosen.disposable_file)
    except (OSError, ValueError) as error:
        raise SettingsError([f"newsletter.disposable_file cannot be read: {error}"]) from error


def make_demo_site(app: Flask, settings: Settings) -> Site:
    """The demo blog's site, made at the first start and left alone after."""
    tools: Toolbox = app.extensions["engagement"]
    port = settings.server.port
    wanted = Site(
        id=0,
        key="demo",
        name="Cavi e caffè",
        origins=(
            f"http://127.0.0.1:{port}",
            f"http://localhost:{port}",
            settings.server.public_url,
        ),
        author_email="autore@demo.example",
    )
    known = next((s for s in sites.every_site() if s.key == "demo"), None)
    if known:
        wanted = replace(known, origins=tuple(dict.fromkeys((*known.origins, *wanted.origins))))
    return sites.save_site(tools, wanted)


class Models:
    """What the commands about models need (``engagement.cli.models_port.ModelRoom``)."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def screener(self, name: str | None) -> TextScorer:
        screener = self._loaded(name)
        if isinstance(screener, MissingScreener):
            raise catalogue.ScreeningUnavailable(screener.why)  # once, instead of at each line
        return screener

    def _loaded(self, name: str | None) -> Screener:
        """A command has nothing else to do meanwhile, so it waits for a large model."""
        screener = make_screener(self._settings, name)
        if isinstance(screener, NativeScreener):
            screener.start()
            atexit.register(screener.close)
            screener.ready(self._settings.screening.load_seconds)
        return screener

    def models(self) -> list[dict[str, Any]]:
        return catalogue.list_models(large=large_models(self._settings))

    def fetch(self, variant: str | None, sha256: str, mirror: str, progress: Progress) -> Mapping[str, str]:
        place = large_models(self._settings, variant)
        return catalogue.fetch(place, sha256=sha256, mirror=mirror, progress=progress)

    def export(
        self,
        variant: str | None,
        out: Path | None,
        sample: Sequence[str] | None,
        limits: Mapping[str, float],
        progress: Progress,
    ) -> Mapping[str, Any]:
        place = large_models(self._settings, variant)
        return catalogue.export(place, out, sample=sample, limits=limits, progress=progress)

    def train(self, data: Path, out: Path | None, progress: Progress) -> Mapping[str, Any]:
        return catalogue.train(data, out or embedded.SHIPPED, progress)

    def fit_scale(self, name: str | None, data: Path, out: Path | None, progress: Progress) -> Mapping[str, Any]:
        screener = self._loaded(name)
        return catalogue.fit_scale(screener.model, screener.score_each, data, out, progress)

    def evaluate(self, name: str | None, data: Path, progress: Progress) -> list[dict[str, Any]]:
        large = large_models(self._settings)
        return catalogue.evaluate(name or self._settings.screening.model, data, progress, large=large)


def _database_url(settings: Settings) -> str:
    """SQLite's path is meant from the working folder, which is made where it is missing."""
    url = settings.database.url
    if url.startswith("sqlite:///") and url != "sqlite:///:memory:":
        path = Path(url.removeprefix("sqlite:///")).absolute()
        path.parent.mkdir(parents=True, exist_ok=True)
        return f"sqlite:///{path}"
    return url


__all__: Sequence[str] = ("Models", "create_app", "make_demo_site", "make_toolbox")
